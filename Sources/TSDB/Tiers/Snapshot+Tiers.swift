import LMDB
import Model

/// A block of windows of one group.
struct TierReference: Hashable {
    var group: UInt16
    var layer: TierLayer
    /// Start of its span in seconds.
    var start: Int64

    var endSeconds: Int64 { start + layer.spanSeconds }

    /// For messages.
    var record: String { RecordKind.title(of: Key.tierBlock(self, stripe: 0)) }
}

extension Snapshot {
    /// The blocks of a layer of one group that overlap (`after`, `through`], both in seconds, by start.
    func tierReferences(
        _ layer: TierLayer, group: UInt16, after: Int64 = .min, through: Int64 = .max
    ) throws(StoreError) -> [TierReference] {
        var found: [TierReference] = []
        let (lowest, overflow) = after.subtractingReportingOverflow(layer.spanSeconds)
        var reference = TierReference(group: group, layer: layer, start: overflow ? .min : lowest + 1)
        try transaction.scan(from: Key.tierBlock(reference, stripe: 0)) { key, _ throws(StoreError) in
            guard let name = key.blockKey(), name.group == group, name.tier == layer.rawValue, name.start < through
            else { return .stop }
            reference.start = name.start
            found.append(reference)
            reference.start += 1
            return .seek(Key.tierBlock(reference, stripe: 0))
        }
        return found
    }

    /// Starts of the raw blocks of one group that overlap (`after`, `through`], all in seconds, ascending.
    func rawStarts(group: UInt16, after: Int64 = .min, through: Int64 = .max) throws(StoreError) -> [Int64] {
        var found: [Int64] = []
        let (lowest, overflow) = after.subtractingReportingOverflow(Block.rawSpanSeconds)
        let first = Key.block(group: group, tier: 0, start: overflow ? .min : lowest + 1, stripe: 0)
        try transaction.scan(from: first) { key, _ throws(StoreError) in
            guard let name = key.blockKey(), name.group == group, name.tier == 0, name.start < through else {
                return .stop
            }
            found.append(name.start)
            return .seek(Key.block(group: group, tier: 0, start: name.start + 1, stripe: 0))
        }
        return found
    }

    /// Runs `body` on a block of windows, which is opened at first use.
    func withTierBlock<Value>(
        _ reference: TierReference, _ body: (inout TierBlockReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        var block: TierBlockReader
        if let known = tierBlocks.removeValue(forKey: reference) {
            block = known
        } else {
            block = try TierBlockReader(
                reference.layer, start: reference.start, stripeBytes: store.superblock.stripeBytes,
                record: reference.record, key: { Key.tierBlock(reference, stripe: $0) }, in: transaction)
        }
        let value = try body(&block)
        tierBlocks[reference] = block
        return value
    }

    /// The windows of the series with that id; nil where the block has none.
    func windows(of id: UInt32, in reference: TierReference) throws(StoreError) -> WindowColumns? {
        try withTierBlock(reference) { block throws(StoreError) in
            guard let entry = try block.entry(of: id, in: transaction) else { return nil }
            return try block.windows(entry, in: transaction)
        }
    }

    /// Whether a block of windows is there.
    func hasBlock(_ reference: TierReference) throws(StoreError) -> Bool {
        try !tierReferences(
            reference.layer, group: reference.group, after: reference.start, through: reference.start + 1
        ).isEmpty
    }

    /// The ids of the series of a block, ascending.
    func ids(in reference: TierReference) throws(StoreError) -> [UInt32] {
        try withTierBlock(reference) { block throws(StoreError) in
            try block.allEntries(in: transaction).map(\.id)
        }
    }

    /// Time of the oldest sample that windows know of; nil where there are none. Of each tier the blocks that begin
    /// first are looked at.
    func oldestWindowTime() throws(StoreError) -> Int64? {
        var first: [Tier: [TierReference]] = [:]
        for group in try groups().keys.sorted() {
            for layer in TierLayer.allCases {
                guard let reference = try tierReferences(layer, group: group).first else { continue }
                if let known = first[layer.tier]?.first, known.start < reference.start { continue }
                if let known = first[layer.tier]?.first, known.start > reference.start { first[layer.tier] = [] }
                first[layer.tier, default: []].append(reference)
            }
        }
        var oldest: Int64?
        for reference in first.values.joined() {
            let time = try tolerating { () throws(StoreError) in
                try withTierBlock(reference) { block throws(StoreError) in try block.firstTime(in: transaction) }
            }
            if let time = time ?? nil { oldest = min(oldest ?? time, time) }
        }
        return oldest
    }

    /// Time of the newest sample that windows know of; nil where there are none later than `time`.
    func newestWindowTime(after time: Int64?) throws(StoreError) -> Int64? {
        var newest: Int64?
        for group in try groups().keys.sorted() {
            for layer in TierLayer.allCases {
                let after = time.map { Block.spanStart($0) } ?? .min
                guard let reference = try tierReferences(layer, group: group, after: after).last,
                    reference.endSeconds * 1000 > max(time ?? .min, newest ?? .min)
                else { continue }
                let last = try tolerating { () throws(StoreError) in
                    try withTierBlock(reference) { block throws(StoreError) in try block.lastTime(in: transaction) }
                }
                if let last = last ?? nil, last > time ?? .min { newest = max(newest ?? last, last) }
            }
        }
        return newest
    }

    /// The registry of 30 days from `start` seconds on; one without series where there is none.
    func longRegistry(_ start: Int64) throws(StoreError) -> RegistryReader {
        try RegistryReader(
            start: start, stripeBytes: store.superblock.stripeBytes, span: .thirtyDays, in: transaction)
    }

    /// Starts of the registries of a kind that overlap `range`, in seconds, ascending.
    func registryStarts(_ span: RegistrySpan, in range: TimeRange) throws(StoreError) -> [Int64] {
        var starts: [Int64] = []
        let length = span == .day ? Block.daySeconds : TierBlock.longSpanSeconds
        let first = Block.spanStart(range.min.milliseconds, length: length)
        let last = range.max.milliseconds / 1000
        try transaction.scan(from: Key.registry(span: span, start: first, stripe: 0)) { key, _ throws(StoreError) in
            guard let name = key.registryKey(), name.span == span.rawValue, name.start <= last else { return .stop }
            starts.append(name.start)
            return .seek(Key.registry(span: span, start: name.start + 1, stripe: 0))
        }
        return starts
    }
}
