/// A histogram as cumulative counts by upper bound, at one step.
struct ClassicHistogram: Sendable {
    struct Bucket: Sendable {
        var bound: Double
        var count: Double
    }

    /// In order of bounds, each bound once.
    private(set) var buckets: [Bucket]

    /// Sorts the buckets and adds up those of equal bounds, in the order in which they came.
    init(_ unsorted: [Bucket]) {
        buckets = []
        buckets.reserveCapacity(unsorted.count)
        let order = unsorted.indices.sorted { a, b in
            unsorted[a].bound == unsorted[b].bound ? a < b : unsorted[a].bound < unsorted[b].bound
        }
        for place in order {
            if let last = buckets.last, last.bound == unsorted[place].bound {
                buckets[buckets.count - 1].count += unsorted[place].count
            } else {
                buckets.append(unsorted[place])
            }
        }
    }

    /// A histogram without a bucket that holds everything says nothing.
    private var hasInfiniteBucket: Bool { buckets.last?.bound == .infinity }

    /// The φ-quantile by linear interpolation within its bucket.
    /// - Parameter repair: Told what had to be changed to make the counts grow.
    mutating func quantile(_ phi: Double, repair: inout MonotonicityRepair?) -> Double {
        if phi.isNaN { return .nan }
        if phi < 0 { return -.infinity }
        if phi > 1 { return .infinity }
        guard hasInfiniteBucket else { return .nan }
        makeMonotonic(&repair)
        guard buckets.count >= 2, let total = buckets.last?.count, total != 0 else { return .nan }
        var rank = phi * total
        let last = buckets.count - 1
        let place = buckets[..<last].firstIndex { $0.count >= rank } ?? last
        if place == last { return buckets[last - 1].bound }
        if place == 0 && buckets[0].bound <= 0 { return buckets[0].bound }
        var start = 0.0
        var count = buckets[place].count
        if place > 0 {
            start = buckets[place - 1].bound
            count -= buckets[place - 1].count
            rank -= buckets[place - 1].count
        }
        return start + (buckets[place].bound - start) * (rank / count)
    }

    /// The share of observations between two values, by linear interpolation within their buckets.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard hasInfiniteBucket, let total = buckets.last?.count else { return .nan }
        if total == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        return (min(rank(of: upper), total) - min(rank(of: lower), total)) / total
    }

    /// How many observations lie below `value`.
    private func rank(of value: Double) -> Double {
        var below = 0.0
        // Without negative bounds the first bucket begins at zero.
        var low = (buckets.first?.bound ?? 0) <= 0 ? -Double.infinity : 0
        for bucket in buckets {
            if value <= low { return below }
            if value == bucket.bound { return bucket.count }
            if value < bucket.bound {
                // Nothing can be said about where in an infinite bucket the observations lie: as if all at its end.
                if low == -.infinity { return bucket.count }
                if bucket.bound == .infinity { return below }
                return below + (bucket.count - below) * (value - low) / (bucket.bound - low)
            }
            low = bucket.bound
            below = bucket.count
        }
        return below
    }

    /// Counts that are below the one before, or differ from it by no more than rounding, become it. Only the first
    /// kind is worth telling.
    private mutating func makeMonotonic(_ repair: inout MonotonicityRepair?) {
        guard var previous = buckets.first?.count else { return }
        for place in buckets.indices.dropFirst() {
            let count = buckets[place].count
            if count == previous { continue }
            if Self.differByRounding(previous, count) {
                buckets[place].count = previous
            } else if count < previous {
                buckets[place].count = previous
                let bound = buckets[place].bound
                let found = MonotonicityRepair(
                    boundMin: bound, boundMax: bound, differenceMax: previous - count, samples: 0, timeMin: .max,
                    timeMax: .min)
                repair = repair?.merged(with: found) ?? found
            } else {
                previous = count
            }
        }
    }

    /// Whether the difference is less than 1e-12 of the sum (Prometheus' util/almost).
    private static func differByRounding(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < 1e-12 * .leastNormalMagnitude }
        return difference / min(sum, .greatestFiniteMagnitude) < 1e-12
    }
}
