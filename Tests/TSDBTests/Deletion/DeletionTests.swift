import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct DeletionTests {
    private static let hour: Int64 = 3_600_000

    private static func matchers(_ index: String) -> [Matcher] {
        [Matcher("__name__", equals: "m"), Matcher("i", equals: index)]
    }

    private static func range(_ min: Int64, _ max: Int64) -> TimeRange {
        TimeRange(minMilliseconds: min, maxMilliseconds: max)
    }

    /// Random appends, late samples, seals and deletions against a dictionary.
    @Test(arguments: 1...5 as ClosedRange<UInt64>) func deletesWhatADictionaryDeletes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        var time: Int64 = 20 * Self.hour
        for step in 0..<150 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0...6:
                time += Int64.random(in: 1...900_000, using: &random)
                let samples = (0..<6).shuffled(using: &random).prefix(4).map {
                    (Labels(name: "m", ["i": "\($0)"]), Double(Int.random(in: 0...99, using: &random)))
                }
                try written.append(time, Array(samples))
            case 7:
                let late = time - Int64.random(in: 1...5 * Self.hour, using: &random)
                try written.append(late, [(Labels(name: "m", ["i": "0"]), -1), (Labels(name: "m", ["i": "5"]), -2)])
            case 8: try written.recorder.sealEverything()
            default:
                let start = time - Int64.random(in: 0...12 * Self.hour, using: &random)
                let range =
                    Bool.random(using: &random)
                    ? .all : Self.range(start, start + Int64.random(in: 0...6 * Self.hour, using: &random))
                let chosen = (0..<6).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }.map { "\($0)" }
                if chosen.isEmpty { continue }
                let selectors = chosen.map(Self.matchers)
                let plan = try written.store.wouldDelete(selectors, in: range)
                let report = try written.store.delete(selectors, in: range)
                #expect(report.samples == plan.samples && report.series == plan.series, "seed \(seed), step \(step)")
                var removed = 0
                for index in chosen {
                    let labels = Labels(name: "m", ["i": "\(index)"])
                    let kept = (written.naive.samples[labels] ?? [:]).filter {
                        !range.contains(Timestamp(milliseconds: $0.key))
                    }
                    removed += (written.naive.samples[labels]?.count ?? 0) - kept.count
                    written.naive.samples[labels] = kept
                }
                #expect(report.samples == removed, "seed \(seed), step \(step)")
            }
            try written.expectEqualsModel("seed \(seed), step \(step)")
        }
        try written.recorder.sealEverything()
        try written.expectEqualsModel("seed \(seed), sealed")
    }

    /// A series of which nothing is left has no name any more, and its id is nobody else's.
    @Test func namesGoWithTheirLastSample() throws {
        var written = try WrittenStore()
        let labels = (0..<4).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 0..<50 as Range<Int64> { try written.append(tick * 5000, labels.map { ($0, Double(tick)) }) }
        let report = try written.store.delete([Self.matchers("1"), Self.matchers("2")], in: .all)
        // Midnight ends a day: the first sample is of the day before, which has been folded and named in 30 days too.
        #expect(report.series == 2 && report.samples == 100 && report.names == 6, "\(report)")
        var snapshot = try written.store.snapshot()
        #expect(try snapshot.select([], in: .all).labels == [labels[0], labels[3]])
        #expect(try snapshot.labelValues(of: "i", matching: [], in: .all) == ["0", "3"])
        for index in [1, 2] { written.naive.samples[labels[index]] = nil }
        // The recorder goes on with one of them, and with a new one.
        for tick in 50..<60 as Range<Int64> {
            try written.append(tick * 5000, [(labels[0], 1), (labels[1], 7), (Labels(name: "n"), 2)])
        }
        try written.expectEqualsModel("recorded again")
        try written.recorder.sealEverything()
        try written.expectEqualsModel("and sealed")
        snapshot = try written.store.snapshot()
        #expect(try snapshot.select([], in: .all).labels.count == 4)
    }

    /// A deletion that was interrupted when the samples were gone and their windows were not is found unfinished.
    @Test func windowsOfSamplesThatAreGoneGo() throws {
        var written = try WrittenStore()
        for tick in 1...60 as ClosedRange<Int64> { try written.append(tick * 600_000, [(Labels(name: "m"), 1)]) }
        try written.recorder.sealEverything()
        let selectors = [[Matcher("__name__", equals: "m")]]
        for record in try written.store.records() where record.key[0] == Key.Kind.block.rawValue && record.key[3] == 0 {
            try written.store.remove(record.key)
        }
        let plan = try written.store.wouldDelete(selectors, in: .all)
        #expect(!plan.isEmpty && plan.samples == 0 && plan.series == 1, "\(plan)")
        let report = try written.store.delete(selectors, in: .all)
        #expect(report.windowBlocks > 0 && report.names > 0, "\(report)")
        #expect(try written.store.snapshot().tierReferences(in: .all).isEmpty)
        #expect(try written.store.wouldDelete(selectors, in: .all).isEmpty)
    }

    /// One that was interrupted when only names were left is found unfinished, too.
    @Test func namesWithoutSamplesAndWindowsGo() throws {
        var written = try WrittenStore()
        let labels = ["a", "b"].map { Labels(name: $0) }
        for tick in 1...60 as ClosedRange<Int64> { try written.append(tick * 600_000, labels.map { ($0, 1) }) }
        try written.recorder.sealEverything()
        for record in try written.store.records() where record.key[0] == Key.Kind.block.rawValue {
            try written.store.remove(record.key)
        }
        let selectors = [[Matcher("__name__", equals: "a")]]
        let plan = try written.store.wouldDelete(selectors, in: .all)
        #expect(!plan.isEmpty && plan.samples == 0 && plan.series == 0 && plan.names > 0, "\(plan)")
        #expect(try written.store.delete(selectors, in: .all).names == plan.names)
        #expect(try written.store.wouldDelete(selectors, in: .all).isEmpty)
        let names = try written.store.snapshot().labelValues(of: Labels.metricNameLabel, matching: [], in: .all)
        #expect(names == ["b"])
    }

    /// A block that a fold took since it was listed is no damage.
    @Test func aBlockThatIsGoneIsNone() throws {
        var written = try WrittenStore()
        try written.append(1000, [(Labels(name: "m"), 1)])
        try written.recorder.sealEverything()
        let reference = TierReference(group: 1, layer: .hourSlice, start: 50 * 86_400)
        let snapshot = try written.store.snapshot()
        let targets = try DeletionTargets([[]], in: .all, snapshot)
        #expect(try CutWindows(reference, without: targets, in: .all, WrittenStore.group, snapshot) == nil)
    }

    @Test func nothingMatchesAndProcessesStay() throws {
        let written = try WrittenStore.ofEveryKind()
        let before = try written.store.records().map(\.key)
        for matchers in [
            [Matcher("__name__", equals: "none")], [Matcher("__name__", equals: "process_memory_bytes")],
        ] {
            #expect(try written.store.wouldDelete([matchers], in: .all).isEmpty)
            #expect(try written.store.delete([matchers], in: .all) == DeletionReport())
        }
        #expect(try written.store.records().map(\.key) == before)
    }

    /// Killed while it deletes: what was not to go is there, and a second run ends it.
    @Test(arguments: 1...2 as ClosedRange<UInt64>) func aKillLeavesTheOthers(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let labels = (0..<30).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 0..<240 as Range<Int64> {
            try written.append(
                tick * 600_000, labels.map { ($0, Double.random(in: 0...1, using: &random)) })
        }
        let path = written.folder.path
        let naive = written.naive
        try written.recorder.close()
        let odd = [Matcher("__name__", equals: "m"), try Matcher("i", .matches, ".*[13579]")]
        for run in 0..<4 {
            let microseconds = UInt32.random(in: 2000...60_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                CrashWorld.dieLater(after: microseconds)
                let store = try Store(at: path, access: .write(HostIdentity(name: "", machineID: "")))
                let odd = [Matcher("__name__", equals: "m"), try Matcher("i", .matches, ".*[13579]")]
                while true { _ = try store.delete([odd], in: .all) }
            }
            let store = try Store(at: path, access: .read)
            let even = [try Matcher("i", .matches, ".*[02468]")]
            expectSame(try answer(store.snapshot(), even, .all), naive.select(even, .all), "seed \(seed), run \(run)")
        }
        let store = try Store(at: path, access: .write(testHost))
        _ = try store.delete([odd], in: .all)
        #expect(try answer(store.snapshot(), odd, .all).isEmpty)
    }
}
