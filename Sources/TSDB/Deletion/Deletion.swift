// Deleting samples of chosen series, beside a recorder or alone.
//
//   1. what is in the head is sealed, so that there are only blocks and late batches
//   2. each block that has such samples is replaced whole, or goes whole where nothing is left
//   3. late batches likewise
//   4. windows of the tiers likewise (WindowDeletion.swift)
//   5. names of which no sample and no window is left become empty in their registry; ids are never given to others
//
// Each step is a transaction of its own that looks whether what it replaces is still what was read, and begins anew
// where it is not (Store+Change.swift). A crash in between leaves samples that were to go; running it again goes on.

import LMDB
package import Model

/// What a deletion removed, or would remove.
package struct DeletionReport: Hashable, Sendable {
    package var series = 0
    package var samples = 0
    /// Blocks that were replaced or removed.
    package var blocks = 0
    package var lateBatches = 0
    /// Windows whose samples were forgotten before.
    package var windows = 0
    /// Blocks of windows that were replaced or removed.
    package var windowBlocks = 0
    /// Names of series that are gone, one a day.
    package var names = 0
    /// Bytes of blocks and late batches that are free now.
    package var bytes = 0

    package var isEmpty: Bool { samples == 0 && windowBlocks == 0 && names == 0 }
}

extension Store {
    /// What ``delete(_:in:)`` would remove: its series, samples and windows, and the blocks of windows it would change.
    /// Windows whose samples are kept are no numbers of their own, they are the same samples.
    /// - Parameter selectors: a series that satisfies all matchers of one of them is meant. Series of processes are
    /// not:
    ///   they are made from frames, which hold all processes of a tick.
    package func wouldDelete(_ selectors: [[Matcher]], in range: TimeRange) throws(StoreError) -> DeletionReport {
        let snapshot = try snapshot()
        let targets = try DeletionTargets(selectors, in: range, snapshot)
        var counted: [Labels: Int] = [:]
        var column = SampleColumn()
        for matchers in selectors {
            let selection = try snapshot.select(matchers, in: range)
            for (index, labels) in selection.labels.enumerated() where targets.labels.contains(labels) {
                if counted[labels] != nil { continue }
                try selection.read(index, in: range, into: &column)
                counted[labels] = column.count
            }
        }
        var report = DeletionReport()
        var touched = Set(counted.filter { $0.value > 0 }.keys)
        report.samples = counted.values.reduce(0, +)
        for (reference, definition) in try snapshot.tierReferences(in: range) {
            let cut = try CutWindows(reference, without: targets, in: range, definition, snapshot)
            guard let cut else { continue }
            // Samples may be gone while their windows are not: a deletion that was interrupted.
            report.windowBlocks += 1
            for (id, count) in cut.removed {
                report.windows += count
                touched.insert(try snapshot.name(of: id, in: reference))
            }
        }
        report.series = touched.count
        // Names outlive samples and windows where a deletion was interrupted. Else they are those of what goes.
        if report.isEmpty { report.names = try targets.unusedNames(snapshot) }
        return report
    }

    /// Removes the samples that `range` holds of the series that satisfy one of `selectors`.
    /// - Throws: ``StoreError``; what was removed before it stays removed.
    package func delete(_ selectors: [[Matcher]], in range: TimeRange) throws(StoreError) -> DeletionReport {
        var deletion = try Deletion(selectors, range, in: self)
        return try deletion.run()
    }
}

