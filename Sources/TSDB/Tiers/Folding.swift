import LMDB
import Model

// Slices become longer blocks when the longer span is complete: twelve slices of minutes a day of minutes and a slice
// of hours; thirty slices of hours a block with a registry of its own, where hours are kept for long enough
// (``TierKeep/joinsDays``). One transaction a group and span, which writes the block and removes the slices. Whoever is
// killed before it leaves the slices, after it the block; both give the same answers. It is only done if nobody wrote
// in between (the superblock's generation): the next seal tries again.

enum Folding {
    /// Folds all days and spans of 30 days that are complete and have slices.
    static func foldCompleteSpans(in store: Store) throws(StoreError) {
        for (group, day) in try completeDays(in: store) { try foldDay(group, day, in: store) }
        for (group, start) in try completeThirtyDays(in: store) { try foldThirtyDays(group, start, in: store) }
    }

    // What finds out what to do gives its snapshot back before it is done: each transaction is to use the pages that
    // the one before has freed.

    private static func completeDays(in store: Store) throws(StoreError) -> [(group: UInt16, day: Int64)] {
        let snapshot = try store.snapshot()
        guard let open = try openDay(snapshot) else { return [] }
        var found: [(UInt16, Int64)] = []
        for (group, definition) in try snapshot.groups().sorted(by: { $0.key < $1.key }) {
            for day in try daysToFold(group, definition, before: open, snapshot) { found.append((group, day)) }
        }
        return found
    }

    private static func completeThirtyDays(in store: Store) throws(StoreError) -> [(group: UInt16, start: Int64)] {
        let snapshot = try store.snapshot()
        guard let open = try openDay(snapshot) else { return [] }
        let classes = try snapshot.retentionClasses()
        var found: [(UInt16, Int64)] = []
        for (group, definition) in try snapshot.groups().sorted(by: { $0.key < $1.key }) {
            let own = classes[definition.retentionClass] ?? classes[RetentionClass.standard]
            guard (own?.keep ?? .standard).joinsDays else { continue }
            let slices = try snapshot.tierReferences(.hourSlice, group: group, through: open)
            let starts = Set(slices.map { Block.spanStart($0.start * 1000 + 1, length: TierBlock.longSpanSeconds) })
            for start in starts.sorted() where start + TierBlock.longSpanSeconds <= open {
                found.append((group, start))
            }
        }
        return found
    }

    /// Folds what there is of days, complete or not, whose minutes are about to go and whose hours are kept. Days that
    /// others write at the moment stay as they are, and their minutes with them.
    static func foldDays(ofMinutesBefore cutoffs: Cutoffs, in store: Store) throws(StoreError) {
        let sought = try minuteDays(in: store) { slice, definition in
            let cutoff = cutoffs[definition.retentionClass]
            return slice.endSeconds * 1000 <= cutoff.minute && slice.endSeconds * 1000 > cutoff.hour
        }
        for (group, day) in sought { try foldDay(group, day, isAboutToGo: true, in: store) }
    }

    /// The days of groups that have slices of minutes which are sought.
    private static func minuteDays(
        in store: Store, _ isSought: (TierReference, GroupDefinition) -> Bool
    ) throws(StoreError) -> [(group: UInt16, day: Int64)] {
        let snapshot = try store.snapshot()
        var found: [(UInt16, Int64)] = []
        for (group, definition) in try snapshot.groups().sorted(by: { $0.key < $1.key }) {
            let slices = try snapshot.tierReferences(.minuteSlice, group: group).filter { isSought($0, definition) }
            for day in Set(slices.map { Block.day(of: $0.start) }).sorted() { found.append((group, day)) }
        }
        return found
    }

    /// Folds what there is of all days, complete or not: before their minutes go, hours are to be made of them. What
    /// is sealed afterwards is folded into the same blocks.
    /// - Returns: false where others wrote again and again, so that some of it is not folded.
    static func foldOpenDays(in store: Store) throws(StoreError) -> Bool {
        for _ in 0..<16 {
            var isFolded = true
            for (group, day) in try minuteDays(in: store, { _, _ in true }) {
                isFolded = try foldDay(group, day, isAboutToGo: true, in: store) && isFolded
            }
            if isFolded { return true }
        }
        return false
    }

