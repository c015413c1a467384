import LMDB

/// What tells a block from another that took its place: the number of its stripes and all their checksums. Whoever
/// reads a block to replace it takes the fingerprint along and compares it within the transaction that replaces it, so
/// that no sample is lost that another process has put there in between. That of no block has no stripes.
struct BlockFingerprint: Hashable {
    private(set) var stripes = 0
    private var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Takes in a record; false where it is none of the block's.
    fileprivate mutating func add(_ key: RawSpan, _ value: RawSpan, of block: Snapshot.BlockReference) -> Bool {
        guard let name = key.blockKey(), name.group == block.group, name.tier == 0, name.start == block.start,
            value.byteCount >= Checksum.byteCount
        else { return false }
        // In bounds: exactly four bytes stand behind the place.
        let checksum = unsafe value.unsafeLoadUnaligned(
            fromByteOffset: value.byteCount - Checksum.byteCount, as: UInt32.self)
        // FNV's step (Fowler, Noll and Vo), a checksum at a time: order counts.
        digest = (digest ^ UInt64(checksum)) &* 0x0000_0100_0000_01b3
        stripes += 1
        return true
    }

    fileprivate static func first(_ block: Snapshot.BlockReference) -> [UInt8] {
        Key.block(group: block.group, tier: 0, start: block.start, stripe: 0)
    }
}

extension ReadTransaction {
    /// The fingerprint of a raw block. Cost: a walk over its stripes, of which only the last bytes are read.
    func fingerprint(of block: Snapshot.BlockReference) throws(StoreError) -> BlockFingerprint {
        var found = BlockFingerprint()
        try scan(from: BlockFingerprint.first(block)) { key, value throws(StoreError) in
            found.add(key, value, of: block) ? .next : .stop
        }
        return found
    }
}

extension WriteTransaction {
    /// As ``ReadTransaction``'s, as this transaction sees it.
    func fingerprint(of block: Snapshot.BlockReference) throws(StoreError) -> BlockFingerprint {
        var found = BlockFingerprint()
        try scan(from: BlockFingerprint.first(block)) { key, value throws(StoreError) in
            found.add(key, value, of: block) ? .next : .stop
        }
        return found
    }
}
