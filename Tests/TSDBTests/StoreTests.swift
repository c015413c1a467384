import Glibc
import Model
import TSDB
import TestSupport
import Testing

@Suite struct StoreTests {
    private let group = GroupDefinition(intervalMilliseconds: 5000)

    private func scrape(
        _ recorder: inout Recorder, _ time: Int64, _ samples: [(Labels, Double)], group: GroupDefinition? = nil
    ) throws {
        var row = Scrape.Row(group: group ?? self.group, samples: [])
        for (labels, value) in samples { row.samples.append((recorder.reference(for: labels), value)) }
        try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
    }

    @Test func aReaderFindsNoStoreAndSaysWhereItLooked() {
        let folder = TemporaryFolder()
        let error = #expect(throws: StoreError.self) { _ = try Store(at: folder.path, access: .read) }
        #expect(error == .noStore(path: folder.path))
        #expect(error?.description.contains("mon run --data \(folder.path)") == true)
    }

    @Test func aSecondRecorderIsRefusedWithThePid() throws {
        let folder = TemporaryFolder()
        let recorder = try Recorder(path: folder.path, host: testHost)
        let error = #expect(throws: StoreError.self) { _ = try Recorder(path: folder.path, host: testHost) }
        #expect(error == .recorderRuns(path: folder.path, pid: getpid()))
        #expect(Store.recorder(of: folder.path) == getpid())
        try recorder.close()
        #expect(Store.recorder(of: folder.path) == nil)
    }

