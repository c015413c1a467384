import LMDB
package import Model

// Age retention: what is older than it is kept goes, whole blocks at a time. Only `mon run` and `mon retention run` call
// it. Each transaction deletes at most 64 keys: LMDB rewrites what is left of a large free-list record at every commit,
// so deleting a day at once makes all later commits dearer (measured: 24.9 KB a commit against 21.5).

/// What a retention run removed, or would remove.
package struct RetentionReport: Hashable, Sendable {
    /// Blocks of samples, a group and two hours each.
    package var blocks = 0
    package var processBlocks = 0
    /// Rows of the head, in spans that nobody sealed.
    package var rows = 0
    package var lateBatches = 0
    package var events = 0
    /// Registries of days of which nothing is left.
    package var registries = 0
    /// Bytes of keys and values, as they lie in the file.
    package var bytes = 0

    package var isEmpty: Bool { self == RetentionReport() }
}

extension Store {
    /// Removes what ended `keepMilliseconds` or longer before `now`. Safe beside a recorder in another process: blocks
    /// that old are no one's to write, and each transaction is short.
    ///
    /// - Parameter isDryRun: only tells what would go.
    /// - Throws: ``StoreError``; what was removed before it stays removed.
    package func retain(
        _ keepMilliseconds: Int64, now: Timestamp, isDryRun: Bool = false
    ) throws(StoreError) -> RetentionReport {
        guard keepMilliseconds > 0 else { throw .invalid("retention: samples are kept for a positive time") }
        let (cutoff, overflow) = now.milliseconds.subtractingReportingOverflow(keepMilliseconds)
        if overflow { return RetentionReport() }
        var report = RetentionReport()
        for doomed in try DoomedRange.all(olderThan: cutoff, in: self) {
            doomed.count(&report)
            if isDryRun { continue }
            try delete(doomed)
        }
        return report
    }

    private func delete(_ range: DoomedRange) throws(StoreError) {
        var rest = range.keys[...]
        while !rest.isEmpty {
            let part = rest.prefix(64)
            rest = rest.dropFirst(64)
            try environment.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
                for key in part {
                    do throws(StorageError) {
                        try transaction.delete(key)
                    } catch {
                        throw StoreError(error)
                    }
                }
                if range.kind != .registry { return }
                // Writers cache registries.
                var superblock = try transaction.superblock(of: self)
                superblock.generation += 1
                try transaction.put(Key.superblock, payload: superblock.encoded())
            }
        }
    }
}

/// The keys of one kind that a retention run removes.
private struct DoomedRange {
    enum Kind: Hashable {
        case block, frameBlock, row, lateBatch, event, registry
    }

    var kind: Kind
    var keys: [[UInt8]] = []
    /// Blocks, rows, batches, events or registries; a block is many keys.
    var items = 0
    var bytes = 0

    mutating func add(_ key: RawSpan, _ value: RawSpan, isNewItem: Bool) {
        keys.append(key.array())
        bytes += key.byteCount + value.byteCount
        if isNewItem { items += 1 }
    }

    func count(_ report: inout RetentionReport) {
        switch kind {
        case .block: report.blocks += items
        case .frameBlock: report.processBlocks += items
        case .row: report.rows += items
        case .lateBatch: report.lateBatches += items
        case .event: report.events += items
        case .registry: report.registries += items
        }
        report.bytes += bytes
    }

    /// Everything that ended at or before `cutoff`, as one snapshot shows it. Registries last: a crash before leaves one
    /// that names series without samples, never samples without a name.
    static func all(olderThan cutoff: Int64, in store: Store) throws(StoreError) -> [DoomedRange] {
        let snapshot = try store.snapshot()
        var ranges: [DoomedRange] = []
        for group in try snapshot.groups().keys.sorted() { ranges.append(try blocks(group, cutoff, snapshot)) }
        ranges.append(try frameBlocks(cutoff, snapshot))
        ranges.append(try rows(cutoff, snapshot))
        ranges.append(try lateBatches(cutoff, snapshot))
        ranges.append(try events(cutoff, snapshot))
        ranges.append(try registries(cutoff, snapshot))
        return ranges
    }

    private static func spanEnded(_ start: Int64, _ cutoff: Int64) -> Bool {
        (start + Block.rawSpanSeconds) * 1000 <= cutoff
    }

    private static func blocks(_ group: UInt16, _ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var range = DoomedRange(kind: .block)
        let first = Key.block(group: group, tier: 0, start: .min, stripe: 0)
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.blockKey(), name.group == group, name.tier == 0, spanEnded(name.start, cutoff) else {
                return .stop
            }
            range.add(key, value, isNewItem: name.stripe == 0)
            return .next
        }
        return range
    }

    private static func frameBlocks(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var range = DoomedRange(kind: .frameBlock)
        let first = Key.frameBlock(tier: 0, start: .min, stripe: 0)
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.frameBlockKey(), name.tier == 0, spanEnded(name.start, cutoff) else { return .stop }
            range.add(key, value, isNewItem: name.stripe == 0)
            return .next
        }
        return range
    }

    /// Rows of whole spans: a part of a chain could not be read without its key row.
    private static func rows(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var range = DoomedRange(kind: .row)
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), spanEnded(Block.spanStart(row.time), cutoff) else { return .stop }
            range.add(key, value, isNewItem: true)
            return .next
        }
        return range
    }

    private static func lateBatches(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var doomed: Set<UInt64> = []
        try snapshot.forEachLateBatch { sequence, batch throws(StoreError) in
            if batch.maxTime < cutoff { doomed.insert(sequence) }
        }
        var range = DoomedRange(kind: .lateBatch)
        try snapshot.transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            guard let sequence = key.lateBatchKey() else { return .stop }
            if doomed.contains(sequence) { range.add(key, value, isNewItem: true) }
            return .next
        }
        return range
    }

    private static func events(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var range = DoomedRange(kind: .event)
        try snapshot.transaction.scan(from: Key.event(time: .min, sequence: 0)) { key, value throws(StoreError) in
            guard let event = key.eventKey(), event.time < cutoff else { return .stop }
            range.add(key, value, isNewItem: true)
            return .next
        }
        return range
    }

    /// Days that ended and of which, once the rest is gone, nothing is left.
    private static func registries(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        // A day's last block ends with it, so a day that ended before the cutoff has none but late samples.
        var lateDays: Set<Int64> = []
        try snapshot.forEachLateBatch { _, batch throws(StoreError) in
            if batch.maxTime >= cutoff { lateDays.insert(batch.day) }
        }
        var range = DoomedRange(kind: .registry)
        var lastDay: Int64?
        let first = Key.registry(span: .day, start: .min, stripe: 0)
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.registryKey(), name.span == RegistrySpan.day.rawValue,
                (name.start + Block.daySeconds) * 1000 <= cutoff
            else { return .stop }
            if lateDays.contains(name.start) { return .next }
            range.add(key, value, isNewItem: name.start != lastDay)
            lastDay = name.start
            return .next
        }
        return range
    }
}
