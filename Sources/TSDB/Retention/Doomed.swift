import LMDB
import Model

/// Everything that is too old, as one snapshot shows it.
struct Doomed {
    /// In the order in which it goes. Registries last: a crash before leaves one that names series without samples,
    /// never samples without a name.
    private(set) var ranges: [DoomedRange] = []
    /// What each class will have forgotten, in milliseconds.
    private(set) var forgotten: [UInt8: TierCoverage] = [:]
    /// Of the store as the snapshot shows it.
    let generation: UInt64
    /// What stays: starts of days and of 30 days whose registries are needed.
    private var living: [RegistrySpan: Set<Int64>] = [:]
    private let cutoffs: Cutoffs
    /// Whether days that are over count as folded.
    private let assumesHours: Bool
    /// The first day of a class with minutes, too old or not, of which hours are still to be made. Blocks
    /// of minutes from there on wait, too: hours are made of all minutes of a day, and what a class has forgotten is
    /// all before a moment.
    private var unfolded: [UInt8: Int64] = [:]

    /// - Parameter assumesHours: whether hours that are still to be made count as there.
    init(_ cutoffs: Cutoffs, assumingHours assumesHours: Bool = false, in store: Store) throws(StoreError) {
        self.cutoffs = cutoffs
        self.assumesHours = assumesHours
        let snapshot = try store.snapshot()
        generation = try snapshot.currentSuperblock().generation
        if !assumesHours { try findUnfolded(snapshot) }
        for (group, definition) in try snapshot.groups().sorted(by: { $0.key < $1.key }) {
            ranges.append(try blocks(group, definition, snapshot))
            for layer in TierLayer.allCases { ranges.append(try windows(layer, group, definition, snapshot)) }
        }
        for tier in 0...2 as ClosedRange<UInt8> { ranges.append(try frameBlocks(tier, snapshot)) }
        ranges.append(try rows(snapshot))
        ranges.append(try lateBatches(snapshot))
        ranges.append(try events(snapshot))
        for span in [RegistrySpan.day, .thirtyDays] { ranges.append(try registries(span, snapshot)) }
    }

