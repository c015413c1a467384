import LMDB
package import Model

// Age retention: what is older than its tier is kept goes, whole blocks at a time. Only `mon run` and `mon retention
// run` call it. Each transaction deletes about 64 keys: LMDB rewrites what is left of a large free-list record at every
// commit, so deleting a day at once makes all later commits dearer (measured: 24.9 KB a commit against 21.5). Blocks
// and registries go whole, and of rows the newest first, so that readers, and who starts after a crash in between, find
// nothing half there.
//
// A finer tier goes only where the next one has what it had. What is too old and not in the next tier yet is put
// there: rows that nobody sealed, late batches that wait, blocks of a version without tiers, minutes of a day that has
// no hours yet. That takes room, so what may go as it is goes before: where the disk is full, that makes the room.

/// What a retention run removed, or would remove.
package struct RetentionReport: Hashable, Sendable {
    /// Blocks of samples, a group and two hours each.
    package var blocks = 0
    /// Blocks of windows, of a minute or an hour.
    package var windowBlocks = 0
    package var processBlocks = 0
    /// Blocks of process frames of which one frame a minute, or an hour, is left.
    package var thinnedProcessBlocks = 0
    /// Rows of the head, in spans that nobody sealed.
    package var rows = 0
    package var lateBatches = 0
    package var events = 0
    /// Registries of days, and of thirty days, of which nothing is left.
    package var registries = 0
    /// Bytes of keys and values, as they lie in the file.
    package var bytes = 0

    package var isEmpty: Bool { self == RetentionReport() }
}

extension Store {
    /// Removes what ended longer before `now` than it is kept. Safe beside a recorder in another process: blocks that
    /// old are no one's to write, and each transaction is short.
    ///
    /// - Parameters:
    ///   - policy: is kept in the store; nil for what was kept there last, or the standard.
    ///   - isDryRun: only tells what would go. Rows and late batches that would be made windows first count as gone.
    /// - Throws: ``StoreError``; what was removed before it stays removed.
    package func retain(
        _ policy: RetentionPolicy? = nil, now: Timestamp, isDryRun: Bool = false
    ) throws(StoreError) -> RetentionReport {
        var report = RetentionReport()
        if let policy, !isDryRun { try adopt(policy) }
        let known = try snapshot().retentionClasses()
        let wanted = policy ?? (known[RetentionClass.standard] == nil ? .standard : nil)
        let cutoffs = Cutoffs(try wanted?.classes(known) ?? known, now: now)
        if isDryRun {
            for range in try Doomed(cutoffs, assumingHours: true, in: self).ranges { range.count(&report) }
            return report
        }
        try drop(cutoffs, &report)
        try makeWindows(cutoffs)
        try FrameThinning.run(cutoffs, in: self, &report)
        try drop(cutoffs, &report)
        return report
    }

    /// How often it is looked anew at what may go, because others wrote; hardly ever more than once.
    static let lookingsMax = 64

    /// Removes what is too old and needed by no coarser tier. Where others write again and again it stays for the next
    /// run.
    private func drop(_ cutoffs: Cutoffs, _ report: inout RetentionReport) throws(StoreError) {
        for _ in 0..<Store.lookingsMax {
            let doomed = try Doomed(cutoffs, in: self)
            guard try forget(doomed.forgotten, cutoffs.classes, at: doomed.generation) else { continue }
            for range in doomed.ranges {
                range.count(&report)
                try delete(range)
            }
            return
        }
    }

    /// Seals and merges what is too old to be kept as samples and not too old for windows.
    private func makeWindows(_ cutoffs: Cutoffs) throws(StoreError) {
        for span in try Doomed.spansToSeal(cutoffs, in: self) { try Sealing.seal(span: span, in: self) }
        var mustMerge = false
        do {
            let snapshot = try snapshot()
            let groups = try snapshot.groups()
            try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { _, batch throws(StoreError) in
                let time = batch.minTime
                if time < cutoffs.raw(groups[batch.group]), batch.maxTime >= cutoffs.last(groups[batch.group]) {
                    mustMerge = true
                }
            }
        }
        if mustMerge { try LateMerging.mergeSealed(in: self) }
        try Folding.foldCompleteSpans(in: self)
        try Folding.foldDays(ofMinutesBefore: cutoffs, in: self)
    }

