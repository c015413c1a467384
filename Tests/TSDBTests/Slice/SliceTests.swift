import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SliceTests {
    private func open(_ path: String) throws -> Snapshot {
        try Store(at: path, access: .snapshotFile).snapshot()
    }

    /// Blocks, rows, late samples and several days, cut anywhere.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func aSliceAnswersAsTheStoreDoes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        var time: Int64 = 0
        for step in 0..<200 {
            time += Int64.random(in: 1...1_200_000, using: &random)
            let samples = (0..<8).shuffled(using: &random).prefix(5).map {
                (Labels(name: "m\($0 % 2)", ["i": "\($0)"]), awkwardValues.randomElement(using: &random) ?? 0)
            }
            try written.append(time, Array(samples))
            if step % 20 == 19 { try written.append(time / 2 + 1, [(Labels(name: "late"), Double(step))]) }
        }
        let snapshot = try written.store.snapshot()
        for round in 0..<6 {
            let start = Int64.random(in: 0...time, using: &random)
            let range =
                round == 0
                ? TimeRange.all
                : TimeRange(
                    minMilliseconds: start, maxMilliseconds: start + Int64.random(in: 0...time, using: &random))
            let selectors = round % 2 == 0 ? [] : [[Matcher("__name__", equals: "m1")], [Matcher("i", equals: "2")]]
            let path = written.folder.path + "/slice\(round).mon"
            let report = try snapshot.writeSlice(SliceRequest(range: range, selectors: selectors), to: path)
            let wanted = written.naive.select([], range).filter { one in
                selectors.isEmpty || selectors.contains { $0.allSatisfy { $0.matches(one.0) } }
            }
            #expect(report.isEmpty == wanted.isEmpty && report.isEmpty == (access(path, F_OK) != 0))
            if report.isEmpty { continue }
            let slice = try open(path)
            expectSame(try answer(slice, [], .all), wanted, "seed \(seed), round \(round)")
            #expect(report.series == wanted.count, "seed \(seed), round \(round)")
            #expect(report.samples == wanted.reduce(0) { $0 + $1.1.count }, "seed \(seed), round \(round)")
            #expect(slice.store.host == testHost)
        }
    }

    /// A store of which samples, and minutes, are forgotten: a slice answers at each tier as the store does, but for
    /// windows that are cut.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func windowsAreThere(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let hour: Int64 = 3_600_000
        var written = try WrittenStore()
        let keep = TierKeep(raw: 20 * hour, minute: 60 * hour, hour: 9000 * hour)
        try written.recorder.use(RetentionPolicy(keep: keep))
        let labels = (0..<4).map { Labels(name: "m\($0 % 2)", ["i": "\($0)"]) }
        var time: Int64 = 0
        while time < 40 * 24 * hour {
            time += Int64.random(in: 60_000...2 * hour, using: &random)
            try written.append(time, labels.shuffled(using: &random).prefix(3).map { ($0, Double(time % 977)) })
        }
        _ = try written.store.retain(now: Timestamp(milliseconds: time))
        // One that came late, into a span that is sealed.
        try written.append(time - 10 * hour, [(labels[0], 5)])
        let snapshot = try written.store.snapshot()
        for round in 0..<4 {
            let start = Int64.random(in: 0...time, using: &random)
            let range =
                round == 0
                ? TimeRange.all
                : TimeRange(minMilliseconds: start, maxMilliseconds: Int64.random(in: start...time, using: &random))
            let selectors = round % 2 == 0 ? [] : [[Matcher("__name__", equals: "m1")]]
            let path = written.folder.path + "/slice\(round).mon"
            let report = try snapshot.writeSlice(SliceRequest(range: range, selectors: selectors), to: path)
            #expect(round > 0 || report.windows > 0)
            if report.isEmpty { continue }
            let slice = try open(path)
            let own = try snapshot.select(selectors.first ?? [], in: .all)
            let copy = try slice.select([], in: .all)
            for tier in [Tier.minute, .hour] {
                let length = tier.windowMilliseconds
                for index in 0..<own.count {
                    let after = max(try own.coverage(of: index)[tier], 0)
                    let (expected, found) = try (
                        Self.windows(own, index, tier, after), copy.labels.firstIndex(of: own.labels[index])
                    )
                    let inside = (0..<expected.count).filter {
                        expected.ends[$0] - length + 1 >= range.min.milliseconds
                            && expected.ends[$0] <= range.max.milliseconds
                    }.map { expected[$0] }
                    let got = try found.map { try Self.windows(copy, $0, tier, after) } ?? WindowColumns()
                    let there = (0..<got.count).filter {
                        got.ends[$0] - length + 1 >= range.min.milliseconds && got.ends[$0] <= range.max.milliseconds
                    }.map { got[$0] }
                    #expect(there.map(\.end) == inside.map(\.end), "seed \(seed), round \(round), \(tier), \(range)")
                    if let found, tier == .minute {
                        // Where the slice has samples its windows are those of the samples, cut ones, too.
                        let raw = max(try own.coverage(of: index).raw, range.min.milliseconds)
                        var samples = SampleColumn()
                        let after = tier.windowEnd(of: raw + 1)
                        try copy.read(
                            found, in: TimeRange(minMilliseconds: after + 1, maxMilliseconds: .max), into: &samples)
                        let made = Rollup.windows(of: samples, tier)
                        let read = try Self.windows(copy, found, tier, after)
                        #expect(read.ends == made.ends && read.counts == made.counts, "seed \(seed), round \(round)")
                    }
                    #expect(there.map(\.last) == inside.map(\.last) && there.map(\.count) == inside.map(\.count))
                }
            }
        }
    }

    private static func windows(
        _ selection: SeriesSelection, _ index: Int, _ tier: Tier, _ after: Int64
    ) throws -> WindowColumns {
        var windows = WindowColumns()
        try selection.readWindows(
            index, tier, after: Timestamp(milliseconds: after), through: TimeRange.all.max, into: &windows)
        return windows
    }

    @Test func everyKindOfRecordIsThere() throws {
        let written = try WrittenStore.ofEveryKind()
        let path = written.folder.path + "/all.mon"
        let snapshot = try written.store.snapshot()
        let report = try snapshot.writeSlice(SliceRequest(), to: path)
        let slice = try open(path)
        expectSame(try answer(slice, [], .all), try answer(snapshot, [], .all), "all")
        #expect(report.frames == 7)
        #expect(try slice.events(in: .all) == snapshot.events(in: .all))
        #expect(try slice.metadata(of: "m") == snapshot.metadata(of: "m"))
        #expect(try slice.newestSampleTime() == snapshot.newestSampleTime())
        // One file, no lock beside it.
        #expect(access(path + "-lock", F_OK) != 0)
        // On read-only media, by whom may only read.
        chmod(path, 0o444)
        _ = try open(path)
    }

    @Test func redactionTellsEqualFromDifferentAndNoMore() throws {
        let written = try WrittenStore.ofEveryKind()
        let path = written.folder.path + "/secret.mon"
        let redaction = Redaction(["i": .hash, "username": .drop, "name": .hash, "host": .hash])
        _ = try written.store.snapshot().writeSlice(SliceRequest(redaction: redaction), to: path)
        let slice = try open(path)
        let original = try answer(written.store.snapshot(), [], .all)
        let told = try answer(slice, [], .all)
        #expect(told.count == original.count)
        let values = told.compactMap { $0.0["i"] }
        #expect(values.count == 4 && Set(values).count == 4 && values.allSatisfy { $0.hasPrefix("redacted-") })
        #expect(told.allSatisfy { $0.0["username"] == nil })
        #expect(slice.store.host.name.hasPrefix("redacted-") && slice.store.host.machineID != testHost.machineID)
        #expect(try slice.events(in: .all).allSatisfy { $0.text.isEmpty })
        // None of the words is in the file.
        let bytes = SourceTree.text(of: path)
        for word in ["root", "deploy", "0123"] { #expect(!bytes.contains(word), "\(word)") }
        // Where a label is what tells series apart, it cannot be left out.
        let refused = #expect(throws: StoreError.self) {
            try written.store.snapshot().writeSlice(
                SliceRequest(redaction: Redaction(["i": .drop])), to: written.folder.path + "/merged.mon")
        }
        #expect(refused?.description.contains("use hash") == true)
        #expect(!FolderEntry.names(in: written.folder.path).contains { $0.hasPrefix("merged.mon") })
    }

    @Test func refusals() throws {
        let written = try WrittenStore.ofEveryKind()
        let path = written.folder.path + "/one.mon"
        _ = try written.store.snapshot().writeSlice(SliceRequest(), to: path)
        let taken = #expect(throws: StoreError.self) {
            try written.store.snapshot().writeSlice(SliceRequest(), to: path)
        }
        #expect(taken?.description.contains("is there already") == true)
        // A live store's file has readers that only its lock file keeps safe.
        let live = #expect(throws: StoreError.self) { try open(written.folder.path + "/tsdb/1/data.mdb") }
        #expect(live?.description.contains("--data") == true)
        #expect(#expect(throws: StoreError.self) { try open(written.folder.path + "/none.mon") } != nil)
    }
}
