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
        let range = TimeRange(span: span)
        let (first, last) = (range.min.milliseconds, range.max.milliseconds)
        var groups: [UInt16: GroupDefinition] = [:]
        do {
            let snapshot = try store.snapshot()
            groups = try snapshot.groups()
        }
        for (group, definition) in groups.sorted(by: { $0.key < $1.key }) {
            var isDone = false
            while !isDone {
                isDone = try seal(
                    Snapshot.BlockReference(group: group, start: span), definition,
                    from: first, through: last, in: store)
            }
        }
        try sealFrames(span: span, from: first, through: last, in: store)
        try LateMerging.mergeSealed(in: store)
        try mergeRegistry(day: Block.spanStart(first, length: Block.daySeconds), in: store)
        try Folding.foldCompleteSpans(in: store)
    }

    /// Makes the block of one group. False where an import has replaced the block in between: the rows are still there.
    private static func seal(
        _ reference: Snapshot.BlockReference, _ definition: GroupDefinition, from first: Int64, through last: Int64,
        in store: Store
    ) throws(StoreError) -> Bool {
        let rows = try HeadRows(group: reference.group, from: first, through: last, in: store)
        guard let rows else { return true }
        var (times, series) = ([rows.times], rows.series)
        let block = try store.snapshot().contents(of: reference)
        if !block.columns.isEmpty {
            // Rows within a sealed span: written by a process that died while another sealed, or sealed early. Merge
            // them.
            (times, series) = BlockAssembly.merge(block.columns, rows.columns())
        }
        var sealed = try RawBlock(
            reference, replacing: block.fingerprint, times: times, interval: definition.intervalMilliseconds,
            series: series)
        sealed.windows = try TierSlices.minutes(reference, definition, times, series, in: store)
        return try replace(rows.keys, checksums: rows.checksums, in: store) { transaction throws(StoreError) in
            if !series.isEmpty, try !sealed.put(in: store, transaction) { return false }
            try transaction.append(rows.damage.events(at: last))
            return true
        }
    }

    static func sealFrames(span: Int64, from first: Int64, through last: Int64, in store: Store)
        throws(StoreError)
    {
        var frames: [ProcessFrame] = []
        var keys: [[UInt8]] = []
        var checksums: [UInt32?] = []
        let damage = DamageList(writing: ())
        do {
            let snapshot = try store.snapshot()
            let entries = try HeadScan.entries(
                from: first, through: last, groups: HeadScan.frameGroups, tolerating: damage, in: snapshot.transaction)
            var rows = FrameRows()
            try HeadScan.rows(entries: entries, through: last, tolerating: damage, in: snapshot.transaction) {
                group, time, payload throws(CodecError) in
                try rows.add(group, time, payload)
                keys.append(Key.headRow(time: time, group: group))
                checksums.append(HeadRows.checksum(payload))
            }
            frames = rows.merged
            let areRowsDamaged = !damage.isEmpty
            let block = FrameBlockReference(tier: 0, start: span)
            if !frames.isEmpty, try snapshot.frameBlocks(in: block.range).contains(block) {
                // What is lost is lost; what came after it is not.
                frames = ProcessFrame.merged(try snapshot.frames(of: block, tolerating: damage), frames)
            }
            if areRowsDamaged {
                (keys, checksums) = ([], [])
                for group in HeadScan.frameGroups {
                    let all = try HeadRows.allRows(of: group, from: first, through: last, in: snapshot)
                    keys += all.keys
                    checksums += all.checksums
                }
            }
        }
        if frames.isEmpty && keys.isEmpty { return }
        let bytes = FrameBlock.encode(frames)
        _ = try replace(keys, checksums: checksums, in: store) { transaction throws(StoreError) in
            if !frames.isEmpty {
                try Stripes.replace(bytes, in: store, transaction) { Key.frameBlock(tier: 0, start: span, stripe: $0) }
            }
            try transaction.append(damage.events(at: last))
            return true
        }
    }

    /// One transaction: `write`, then the rows go. Nothing happens where the rows are not those that were read:
    /// another process has sealed them.
    /// - Returns: what `write` does; where it is false, nothing has changed.
    private static func replace(
        _ keys: [[UInt8]], checksums: [UInt32?], in store: Store,
        _ write: (borrowing WriteTransaction) throws(StoreError) -> Bool
    ) throws(StoreError) -> Bool {
        try store.write { transaction throws(StoreError) in
            for (place, key) in keys.enumerated() {
                let found = try transaction.payload(of: key)
                if found.map(HeadRows.checksum) != checksums[place] { return true }
            }
            guard try write(transaction) else { return false }
            for key in keys {
                do throws(StorageError) {
                    try transaction.delete(key)
                } catch {
                    throw StoreError(error)
                }
            }
            // Another writer's chain may go on from a row that is gone now.
            try transaction.raiseGeneration(of: store)
            return true
        }
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
                labels = try registry.allLabels(tolerating: DamageList(writing: ()), in: snapshot.transaction)
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
}

extension TimeRange {
    /// The day that starts at `day` seconds.
    init(day: Int64) {
        self.init(minMilliseconds: day * 1000 + 1, maxMilliseconds: (day + Block.daySeconds) * 1000)
    }

    /// The raw span that starts at `span` seconds.
    init(span: Int64) {
        self.init(minMilliseconds: span * 1000 + 1, maxMilliseconds: (span + Block.rawSpanSeconds) * 1000)
    }
}
