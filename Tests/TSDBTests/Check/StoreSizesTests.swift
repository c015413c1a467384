import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct StoreSizesTests {
    /// Every record is counted once, under its own kind.
    @Test func allRecordsAreCounted() throws {
        let written = try WrittenStore.ofEveryKind()
        let sizes = try written.store.snapshot().sizes()
        let records = try written.store.records()
        func part(_ kinds: Set<UInt8>, tiers: Set<UInt8>? = nil) -> StoreSizes.Part {
            var part = StoreSizes.Part()
            for record in records where kinds.contains(record.key[0]) {
                if let tiers, !tiers.contains(record.key[3]) { continue }
                part.records += 1
                part.keyBytes += record.key.count
                part.valueBytes += record.value.count
            }
            return part
        }
        #expect(sizes.blocks == part([0x20], tiers: [0]))
        #expect(sizes.minutes == part([0x20], tiers: [1, 3]) && sizes.minutes.records > 0)
        #expect(sizes.hours == part([0x20], tiers: [2, 4]))
        #expect(sizes.frameBlocks == part([0x21]))
        #expect(sizes.registries == part([0x01]))
        #expect(sizes.rows == part([0x10]))
        #expect(sizes.lateBatches == part([0x11]))
        #expect(sizes.other == part([0x00, 0x02, 0x03, 0x04, 0x05, 0x12]))
        for one in [sizes.blocks, sizes.frameBlocks, sizes.registries, sizes.rows, sizes.lateBatches, sizes.other] {
            #expect(one.records > 0)
        }
        #expect(sizes.liveBytes == records.reduce(0) { $0 + $1.key.count + $1.value.count })
        #expect(sizes.fileBytes > sizes.liveBytes)
    }
}
