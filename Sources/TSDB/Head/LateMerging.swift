import LMDB
import Model

/// Merges the late samples of sealed spans into their blocks: by whole-block replacement, the oldest block first, many
/// batches at once, a group and span a transaction. Samples of spans that have rows in the head stay where they are
/// until the span is sealed, which replaces its block anyway. Groups of other sources have no rows: theirs are merged
/// at once, or queries would decode two hours of what a remote writer sends.
///
/// A span whose block retention has dropped, or that never had one, gets a new block.
enum LateMerging {
    /// A block to replace, and the samples for it.
    private struct Target {
        var reference: Snapshot.BlockReference
        var samples: [UInt32: SampleColumn] = [:]
        /// The batches as they were read, and what is left of each.
        var batches: [(sequence: UInt64, old: LateBatch, rest: LateBatch?)] = []
        var block: [UInt32: SampleColumn] = [:]
        var fingerprint = BlockFingerprint()
        var definition = GroupDefinition(intervalMilliseconds: 1000)
        /// What takes the block's place where the span's samples are forgotten.
        var mixed: MixedWindows?
    }

    static func mergeSealed(in store: Store) throws(StoreError) {
        while let target = try nextTarget(in: store) { try merge(target, in: store) }
        try Sealing.sealLateFrames(in: store)
    }

    /// The oldest block that there are samples for, all as one snapshot shows it.
    private static func nextTarget(in store: Store) throws(StoreError) -> Target? {
        let snapshot = try store.snapshot()
        let openSpan = try snapshot.oldestHeadTime().map { Block.spanStart($0) } ?? .max
        let (groups, rows) = (try snapshot.groups(), try snapshot.lastRowTimes())
        let rowless = Set(groups.filter { !$0.value.isOfAgent && rows[$0.key] == nil }.keys)
        var oldest: Snapshot.BlockReference?
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { _, batch throws(StoreError) in
            guard let span = batch.spans.first, span < openSpan || rowless.contains(batch.group) else { return }
            if let known = oldest, (known.start, known.group) <= (span, batch.group) { return }
            oldest = Snapshot.BlockReference(group: batch.group, start: span)
        }
        guard let oldest else { return nil }
        var target = Target(reference: oldest)
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { sequence, batch throws(StoreError) in
            guard batch.group == oldest.group else { return }
            let (taken, rest) = batch.split(span: oldest.start)
            if taken.series.isEmpty { return }
            for one in taken.series {
                target.samples[one.id, default: SampleColumn()].timestamps += one.times
                target.samples[one.id]?.values += one.values
            }
            target.batches.append((sequence, batch, rest.series.isEmpty ? nil : rest))
        }
        for id in target.samples.keys { target.samples[id]?.normalize() }
        target.definition = try snapshot.groups()[oldest.group] ?? target.definition
        target.mixed = try MixedWindows(oldest, target.definition, target.samples, snapshot)
        if target.mixed == nil { (target.block, target.fingerprint) = try snapshot.contents(of: oldest) }
        return target
    }

    /// Writes the block and takes the batches away. Where another process has changed one or the other, nothing
    /// happens: the caller looks again.
    private static func merge(_ target: consuming Target, in store: Store) throws(StoreError) {
        var block: RawBlock?
        if target.mixed == nil {
            let (times, series) = BlockAssembly.merge(target.block, target.samples)
            var made = try RawBlock(
                target.reference, replacing: target.fingerprint, times: times,
                interval: target.definition.intervalMilliseconds, series: series)
            made.windows = try TierSlices.minutes(target.reference, target.definition, times, series, in: store)
            block = made
        }
        let (mixed, batches) = (target.mixed, target.batches)
        try store.write { transaction throws(StoreError) in
            for (sequence, old, _) in batches {
                // Retention took one, and its number may be another batch's by now: look again.
                if try !transaction.holds(old, at: sequence) { return }
            }
            if let mixed, try !mixed.put(in: store, transaction) { return }
            if let block {
                guard try block.put(in: store, transaction) else { return }
                if block.windows != nil { try transaction.raiseGeneration(of: store) }
            }
            for (sequence, _, rest) in batches {
                if let rest {
                    try transaction.put(Key.lateBatch(sequence), payload: rest.encoded())
                    continue
                }
                do throws(StorageError) {
                    try transaction.delete(Key.lateBatch(sequence))
                } catch {
                    throw StoreError(error)
                }
            }
        }
    }
}

extension LateBatch {
    /// Starts of the raw spans that it has samples in, ascending.
    var spans: [Int64] {
        Set(series.flatMap { $0.times.map { Block.spanStart($0) } }).sorted()
    }

    /// The samples of one span, and the others.
    func split(span: Int64) -> (taken: LateBatch, rest: LateBatch) {
        var taken: [Series] = []
        var rest: [Series] = []
        for one in series {
            let inside = one.times.indices.filter { Block.spanStart(one.times[$0]) == span }
            let outside = one.times.indices.filter { Block.spanStart(one.times[$0]) != span }
            for (places, isTaken) in [(inside, true), (outside, false)] where !places.isEmpty {
                let part = Series(
                    id: one.id, times: places.map { one.times[$0] }, values: places.map { one.values[$0] })
                if isTaken { taken.append(part) } else { rest.append(part) }
            }
        }
        return (LateBatch(day: day, group: group, series: taken), LateBatch(day: day, group: group, series: rest))
    }
}
