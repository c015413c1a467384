import LMDB
import Model

/// The keys of one kind that a retention run or an eviction removes.
struct DoomedRange {
    enum Kind: Hashable {
        case block, windowBlock, frameBlock, row, lateBatch, event, registry

        /// Whether an item is a byte string of any number of stripes.
        var isStriped: Bool {
            switch self {
            case .block, .windowBlock, .frameBlock, .registry: true
            case .row, .lateBatch, .event: false
            }
        }
    }

    /// A block, a row, a batch, an event or a registry; a block is many keys.
    struct Item {
        var keys: [[UInt8]] = []
        /// A late batch as it was found.
        var batch: (sequence: UInt64, content: LateBatch)?
        /// What a registry names.
        var registry: (span: RegistrySpan, start: Int64)?

        /// Others write between the snapshot and the deletion: a number may be another late batch's by now, and a day
        /// may have got samples that its registry names.
        func isStillDoomed(in transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
            if let batch { return try transaction.holds(batch.content, at: batch.sequence) }
            if let registry { return try !transaction.hasSamples(of: registry.span, from: registry.start) }
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
        case .windowBlock: report.windowBlocks += items.count
        case .frameBlock: report.processBlocks += items.count
        case .row: report.rows += items.count
        case .lateBatch: report.lateBatches += items.count
        case .event: report.events += items.count
        case .registry: report.registries += items.count
        }
        report.bytes += bytes
    }
}

extension WriteTransaction {
    /// Whether there is anything whose names are in the registry of the span.
    fileprivate func hasSamples(of span: RegistrySpan, from start: Int64) throws(StoreError) -> Bool {
        var isFound = false
        if span == .day {
            isFound = try hasRows(ofDay: start)
            if !isFound { isFound = try hasLateBatch(ofDay: start) }
        }
        let layers = TierLayer.allCases.filter { $0.registrySpan == span }.map(\.rawValue)
        let end = start + (span == .day ? Block.daySeconds : TierBlock.longSpanSeconds)
        for group in try groupNumbers() where !isFound {
            for layer in (span == .day ? [Tier.raw.rawValue] : []) + layers where !isFound {
                try scan(from: Key.block(group: group, tier: layer, start: start, stripe: 0)) {
                    key, _ throws(StoreError) in
                    if let name = key.blockKey(), name.group == group, name.tier == layer { isFound = name.start < end }
                    return .stop
                }
            }
        }
        return isFound
    }

    /// Whether the head has rows of the day, but for those of processes, whose names are in no registry.
    func hasRows(ofDay day: Int64) throws(StoreError) -> Bool {
        var isFound = false
        try scan(from: Key.headRow(time: day * 1000 + 1, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= (day + Block.daySeconds) * 1000 else { return .stop }
            isFound = !HeadScan.isFrame(row.group)
            return isFound ? .stop : .next
        }
        return isFound
    }

    private func hasLateBatch(ofDay day: Int64) throws(StoreError) -> Bool {
        var isFound = false
        try scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            guard key.lateBatchKey() != nil else { return .stop }
            // A batch that is damaged has no samples that a registry could name.
            if let payload = Checksum.payload(of: value, key: key), let batch = try? LateBatch.decode(payload) {
                isFound = isFound || batch.day == day
            }
            return isFound ? .stop : .next
        }
        return isFound
    }
}