    @Test func aScrapeIsSeenAsSoonAsItIsCommitted() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: 2)
        let up = Labels(name: "up")
        let reader = try Store(at: folder.path, access: .write(testHost))
        _ = reader
        var row = Scrape.Row(group: group, samples: [(recorder.reference(for: up), 1)])
        #expect(try recorder.append(Scrape(time: Timestamp(milliseconds: 1000), rows: [row])) == .buffered)
        #expect(try answer(recorder.store.snapshot(), [], .all).isEmpty)
        row.samples[0].value = 2
        #expect(try recorder.append(Scrape(time: Timestamp(milliseconds: 6000), rows: [row])) == .committed)
        let seen = try answer(recorder.store.snapshot(), [Matcher("__name__", equals: "up")], .all)
        #expect(seen.first?.1.map(\.0) == [1000, 6000])
    }

    /// Invariants 1 to 5: random scrapes, restarts and seals against a dictionary.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func answersAsADictionaryDoes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        var naive = NaiveStore()
        let names = (0..<40).map { Labels(name: "m\($0 % 7)", ["i": "\($0)", "j": "\($0 % 3)"]) }
        var time = Int64.random(in: -20_000_000...20_000_000, using: &random)
        var values = names.map { _ in Double(Int.random(in: 0...1000, using: &random)) }
        for _ in 0..<3 {
            var recorder = try Recorder(
                path: folder.path, host: testHost, scrapesPerCommit: Int.random(in: 1...4, using: &random))
            for _ in 0..<Int.random(in: 60...200, using: &random) {
                // Mostly the next tick, sometimes a long gap, sometimes a step back.
                switch Int.random(in: 0..<100, using: &random) {
                case 0: time += Int64.random(in: 0...10_000_000, using: &random)
                case 1: time -= Int64.random(in: 0...10_000_000, using: &random)
                case 2: break
                default: time += 5000
                }
                var samples: [(Labels, Double)] = []
                for index in names.indices where Int.random(in: 0..<20, using: &random) != 0 {
                    switch Int.random(in: 0..<30, using: &random) {
                    case 0: values[index] = awkwardValues.randomElement(using: &random) ?? 0
                    case 1...10: values[index] += Double(Int.random(in: 0...50, using: &random)) / 100
                    default: break
                    }
                    samples.append((names[index], values[index]))
                    naive.add(names[index], time, values[index])
                }
                let second = GroupDefinition(intervalMilliseconds: 10_000)
                try scrape(&recorder, time, samples, group: index(time) % 50 == 0 ? second : nil)
            }
            if Bool.random(using: &random) { try recorder.sealEverything() }
            try recorder.close()
        }
        let snapshot = try Store(at: folder.path, access: .read).snapshot()
        expectSame(try answer(snapshot, [], .all), naive.select([], .all), "seed \(seed)")
        for _ in 0..<20 {
            let matchers = try randomMatchers(&random)
            let start = time - Int64.random(in: 0...30_000_000, using: &random)
            let range = TimeRange(
                minMilliseconds: start, maxMilliseconds: start + Int64.random(in: 0...10_000_000, using: &random))
            expectSame(
                try answer(snapshot, matchers, range), naive.select(matchers, range), "seed \(seed) \(matchers)")
        }
    }

    private func index(_ time: Int64) -> Int64 { time / 5000 }

    private func randomMatchers(_ random: inout SeededGenerator) throws -> [Matcher] {
        let choices: [Matcher] = [
            Matcher("__name__", equals: "m3"), try Matcher("__name__", .matches, "m[0-4]"),
            try Matcher("i", .notEqual, "12"), try Matcher("i", .doesNotMatch, "1.*"), Matcher("j", equals: "1"),
            try Matcher("nothing", .equal, ""), try Matcher("j", .matches, "|2"), Matcher("nothing", equals: "x"),
        ]
        return (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in choices.randomElement(using: &random) }
    }

    @Test func listsLabelsAndMetadata() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        recorder.describe(MetricFamily(name: "a_total", kind: .counter, unit: "bytes", help: "What a counts."))
        try scrape(&recorder, 5000, [(Labels(name: "a_total", ["x": "1"]), 1), (Labels(name: "b", ["y": "ü"]), 2)])
        try recorder.sealEverything()
        try scrape(&recorder, 10_000, [(Labels(name: "c", ["x": "2"]), 1)])
        let snapshot = try recorder.store.snapshot()
        #expect(try snapshot.labelNames(matching: [], in: .all) == ["__name__", "x", "y"])
        #expect(try snapshot.labelValues(of: "x", matching: [], in: .all) == ["1", "2"])
        #expect(try snapshot.labelValues(of: "__name__", matching: [], in: .all) == ["a_total", "b", "c"])
        #expect(try snapshot.labelValues(of: "x", matching: [Matcher("__name__", equals: "c")], in: .all) == ["2"])
        #expect(try snapshot.metadata(of: "a_total")?.help == "What a counts.")
        #expect(try snapshot.metadata(of: "b") == nil)
        #expect(try snapshot.newestSampleTime() == Timestamp(milliseconds: 10_000))
        #expect(try snapshot.oldestSampleTime() == Timestamp(milliseconds: 5000))
    }

    @Test func aGapEndsWhatWasLive() throws {
        let folder = TemporaryFolder()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        do {
            var recorder = try Recorder(path: folder.path, host: testHost)
            for tick in 0..<10 as Range<Int64> { try scrape(&recorder, tick * 5000, labels.map { ($0, Double(tick)) }) }
            try recorder.close()
        }
        var recorder = try Recorder(path: folder.path, host: testHost)
        #expect(try recorder.markGap(before: Timestamp(milliseconds: 55_000)) == nil)
        #expect(try recorder.markGap(before: Timestamp(milliseconds: 200_000)) == Timestamp(milliseconds: 45_000))
        try scrape(&recorder, 200_000, [(labels[0], 7)])
        let seen = try answer(recorder.store.snapshot(), [], .all)
        #expect(seen.map { $0.1.last?.0 } == [200_000, 50_000, 50_000])
        #expect(seen[0].1.contains { $0 == (50_000, Double.staleMarkerBits) })
        // The mark is not made twice.
        #expect(try recorder.markGap(before: Timestamp(milliseconds: 205_000)) == nil)
    }

    /// The last row is the last moment of its day: the markers belong to the next, which has other ids.
    @Test func aGapAtMidnightEndsWhatWasLive() throws {
        let folder = TemporaryFolder()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        do {
            var recorder = try Recorder(path: folder.path, host: testHost)
            try scrape(&recorder, 86_395_000, labels.map { ($0, 1) })
            try scrape(&recorder, 86_400_000, labels.prefix(2).map { ($0, 2) })
            try recorder.close()
        }
        var recorder = try Recorder(path: folder.path, host: testHost)
        let midnight = Timestamp(milliseconds: 86_400_000)
        #expect(try recorder.markGap(before: Timestamp(milliseconds: 90_000_000)) == midnight)
        try scrape(&recorder, 90_000_000, [(Labels(name: "new"), 3), (labels[1], 7)])
        let seen = try answer(recorder.store.snapshot(), [], .all)
        #expect(seen.map(\.0) == labels + [Labels(name: "new")])
        let (one, two, seven) = (Double(1).bitPattern, Double(2).bitPattern, Double(7).bitPattern)
        let marker = Double.staleMarkerBits
        #expect(seen[0].1.map(\.1) == [one, two, marker])
        #expect(seen[1].1.map(\.1) == [one, two, marker, seven])
        #expect(seen[1].1.map(\.0) == [86_395_000, 86_400_000, 86_405_000, 90_000_000])
        #expect(seen[2].1.count == 1 && seen[3].1.map(\.0) == [90_000_000])
    }

    @Test func keepsEvents() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        let events = [
            Event(time: Timestamp(milliseconds: 1000), kind: .reboot, text: "booted"),
            Event(time: Timestamp(milliseconds: 1000), kind: .mark, text: "deploy", labels: Labels([Label("v", "2")])),
        ]
        try recorder.append(Scrape(time: Timestamp(milliseconds: 1000), events: events))
        #expect(try recorder.store.snapshot().events(in: .all) == events)
        #expect(
            try recorder.store.snapshot().events(in: TimeRange(minMilliseconds: 1001, maxMilliseconds: 9999)).isEmpty)
    }

    @Test func manySeriesFillSeveralGroups() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        let labels = (0..<8200).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 0..<2 as Range<Int64> { try scrape(&recorder, tick * 5000, labels.map { ($0, Double(tick)) }) }
        try recorder.sealEverything()
        let seen = try answer(recorder.store.snapshot(), [Matcher("i", equals: "8199")], .all)
        #expect(seen.first?.1.map(\.0) == [0, 5000])
        #expect(try recorder.store.snapshot().select([], in: .all).count == 8200)
    }
}
