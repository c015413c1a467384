import LMDB
import Model

// Slices become longer blocks when the longer span is complete: twelve slices of minutes a day of minutes and a slice
// of hours; thirty slices of hours a block with a registry of its own. One transaction a group and span, which writes
// the block and removes the slices. Whoever is killed before it leaves the slices, after it the block; both give the
// same answers. It is only done if nobody wrote in between (the superblock's generation): the next seal tries again.

enum Folding {
    /// Folds all days and spans of 30 days that are complete and have slices.
    static func foldCompleteSpans(in store: Store) throws(StoreError) {
        let snapshot = try store.snapshot()
        guard let open = try openDay(snapshot) else { return }
        for (group, definition) in try snapshot.groups().sorted(by: { $0.key < $1.key }) {
            for day in try daysToFold(group, definition, before: open, snapshot) {
                try foldDay(group, day, in: store)
            }
            let slices = try store.snapshot().tierReferences(.hourSlice, group: group, through: open)
            let starts = Set(slices.map { Block.spanStart($0.start * 1000 + 1, length: TierBlock.longSpanSeconds) })
            for start in starts.sorted() where start + TierBlock.longSpanSeconds <= open {
                try foldThirtyDays(group, start, in: store)
            }
        }
    }

    /// Folds what there is of all days, complete or not: before their minutes go, hours are to be made of them. What
    /// is sealed afterwards is folded into the same blocks.
    /// - Returns: false where others wrote again and again, so that some of it is not folded.
    static func foldOpenDays(in store: Store) throws(StoreError) -> Bool {
        for _ in 0..<16 {
            let snapshot = try store.snapshot()
            var isFolded = true
            for group in try snapshot.groups().keys.sorted() {
                let slices = try snapshot.tierReferences(.minuteSlice, group: group)
                for day in Set(slices.map { Block.day(of: $0.start) }).sorted() {
                    isFolded = try foldDay(group, day, in: store) && isFolded
                }
            }
            if isFolded { return true }
        }
        return false
    }

    /// The day that rows are still sealed into; nil where there is nothing.
    private static func openDay(_ snapshot: Snapshot) throws(StoreError) -> Int64? {
        if let oldest = try snapshot.oldestHeadTime() { return Block.spanStart(oldest, length: Block.daySeconds) }
        let newest = try snapshot.newestBlocks().map(\.minMilliseconds).max()
        return newest.map { Block.spanStart($0, length: Block.daySeconds) }
    }

    /// Days before `open` with slices, or with raw blocks that nobody made windows of: a store of a version before.
    private static func daysToFold(
        _ group: UInt16, _ definition: GroupDefinition, before open: Int64, _ snapshot: Snapshot
    ) throws(StoreError) -> [Int64] {
        let slices = try snapshot.tierReferences(.minuteSlice, group: group, through: open)
        var days = Set(slices.map { Block.day(of: $0.start) })
        if definition.buildsTiers {
            let folded = Set(try snapshot.tierReferences(.minuteBlock, group: group, through: open).map(\.start))
            for start in try snapshot.rawStarts(group: group, through: open) {
                let day = Block.day(of: start)
                if !folded.contains(day) { days.insert(day) }
            }
        }
        return days.filter { $0 < open }.sorted()
    }

    // MARK: - Days

    /// - Returns: false, with nothing changed, where others wrote meanwhile.
    @discardableResult
    private static func foldDay(_ group: UInt16, _ day: Int64, in store: Store) throws(StoreError) -> Bool {
        let snapshot = try store.snapshot()
        let generation = try snapshot.currentSuperblock().generation
        let end = day + Block.daySeconds
        let slices = try snapshot.tierReferences(.minuteSlice, group: group, after: day, through: end)
        let known = try snapshot.tierReferences(.minuteBlock, group: group, after: day, through: end).first
        let knownHours = try snapshot.tierReferences(.hourSlice, group: group, after: day, through: end).first
        var bare: [Snapshot.BlockReference] = []
        if known == nil {
            let written = Set(slices.map(\.start))
            for start in try snapshot.rawStarts(group: group, after: day, through: end)
            where !written.contains(start) {
                bare.append(Snapshot.BlockReference(group: group, start: start))
            }
        }
        var ids: Set<UInt32> = []
        for reference in slices + [known, knownHours].compactMap({ $0 }) {
            ids.formUnion(try snapshot.ids(in: reference))
        }
        for reference in bare {
            ids.formUnion(
                try snapshot.withBlock(reference) { block throws(StoreError) in
                    try block.allEntries(in: snapshot.transaction).map(\.id)
                })
        }
        var minutes = TierBlockWriter(.minuteBlock, start: day)
        var hours = TierBlockWriter(.hourSlice, start: day)
        for id in ids.sorted() {
            var windows = WindowColumns()
            if let known { windows = try snapshot.windows(of: id, in: known) ?? windows }
            for slice in slices {
                if let part = try snapshot.windows(of: id, in: slice) {
                    windows.replace(after: slice.start * 1000, through: slice.endSeconds * 1000, with: part)
                }
            }
            for reference in bare {
                if let part = try snapshot.windows(of: id, inSamples: reference, .minute) { windows.mix(part) }
            }
            if windows.count > 0 { minutes.add(id, windows) }
            var longer = WindowColumns()
            Rollup.append(windows, .hour, to: &longer)
            // Of minutes that were evicted before the day was over the hours are all that is left.
            if let knownHours, let before = try snapshot.windows(of: id, in: knownHours) {
                longer = Folding.fuller(longer, before)
            }
            hours.add(id, longer)
        }
        let writes = [
            TierWrite(
                reference: TierReference(group: group, layer: .minuteBlock, start: day), bytes: minutes.finish()),
            TierWrite(reference: TierReference(group: group, layer: .hourSlice, start: day), bytes: hours.finish()),
        ]
        return try replace(slices, by: writes, generation, in: store) { _ throws(StoreError) in }
    }