extension Snapshot {
    /// Starts of the spans of a day that have rows in the head, ascending.
    fileprivate func headSpans(ofDay day: Int64) throws(StoreError) -> [Int64] {
        var spans: Set<Int64> = []
        try transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            if Block.spanStart(row.time, length: Block.daySeconds) == day { spans.insert(Block.spanStart(row.time)) }
            return .next
        }
        return spans.sorted()
    }

    /// The labels of a series of a block of windows.
    fileprivate func name(of id: UInt32, in reference: TierReference) throws(StoreError) -> Labels {
        if reference.layer.registrySpan == .thirtyDays {
            var registry = try longRegistry(reference.start)
            return try registry.labels(of: id, in: transaction)
        }
        return try name(of: id, onDay: Block.day(of: reference.start))
    }

    /// Those of the ids of a block of windows that have one of the names.
    func ids(
        _ ids: Set<UInt32>, in reference: TierReference, named names: Set<Labels>
    ) throws(StoreError) -> Set<UInt32> {
        guard reference.layer.registrySpan == .thirtyDays else {
            return try self.ids(ids, onDay: Block.day(of: reference.start), named: names)
        }
        var registry = try longRegistry(reference.start)
        var found: Set<UInt32> = []
        for id in ids where try names.contains(registry.labels(of: id, in: transaction)) { found.insert(id) }
        return found
    }

    /// Those of the ids of a day that have one of the names.
    fileprivate func ids(
        _ ids: Set<UInt32>, onDay day: Int64, named names: Set<Labels>
    ) throws(StoreError) -> Set<UInt32> {
        if ids.isEmpty { return [] }
        return try withRegistry(day) { registry throws(StoreError) in
            var found: Set<UInt32> = []
            for id in ids where try names.contains(registry.labels(of: id, in: transaction)) { found.insert(id) }
            return found
        }
    }

    /// The labels of a series of a day.
    fileprivate func name(of id: UInt32, onDay day: Int64) throws(StoreError) -> Labels {
        try withRegistry(day) { registry throws(StoreError) in try registry.labels(of: id, in: transaction) }
    }
}

/// The ids of the series that are meant, by the registry that gave them.
struct DeletionTargets {
    private(set) var ids = RegistryIDs()
    private(set) var labels: Set<Labels> = []

    init(_ selectors: [[Matcher]], in range: TimeRange, _ snapshot: Snapshot) throws(StoreError) {
        for day in try snapshot.registryDays(in: range) {
            var found: Set<UInt32> = []
            try snapshot.withRegistry(day) { registry throws(StoreError) in
                found = try find(selectors, in: &registry, snapshot)
            }
            if !found.isEmpty { ids.days[day] = found }
        }
        for start in try snapshot.registryStarts(.thirtyDays, in: range) {
            var registry = try snapshot.longRegistry(start)
            let found = try find(selectors, in: &registry, snapshot)
            if !found.isEmpty { ids.thirtyDays[start] = found }
        }
    }

    /// How many of the ids have neither samples nor windows. Days with rows in the head are left out: what rows hold is
    /// known once they are sealed.
    func unusedNames(_ snapshot: Snapshot) throws(StoreError) -> Int {
        var count = 0
        for (day, ids) in ids.days where try snapshot.headSpans(ofDay: day).isEmpty {
            count +=
                ids.subtracting(try snapshot.idsWithSamples(ofDay: day))
                .subtracting(try snapshot.idsWithWindows(.day, from: day)).count
        }
        for (start, ids) in ids.thirtyDays {
            count += ids.subtracting(try snapshot.idsWithWindows(.thirtyDays, from: start)).count
        }
        return count
    }

    private mutating func find(
        _ selectors: [[Matcher]], in registry: inout RegistryReader, _ snapshot: Snapshot
    ) throws(StoreError) -> Set<UInt32> {
        var found: Set<UInt32> = []
        for matchers in selectors {
            for id in try registry.ids(matching: matchers, in: snapshot.transaction) {
                let name = try registry.labels(of: id, in: snapshot.transaction)
                if name.isEmpty || !found.insert(id).inserted { continue }
                labels.insert(name)
            }
        }
        return found
    }
}

private struct Deletion {
    private let store: Store
    private let selectors: [[Matcher]]
    private let range: TimeRange
    private var targets: DeletionTargets
    private var report = DeletionReport()
    /// Labels of series that lost samples.
    private var touched: Set<Labels> = []

