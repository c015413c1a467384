// The life of a span: its rows are written one by one (HeadWriter), then, when a row of a later span has come, read
// back, encoded as one block a group, and replaced by it. Encoding happens before the write transaction; that one only
// checks that the rows are still those that were read, writes the stripes and deletes the rows. Late batches of the
// span are merged into its blocks, and the new series of its day into the registry.

import LMDB
import Model

enum Sealing {
    /// Seals all groups and the process frames of one span, then merges the late batches of sealed spans and the
    /// registry of the day. Each step is one transaction; a crash between two leaves the rest to the next call.
    static func seal(span: Int64, in store: Store) throws(StoreError) {
        let first = span * 1000
        let last = (span + Block.rawSpanSeconds) * 1000 - 1
        var groups: [UInt16: GroupDefinition] = [:]
        do {
            let snapshot = try store.snapshot()
            groups = try snapshot.groups()
        }
        for (group, definition) in groups.sorted(by: { $0.key < $1.key }) {
            let rows = try HeadRows(group: group, from: first, through: last, in: store)
            guard let rows else { continue }
            var writer = BlockWriter()
            var (times, series) = ([rows.times], rows.series)
            if let block = try existing(group, span, in: store) {
                // Rows within a sealed span: written by a process that died while another sealed. Merge them.
                (times, series) = BlockAssembly.merge(block, rows.columns())
            }
            let bytes = writer.encode(times: times, interval: definition.intervalMilliseconds, series: series)
            try replace(rows.keys, checksums: rows.checksums, in: store) { transaction throws(StoreError) in
                try putBlock(bytes, group, span, in: store, transaction)
            }
        }
        try sealFrames(span: span, from: first, through: last, in: store)
        try mergeLateBatches(in: store)
        try mergeRegistry(day: Block.spanStart(first, length: Block.daySeconds), in: store)
    }

    private static func sealFrames(span: Int64, from first: Int64, through last: Int64, in store: Store)
        throws(StoreError)
    {
        var frames: [ProcessFrame] = []
        var keys: [[UInt8]] = []
        var checksums: [UInt32] = []
        do {
            let snapshot = try store.snapshot()
            let entries = try HeadScan.entries(
                from: first, through: last, groups: [HeadScan.frameGroup], in: snapshot.transaction)
            var decoder = FrameRowDecoder()
            try HeadScan.rows(entries: entries, through: last, in: snapshot.transaction) {
                _, time, payload throws(CodecError) in
                let frame = try decoder.decode(FrameEnvelope.body(of: payload), time: Timestamp(milliseconds: time))
                frames.append(frame)
                keys.append(Key.headRow(time: time, group: HeadScan.frameGroup))
                checksums.append(HeadRows.checksum(payload))
            }
            if !frames.isEmpty, try snapshot.frameBlockStarts(in: TimeRange(span: span)).contains(span) {
                frames = try snapshot.frames(ofBlock: span) + frames
            }
        }
        if frames.isEmpty { return }
        let bytes = FrameBlock.encode(frames)
        try replace(keys, checksums: checksums, in: store) { transaction throws(StoreError) in
            try put(bytes, in: store, transaction) { Key.frameBlock(tier: 0, start: span, stripe: $0) }
        }
    }

    /// One transaction: `write`, then the rows go. Nothing happens where the rows are not those that were read:
    /// another process has sealed them.
    private static func replace(
        _ keys: [[UInt8]], checksums: [UInt32], in store: Store,
        _ write: (borrowing WriteTransaction) throws(StoreError) -> Void
    ) throws(StoreError) {
        try store.write { transaction throws(StoreError) in
            for (place, key) in keys.enumerated() {
                let found = try transaction.payload(of: key)
                if found.map(HeadRows.checksum) != checksums[place] { return }
            }
            try write(transaction)
            for key in keys {
                do throws(StorageError) {
                    try transaction.delete(key)
                } catch {
                    throw StoreError(error)
                }
            }
            // Another writer's chain may go on from a row that is gone now.
            try transaction.raiseGeneration(of: store)
        }
    }

    private static func putBlock(
        _ bytes: [UInt8], _ group: UInt16, _ span: Int64, in store: Store, _ transaction: borrowing WriteTransaction
    ) throws(StoreError) {
        try put(bytes, in: store, transaction) { Key.block(group: group, tier: 0, start: span, stripe: $0) }
    }

