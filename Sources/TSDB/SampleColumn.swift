/// Samples of one series in order of time, as two columns of equal length.
/// Stale markers are among them, with their exact bits; whoever evaluates decides what they mean.
package struct SampleColumn: Sendable {
    /// Milliseconds since 1970, strictly ascending.
    package var timestamps: [Int64] = []
    package var values: [Double] = []

    package init() {}

    package var count: Int { timestamps.count }

    /// Empties the columns and keeps their memory.
    package mutating func removeAll() {
        timestamps.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }

    @inlinable package mutating func append(_ timestamp: Int64, _ value: Double) {
        timestamps.append(timestamp)
        values.append(value)
    }
}
