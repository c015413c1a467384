import LMDB
import TestSupport
import Testing

@testable import TSDB

/// A stripe that was checked once is read straight from the map: what comes of it is what a reader gets that checks
/// every time.
@Suite struct StripedReaderTests {
    private let folder = TemporaryFolder()

    private static func key(_ stripe: UInt16) -> [UInt8] { Key.block(group: 1, tier: 0, start: 0, stripe: stripe) }

    private func reader(_ store: Store) -> StripedReader {
        StripedReader(stripeBytes: store.superblock.stripeBytes, record: "test", key: Self.key)
    }

    private func put(_ bytes: [UInt8], _ store: Store) throws {
        try store.environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            _ = try Stripes.write(bytes, stripeBytes: store.superblock.stripeBytes, key: Self.key, in: transaction)
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func anyPartIsWhatWasWritten(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = try Store(at: folder.path, access: .write(testHost))
        let payload = store.superblock.stripeBytes - Checksum.byteCount
        // Ends within a stripe, with one, or just behind.
        let count = payload * Int.random(in: 1...6, using: &random) + [-1, 0, 1, 777].randomElement(using: &random)!
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        try put(bytes, store)
        let snapshot = try store.snapshot()
        var kept = reader(store)
        for _ in 0..<300 {
            let offset = Int.random(in: 0...count + 10, using: &random)
            let length = Int.random(in: 0...2 * payload, using: &random)
            let isPartial = Int.random(in: 0..<3, using: &random) == 0
            // What the reader of a block does that is kept for the next snapshot.
            if Int.random(in: 0..<40, using: &random) == 0 { kept.forget() }
            var plain = reader(store)
            func read(_ reader: inout StripedReader) -> [UInt8]? {
                var buffer: [UInt8] = [7]
                do {
                    try reader.read(offset, length, into: &buffer, isPartial: isPartial, in: snapshot.transaction)
                    return buffer
                } catch { return nil }
            }
            let found = read(&kept)
            #expect(found == read(&plain), "seed \(seed): \(length) bytes at \(offset) of \(count)")
            let end = min(count, offset + length)
            let isThere = offset + length <= count || isPartial
            let expected = isThere ? [7] + (offset < end ? bytes[offset..<end] : []) : nil
            #expect(found == expected, "seed \(seed): \(length) bytes at \(offset) of \(count)")
        }
        #expect(kept.checkedBytes > 0)
    }

    /// A stripe that is damaged is so at every look, and the others are read beside it.
    @Test func aDamagedStripeIsNeverTakenForChecked() throws {
        let store = try Store(at: folder.path, access: .write(testHost))
        let payload = store.superblock.stripeBytes - Checksum.byteCount
        let bytes = (0..<payload * 3).map { UInt8(truncatingIfNeeded: $0 / 5) }
        try put(bytes, store)
        let damaged = try store.records().first { $0.key == Self.key(1) }
        var value = try #require(damaged).value
        value[100] ^= 1
        try store.overwrite(Self.key(1), value: value)
        let snapshot = try store.snapshot()
        var kept = reader(store)
        for _ in 0..<3 {
            for stripe in [0, 2, 0] {
                var buffer: [UInt8] = []
                try kept.read(stripe * payload + 5, 50, into: &buffer, in: snapshot.transaction)
                #expect(buffer == Array(bytes[stripe * payload + 5..<stripe * payload + 55]))
            }
            #expect(throws: StoreError.self) {
                var buffer: [UInt8] = []
                try kept.read(payload + 5, 50, into: &buffer, in: snapshot.transaction)
            }
        }
    }
}
