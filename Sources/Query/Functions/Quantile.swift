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
        if phi > 1 { return .infinity }
        let rank = phi * Double(sorted.count - 1)
        let below = rank.rounded(.down)
        let low = max(0, Int(below))
        let high = min(sorted.count - 1, low + 1)
        let weight = rank - below
        return sorted[sorted.startIndex + low] * (1 - weight) + sorted[sorted.startIndex + high] * weight
    }

    /// Whether a warning is due.
    static func isInvalid(_ phi: Double) -> Bool { phi.isNaN || phi < 0 || phi > 1 }
}
