import Glibc

/// A moment in milliseconds since 1970-01-01T00:00:00Z. Times before 1970 are negative and legal.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    @inlinable package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment nearest to `seconds` since 1970, or nil where that does not fit (NaN, infinities, beyond Int64).
    package init?(seconds: Double) {
        guard let milliseconds = Int64(exactly: (seconds * 1000).rounded()) else { return nil }
        self.milliseconds = milliseconds
    }

    package var seconds: Double { Double(milliseconds) / 1000 }

    @inlinable package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.milliseconds < rhs.milliseconds
    }
}

/// A closed span of time: both ends belong to it. PromQL's left-open windows are made from it by their user.
package struct TimeRange: Hashable, Sendable {
    package var min: Timestamp
    package var max: Timestamp

    package init(min: Timestamp, max: Timestamp) {
        self.min = min
        self.max = max
    }

    package init(minMilliseconds: Int64, maxMilliseconds: Int64) {
        min = Timestamp(milliseconds: minMilliseconds)
        max = Timestamp(milliseconds: maxMilliseconds)
    }

    package static let all = TimeRange(minMilliseconds: .min, maxMilliseconds: .max)

    package var isEmpty: Bool { min > max }

    /// Whether the moment lies within, ends included.
    package func contains(_ time: Timestamp) -> Bool { min <= time && time <= max }

    /// Whether the two share a moment.
    package func overlaps(_ other: TimeRange) -> Bool { min <= other.max && other.min <= max }
}
