/// The φ-quantile of a list of values, as `quantile` and `quantile_over_time` define it.
enum Quantile {
    /// Prometheus' order: NaN before all numbers.
    @inline(__always) static func precedes(_ lhs: Double, _ rhs: Double) -> Bool {
        lhs.isNaN ? !rhs.isNaN : lhs < rhs
    }

    /// Between the two nearest ranks by linear interpolation; both products always, so that Inf · 0 is NaN.
    /// - Parameter sorted: By ``precedes(_:_:)``.
    static func value(_ phi: Double, ofSorted sorted: ArraySlice<Double>) -> Double {
        if sorted.isEmpty || phi.isNaN { return .nan }
        if phi < 0 { return -.infinity }
        guard let (low, high, weight) = ranks(phi, count: sorted.count) else { return .infinity }
        return sorted[sorted.startIndex + low] * (1 - weight) + sorted[sorted.startIndex + high] * weight
    }

    /// The two ranks that the φ-quantile of `count` values lies between, and the weight of the higher one; nil where φ
    /// is none of a quantile.
    static func ranks(_ phi: Double, count: Int) -> (low: Int, high: Int, weight: Double)? {
        guard !isInvalid(phi), count > 0 else { return nil }
        let rank = phi * Double(count - 1)
        let below = rank.rounded(.down)
        let low = max(0, Int(below))
        return (low, min(count - 1, low + 1), rank - below)
    }

    /// Whether a warning is due.
    static func isInvalid(_ phi: Double) -> Bool { phi.isNaN || phi < 0 || phi > 1 }

    /// The median of values in any order.
    static func median(_ values: [Double]) -> Double {
        value(0.5, ofSorted: values.sorted(by: precedes)[...])
    }
}
