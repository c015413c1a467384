package import Model

/// The series that a set of matchers selects, in label order, and the way to their samples.
/// Uses its snapshot; not to be used from two threads at once.
package final class SeriesSelection {
    let snapshot: Snapshot
    /// The label sets, ascending in Prometheus' order; the place of one is the index of its series.
    package let labels: [Labels]
    let range: TimeRange
    let blocks: [Snapshot.BlockReference]
    /// Per series: its id in each day's registry, by day ascending.
    let ids: SeriesIDs
    /// Per series: its id in each registry of 30 days, by start ascending.
    let longIDs: SeriesIDs
    /// Per series: samples that were decoded when the selection was made (head, process frames).
    let recent: [SampleColumn]
    /// Per series: whether it is made from process frames.
    let isMade: [Bool]
    /// Where windows are read; see Tiers/TierPlan.swift.
    var plans: [Tier: TierPlan] = [:]
    /// Chunks that ``read(_:in:into:)`` has decoded so far.
    package private(set) var chunksRead = 0
    private var decoder = ChunkDecoder()
    private var values: [Double] = []
    private var sharedTimes = SharedTimes()
    /// The ids of a block that had not what was looked for: an import of many series is in many blocks of a span, each
    /// of which has a part of them.
    private var knownBounds: [ClosedRange<UInt32>?] = []

    package var count: Int { labels.count }

    init(
        _ snapshot: Snapshot, range: TimeRange, blocks: [Snapshot.BlockReference], labels: [Labels],
        ids: SeriesIDs, longIDs: SeriesIDs, recent: [SampleColumn], isMade: [Bool]
    ) {
        self.snapshot = snapshot
        self.range = range
        self.blocks = blocks
        self.labels = labels
        self.ids = ids
        self.longIDs = longIDs
        self.isMade = isMade
        self.recent = recent
    }

    /// From now on nobody looks at values, but for stale markers: others may be read as any number, which saves most of
    /// the time of reading.
    package func skipNumbers() { decoder.skipsNumbers = true }

    /// Replaces the content of `column` by the samples of series `index` in `range`, both ends included, which lies
    /// within the range that was selected. Strictly ascending in time, stale markers included.
    ///
    /// Cost: the chunks of the blocks that `range` touches.
    package func read(_ index: Int, in range: TimeRange, into column: inout SampleColumn) throws(StoreError) {
        column.removeAll()
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        sharedTimes.begin(range)
        if knownBounds.isEmpty { knownBounds = [ClosedRange<UInt32>?](repeating: nil, count: blocks.count) }
        let ids = ids[index]
        var place = ids.startIndex
        for (number, reference) in blocks.enumerated()
        where reference.minMilliseconds <= max && reference.maxMilliseconds >= min {
            while place < ids.endIndex, ids[place].start + Block.daySeconds <= reference.start { place += 1 }
            guard place < ids.endIndex else { break }
            guard ids[place].start <= reference.start else { continue }
            let id = ids[place].id
            if let bounds = knownBounds[number], !bounds.contains(id) { continue }
            let count = column.values.count
            let read: Void? = try snapshot.tolerating(TimeRange(span: reference.start), series: true) {
                () throws(StoreError) in
                try snapshot.withBlock(reference) { block throws(StoreError) in
                    guard let entry = try block.entry(of: id, in: snapshot.transaction) else {
                        if knownBounds[number] == nil {
                            knownBounds[number] = try block.idBounds(in: snapshot.transaction)
                        }
                        return
                    }
                    chunksRead += 1
                    try block.readValues(
                        entry, from: min, through: max, using: &decoder, &values, into: &column.values,
                        in: snapshot.transaction)
                    let piece = SharedTimes.Piece(block: number, column: entry.timeColumn, presence: entry.presence)
                    if sharedTimes.add(piece, before: count, into: &column.timestamps) {
                        try block.readTimes(
                            entry, from: min, through: max, into: &column.timestamps, in: snapshot.transaction)
                    }
                }
            }
            // What was read of a chunk before its damage showed is not shown.
            if read == nil {
                column.values.removeLast(column.values.count - count)
                sharedTimes.forget(after: count, &column.timestamps)
            }
        }
        sharedTimes.finish(recent[index], range, &column)
    }
}
