import LMDB
import Model

// What is written for the tiers together with raw blocks: a slice of minutes for each span that is sealed, and for each
// that late samples change.

/// A block of windows that is about to be written.
struct TierWrite {
    var reference: TierReference
    var bytes: [UInt8]
    /// What was damaged of those before and is lost for good now.
    var losses: [Event] = []

    func put(in store: Store, _ transaction: borrowing WriteTransaction) throws(StoreError) {
        try transaction.append(losses)
        try Stripes.replace(bytes, in: store, transaction) { Key.tierBlock(reference, stripe: $0) }
    }
}

enum TierSlices {
    /// The minutes of a raw block that is about to be written; nil where its group has none.
    static func minutes(
        _ reference: Snapshot.BlockReference, _ definition: GroupDefinition, _ times: [[Int64]],
        _ series: [BlockSeries], in store: Store
    ) throws(StoreError) -> TierWrite? {
        let (group, span) = (reference.group, reference.start)
        // A group that was once written with tiers has to have them right.
        if !definition.buildsTiers, try !hasMinutes(group, span, in: store) { return nil }
        let snapshot = try store.snapshot()
        let forgotten = try snapshot.retentionClasses()[definition.retentionClass]?.forgotten ?? TierCoverage()
        if forgotten.raw > span * 1000 {
            return try continuing(reference, wholeAfter: forgotten, times, series, snapshot)
        }
        var writer = TierBlockWriter(.minuteSlice, start: span)
        for one in series { writer.add(one.id, Rollup.windows(of: one.samples(times), .minute)) }
        return TierWrite(
            reference: TierReference(group: group, layer: .minuteSlice, start: span), bytes: writer.finish())
    }

    /// The minutes of a span that was evicted while it was open: those of the samples that are gone stay, and what the
    /// block had not yet comes to them.
    private static func continuing(
        _ reference: Snapshot.BlockReference, wholeAfter forgotten: TierCoverage, _ times: [[Int64]],
        _ series: [BlockSeries], _ snapshot: Snapshot
    ) throws(StoreError) -> TierWrite {
        let damage = DamageList(writing: ())
        let slice = TierReference(group: reference.group, layer: .minuteSlice, start: reference.start)
        let isThere = try !snapshot.tierReferences(
            .minuteSlice, group: slice.group, after: slice.start, through: slice.endSeconds
        ).isEmpty
        var around = try SeriesAround(slice, snapshot, tolerating: damage)
        let before = try snapshot.contents(of: reference).columns
        let places = Dictionary(series.indices.map { (series[$0].id, $0) }) { $1 }
        var ids = Set(places.keys)
        if isThere { ids.formUnion(try snapshot.ids(in: slice, or: forgotten, tolerating: damage)) }
        var writer = TierBlockWriter(.minuteSlice, start: slice.start)
        let lost = TimeRange(
            minMilliseconds: slice.start * 1000 + 1, maxMilliseconds: min(slice.endSeconds * 1000, forgotten.raw))
        for id in ids.sorted() {
            var known = try around.windows(
                of: id, in: isThere ? slice : nil, tolerating: damage, losing: lost, snapshot)
            if let place = places[id] {
                let samples = series[place].samples(times)
                known = known.continued(
                    .minute, by: samples.subtracting(before[id]), samples, wholeAfter: forgotten.raw)
            }
            writer.add(id, known)
        }
        let losses = damage.eventsOfLosses(at: slice.endSeconds * 1000)
        return TierWrite(reference: slice, bytes: writer.finish(), losses: losses)
    }

    private static func hasMinutes(_ group: UInt16, _ span: Int64, in store: Store) throws(StoreError) -> Bool {
        let snapshot = try store.snapshot()
        for layer in [TierLayer.minuteSlice, .minuteBlock] {
            let found = try snapshot.tierReferences(
                layer, group: group, after: span, through: span + Block.rawSpanSeconds)
            if !found.isEmpty { return true }
        }
        return false
    }
}

extension BlockSeries {
    /// Its samples, as columns.
    func samples(_ times: [[Int64]]) -> SampleColumn {
        var column = SampleColumn()
        column.timestamps.reserveCapacity(values.count)
        var tick = 0
        for run in presence.runs {
            tick += run.gap
            column.timestamps.append(contentsOf: times[timeColumn][tick..<tick + run.length])
            tick += run.length
        }
        column.values = values
        return column
    }
}

