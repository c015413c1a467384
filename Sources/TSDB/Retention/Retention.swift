import LMDB
package import Model

// Age retention: what is older than it is kept goes, whole blocks at a time. Only `mon run` and `mon retention run`
// call it. Each transaction deletes about 64 keys: LMDB rewrites what is left of a large free-list record at every
// commit, so deleting a day at once makes all later commits dearer (measured: 24.9 KB a commit against 21.5). Blocks
// and registries go whole, and of rows the newest first, so that readers, and who starts after a crash in between, find
// nothing half there.

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

    func delete(_ range: DoomedRange) throws(StoreError) {
        var rest = range.items[...]
        while !rest.isEmpty {
            var part: [DoomedRange.Item] = []
            var keyCount = 0
            while let item = rest.first, part.isEmpty || keyCount + item.keys.count <= 64 {
                part.append(item)
                keyCount += item.keys.count
                rest.removeFirst()
            }
            try write { transaction throws(StoreError) in
                for item in part where try item.isStillDoomed(in: transaction) {
                    for key in item.keys {
                        do throws(StorageError) {
                            try transaction.delete(key)
                        } catch {
                            throw StoreError(error)
                        }
                    }
                }
                // Writers cache registries, and their chains go on from rows.
                if range.kind == .registry || range.kind == .row { try transaction.raiseGeneration(of: self) }
            }
        }
    }
}

/// The keys of one kind that a retention run or an eviction removes.
struct DoomedRange {
    enum Kind: Hashable {
        case block, frameBlock, row, lateBatch, event, registry
    }

    /// A block, a row, a batch, an event or a registry; a block is many keys.
    struct Item {
        var keys: [[UInt8]] = []
        /// A late batch as it was found.
        var batch: (sequence: UInt64, content: LateBatch)?
        /// The day of a registry.
        var day: Int64?

        /// Others write between the snapshot and the deletion: a number may be another late batch's by now, and a day
        /// may have got samples that its registry names.
        func isStillDoomed(in transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
            if let batch { return try transaction.holds(batch.content, at: batch.sequence) }
            if let day { return try !transaction.hasSamples(ofDay: day) }
            return true
        }
    }

    var kind: Kind
    var items: [Item] = []
    var bytes = 0

    mutating func add(_ key: RawSpan, _ value: RawSpan, isNewItem: Bool) {
        if isNewItem || items.isEmpty { items.append(Item()) }
        items[items.count - 1].keys.append(key.array())
        bytes += key.byteCount + value.byteCount
    }

    func count(_ report: inout RetentionReport) {
        switch kind {
        case .block: report.blocks += items.count
        case .frameBlock: report.processBlocks += items.count
        case .row: report.rows += items.count
        case .lateBatch: report.lateBatches += items.count
        case .event: report.events += items.count
        case .registry: report.registries += items.count
        }
        report.bytes += bytes
    }

    /// Everything that ended at or before `cutoff`, as one snapshot shows it. Registries last: a crash before leaves
    /// one that names series without samples, never samples without a name.
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
        // The newest first: what is left of a chain can be read at any moment.
        range.items.reverse()
        return range
    }

    private static func lateBatches(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        var doomed: [UInt64: LateBatch] = [:]
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { sequence, batch throws(StoreError) in
            if batch.maxTime < cutoff { doomed[sequence] = batch }
        }
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
    static func registries(_ cutoff: Int64, _ snapshot: Snapshot) throws(StoreError) -> Self {
        // A day's last block ends with it, so a day that ended before the cutoff has none but late samples.
        var lateDays: Set<Int64> = []
        try snapshot.forEachLateBatch(tolerating: DamageList(writing: ())) { _, batch throws(StoreError) in
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
            range.items[range.items.count - 1].day = name.start
            lastDay = name.start
            return .next
        }
        return range
    }
}

extension WriteTransaction {
    /// Whether rows, late batches or blocks have samples that the registry of the day names.
    fileprivate func hasSamples(ofDay day: Int64) throws(StoreError) -> Bool {
        let end = day + Block.daySeconds
        var isFound = false
        try scan(from: Key.headRow(time: day * 1000, group: 0)) { key, _ throws(StoreError) in
            if let row = key.headRowKey() { isFound = row.time < end * 1000 }
            return .stop
        }
        try scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            guard key.lateBatchKey() != nil else { return .stop }
            // A batch that is damaged has no samples that a registry could name.
            if let payload = Checksum.payload(of: value, key: key), let batch = try? LateBatch.decode(payload) {
                isFound = isFound || batch.day == day
            }
            return isFound ? .stop : .next
        }
        var group: UInt16 = 0
        try scan(from: Key.block(group: 0, tier: 0, start: day, stripe: 0)) { key, _ throws(StoreError) in
            guard !isFound, let name = key.blockKey() else { return .stop }
            if name.group == group, name.tier == 0, name.start >= day { isFound = name.start < end }
            if isFound || (name.group == group && name.group == .max) { return .stop }
            // The next group that has blocks, or the one after this.
            group = name.group == group ? group + 1 : name.group
            return .seek(Key.block(group: group, tier: 0, start: day, stripe: 0))
        }
        return isFound
    }
}