    /// Spans with rows that are too old for samples and not for windows, ascending.
    static func spansToSeal(_ cutoffs: Cutoffs, in store: Store) throws(StoreError) -> [Int64] {
        let snapshot = try store.snapshot()
        let groups = try snapshot.groups()
        var spans: Set<Int64> = []
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            let span = Block.spanStart(row.time)
            let cutoff: (raw: Int64, last: Int64)
            if HeadScan.isFrame(row.group) {
                cutoff = (cutoffs[RetentionClass.frames].raw, cutoffs[RetentionClass.frames].hour)
            } else {
                guard let definition = groups[row.group] else { return .next }
                cutoff = (cutoffs.raw(definition), cutoffs.last(definition))
            }
            if hasEnded(span, cutoff.raw), !hasEnded(span, cutoff.last) { spans.insert(span) }
            return row.time > cutoffs.newestRaw ? .stop : .next
        }
        return spans.sorted()
    }

    private static func hasEnded(_ start: Int64, _ cutoff: Int64, length: Int64 = Block.rawSpanSeconds) -> Bool {
        (start + length) * 1000 <= cutoff
    }

    private mutating func keep(_ span: RegistrySpan, at start: Int64) {
        let length = span == .day ? Block.daySeconds : TierBlock.longSpanSeconds
        living[span, default: []].insert(Block.spanStart(start * 1000 + 1, length: length))
    }

    private mutating func note(_ number: UInt8, _ tier: Tier, through end: Int64) {
        var reached = forgotten[number] ?? TierCoverage()
        reached[tier] = max(reached[tier], end * 1000)
        forgotten[number] = reached
    }

    /// Raw blocks; one whose group has windows goes only when its own are there.
    private mutating func blocks(
        _ group: UInt16, _ definition: GroupDefinition, _ snapshot: Snapshot
    ) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .block)
        let cutoff = cutoffs[definition.retentionClass]
        let slices = Set(try snapshot.tierReferences(.minuteSlice, group: group).map(\.start))
        let days = Set(try snapshot.tierReferences(.minuteBlock, group: group).map(\.start))
        for start in try snapshot.rawStarts(group: group) {
            let day = Block.spanStart(start * 1000 + 1, length: Block.daySeconds)
            let isInWindows = slices.contains(start) || days.contains(day)
            let mayGo = isInWindows || !definition.buildsTiers || Doomed.hasEnded(start, cutoff.hour)
            guard Doomed.hasEnded(start, cutoff.raw), mayGo else {
                keep(.day, at: start)
                continue
            }
            note(definition.retentionClass, .raw, through: start + Block.rawSpanSeconds)
            try add(snapshot, to: &range, from: Key.block(group: group, tier: 0, start: start, stripe: 0)) { key in
                guard let name = key.blockKey(), name.group == group, name.tier == 0, name.start == start else {
                    return nil
                }
                return name.stripe == 0
            }
        }
        return range
    }

    private mutating func findUnfolded(_ snapshot: Snapshot) throws(StoreError) {
        for (group, definition) in try snapshot.groups() {
            let cutoffs = cutoffs[definition.retentionClass]
            let slices = try snapshot.tierReferences(.minuteSlice, group: group)
            var days = slices.map { Block.day(of: $0.start) }
            if definition.buildsTiers { days += try snapshot.daysWithoutHours(group: group) }
            guard let day = days.filter({ !Doomed.hasEnded($0, cutoffs.hour) }).min() else { continue }
            unfolded[definition.retentionClass] = min(unfolded[definition.retentionClass] ?? day, day)
        }
    }

    private mutating func windows(
        _ layer: TierLayer, _ group: UInt16, _ definition: GroupDefinition, _ snapshot: Snapshot
    ) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .windowBlock)
        let cutoffs = cutoffs[definition.retentionClass]
        let cutoff = cutoffs[layer.tier]
        for reference in try snapshot.tierReferences(layer, group: group) {
            var mayGo = Doomed.hasEnded(reference.start, cutoff, length: layer.spanSeconds)
            // Hours are made when slices of minutes become a day.
            if mayGo, layer == .minuteSlice, !Doomed.hasEnded(reference.start, cutoffs.hour) {
                let day = Block.day(of: reference.start)
                mayGo = assumesHours && Doomed.hasEnded(day, cutoff, length: Block.daySeconds)
            }
            if layer == .minuteBlock, let waiting = unfolded[definition.retentionClass] {
                mayGo = mayGo && reference.endSeconds <= waiting
            }
            guard mayGo else {
                keep(layer.registrySpan, at: reference.start)
                continue
            }
            note(definition.retentionClass, layer.tier, through: reference.endSeconds)
            try add(snapshot, to: &range, from: Key.tierBlock(reference, stripe: 0)) { key in
                guard let name = key.blockKey(), name.group == group, name.tier == layer.rawValue,
                    name.start == reference.start
                else { return nil }
                return name.stripe == 0
            }
        }
        return range
    }

    private mutating func frameBlocks(_ tier: UInt8, _ snapshot: Snapshot) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .frameBlock)
        let cutoff = cutoffs[RetentionClass.frames].hour
        for reference in try snapshot.frameBlocks(in: .all) where reference.tier == tier {
            guard Doomed.hasEnded(reference.start, cutoff, length: reference.spanSeconds) else { continue }
            for tier in Tier.allCases { note(RetentionClass.frames, tier, through: reference.endSeconds) }
            let first = Key.frameBlock(tier: tier, start: reference.start, stripe: 0)
            try add(snapshot, to: &range, from: first) { key in
                guard let name = key.frameBlockKey(), name.tier == tier, name.start == reference.start else {
                    return nil
                }
                return name.stripe == 0
            }
        }
        return range
    }

    /// Adds the records from `first` on for which `isNewItem` is not nil.
    private func add(
        _ snapshot: Snapshot, to range: inout DoomedRange, from first: [UInt8], _ isNewItem: (RawSpan) -> Bool?
    ) throws(StoreError) {
        var grown = range
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let isNew = isNewItem(key) else { return .stop }
            grown.add(key, value, isNewItem: isNew)
            return .next
        }
        range = grown
    }

    /// Rows of whole spans: a part of a chain could not be read without its key row.
    private mutating func rows(_ snapshot: Snapshot) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .row)
        let groups = try snapshot.groups()
        let cutoffs = cutoffs
        var days: Set<Int64> = []
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= cutoffs.newestRaw else { return .stop }
            let isFrame = HeadScan.isFrame(row.group)
            let cutoff = isFrame ? cutoffs[RetentionClass.frames].hour : cutoffs.last(groups[row.group])
            if Doomed.hasEnded(Block.spanStart(row.time), cutoff) {
                range.add(key, value, isNewItem: true)
            } else {
                days.insert(Block.spanStart(row.time, length: Block.daySeconds))
            }
            return .next
        }
        living[.day, default: []].formUnion(days)
        // The newest first: what is left of a chain can be read at any moment.
        range.items.reverse()
        return range
    }

    private mutating func lateBatches(_ snapshot: Snapshot) throws(StoreError) -> DoomedRange {
        let groups = try snapshot.groups()
        let cutoffs = cutoffs
        var doomed: [UInt64: LateBatch] = [:]
        var days: Set<Int64> = []
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { sequence, batch throws(StoreError) in
            if batch.maxTime < cutoffs.last(groups[batch.group]) {
                doomed[sequence] = batch
            } else {
                days.insert(batch.day)
            }
        }
        living[.day, default: []].formUnion(days)
        var range = DoomedRange(kind: .lateBatch)
        try snapshot.transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            guard let sequence = key.lateBatchKey() else { return .stop }
            if let batch = doomed[sequence] {
                range.add(key, value, isNewItem: true)
                range.items[range.items.count - 1].batch = (sequence, batch)
            }
            return .next
        }
        return range
    }

    /// Events are few and small: they stay as long as anything.
    private func events(_ snapshot: Snapshot) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .event)
        let cutoff = cutoffs[RetentionClass.standard].hour
        try snapshot.transaction.scan(from: Key.event(time: .min, sequence: 0)) { key, value throws(StoreError) in
            guard let event = key.eventKey(), event.time < cutoff else { return .stop }
            range.add(key, value, isNewItem: true)
            return .next
        }
        return range
    }

    /// Spans that ended and of which, once the rest is gone, nothing is left.
    private func registries(_ span: RegistrySpan, _ snapshot: Snapshot) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .registry)
        let length = span == .day ? Block.daySeconds : TierBlock.longSpanSeconds
        let (living, cutoff) = (living[span] ?? [], cutoffs.newestRaw)
        var last: Int64?
        let first = Key.registry(span: span, start: .min, stripe: 0)
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.registryKey(), name.span == span.rawValue,
                Doomed.hasEnded(name.start, cutoff, length: length)
            else { return .stop }
            if living.contains(name.start) {
                return .seek(Key.registry(span: span, start: name.start + 1, stripe: 0))
            }
            range.add(key, value, isNewItem: name.start != last)
            range.items[range.items.count - 1].registry = (span, name.start)
            last = name.start
            return .next
        }
        return range
    }
}