    /// Notes in the store what will be gone, before it goes: whoever reads in between takes windows instead.
    /// - Parameter generation: of the store as it was when it was found that all of it may go.
    /// - Returns: false, with nothing noted, where others have written since: a late sample may lie in minutes of which
    ///   hours were made before.
    func forget(
        _ forgotten: [UInt8: TierCoverage], _ classes: [UInt8: RetentionClass], at generation: UInt64
    ) throws(StoreError) -> Bool {
        if forgotten.isEmpty { return true }
        return try write { transaction throws(StoreError) in
            guard try transaction.superblock(of: self).generation == generation else { return false }
            for (number, reached) in forgotten {
                try transaction.raise(reached, ofClass: number, classes[number], in: self)
            }
            // Who makes windows of what is still there must not put them where it is gone by then.
            try transaction.raiseGeneration(of: self)
            return true
        }
    }

    /// - Returns: how many items were removed; others may have taken some, or made them needed.
    @discardableResult
    func delete(_ range: DoomedRange) throws(StoreError) -> Int {
        var rest = range.items[...]
        var removed = 0
        var keysAtOnce = 64
        while !rest.isEmpty {
            var part: [DoomedRange.Item] = []
            var keyCount = 0
            while part.count < rest.count {
                let item = rest[rest.startIndex + part.count]
                if !part.isEmpty, keyCount + item.keys.count > keysAtOnce { break }
                part.append(item)
                keyCount += item.keys.count
            }
            do throws(StoreError) {
                removed += try delete(part, range.kind)
                rest.removeFirst(part.count)
            } catch {
                // Few pages are free: what is removed first, by less at a time, frees more.
                guard case .refused(.diskFull, _) = error, part.count > 1 else { throw error }
                keysAtOnce = keyCount / 2
            }
        }
        return removed
    }

    private func delete(_ part: [DoomedRange.Item], _ kind: DoomedRange.Kind) throws(StoreError) -> Int {
        try write { transaction throws(StoreError) in
            var count = 0
            for item in part where try item.isStillDoomed(in: transaction) {
                count += 1
                if kind.isStriped, let first = item.keys.first {
                    // All that is there: others may have put a longer one in the place of the one that was found.
                    try transaction.removeStripes(from: first)
                    continue
                }
                do throws(StorageError) {
                    for key in item.keys { try transaction.delete(key) }
                } catch {
                    throw StoreError(error)
                }
            }
            // Writers cache registries, and their chains go on from rows.
            if kind == .registry || kind == .row { try transaction.raiseGeneration(of: self) }
            return count
        }
    }
}

extension WriteTransaction {
    /// Raises what a class has forgotten.
    func raise(
        _ reached: TierCoverage, ofClass number: UInt8, _ fallback: RetentionClass?, in store: Store
    ) throws(StoreError) {
        var one = fallback
        if let payload = try payload(of: Key.retentionClass(number)) {
            do throws(CodecError) {
                one = try RetentionClass(payload)
            } catch {
                throw StoreError(error, path: store.path, record: "retention class \(number)")
            }
        }
        guard var one else { return }
        let before = one.forgotten
        for tier in Tier.allCases { one.forgotten[tier] = max(one.forgotten[tier], reached[tier]) }
        if one.forgotten == before, fallback != nil, one == fallback { return }
        try put(Key.retentionClass(number), payload: one.encoded())
    }
}

/// Through when what each class has is too old, in milliseconds.
struct Cutoffs {
    let classes: [UInt8: RetentionClass]
    private var times: [UInt8: TierCoverage] = [:]

    init(_ classes: [UInt8: RetentionClass], now: Timestamp) {
        self.classes = classes
        for (number, one) in classes {
            var cutoff = TierCoverage()
            for tier in Tier.allCases {
                let (time, overflow) = now.milliseconds.subtractingReportingOverflow(one.keep[tier])
                cutoff[tier] = overflow ? .min : time
            }
            times[number] = cutoff
        }
    }

    /// Of a class; the standard one where it has no record.
    subscript(number: UInt8) -> TierCoverage {
        times[number] ?? times[RetentionClass.standard] ?? TierCoverage()
    }

    /// How long a class keeps what it has.
    func keep(_ number: UInt8) -> TierKeep {
        (classes[number] ?? classes[RetentionClass.standard])?.keep ?? .standard
    }

    /// Of a group's samples.
    func raw(_ group: GroupDefinition?) -> Int64 { self[group?.retentionClass ?? RetentionClass.standard].raw }

    /// Of the last that is left of a group's samples.
    func last(_ group: GroupDefinition?) -> Int64 {
        let cutoff = self[group?.retentionClass ?? RetentionClass.standard]
        return group?.buildsTiers == true ? cutoff.hour : cutoff.raw
    }

    /// The latest one of samples: no registry of a later day can go.
    var newestRaw: Int64 { times.values.map(\.raw).max() ?? .min }
}