    /// Writes stripes in place of those that are there.
    private static func put(
        _ bytes: [UInt8], in store: Store, _ transaction: borrowing WriteTransaction, key: (UInt16) -> [UInt8]
    ) throws(StoreError) {
        guard Stripes.fit(bytes.count, stripeBytes: store.superblock.stripeBytes) else {
            throw .invalid("a block of \(bytes.count) bytes is more than stripe numbers address")
        }
        do throws(StorageError) {
            let written = try Stripes.write(bytes, stripeBytes: store.superblock.stripeBytes, key: key, in: transaction)
            // What is left of a longer block of the same span.
            var stripe = written
            while stripe <= Int(UInt16.max), try transaction.delete(key(UInt16(stripe))) { stripe += 1 }
        } catch {
            throw StoreError(error)
        }
    }

    private static func existing(
        _ group: UInt16, _ span: Int64, in store: Store
    ) throws(StoreError) -> [UInt32: SampleColumn]? {
        let snapshot = try store.snapshot()
        let reference = Snapshot.BlockReference(group: group, start: span)
        guard try snapshot.blockReferences(in: TimeRange(span: span)).contains(reference) else { return nil }
        return try snapshot.columns(of: reference)
    }

    // MARK: - Registry

    /// Merges the tail records of a day into the sorted part of its registry.
    static func mergeRegistry(day: Int64, in store: Store) throws(StoreError) {
        var labels: [Labels] = []
        var generation: UInt64 = 0
        do {
            let snapshot = try store.snapshot()
            generation = try snapshot.currentSuperblock().generation
            let hasTail = try snapshot.withRegistry(day) { registry throws(StoreError) in
                if registry.tailCount == 0 { return false }
                labels = try registry.allLabels(in: snapshot.transaction)
                return true
            }
            if !hasTail { return }
        }
        try store.write { transaction throws(StoreError) in
            // Somebody named series in between; the next seal merges them all.
            if try transaction.superblock(of: store).generation != generation { return }
            try DayWriter.merge(day: day, labels, in: transaction, stripeBytes: store.superblock.stripeBytes)
            try transaction.raiseGeneration(of: store)
        }
    }

    // MARK: - Late batches

    /// Merges the late samples of sealed spans into their blocks, a group and span a transaction; samples of spans that
    /// are not sealed yet stay where they are.
    static func mergeLateBatches(in store: Store) throws(StoreError) {
        struct Target: Hashable {
            var group: UInt16
            var span: Int64
        }
        while true {
            var target: Target?
            var samples: [UInt32: SampleColumn] = [:]
            var rests: [(sequence: UInt64, old: LateBatch, rest: LateBatch?)] = []
            var oldestRow = Int64.max
            do {
                let snapshot = try store.snapshot()
                oldestRow = try snapshot.oldestHeadTime() ?? .max
                let openSpan = oldestRow == .max ? Int64.max : Block.spanStart(oldestRow)
                try snapshot.forEachLateBatch { sequence, batch throws(StoreError) in
                    if target == nil, let span = batch.spans.first(where: { $0 < openSpan }) {
                        target = Target(group: batch.group, span: span)
                    }
                    guard let target, batch.group == target.group else { return }
                    let (taken, rest) = batch.split(span: target.span)
                    if taken.series.isEmpty { return }
                    for one in taken.series {
                        for place in one.times.indices {
                            samples[one.id, default: SampleColumn()].append(one.times[place], one.values[place])
                        }
                    }
                    rests.append((sequence, batch, rest.series.isEmpty ? nil : rest))
                }
            }
            guard let target else { return }
            for id in samples.keys { samples[id]?.normalize() }
            let block = try existing(target.group, target.span, in: store) ?? [:]
            let (times, series) = BlockAssembly.merge(block, samples)
            var writer = BlockWriter()
            let interval = try store.snapshot().groups()[target.group]?.intervalMilliseconds ?? 1000
            let bytes = writer.encode(times: times, interval: interval, series: series)
            try store.write { transaction throws(StoreError) in
                for (sequence, old, _) in rests {
                    // Retention took one, and its number may be another batch's by now: look again.
                    if try !transaction.holds(old, at: sequence) { return }
                }
                try putBlock(bytes, target.group, target.span, in: store, transaction)
                for (sequence, _, rest) in rests {
                    if let rest {
                        try transaction.put(Key.lateBatch(sequence), payload: rest.encoded())
                    } else {
                        do throws(StorageError) {
                            try transaction.delete(Key.lateBatch(sequence))
                        } catch {
                            throw StoreError(error)
                        }
                    }
                }
            }
        }
    }
}

extension TimeRange {
    /// The raw span that starts at `span` seconds.
    init(span: Int64) {
        self.init(minMilliseconds: span * 1000, maxMilliseconds: (span + Block.rawSpanSeconds) * 1000 - 1)
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
