import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RetentionTests {
    private static let hour: Int64 = 3_600_000

    /// Three days of a scrape every 20 minutes, late samples and events; the last hours are in the head.
    private func threeDays(seed: UInt64) throws -> WrittenStore {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 0..<216 as Range<Int64> {
            let time = tick * 1_200_000
            try written.append(time, labels.map { ($0, Double(tick)) })
            if tick % 9 == 0 {
                try written.recorder.append(
                    Scrape(
                        time: Timestamp(milliseconds: time),
                        events: [Event(time: Timestamp(milliseconds: time), kind: .mark, text: "\(tick)")]))
                try written.appendFrame(time + 5)
            }
            if Int.random(in: 0..<12, using: &random) == 0 {
                try written.append(Int64.random(in: 0...time, using: &random), [(labels[0], -1)])
            }
        }
        return written
    }

    private func keys(_ store: Store) throws -> Set<[UInt8]> { Set(try store.records().map(\.key)) }

    private func spanEnd(_ time: Int64) -> Int64 { (Block.spanStart(time) + Block.rawSpanSeconds) * 1000 }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func wholeSpansGoAndNothingElse(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let written = try threeDays(seed: seed)
        let now = Timestamp(milliseconds: 72 * Self.hour)
        var keep = 71 * Self.hour
        while keep > 0 {
            let cutoff = now.milliseconds - keep
            let before = try keys(written.store)
            let held = try written.store.snapshot()
            let heldAnswer = try answer(held, [], .all)
            let plan = try written.store.retain(keep, now: now, isDryRun: true)
            #expect(try keys(written.store) == before, "a dry run changes nothing")
            #expect(try written.store.retain(keep, now: now) == plan, "seed \(seed), \(keep) ms kept")
            #expect(try written.store.retain(keep, now: now).isEmpty, "what is gone does not go again")
            // A reader from before sees what it saw.
            expectSame(try answer(held, [], .all), heldAnswer, "held snapshot")
            let seen = try answer(written.store.snapshot(), [], .all)
            for (labels, points) in written.naive.samples {
                // Late samples that are not merged yet may go one by one, within a span that stays.
                let wanted = points.filter { $0.key >= cutoff }
                let got = Dictionary(uniqueKeysWithValues: seen.first { $0.0 == labels }?.1 ?? [])
                for (time, value) in wanted {
                    #expect(got[time] == value.bitPattern, "seed \(seed), newer than the cutoff")
                }
                for (time, bits) in got {
                    #expect(points[time]?.bitPattern == bits && spanEnd(time) > cutoff, "seed \(seed), whole spans")
                }
                let spans = points.filter { spanEnd($0.key) > cutoff && $0.value != -1 }
                for (time, _) in spans where points[time] != -1 { #expect(got[time] != nil, "a span goes whole") }
            }
            let snapshot = try written.store.snapshot()
            #expect(try snapshot.registryDays(in: .all).allSatisfy { ($0 + Block.daySeconds) * 1000 > cutoff })
            #expect(try snapshot.events(in: .all).allSatisfy { $0.time.milliseconds >= cutoff })
            let frames = try snapshot.frameBlocks(in: .all).map(\.start)
            #expect(frames.allSatisfy { ($0 + Block.rawSpanSeconds) * 1000 > cutoff })
            keep -= Int64.random(in: Self.hour...20 * Self.hour, using: &random)
        }
    }

    @Test func nothingNamesASampleThatIsGoneAndEachSampleIsNamed() throws {
        let written = try threeDays(seed: 9)
        let now = Timestamp(milliseconds: 72 * Self.hour)
        _ = try written.store.retain(24 * Self.hour, now: now)
        let snapshot = try written.store.snapshot()
        let days = try snapshot.registryDays(in: .all)
        #expect(days == [172_800])
        for block in try snapshot.blockReferences(in: .all) {
            #expect(days.contains(Block.spanStart(block.minMilliseconds, length: Block.daySeconds)))
        }
    }

    @Test func aTimeThatKeepsNothingIsRefused() throws {
        let written = try WrittenStore()
        for keep in [0, -1, Int64.min] {
            #expect(throws: StoreError.self) { _ = try written.store.retain(keep, now: Timestamp(milliseconds: 0)) }
        }
        #expect(try written.store.retain(.max, now: Timestamp(milliseconds: -5)).isEmpty)
    }

    /// Rows that nobody sealed, deleted over several transactions: each state in between can be read.
    @Test func aChainCanBeReadWhileItGoes() throws {
        var written = try WrittenStore()
        let labels = Labels(name: "m")
        for tick in 1...300 as ClosedRange<Int64> { try written.append(tick * 5000, [(labels, Double(tick))]) }
        let rows = try written.store.records().filter { $0.key[0] == Key.Kind.headRow.rawValue }
        #expect(rows.count == 300)
        _ = try written.store.retain(1, now: Timestamp(milliseconds: 8 * Self.hour))
        #expect(try answer(written.store.snapshot(), [], .all).isEmpty)
        // What a crash within it leaves is a beginning of the chain.
        for left in [1, 64, 120, 121, 236] {
            for record in rows { try written.store.remove(record.key) }
            for record in rows.prefix(left) { try written.store.overwrite(record.key, value: record.value) }
            let snapshot = try written.store.snapshot()
            let entries = try HeadScan.entries(from: .min, through: .max, groups: [1], in: snapshot.transaction)
            var count = 0
            try HeadScan.rows(entries: entries, through: .max, in: snapshot.transaction) { _, _, _ in count += 1 }
            #expect(count == left)
        }
    }

    /// Commit by commit, a block of more than 64 stripes is there whole or not at all, and rows go newest first.
    @Test func otherReadersSeeNoHalfBlock() throws {
        var random = SeededGenerator(seed: 5)
        var written = try WrittenStore()
        let labels = (0..<700).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 1...70 as ClosedRange<Int64> {
            try written.append(
                tick * 5000, labels.map { ($0, Double(bitPattern: .random(in: 0...UInt64.max, using: &random))) })
        }
        try written.recorder.sealEverything()
        let stripes = try written.store.records().filter { $0.key[0] == Key.Kind.block.rawValue }
        #expect(stripes.count > 64)
        let first = try written.store.snapshot().commitNumber
        _ = try written.store.retain(1, now: Timestamp(milliseconds: 25 * Self.hour))
        // What is kept how long, what will be gone; then the block in one commit, its windows and registry in others.
        #expect(try written.store.snapshot().commitNumber == first + 5)
        #expect(try written.store.records().allSatisfy { [0x00, 0x02, 0x04, 0x05].contains($0.key[0]) })
    }

    /// A day that was found without samples gets names before its registry goes: they go with it, or a part of a
    /// registry would be left, whose ids begin in the middle.
    @Test func namesThatCameMeanwhileGoWithTheirRegistry() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        func batch(_ names: [String]) -> ImportBatch {
            var batch = ImportBatch()
            batch.series = names.map { Labels(name: $0) }
            for place in batch.series.indices { batch.append(UInt32(place), 1000, 1) }
            return batch
        }
        var importer = Importer(into: store)
        try importer.append(batch((0..<40).map { "m\($0)" }))
        _ = try importer.finish()
        let classes = [RetentionClass.standard: RetentionClass(keep: TierKeep(all: 1))]
        let doomed = try Doomed(Cutoffs(classes, now: Timestamp(milliseconds: 30 * Self.hour)), in: store)
        let registries = doomed.ranges.filter { $0.kind == .registry && !$0.items.isEmpty }
        for range in doomed.ranges where range.kind != .registry { try store.delete(range) }
        #expect(!registries.isEmpty)
        // Named, as an import does it in a transaction of its own, and no sample there yet.
        var table = LabelTable()
        let new = table.insert(Labels(name: "new"))
        var day = try ImportDay(day: 0, store.snapshot(), table)
        #expect(try day.register([new], table, in: store) && day.hasTail)
        for range in registries { #expect(try store.delete(range) == 1) }
        #expect(try store.records().allSatisfy { $0.key[0] != Key.Kind.registry.rawValue })
        // The import begins its day anew, because the generation is another one.
        importer = Importer(into: store)
        try importer.append(batch(["new"]))
        _ = try importer.finish()
        #expect(try answer(store.snapshot(), [], .all).map(\.0) == [Labels(name: "new")])
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    /// The recorder goes on in the day whose registry went: ids begin anew and name what they should.
    @Test func recordingGoesOnAfterTheRegistryWent() throws {
        var written = try WrittenStore()
        try written.append(1000, [(Labels(name: "a"), 1), (Labels(name: "b"), 2)])
        _ = try written.store.retain(1, now: Timestamp(milliseconds: 30 * Self.hour))
        written.naive = NaiveStore()
        try written.append(2000, [(Labels(name: "b"), 3)])
        try written.append(7000, [(Labels(name: "c"), 4), (Labels(name: "b"), 5)])
        try written.expectEqualsModel("after retention took the day")
    }
}