/// What late and imported samples of a span whose raw block is forgotten become: the windows that are left, with the
/// samples mixed in. Where everything of that age is gone they become a raw block, which the next retention takes and
/// counts: nothing is lost in silence.
struct MixedWindows {
    private let windows: [TierWrite]
    private let generation: UInt64

    /// Nil where samples of the span are kept as they are.
    init?(
        _ reference: Snapshot.BlockReference, _ definition: GroupDefinition, _ samples: [UInt32: SampleColumn],
        _ snapshot: Snapshot
    ) throws(StoreError) {
        let forgotten = try snapshot.retentionClasses()[definition.retentionClass]?.forgotten ?? TierCoverage()
        let start = reference.start * 1000
        // Of a span that was evicted while it was open the rest is kept as samples.
        let end = start + Block.rawSpanSeconds * 1000
        guard definition.buildsTiers, end <= forgotten.raw, start >= forgotten.hour else { return nil }
        generation = try snapshot.currentSuperblock().generation
        windows = try MixedWindows.mixed(
            reference.group, reference.start, samples, start >= forgotten.minute ? .minuteSlice : .hourSlice, forgotten,
            snapshot)
    }

    /// Writes the windows and raises the store's generation.
    /// - Returns: false, with nothing changed, where others have written meanwhile.
    func put(in store: Store, _ transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
        guard try transaction.superblock(of: store).generation == generation else { return false }
        for write in windows { try write.put(in: store, transaction) }
        try transaction.raiseGeneration(of: store)
        return true
    }

    /// The slice around the span with the samples in it. A series that the slice lacks is read from the block around
    /// it, so only those that change are written. One that has hours there and lost its minutes goes to the slice of
    /// hours: minutes of nothing but the new samples would hide those.
    private static func mixed(
        _ group: UInt16, _ span: Int64, _ samples: [UInt32: SampleColumn], _ layer: TierLayer,
        _ forgotten: TierCoverage, _ snapshot: Snapshot
    ) throws(StoreError) -> [TierWrite] {
        let start = Block.spanStart(span * 1000 + 1, length: layer.spanSeconds)
        let slice = TierReference(group: group, layer: layer, start: start)
        let isThere = try snapshot.hasBlock(slice)
        let damage = DamageList(writing: ())
        var ids = Set(samples.keys)
        if isThere { ids.formUnion(try snapshot.ids(in: slice, or: forgotten, tolerating: damage)) }
        var around = try SeriesAround(slice, snapshot, tolerating: DamageList(writing: ()))
        let lost = TimeRange(minMilliseconds: start * 1000 + 1, maxMilliseconds: slice.endSeconds * 1000)
        var writer = TierBlockWriter(layer, start: start)
        var hours: HoursOfSpan?
        var ofHours: [UInt32: SampleColumn] = [:]
        for id in ids.sorted() {
            var windows = try around.windows(
                of: id, in: isThere ? slice : nil, tolerating: damage, losing: lost, snapshot)
            if let column = samples[id] {
                if layer == .minuteSlice, windows.count == 0 {
                    if hours == nil { hours = try HoursOfSpan(group, span, snapshot) }
                    if try hours?.haveAny(of: id, snapshot) == true {
                        ofHours[id] = column
                        continue
                    }
                }
                if layer == .hourSlice {
                    let minutes = try snapshot.unfoldedMinutes(of: id, group, day: start, tolerating: damage)
                    windows = windows.continued(.hour, by: minutes, wholeAfter: forgotten.minute)
                }
                windows.mix(Rollup.windows(of: column, layer.tier))
            }
            writer.add(id, windows)
        }
        var writes: [TierWrite] = []
        if isThere || !writer.isEmpty {
            let losses = damage.eventsOfLosses(at: slice.endSeconds * 1000)
            writes.append(TierWrite(reference: slice, bytes: writer.finish(), losses: losses))
        }
        if !ofHours.isEmpty { writes += try mixed(group, span, ofHours, .hourSlice, forgotten, snapshot) }
        return writes
    }
}

