import LMDB
import TestSupport

@testable import TSDB

/// A store that holds one block, put there as bytes.
struct BlockHolder {
    let folder = TemporaryFolder()
    let store: Store

    init() throws { store = try Store(at: folder.path, access: .write(testHost)) }

    private static func key(_ stripe: UInt16) -> [UInt8] { Key.block(group: 1, tier: 0, start: 0, stripe: stripe) }

    func put(_ bytes: [UInt8]) throws {
        try store.environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            _ = try transaction.deleteRange(from: [0x20]) { $0.isKey(.block) }
            _ = try Stripes.write(
                bytes, stripeBytes: store.superblock.stripeBytes, key: BlockHolder.key, in: transaction)
        }
    }

    func columns() throws -> [UInt32: SampleColumn] {
        try store.snapshot().columns(of: Snapshot.BlockReference(group: 1, start: 0))
    }
}
