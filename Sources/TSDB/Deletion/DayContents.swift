import LMDB
import Model

// What a deletion asks a store about one day.

/// What has samples of one day besides rows: whoever found ids without a sample there compares it within the
/// transaction that takes their names away.
struct DayContents: Hashable {
    fileprivate(set) var blocks: [Snapshot.BlockReference: BlockFingerprint] = [:]
    /// Checksums of all late batches, of whichever day.
    fileprivate(set) var lateBatches: [UInt32] = []

    fileprivate mutating func add(lateBatch value: RawSpan) {
        guard value.byteCount >= Checksum.byteCount else { return }
        // In bounds: four bytes stand behind the offset.
        lateBatches.append(
            unsafe value.unsafeLoadUnaligned(
                fromByteOffset: value.byteCount - Checksum.byteCount, as: UInt32.self))
    }
}

extension Snapshot {
    func contents(ofDay day: Int64) throws(StoreError) -> DayContents {
        var contents = DayContents()
        for reference in try blockReferences(in: .all) where Block.day(of: reference.start) == day {
            contents.blocks[reference] = try transaction.fingerprint(of: reference)
        }
        try transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            if key.lateBatchKey() == nil { return .stop }
            contents.add(lateBatch: value)
            return .next
        }
        return contents
    }

    /// The ids of a day that have a sample somewhere.
    func idsWithSamples(ofDay day: Int64) throws(StoreError) -> Set<UInt32> {
        var ids: Set<UInt32> = []
        for reference in try blockReferences(in: .all) where Block.day(of: reference.start) == day {
            try withBlock(reference) { block throws(StoreError) in
                for entry in try block.allEntries(in: transaction) { ids.insert(entry.id) }
            }
        }
        try forEachLateBatch { _, batch throws(StoreError) in
            if batch.day == day { ids.formUnion(batch.series.map(\.id)) }
        }
        return ids
    }
}

extension WriteTransaction {
    /// As ``Snapshot``'s.
    func contents(ofDay day: Int64) throws(StoreError) -> DayContents {
        var contents = DayContents()
        for group in try groupNumbers() {
            var starts: [Int64] = []
            try scan(from: Key.block(group: group, tier: 0, start: day, stripe: 0)) { key, _ throws(StoreError) in
                guard let name = key.blockKey(), name.group == group, name.tier == 0,
                    Block.day(of: name.start) == day
                else { return .stop }
                starts.append(name.start)
                return .seek(Key.block(group: group, tier: 0, start: name.start + 1, stripe: 0))
            }
            for start in starts {
                let reference = Snapshot.BlockReference(group: group, start: start)
                contents.blocks[reference] = try fingerprint(of: reference)
            }
        }
        try scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            if key.lateBatchKey() == nil { return .stop }
            contents.add(lateBatch: value)
            return .next
        }
        return contents
    }

    /// Removes a raw block.
    func removeStripes(of block: Snapshot.BlockReference) throws(StoreError) {
        try removeStripes(from: Key.block(group: block.group, tier: 0, start: block.start, stripe: 0))
    }
}
