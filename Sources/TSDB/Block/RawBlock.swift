import LMDB
import Model

/// A raw block with what is to be merged into it, ready to take the place of the one that it was made from.
///
/// Every raw block is written by ``put(in:_:)``, whoever makes it: sealing, late batches, imports.
struct RawBlock {
    let reference: Snapshot.BlockReference
    /// The block as it was when this one was made from it.
    let replaced: BlockFingerprint
    let bytes: [UInt8]
    /// The minutes of the same samples; nil where the group has none. Whoever writes them raises the store's
    /// generation, so that who is folding at that moment looks again.
    var windows: TierWrite?

    /// Made of samples alone, of a span that has no block of the group; or in place of the one of the fingerprint.
    init(
        _ reference: Snapshot.BlockReference, replacing replaced: BlockFingerprint, times: [[Int64]], interval: Int64,
        series: [BlockSeries]
    ) throws(StoreError) {
        // Beyond this a reader takes the counts for damage.
        guard times.reduce(0, { $0 + $1.count }) <= CodecLimits.columnValuesMax else {
            throw .invalid("a block of more than \(CodecLimits.columnValuesMax) times cannot be read back")
        }
        var writer = BlockWriter()
        self.reference = reference
        self.replaced = replaced
        bytes = writer.encode(times: times, interval: interval, series: series)
    }

    /// Writes it in place of the block that it was made from.
    /// - Returns: false, with nothing changed, where another process has replaced that one meanwhile.
    func put(in store: Store, _ transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
        guard try transaction.fingerprint(of: reference) == replaced else { return false }
        let (group, start) = (reference.group, reference.start)
        try Stripes.replace(bytes, in: store, transaction) {
            Key.block(group: group, tier: 0, start: start, stripe: $0)
        }
        try windows?.put(in: store, transaction)
        return true
    }
}

extension Stripes {
    /// Writes stripes in place of those that are there.
    static func replace(
        _ bytes: [UInt8], in store: Store, _ transaction: borrowing WriteTransaction, key: (UInt16) -> [UInt8]
    ) throws(StoreError) {
        guard fit(bytes.count, stripeBytes: store.superblock.stripeBytes) else {
            throw .invalid("a block of \(bytes.count) bytes is more than stripe numbers address")
        }
        do throws(StorageError) {
            let written = try write(bytes, stripeBytes: store.superblock.stripeBytes, key: key, in: transaction)
            // What is left of a longer block of the same span.
            let rest = key(UInt16(written))
            _ = try transaction.deleteRange(from: rest) { $0.isStripe(ofSameAs: rest) }
        } catch {
            throw StoreError(error)
        }
    }
}

extension Snapshot {
    /// The samples of a raw block by series id, none where there is no block, and the block's fingerprint. For those
    /// who replace it: what of it is damaged is lost, and is left out.
    func contents(
        of reference: BlockReference
    ) throws(StoreError) -> (columns: [UInt32: SampleColumn], fingerprint: BlockFingerprint) {
        let fingerprint = try transaction.fingerprint(of: reference)
        return (
            fingerprint.stripes == 0 ? [:] : try columns(of: reference, tolerating: DamageList(writing: ())),
            fingerprint
        )
    }
}