    /// Windows of both; of those that end at one time the one with more samples, the first where both have as many.
    private static func fuller(_ windows: WindowColumns, _ others: WindowColumns) -> WindowColumns {
        var result = WindowColumns()
        var (place, other) = (0, 0)
        while place < windows.count || other < others.count {
            let end = place < windows.count ? windows.ends[place] : Int64.max
            let otherEnd = other < others.count ? others.ends[other] : Int64.max
            let takesOther = otherEnd < end || (otherEnd == end && others.counts[other] > windows.counts[place])
            if takesOther {
                result.append(others, other..<other + 1)
            } else {
                result.append(windows, place..<place + 1)
            }
            if end <= otherEnd { place += 1 }
            if otherEnd <= end { other += 1 }
        }
        return result
    }

    // MARK: - Thirty days

    private static func foldThirtyDays(_ group: UInt16, _ start: Int64, in store: Store) throws(StoreError) {
        let snapshot = try store.snapshot()
        let generation = try snapshot.currentSuperblock().generation
        let end = start + TierBlock.longSpanSeconds
        let slices = try snapshot.tierReferences(.hourSlice, group: group, after: start, through: end)
        let reference = TierReference(group: group, layer: .hourBlock, start: start)
        let isKnown = try !snapshot.tierReferences(.hourBlock, group: group, after: start, through: end).isEmpty
        var names = try LongNames(start, snapshot)
        // Per series: the slices that have it, and its id there.
        var parts: [UInt32: [(slice: TierReference, id: UInt32)]] = [:]
        for slice in slices {
            let ids = try snapshot.ids(in: slice)
            try snapshot.withRegistry(slice.start) { registry throws(StoreError) in
                for id in ids {
                    let long = names.id(of: try registry.labels(of: id, in: snapshot.transaction))
                    parts[long, default: []].append((slice, id))
                }
            }
        }
        var ids = Set(parts.keys)
        if isKnown { ids.formUnion(try snapshot.ids(in: reference)) }
        var writer = TierBlockWriter(.hourBlock, start: start)
        for id in ids.sorted() {
            var windows = isKnown ? try snapshot.windows(of: id, in: reference) ?? WindowColumns() : WindowColumns()
            for (slice, day) in parts[id] ?? [] {
                guard let part = try snapshot.windows(of: day, in: slice) else { continue }
                windows.replace(after: slice.start * 1000, through: slice.endSeconds * 1000, with: part)
            }
            writer.add(id, windows)
        }
        let write = TierWrite(reference: reference, bytes: writer.finish())
        let registry = names.isChanged ? RegistryWriter.encode(names.labels) : nil
        if let registry {
            let limit = Key.firstTailStripe
            guard Stripes.fit(registry.count, stripeBytes: store.superblock.stripeBytes, limit: limit) else {
                throw .invalid("the registry of 30 days exceeds \(Int(limit) * store.superblock.stripeBytes) bytes")
            }
        }
        try replace(slices, by: [write], generation, in: store) { transaction throws(StoreError) in
            guard let registry else { return }
            try Stripes.replace(registry, in: store, transaction) {
                Key.registry(span: .thirtyDays, start: start, stripe: $0)
            }
        }
    }

    /// The series of 30 days: those that another group brought keep their ids, new ones follow.
    private struct LongNames {
        private(set) var labels: [Labels]
        private var ids: [Labels: UInt32] = [:]
        private(set) var isChanged = false

        init(_ start: Int64, _ snapshot: Snapshot) throws(StoreError) {
            var registry = try snapshot.longRegistry(start)
            labels = try registry.allLabels(in: snapshot.transaction)
            for (id, one) in labels.enumerated() where !one.isEmpty { ids[one] = UInt32(id) }
        }

        mutating func id(of name: Labels) -> UInt32 {
            if let known = ids[name] { return known }
            isChanged = true
            let id = UInt32(labels.count)
            labels.append(name)
            ids[name] = id
            return id
        }
    }

    /// One transaction: what `more` writes, the blocks, and the slices go. Nothing where somebody wrote since.
    /// - Returns: whether it was done.
    @discardableResult
    private static func replace(
        _ slices: [TierReference], by writes: [TierWrite], _ generation: UInt64, in store: Store,
        _ more: (borrowing WriteTransaction) throws(StoreError) -> Void
    ) throws(StoreError) -> Bool {
        try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation else { return false }
            try more(transaction)
            for write in writes { try write.put(in: store, transaction) }
            for slice in slices {
                var stripe = 0
                do throws(StorageError) {
                    while stripe <= Int(UInt16.max),
                        try transaction.delete(Key.tierBlock(slice, stripe: UInt16(stripe)))
                    {
                        stripe += 1
                    }
                } catch {
                    throw StoreError(error)
                }
            }
            try transaction.raiseGeneration(of: store)
            return true
        }
    }
}
