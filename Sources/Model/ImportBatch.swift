/// Samples from outside on their way into a store, as columns: what a reader of files hands to an importer.
///
/// A series is named once and goes by its number from then on. Numbers count from 0 in the order of ``series`` over all
/// batches of one reader; where the reader has forgotten the names to save memory, ``startsAnew`` is set and they count
/// from 0 again.
package struct ImportBatch: Sendable {
    /// Whether the numbers of this batch and those that follow have nothing to do with those before.
    package var startsAnew = false
    /// The series that are news in this batch; their numbers follow on those of the batches before.
    package var series: [Labels] = []
    /// Number of the series of each sample.
    package var numbers: [UInt32] = []
    /// Milliseconds since 1970, in any order.
    package var times: [Int64] = []
    /// Exact bits; stale markers are among them.
    package var values: [Double] = []
    /// What was told of metrics.
    package var families: [MetricFamily] = []

    package init() {}

    /// Number of samples.
    package var count: Int { numbers.count }

    /// Adds a sample of a series that this batch or one before has named.
    @inlinable @inline(__always)
    package mutating func append(_ number: UInt32, _ time: Int64, _ value: Double) {
        numbers.append(number)
        times.append(time)
        values.append(value)
    }

    /// Empties the batch and keeps its memory.
    package mutating func removeAll() {
        startsAnew = false
        series.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        families.removeAll(keepingCapacity: true)
    }
}