    /// How often all is gone through again because another process changed the store meanwhile.
    private static let passesMax = 64
    /// How often names are tried that another process keeps in use.
    private static let attemptsMax = 16

    init(_ selectors: [[Matcher]], _ range: TimeRange, in store: Store) throws(StoreError) {
        self.store = store
        self.selectors = selectors
        self.range = range
        targets = try DeletionTargets(selectors, in: range, store.snapshot())
    }

    mutating func run() throws(StoreError) -> DeletionReport {
        if targets.ids.isEmpty { return report }
        try sealHead()
        // A recorder beside it seals, merges and folds: what it took from a place that was still to come may be in one
        // that was passed. Done is what a whole pass finds nothing in.
        var isDone = false
        for _ in 0..<Deletion.passesMax where !isDone { isDone = try !pass() }
        guard isDone else {
            throw .refused(
                .other, description: "\(store.path) is changed by another process again and again; try again")
        }
        for (day, ids) in targets.ids.days.sorted(by: { $0.key < $1.key }) { try dropNames(ids, of: day) }
        for (start, ids) in targets.ids.thirtyDays.sorted(by: { $0.key < $1.key }) {
            try dropLongNames(ids, from: start)
        }
        report.series = touched.count
        return report
    }

    /// Removes from all blocks, late batches and windows that there are now.
    /// - Returns: whether anything was removed, or has to be looked at again.
    private mutating func pass() throws(StoreError) -> Bool {
        // Sealing names nothing new, but the recorder beside it may have. Blocks and the names in them are looked at in
        // one view: an id says nothing of a block that came later.
        var isChanged = false
        for block in try look().blocks {
            let day = Block.day(of: block.start)
            if let ids = targets.ids.days[day] { isChanged = try remove(ids, of: day, from: block) || isChanged }
        }
        isChanged = try removeLateSamples() || isChanged
        // A fold at the first seal may have made blocks of other series' ids.
        for (reference, definition) in try look().windows {
            isChanged = try removeWindows(from: reference, definition) || isChanged
        }
        return isChanged
    }

    /// Finds the targets anew, and the blocks there are in the same view.
    private mutating func look() throws(StoreError) -> (
        blocks: [Snapshot.BlockReference], windows: [(TierReference, GroupDefinition)]
    ) {
        let snapshot = try store.snapshot()
        targets = try DeletionTargets(selectors, in: range, snapshot)
        return (try snapshot.blockReferences(in: range), try snapshot.tierReferences(in: range))
    }

