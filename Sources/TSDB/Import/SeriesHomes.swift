import LMDB
import Model

/// Where the series of one span are, as one snapshot shows it (invariant 2 of ``Importer``).
struct SeriesHomes {
    /// Blocks of the span by group.
    private(set) var blocks: [UInt16: (seriesCount: Int, stripes: Int)] = [:]
    /// The group in whose block a series is. In several blocks it is read from the last, which therefore counts.
    private var groupInBlock: [UInt32: UInt16] = [:]
    /// The group in whose head rows or late batches a series is, and its samples there in order of arrival.
    private var recent: [UInt32: (group: UInt16, column: SampleColumn)] = [:]

    /// - Parameter day: start of the day that the span's ids are of.
    init(span: Int64, day: Int64, _ snapshot: Snapshot) throws(StoreError) {
        let range = TimeRange(span: span)
        for reference in try snapshot.blockReferences(in: range) where reference.start == span {
            let stripes = try snapshot.transaction.fingerprint(of: reference).stripes
            var ids: [UInt32] = []
            try snapshot.withBlock(reference) { block throws(StoreError) in
                ids = try block.allEntries(in: snapshot.transaction).map(\.id)
            }
            for id in ids { groupInBlock[id] = reference.group }
            blocks[reference.group] = (ids.count, stripes)
        }
        try readHead(range, snapshot)
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { _, batch throws(StoreError) in
            guard batch.day == day else { return }
            for one in batch.series {
                for place in one.times.indices where range.contains(Timestamp(milliseconds: one.times[place])) {
                    add(one.id, batch.group, one.times[place], one.values[place])
                }
            }
        }
        for id in recent.keys { recent[id]?.column.normalize() }
    }

    private mutating func readHead(_ range: TimeRange, _ snapshot: Snapshot) throws(StoreError) {
        let (first, last) = (range.min.milliseconds, range.max.milliseconds)
        guard let oldest = try snapshot.oldestHeadTime(), oldest <= last else { return }
        let entries = try HeadScan.entries(
            from: first, through: last, groups: Set(try snapshot.groups().keys), in: snapshot.transaction)
        var decoders: [UInt16: HeadRowDecoder] = [:]
        var homes = self
        try HeadScan.rows(entries: entries, through: last, in: snapshot.transaction) {
            group, time, payload throws(CodecError) in
            var decoder = decoders.removeValue(forKey: group) ?? HeadRowDecoder()
            try decoder.decode(payload)
            if time >= first {
                for slot in decoder.slots.indices where decoder.slots[slot].isPresent {
                    homes.add(decoder.ids[slot], group, time, Double(bitPattern: decoder.slots[slot].bits))
                }
            }
            decoders[group] = decoder
        }
        self = homes
    }

    private mutating func add(_ id: UInt32, _ group: UInt16, _ time: Int64, _ value: Double) {
        recent[id, default: (group, SampleColumn())].group = group
        recent[id]?.column.append(time, value)
    }

    /// Tells that this import has put series into the block of a group. Their homes are not asked for again, and the
    /// block, which is as long as one should be, takes no more.
    mutating func close(blockOf group: UInt16) { blocks[group] = (GroupTable.seriesMax, .max) }

    /// The group whose block has the series; nil where none has.
    func block(of id: UInt32) -> UInt16? { groupInBlock[id] }

    /// The group whose head rows or late batches have the series, and what they have; nil where none have.
    func recent(of id: UInt32) -> (group: UInt16, column: SampleColumn)? { recent[id] }
}
