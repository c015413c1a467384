import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// Values that no coder makes smaller, so that a few hundred scrapes fill a small store.
private struct Noise {
    var random: SeededGenerator

    mutating func samples(_ count: Int) -> [(Labels, Double)] {
        (0..<count).map {
            (
                Labels(name: "m", ["i": "\($0)"]),
                Double(bitPattern: .random(in: 1...0x7fe0_0000_0000_0000, using: &random))
            )
        }
    }
}

@Suite struct EvictionTests {
    private static let tick: Int64 = 300_000
    /// Windows of noise would be larger than its samples.
    private static let untiered = GroupDefinition(intervalMilliseconds: 5000, buildsTiers: false)

    /// The cap holds after each commit, what goes is the oldest span, whole, and what is left is as it was.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func theOldestSpansGoAndTheCapHolds(seed: UInt64) throws {
        var noise = Noise(random: SeededGenerator(seed: seed))
        var written = try WrittenStore()
        let sizeMax = 1 << 19
        written.recorder.sizeMax = sizeMax
        var time: Int64 = 0
        for step in 0..<640 {
            time += Self.tick
            try written.append(time, noise.samples(150), group: Self.untiered)
            if step % 3 == 0 { try written.appendFrame(time + 1) }
            if step % 50 == 49 {
                try written.append(
                    time - Int64.random(in: 0...3 * 7_200_000, using: &noise.random), [(Labels(name: "late"), 1)],
                    group: Self.untiered)
            }
            let use = try written.store.spaceUse()
            #expect(use.usedBytes <= sizeMax, "seed \(seed), step \(step): \(use)")
        }
        #expect(written.recorder.evicted.blocks >= 8)
        #expect(written.recorder.evicted.processBlocks >= 8)
        #expect(written.recorder.evicted.registries >= 1)
        // All that is newer than the oldest block, and nothing else but what came late.
        let snapshot = try written.store.snapshot()
        let oldest = try #require(try snapshot.blockReferences(in: .all).first?.start) * 1000
        let seen = try answer(snapshot, [try Matcher("__name__", .notEqual, "late")], .all)
            .filter { $0.0.metricName == "m" }
        let wanted = written.naive.select([Matcher("__name__", equals: "m")], .all).compactMap {
            let kept = $0.1.filter { $0.0 > oldest }
            return kept.isEmpty ? nil : ($0.0, kept)
        }
        expectSame(seen, wanted, "seed \(seed)")
        #expect(time - oldest > 6 * 7_200_000, "a store of half a MiB keeps some spans")
        let days = try snapshot.registryDays(in: .all)
        #expect(days.first == Block.spanStart(oldest, length: Block.daySeconds) || days.isEmpty == false)
    }

    /// A tier that is coarser goes only when the finer one is used up.
    @Test func tiersGoInTheirOrder() throws {
        var noise = Noise(random: SeededGenerator(seed: 7))
        var written = try WrittenStore()
        for step in 0..<240 as Range<Int64> {
            try written.append(step * Self.tick, noise.samples(200), group: Self.untiered)
        }
        try written.recorder.sealEverything()
        // Blocks of later tiers, older than all raw ones: what they hold does not matter here.
        let stripe = [UInt8](repeating: 7, count: 4076)
        let old: Int64 = -864_000
        for (tier, count) in [(1, 30), (2, 10)] as [(UInt8, UInt16)] {
            for number in 0..<count {
                try written.store.overwrite(
                    Key.block(group: 1, tier: tier, start: old, stripe: number), payload: stripe)
                try written.store.overwrite(Key.frameBlock(tier: tier, start: old, stripe: number), payload: stripe)
            }
        }
        func tiers() throws -> Set<UInt8> {
            Set(try EvictionSpan.all(in: written.store).map(\.tier))
        }
        #expect(try tiers() == [0, 1, 2])
        var lost: [Set<UInt8>] = []
        var bytes = try written.store.spaceUse().usedBytes
        while try !tiers().isEmpty {
            bytes -= 40_000
            let before = try tiers()
            let plan = try written.store.evict(downTo: bytes, isDryRun: true)
            let report = try written.store.evict(downTo: bytes)
            #expect(report.isEmpty == plan.isEmpty)
            let after = try tiers()
            if after != before { lost.append(before.subtracting(after)) }
            if bytes < 0 { break }
        }
        #expect(lost.flatMap { $0.sorted() } == [0, 1, 2])
    }

    @Test func aStoreBelowTheCapIsLeftAlone() throws {
        var written = try WrittenStore()
        try written.append(0, [(Labels(name: "m"), 1)])
        try written.recorder.sealEverything()
        let commit = try written.store.snapshot().commitNumber
        #expect(try written.store.evict(downTo: 1 << 20).isEmpty)
        #expect(try written.store.snapshot().commitNumber == commit)
    }

    /// A head that alone is larger than the cap is sealed early, and recording goes on.
    @Test func aHeadThatIsTooLargeIsSealed() throws {
        var noise = Noise(random: SeededGenerator(seed: 8))
        var written = try WrittenStore()
        written.recorder.sizeMax = 600_000
        // All within one span, and more of it than the store may hold.
        for step in 0..<500 as Range<Int64> { try written.append(step * 10_000, noise.samples(200)) }
        #expect(written.recorder.sealCount > 0 && written.recorder.evicted.blocks > 0)
        // Between two early seals there may be what five minutes bring.
        #expect(try written.store.spaceUse().usedBytes <= 600_000 + 40 * 4096)
        let newest = try written.store.snapshot().newestSampleTime()
        #expect(newest == Timestamp(milliseconds: 499 * 10_000))
    }

    /// Killed at random while it records at its cap: whole spans are missing at the old end and nothing else.
    @Test(arguments: 1...2 as ClosedRange<UInt64>) func aKillLeavesWholeSpans(seed: UInt64) async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var random = SeededGenerator(seed: seed)
        for run in 0..<5 {
            let microseconds = UInt32.random(in: 20_000...300_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                try CrashWorld.dieRecording(path, after: microseconds, sizeMax: 450_000)
            }
            let acknowledged = CrashWorld.acknowledged(in: path + "/acknowledged")
            let recorder = try Recorder(path: path, host: testHost)
            let snapshot = try recorder.store.snapshot()
            // The oldest span may be half there only where late samples of an evicted span wait.
            let oldest = try snapshot.blockReferences(in: .all).first?.start ?? 0
            let problems = try CrashWorld.problems(
                recorder.store, acknowledged: acknowledged, cutoff: oldest * 1000, deaths: Int64(run + 1),
                deathsEver: Int64(run + 1))
            #expect(problems.isEmpty, "seed \(seed), run \(run): \(problems.prefix(5))")
        }
    }
}
