import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct PastChangesTests {
    /// What is told is never less than the truth, and exact while there is room.
    @Test(arguments: UInt64(0)..<20) func tellsOfEveryChange(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var changes = PastChanges(identity: 7)
        var model: [Int64] = []
        for round in 0..<400 {
            let from: Int64 =
                switch Int.random(in: 0..<40, using: &random) {
                case 0: .min
                case 1...9: Int64(round) * 10 - Int64.random(in: 0...500, using: &random)
                default: Int64(round) * 10
                }
            changes.note(from: from)
            model.append(from)
            let since = Int.random(in: 0...model.count, using: &random)
            let told = changes.earliest(since: UInt64(since))
            if since == model.count {
                #expect(told == nil)
            } else {
                let truth = try #require(model[since...].min())
                #expect(try #require(told) <= truth)
                if round < 60 { #expect(told == truth) }
            }
            #expect(try PastChanges(changes.encoded()) == changes)
            #expect(try PastChanges(changes.encoded()).earliest(since: UInt64(since)) == told)
        }
        #expect(changes.encoded().count < 1000)
        // Another store in the folder has not come so far.
        #expect(changes.earliest(since: 401) == .min)
    }

    @Test func damageIsRefused() throws {
        var changes = PastChanges(identity: 7)
        for round in 0..<90 { changes.note(from: Int64(round) * 60_000) }
        let bytes = changes.encoded()
        for count in bytes.indices {
            #expect(throws: CodecError.self) { try PastChanges(Array(bytes[..<count])) }
        }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            // Refused, or some other changes: their checksum tells.
            _ = try? PastChanges(damaged)
        }
    }

    /// Scrapes in their order say nothing; all else does.
    @Test func ordinaryScrapesAreNoChange() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "test", machineID: "0"))
        let series = recorder.reference(for: Labels(name: "m"))
        func scrape(_ time: Int64, _ interval: Int64 = 5000) -> Scrape {
            let group = GroupDefinition(intervalMilliseconds: interval)
            return Scrape(
                time: Timestamp(milliseconds: time), rows: [Scrape.Row(group: group, samples: [(series, 1)])])
        }
        func changes() throws -> PastChanges { try #require(try recorder.store.snapshot().pastChanges()) }
        #expect(try recorder.store.snapshot().pastChanges() == nil)
        try recorder.append(scrape(1_000_000))
        var before = try changes()
        #expect(before.number == 1)
        for tick in 1...20 { try recorder.append(scrape(1_000_000 + Int64(tick) * 5000)) }
        #expect(try changes() == before)
        #expect(try recorder.store.snapshot().settledThrough() == 1_100_000)
        // Late, and beside the newest row in a group that has none there.
        try recorder.append(scrape(1_050_000))
        #expect(try changes().earliest(since: before.number) == 1_050_000)
        before = try changes()
        try recorder.append(scrape(1_099_000, 60_000))
        #expect(try changes().earliest(since: before.number) == 1_099_000)
        before = try changes()
        let inbox = Inbox(into: recorder.store, source: "remote-write")
        var batch = ImportBatch()
        batch.series = [Labels(name: "n")]
        batch.append(0, 2_000_000, 1)
        batch.append(0, 1_500_000, 1)
        _ = try inbox.write(batch)
        #expect(try changes().earliest(since: before.number) == 1_500_000)
        before = try changes()
        try recorder.sealEverything()
        #expect(try changes().earliest(since: before.number) == .min)
        #expect(try recorder.store.snapshot().settledThrough() == .max)
        before = try changes()
        // Into an empty head.
        try recorder.append(scrape(1_200_000))
        #expect(try changes().earliest(since: before.number) == 1_200_000)
    }
}
