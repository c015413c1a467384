import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ImporterTests {
    private let up = Labels(name: "up", ["job": "a"])

    /// Invariant 1, and that memory's bound changes nothing (4): small sorters spill, small blocks split.
    @Test(arguments: 1...24 as ClosedRange<UInt64>) func anyOrderGivesWhatADictionaryGives(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var world = try ImportWorld()
        for round in 0..<4 {
            var options = ImportOptions()
            options.sortedSamplesMax = [1, 7, 100, 1_000_000].randomElement(using: &random) ?? 7
            options.blockSamplesMax = [1, 50, 1_000_000].randomElement(using: &random) ?? 50
            options.source = ["import", "other"].randomElement(using: &random) ?? ""
            let points = ImportWorld.points(Int.random(in: 0...400, using: &random), days: 3, &random)
            let before = (world.conflicts, world.duplicates)
            let outcome = try world.run(points, options: options, &random)
            try world.expectEqualsModel("seed \(seed), round \(round)")
            #expect(outcome.samples == points.count)
            #expect(outcome.conflicts == world.conflicts - before.0, "seed \(seed), round \(round)")
            #expect(outcome.duplicates == world.duplicates - before.1, "seed \(seed), round \(round)")
            #expect(outcome.spilledBytes > 0 || points.count < options.sortedSamplesMax)
        }
    }

    @Test func theSameImportAgainWritesNothing() throws {
        var random = SeededGenerator(seed: 3)
        var world = try ImportWorld()
        let points = ImportWorld.points(500, days: 2, &random)
        let first = try world.run(points, &random)
        #expect(first.blocks > 10)
        let records = try world.store.records().map(\.value)
        let last = points.reversed().reduce(into: [:] as [String: ImportWorld.Point]) { known, point in
            if known["\(point.labels)@\(point.time)"] == nil { known["\(point.labels)@\(point.time)"] = point }
        }
        let second = try world.run(Array(last.values), &random)
        #expect(second.blocks == 0 && second.conflicts == 0 && second.duplicates == last.count)
        #expect(try world.store.records().map(\.value) == records)
    }

    /// Invariant 2: what is in a block of the agent is merged there; another series of the span is not.
    @Test func aSeriesStaysWhereItIs() throws {
        var written = try WrittenStore()
        for tick in 1...10 as ClosedRange<Int64> { try written.append(tick * 5000, [(up, Double(tick))]) }
        try written.recorder.sealEverything()
        var batch = ImportBatch()
        batch.series = [up, Labels(name: "new")]
        batch.append(0, 10_000, -1)
        batch.append(1, 10_000, 5)
        batch.append(0, 12_000, .staleMarker)
        var importer = Importer(into: written.store)
        try importer.append(batch)
        let outcome = try importer.finish()
        #expect(outcome.conflicts == 1 && outcome.blocks == 2 && outcome.lateSamples == 0)
        written.naive.add(up, 10_000, -1)
        written.naive.add(up, 12_000, .staleMarker)
        written.naive.add(Labels(name: "new"), 10_000, 5)
        try written.expectEqualsModel("after the import")
        let snapshot = try written.store.snapshot()
        #expect(try snapshot.blockReferences(in: .all).map(\.group) == [2, 1])
        #expect(try snapshot.groups()[2]?.source == "import")
        try written.append(60_000, [(up, 7)])
        try written.recorder.sealEverything()
        try written.expectEqualsModel("after another seal")
    }

    /// Invariant 2: a series of the head is not overtaken by its block, and wins after the seal, too.
    @Test func whatMeetsTheHeadWinsBeforeAndAfterTheSeal() throws {
        var written = try WrittenStore()
        for tick in 0..<10 as Range<Int64> { try written.append(tick * 5000, [(up, Double(tick))]) }
        var batch = ImportBatch()
        batch.series = [up]
        batch.append(0, 10_000, -1)
        batch.append(0, 15_000, 3)
        batch.append(0, 17_000, 4)
        var importer = Importer(into: written.store)
        try importer.append(batch)
        let outcome = try importer.finish()
        #expect(outcome.conflicts == 1 && outcome.duplicates == 1 && outcome.lateSamples == 2 && outcome.blocks == 0)
        written.naive.add(up, 10_000, -1)
        written.naive.add(up, 17_000, 4)
        try written.expectEqualsModel("beside the head")
        try written.append(50_000, [(up, 9)])
        try written.recorder.sealEverything()
        try written.expectEqualsModel("after the seal")
    }

    /// `--tiers none`: samples alone; a later import with windows opens groups of its own.
    @Test(arguments: [false, true]) func windowsAreMadeOnlyWhereAskedFor(buildsTiers: Bool) throws {
        let world = try ImportWorld()
        var batch = ImportBatch()
        batch.series = [up]
        for tick in 1...20 as ClosedRange<Int64> { batch.append(0, tick * 30_000, Double(tick)) }
        var options = ImportOptions()
        options.buildsTiers = buildsTiers
        var importer = Importer(into: world.store, options: options)
        try importer.append(batch)
        _ = try importer.finish()
        let snapshot = try world.store.snapshot()
        let group = try #require(try snapshot.groups().first { $0.value.source == "import" })
        #expect(group.value.buildsTiers == buildsTiers)
        #expect(try snapshot.tierReferences(.minuteSlice, group: group.key).isEmpty == !buildsTiers)
        #expect(try answer(snapshot, [], .all).first?.1.count == 20)
    }

    @Test func aGroupHasRoomFor8192Series() throws {
        let world = try ImportWorld()
        var batch = ImportBatch()
        for number in 0..<10_000 as Range<UInt32> {
            batch.series.append(Labels(name: "m", ["i": "\(number)"]))
            batch.append(number, 1000 + Int64(number % 5) * 1000, Double(number))
        }
        var importer = Importer(into: world.store)
        try importer.append(batch)
        let outcome = try importer.finish()
        #expect(outcome.blocks == 2 && outcome.series == 10_000)
        let snapshot = try world.store.snapshot()
        let counts = try snapshot.blockReferences(in: .all).map { try snapshot.withBlock($0) { $0.seriesCount } }
        #expect(counts.sorted() == [1808, 8192])
        #expect(try answer(snapshot, [], .all).count == 10_000)
    }

    @Test func seriesBeyondALimitAreRefusedAndCounted() throws {
        let world = try ImportWorld()
        func run(_ options: ImportOptions, from first: UInt32) throws -> ImportOutcome {
            var batch = ImportBatch()
            for number in 0..<20 as Range<UInt32> {
                batch.series.append(Labels(name: "m", ["i": "\(first + number)"]))
                for tick in 0..<3 as Range<Int64> { batch.append(number, tick * 1000, 1) }
            }
            var importer = Importer(into: world.store, options: options)
            try importer.append(batch)
            // Named again: counted once.
            batch.startsAnew = true
            try importer.append(batch)
            return try importer.finish()
        }
        var options = ImportOptions()
        options.seriesMax = 15
        var outcome = try run(options, from: 0)
        #expect(outcome.series == 15 && outcome.refusedSeries == 5 && outcome.refusedSamples == 30)
        #expect(outcome.firstRefused == Labels(name: "m", ["i": "15"]))
        #expect(try answer(world.store.snapshot(), [], .all).count == 15)
        options = ImportOptions()
        options.storeSeriesMax = 18
        outcome = try run(options, from: 100)
        #expect(outcome.refusedSeries == 17 && outcome.firstRefused == Labels(name: "m", ["i": "103"]))
        #expect(try answer(world.store.snapshot(), [], .all).count == 18)
        // Those that are known are taken.
        outcome = try run(options, from: 0)
        #expect(outcome.refusedSeries == 5 && outcome.duplicates == 105)
    }

    @Test func timesThatNoStoreHoldsAreCounted() throws {
        let world = try ImportWorld()
        var batch = ImportBatch()
        batch.series = [up]
        for time in [Int64.min, -5, 0, Int64.max, Recorder.times.upperBound + 1] { batch.append(0, time, 1) }
        var importer = Importer(into: world.store)
        try importer.append(batch)
        let outcome = try importer.finish()
        #expect(outcome.samples == 5 && outcome.samplesOutOfTime == 3)
        #expect(try answer(world.store.snapshot(), [], .all).map(\.1.count) == [2])
    }

    @Test func metadataIsToldWhereNothingIsKnown() throws {
        var written = try WrittenStore()
        written.recorder.describe(MetricFamily(name: "up", kind: .gauge, help: "Ours."))
        try written.append(0, [(up, 1)])
        var batch = ImportBatch()
        batch.families = [
            MetricFamily(name: "up", kind: .counter, help: "Theirs."),
            MetricFamily(name: "other", kind: .counter, help: "Theirs."),
        ]
        var importer = Importer(into: written.store)
        try importer.append(batch)
        _ = try importer.finish()
        let snapshot = try written.store.snapshot()
        #expect(try snapshot.metadata(of: "up")?.help == "Ours.")
        #expect(try snapshot.metadata(of: "other")?.kind == .counter)
    }

    /// A map that is too small is grown on the way.
    @Test func aFullMapIsGrown() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost), mapBytes: 256 << 10)
        var random = SeededGenerator(seed: 4)
        var batch = ImportBatch()
        for number in 0..<150 as Range<UInt32> {
            batch.series.append(Labels(name: "m", ["i": "\(number)"]))
            for tick in 0..<1000 as Range<Int64> {
                batch.append(number, tick * 100_000, .random(in: 0...1, using: &random))
            }
        }
        var importer = Importer(into: store)
        try importer.append(batch)
        #expect(try importer.finish().samples == 150_000)
        #expect(try answer(store.snapshot(), [], .all).map(\.1.count) == Array(repeating: 1000, count: 150))
        #expect(try store.fileBytes() > 1 << 20)
    }

    /// Nothing is left of the temporary file, not of another process's either.
    @Test func leavesNoTemporaryFile() throws {
        var random = SeededGenerator(seed: 9)
        var world = try ImportWorld()
        let leftover = world.folder.path + "/import-1.runs"
        close(open(leftover, O_CREAT | O_RDWR, 0o600))
        var options = ImportOptions()
        options.sortedSamplesMax = 10
        let outcome = try world.run(ImportWorld.points(100, days: 1, &random), options: options, &random)
        #expect(outcome.spilledBytes >= 1600)
        #expect(access(leftover, F_OK) != 0)
        #expect(access(world.folder.path + "/import-\(getpid()).runs", F_OK) != 0)
    }
}