extension Snapshot {
    /// The minutes of a series that its day's hours do not have yet.
    fileprivate func unfoldedMinutes(
        of id: UInt32, _ group: UInt16, day: Int64, tolerating damage: DamageList
    ) throws(StoreError) -> WindowColumns {
        var minutes = WindowColumns()
        let end = day + Block.daySeconds
        for slice in try tierReferences(.minuteSlice, group: group, after: day, through: end) {
            let found = try damage.tolerating { () throws(StoreError) in try windows(of: id, in: slice) }
            if let part = found ?? nil { minutes.append(part, 0..<part.count) }
        }
        return minutes
    }
}

/// Whether series have hours in a span of samples.
private struct HoursOfSpan {
    private let slice: TierReference
    private let isThere: Bool
    private var around: SeriesAround
    private let range: Range<Int64>

    init(_ group: UInt16, _ span: Int64, _ snapshot: Snapshot) throws(StoreError) {
        slice = TierReference(group: group, layer: .hourSlice, start: Block.day(of: span))
        isThere = try snapshot.hasBlock(slice)
        around = try SeriesAround(slice, snapshot, tolerating: DamageList(writing: ()))
        range = span * 1000..<(span + Block.rawSpanSeconds) * 1000
    }

    mutating func haveAny(of id: UInt32, _ snapshot: Snapshot) throws(StoreError) -> Bool {
        let damage = DamageList(writing: ())
        let found = try around.windows(
            of: id, in: isThere ? slice : nil, tolerating: damage, losing: nil, snapshot)
        return found.firstIndex(endingAfter: range.lowerBound) < found.firstIndex(endingAfter: range.upperBound)
    }
}

/// The block that a slice is folded into: what series of the slice's registry have there in the slice's span.
struct SeriesAround {
    private let slice: TierReference
    private var block: TierReference?
    /// Ids in the block's registry where that is another than the slice's.
    private var longIDs: [Labels: UInt32] = [:]

    /// - Parameter damage: takes the names that the block's registry has lost: nobody can ask for their windows.
    init(_ slice: TierReference, _ snapshot: Snapshot, tolerating damage: DamageList) throws(StoreError) {
        self.slice = slice
        let layer: TierLayer = slice.layer == .minuteSlice ? .minuteBlock : .hourBlock
        block = try snapshot.tierReferences(
            layer, group: slice.group, after: slice.start, through: slice.endSeconds
        ).first
        guard let block, layer == .hourBlock else { return }
        let names = try damage.tolerating { () throws(StoreError) in
            var registry = try snapshot.longRegistry(block.start)
            return try registry.allLabels(tolerating: damage, in: snapshot.transaction)
        }
        for (id, labels) in (names ?? []).enumerated() { longIDs[labels] = UInt32(id) }
    }

    /// The windows of the slice, where it is there and has the series, else of the block. What of them is damaged is
    /// lost.
    /// - Parameter range: the times of which nothing else tells; nil where there are none.
    mutating func windows(
        of id: UInt32, in slice: TierReference?, tolerating damage: DamageList, losing range: TimeRange?,
        _ snapshot: Snapshot
    ) throws(StoreError) -> WindowColumns {
        do throws(StoreError) {
            if let slice, let known = try snapshot.windows(of: id, in: slice) { return known }
            return try windows(of: id, snapshot)
        } catch {
            try damage.tolerate(error, range: range, series: range != nil)
            return WindowColumns()
        }
    }

    private mutating func windows(of id: UInt32, _ snapshot: Snapshot) throws(StoreError) -> WindowColumns {
        var part = WindowColumns()
        guard let block else { return part }
        var blockID: UInt32? = id
        if block.layer == .hourBlock {
            let day = Block.day(of: slice.start)
            let labels = try snapshot.withRegistry(day) { registry throws(StoreError) in
                try registry.labels(of: id, in: snapshot.transaction)
            }
            blockID = longIDs[labels]
        }
        guard let blockID, let all = try snapshot.windows(of: blockID, in: block) else { return part }
        part.append(
            all,
            all.firstIndex(endingAfter: slice.start * 1000)..<all.firstIndex(endingAfter: slice.endSeconds * 1000))
        return part
    }
}