    /// Seals the spans of the head that the range touches. The recorder beside it writes on meanwhile: a row or two
    /// that come within the range after that are newer than the deletion.
    private func sealHead() throws(StoreError) {
        var spans: Set<Int64> = []
        let range = range
        try store.snapshot().transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            if range.contains(Timestamp(milliseconds: row.time)) { spans.insert(Block.spanStart(row.time)) }
            return .next
        }
        for span in spans.sorted() { try Sealing.seal(span: span, in: store) }
    }

    // MARK: - Samples

    /// - Returns: whether anything was removed.
    private mutating func remove(
        _ ids: Set<UInt32>, of day: Int64, from block: Snapshot.BlockReference
    ) throws(StoreError) -> Bool {
        let (store, range, names) = (store, range, targets.labels)
        let change = try store.change { snapshot throws(StoreError) in
            try CutSamples(block, without: ids, named: names, in: range, store, snapshot)
        } apply: { cut, transaction throws(StoreError) in
            try cut.put(in: store, transaction)
        }
        guard let change else { return false }
        try note(change.found.removed, of: day, bytes: change.found.bytesFreed, in: change.snapshot)
        report.blocks += 1
        return true
    }

    /// A block without what a deletion takes.
    private struct CutSamples {
        let block: Snapshot.BlockReference
        let fingerprint: BlockFingerprint
        /// Nil where no sample is left.
        let replacement: RawBlock?
        /// How many samples of each id go.
        let removed: [UInt32: Int]
        let bytesFreed: Int

        /// Nil where the block has nothing that is meant.
        init?(
            _ block: Snapshot.BlockReference, without ids: Set<UInt32>, named names: Set<Labels>, in range: TimeRange,
            _ store: Store, _ snapshot: Snapshot
        ) throws(StoreError) {
            let found = try snapshot.contents(of: block)
            var columns = found.columns
            // Where the day went, and an import brought it again, an id may be another series' by now.
            let day = Block.day(of: block.start)
            let known = try snapshot.ids(ids.intersection(columns.keys), onDay: day, named: names)
            removed = Deletion.take(known, range, from: &columns)
            if removed.isEmpty { return nil }
            self.block = block
            fingerprint = found.fingerprint
            if columns.isEmpty {
                replacement = nil
            } else {
                let (times, series) = BlockAssembly.assemble(columns)
                let interval = try snapshot.groups()[block.group]?.intervalMilliseconds ?? 1000
                replacement = try RawBlock(
                    block, replacing: fingerprint, times: times, interval: interval, series: series)
            }
            bytesFreed = fingerprint.stripes * store.superblock.stripeBytes - (replacement?.bytes.count ?? 0)
        }

        /// - Returns: false, with nothing changed, where the block is another by now.
        func put(in store: Store, _ transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
            if let replacement { return try replacement.put(in: store, transaction) }
            guard try transaction.fingerprint(of: block) == fingerprint else { return false }
            try transaction.removeStripes(of: block)
            return true
        }
    }

    /// Takes the samples of `ids` in `range` away; returns how many of each.
    private static func take(
        _ ids: Set<UInt32>, _ range: TimeRange, from columns: inout [UInt32: SampleColumn]
    ) -> [UInt32: Int] {
        var removed: [UInt32: Int] = [:]
        for id in ids {
            guard let column = columns[id] else { continue }
            var kept = SampleColumn()
            for place in column.timestamps.indices
            where !range.contains(Timestamp(milliseconds: column.timestamps[place])) {
                kept.append(column.timestamps[place], column.values[place])
            }
            if kept.count == column.count { continue }
            removed[id] = column.count - kept.count
            columns[id] = kept.count == 0 ? nil : kept
        }
        return removed
    }

    private mutating func note(
        _ removed: [UInt32: Int], of day: Int64, bytes: Int, in snapshot: Snapshot
    ) throws(StoreError) {
        report.bytes += max(0, bytes)
        for (id, count) in removed {
            report.samples += count
            touched.insert(try snapshot.name(of: id, onDay: day))
        }
    }

    /// - Returns: whether anything was removed, or has gone into a block meanwhile.
    private mutating func removeLateSamples() throws(StoreError) -> Bool {
        var isChanged = false
        let snapshot = try store.snapshot()
        var batches: [(sequence: UInt64, batch: LateBatch)] = []
        try snapshot.forEachLateBatch { sequence, batch throws(StoreError) in batches.append((sequence, batch)) }
        for (sequence, batch) in batches {
            guard let ids = targets.ids.days[batch.day] else { continue }
            var columns: [UInt32: SampleColumn] = [:]
            for one in batch.series {
                var column = SampleColumn()
                column.timestamps = one.times
                column.values = one.values
                columns[one.id] = column
            }
            let removed = Deletion.take(ids, range, from: &columns)
            if removed.isEmpty { continue }
            let rest = LateBatch(
                day: batch.day, group: batch.group,
                series: columns.sorted { $0.key < $1.key }.map {
                    LateBatch.Series(id: $0.key, times: $0.value.timestamps, values: $0.value.values)
                })
            let isDone = try store.write { transaction throws(StoreError) in
                // Merged into a block meanwhile, which the next pass finds.
                guard try transaction.holds(batch, at: sequence) else { return false }
                if rest.series.isEmpty {
                    _ = try converting { () throws(StorageError) in try transaction.delete(Key.lateBatch(sequence)) }
                } else {
                    try transaction.put(Key.lateBatch(sequence), payload: rest.encoded())
                }
                return true
            }
            isChanged = true
            if !isDone { continue }
            report.lateBatches += 1
            try note(removed, of: batch.day, bytes: batch.encoded().count - rest.encoded().count, in: snapshot)
        }
        return isChanged
    }

    // MARK: - Windows

    /// - Returns: whether anything was removed, or has gone into another block meanwhile.
    private mutating func removeWindows(
        from reference: TierReference, _ definition: GroupDefinition
    ) throws(StoreError) -> Bool {
        let (store, range, targets) = (store, range, targets)
        let change = try store.change { snapshot throws(StoreError) in
            try CutWindows(reference, without: targets, in: range, definition, snapshot)
        } apply: { cut, transaction throws(StoreError) in
            try cut.put(in: store, transaction)
        }
        guard let change else { return try !store.snapshot().hasBlock(reference) }
        report.windowBlocks += 1
        for (id, count) in change.found.removed {
            report.windows += count
            touched.insert(try change.snapshot.name(of: id, in: reference))
        }
        return true
    }

    // MARK: - Names

    /// Empties names in a registry of 30 days of which no window is left.
    private mutating func dropLongNames(_ ids: Set<UInt32>, from start: Int64) throws(StoreError) {
        let store = store
        let change = try store.change {
            snapshot throws(StoreError) -> (generation: UInt64, dropped: Int, bytes: [UInt8])? in
            let unused = ids.subtracting(try snapshot.idsWithWindows(.thirtyDays, from: start))
            var registry = try snapshot.longRegistry(start)
            var labels = try registry.allLabels(in: snapshot.transaction)
            let dropped = unused.filter { Int($0) < labels.count && !labels[Int($0)].isEmpty }
            if dropped.isEmpty { return nil }
            for id in dropped { labels[Int(id)] = .empty }
            return (try snapshot.currentSuperblock().generation, dropped.count, RegistryWriter.encode(labels))
        } apply: { found, transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == found.generation else { return false }
            try Stripes.replace(found.bytes, in: store, transaction) {
                Key.registry(span: .thirtyDays, start: start, stripe: $0)
            }
            try transaction.raiseGeneration(of: store)
            return true
        }
        report.names += change?.found.dropped ?? 0
    }

    /// Empties the names of series that have no sample left. Rows of the head would have to be decoded within the
    /// transaction, so they are sealed first; a recorder that writes again and again in between keeps the names until
    /// the day's registry goes.
    private mutating func dropNames(_ ids: Set<UInt32>, of day: Int64) throws(StoreError) {
        for _ in 0..<Deletion.attemptsMax {
            for span in try store.snapshot().headSpans(ofDay: day) { try Sealing.seal(span: span, in: store) }
            let snapshot = try store.snapshot()
            let generation = try snapshot.currentSuperblock().generation
            let contents = try snapshot.contents(ofDay: day)
            let unused = ids.subtracting(try snapshot.idsWithSamples(ofDay: day))
                .subtracting(try snapshot.idsWithWindows(.day, from: day))
            var labels = try snapshot.withRegistry(day) { registry throws(StoreError) in
                try registry.allLabels(in: snapshot.transaction)
            }
            let dropped = unused.filter { Int($0) < labels.count && !labels[Int($0)].isEmpty }
            if dropped.isEmpty { return }
            for id in dropped { labels[Int(id)] = .empty }
            let isDone = try store.write { transaction throws(StoreError) in
                guard try transaction.superblock(of: store).generation == generation,
                    try !transaction.hasRows(ofDay: day), try transaction.contents(ofDay: day) == contents
                else { return false }
                try DayWriter.merge(
                    day: day, labels, in: transaction, stripeBytes: store.superblock.stripeBytes)
                try transaction.raiseGeneration(of: store)
                return true
            }
            if isDone {
                report.names += dropped.count
                return
            }
        }
    }
}