    /// The day that rows are still sealed into; nil where there is nothing.
    private static func openDay(_ snapshot: Snapshot) throws(StoreError) -> Int64? {
        if let oldest = try snapshot.oldestHeadTime() { return Block.spanStart(oldest, length: Block.daySeconds) }
        if let newest = try snapshot.newestBlocks().map(\.minMilliseconds).max() {
            return Block.spanStart(newest, length: Block.daySeconds)
        }
        // What was imported may be so old that it was windows at once.
        var newest: Int64?
        for group in try snapshot.groups().keys {
            for layer in [TierLayer.minuteSlice, .hourSlice] {
                guard let last = try snapshot.tierReferences(layer, group: group).last else { continue }
                newest = max(newest ?? last.start, last.start)
            }
        }
        return newest.map { Block.day(of: $0) }
    }

    /// Days before `open` with slices, with raw blocks that nobody made windows of (a store of a version before), or
    /// with minutes alone: their hours were damaged, and are made again before the minutes go.
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
            days.formUnion(try snapshot.daysWithoutHours(group: group))
        }
        return days.filter { $0 < open }.sorted()
    }

    // MARK: - Days

    /// - Parameter isAboutToGo: whether the minutes will not be there much longer. Else they stay as slices and answer,
    ///   where the names of the hours among thirty days are damaged, which may be those of this day.
    /// - Returns: false, with nothing changed, where others wrote meanwhile.
    @discardableResult
    private static func foldDay(
        _ group: UInt16, _ day: Int64, isAboutToGo: Bool = false, in store: Store
    ) throws(StoreError) -> Bool {
        let snapshot = try store.snapshot()
        let generation = try snapshot.currentSuperblock().generation
        let end = day + Block.daySeconds
        let slices = try snapshot.tierReferences(.minuteSlice, group: group, after: day, through: end)
        let known = try snapshot.tierReferences(.minuteBlock, group: group, after: day, through: end).first
        let knownHours = try snapshot.tierReferences(.hourSlice, group: group, after: day, through: end).first
        let bare = known == nil ? try rawStarts(group, day, without: slices, snapshot) : []
        let damage = DamageList(writing: ())
        let forgotten = try snapshot.coverage(ofGroup: group)
        var ids = try snapshot.ids(
            in: slices + [known, knownHours].compactMap { $0 }, or: forgotten, tolerating: damage)
        if !bare.isEmpty || !damage.isEmpty {
            ids.formUnion(try snapshot.rawIDs(group: group, after: day, through: end, tolerating: damage))
        }
        var minutes = TierBlockWriter(.minuteBlock, start: day)
        var hours = TierBlockWriter(.hourSlice, start: day)
        // Hours that are among thirty days already.
        let slice = TierReference(group: group, layer: .hourSlice, start: day)
        let namesLost = DamageList(writing: ())
        var around = try SeriesAround(slice, snapshot, tolerating: namesLost)
        if !namesLost.isEmpty, !isAboutToGo { return true }
        let lost = min(forgotten.minute, end * 1000)
        let hoursLost = lost > day * 1000 ? TimeRange(minMilliseconds: day * 1000 + 1, maxMilliseconds: lost) : nil
        for id in ids.sorted() {
            func read(_ reference: TierReference) throws(StoreError) -> WindowColumns? {
                try snapshot.windows(of: id, in: reference, or: forgotten, tolerating: damage)
            }
            var windows = WindowColumns()
            if let known { windows = try read(known) ?? windows }
            for slice in slices {
                guard let part = try read(slice) else { continue }
                windows.replace(after: slice.start * 1000, through: slice.endSeconds * 1000, with: part)
            }
            for start in bare {
                var part = WindowColumns()
                try snapshot.appendWindows(
                    ofSamples: id, group: group, .minute, after: start * 1000,
                    through: (start + Block.rawSpanSeconds) * 1000, tolerating: damage, to: &part)
                windows.mix(part)
            }
            if windows.count > 0 { minutes.add(id, windows) }
            // Of minutes that were evicted before the day was over, or were damaged, the hours are all that is left.
            var longer: WindowColumns?
            if let knownHours { longer = try read(knownHours) }
            if longer == nil {
                longer = try around.windows(of: id, in: nil, tolerating: damage, losing: hoursLost, snapshot)
            }
            hours.add(id, (longer ?? WindowColumns()).continued(.hour, by: windows, wholeAfter: forgotten.minute))
        }
        let block = TierReference(group: group, layer: .minuteBlock, start: day)
        let writes = [
            TierWrite(reference: block, bytes: minutes.finish()), TierWrite(reference: slice, bytes: hours.finish()),
        ]
        return try replace(slices, by: writes, generation, damage, in: store) { _ throws(StoreError) in }
    }

    /// The raw blocks of a day whose minutes are in none of the slices.
    private static func rawStarts(
        _ group: UInt16, _ day: Int64, without slices: [TierReference], _ snapshot: Snapshot
    ) throws(StoreError) -> [Int64] {
        let written = Set(slices.map(\.start))
        return try snapshot.rawStarts(group: group, after: day, through: day + Block.daySeconds).filter {
            !written.contains($0)
        }
    }

    // MARK: - Thirty days

    private static func foldThirtyDays(_ group: UInt16, _ start: Int64, in store: Store) throws(StoreError) {
        let snapshot = try store.snapshot()
        let generation = try snapshot.currentSuperblock().generation
        let end = start + TierBlock.longSpanSeconds
        let reference = TierReference(group: group, layer: .hourBlock, start: start)
        let isKnown = try !snapshot.tierReferences(.hourBlock, group: group, after: start, through: end).isEmpty
        let damage = DamageList(writing: ())
        // Where the names cannot be read the slices stay as they are, and answer.
        let known = try damage.tolerating { () throws(StoreError) in try LongNames(start, snapshot) }
        guard var names = known else { return }
        let kept = try snapshot.coverage(ofGroup: group)
        var slices: [TierReference] = []
        // Per series: the slices that have it, and its id there.
        var parts: [UInt32: [(slice: TierReference, id: UInt32)]] = [:]
        for slice in try snapshot.tierReferences(.hourSlice, group: group, after: start, through: end) {
            let ids = try snapshot.ids(in: slice, or: kept, tolerating: damage)
            // Without names it stays as it is: others may know them.
            guard let labels = try snapshot.labels(of: ids, onDay: slice.start, tolerating: damage) else { continue }
            slices.append(slice)
            for (id, name) in zip(ids, labels) { parts[names.id(of: name), default: []].append((slice, id)) }
        }
        if slices.isEmpty { return }
        var ids = Set(parts.keys)
        if isKnown { ids.formUnion(try snapshot.ids(in: reference, or: kept, tolerating: damage)) }
        var writer = TierBlockWriter(.hourBlock, start: start)
        for id in ids.sorted() {
            var windows = WindowColumns()
            if isKnown {
                windows = try snapshot.longWindows(
                    of: id, names.labels[Int(id)], in: reference, or: kept, tolerating: damage)
            }
            for (slice, day) in parts[id] ?? [] {
                guard let part = try snapshot.windows(of: day, in: slice, or: kept, tolerating: damage) else {
                    continue
                }
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
        try replace(slices, by: [write], generation, damage, in: store) { transaction throws(StoreError) in
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
        _ slices: [TierReference], by writes: [TierWrite], _ generation: UInt64, _ damage: DamageList,
        in store: Store, _ more: (borrowing WriteTransaction) throws(StoreError) -> Void
    ) throws(StoreError) -> Bool {
        try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation else { return false }
            try more(transaction)
            try transaction.append(damage.eventsOfLosses(at: writes.first.map { $0.reference.endSeconds * 1000 } ?? 0))
            for write in writes { try write.put(in: store, transaction) }
            for slice in slices { try transaction.removeStripes(from: Key.tierBlock(slice, stripe: 0)) }
            try transaction.raiseGeneration(of: store)
            return true
        }
    }
}

extension Snapshot {
    /// The days that a group has minutes of, in one block, and no block of hours: that was damaged.
    func daysWithoutHours(group: UInt16) throws(StoreError) -> [Int64] {
        let days = try tierReferences(.minuteBlock, group: group).map(\.start)
        if days.isEmpty { return [] }
        let slices = Set(try tierReferences(.hourSlice, group: group).map(\.start))
        let long = Set(try tierReferences(.hourBlock, group: group).map(\.start))
        return days.filter { day in
            !slices.contains(day) && !long.contains(Block.spanStart(day * 1000 + 1, length: TierBlock.longSpanSeconds))
        }
    }
}
