import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RecorderTests {
    /// What `willSeal` says is what the append then does, whatever shares a commit and wherever the clock jumps.
    @Test(arguments: [1, 3, 12]) func willSealForetellsTheAppend(scrapesPerCommit: Int) throws {
        let seed = UInt64(scrapesPerCommit)
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: scrapesPerCommit)
        let series = recorder.reference(for: Labels(name: "m"))
        let group = GroupDefinition(intervalMilliseconds: 60_000)
        var time: Int64 = 0
        var seals = 0
        for tick in 0..<400 {
            time += Int64.random(in: 1...60, using: &random) * 60_000
            let scrape = Scrape(
                time: Timestamp(milliseconds: time), rows: [Scrape.Row(group: group, samples: [(series, Double(tick))])]
            )
            let (before, foretold) = (recorder.sealCount, recorder.willSeal(at: scrape.time))
            try recorder.append(scrape)
            #expect((recorder.sealCount > before) == foretold, "tick \(tick), seed \(seed)")
            seals += recorder.sealCount - before
        }
        #expect(seals > 50)
    }

    /// A key of the store holds 511 bytes at most. A longer name has no description; all else is written.
    @Test func aNameTooLongToDescribeHoldsNothingUp() throws {
        var written = try WrittenStore()
        let long = String(repeating: "x", count: 600)
        let ordinary = MetricFamily(name: "m", kind: .gauge, help: "What m is.")
        written.recorder.describe(MetricFamily(name: "first", kind: .counter, help: "Before it."))
        written.recorder.describe(MetricFamily(name: long, kind: .gauge, help: "Too long."))
        written.recorder.describe(ordinary)
        try written.append(0, [(Labels(name: long), 1), (Labels(name: "m"), 2)])
        let snapshot = try written.store.snapshot()
        #expect(try snapshot.metadata(of: "first")?.help == "Before it.")
        #expect(try snapshot.metadata(of: "m") == ordinary)
        #expect(try snapshot.metadata(of: long) == nil)
        try written.expectEqualsModel("a long name")
    }

    /// A process that dies while it makes the first store leaves files that hold nothing, or a part of the first pages.
    @Test(arguments: [0, 1, 4095, 4096, 8191]) func aStoreThatWasNeverFinishedIsBegunAnew(bytes: Int) throws {
        let folder = TemporaryFolder()
        do {
            let other = TemporaryFolder()
            let recorder = try Recorder(path: other.path, host: testHost)
            try recorder.close()
            let whole = SourceTree.bytes(of: other.path + "/tsdb/1/data.mdb")
            #expect(whole.count >= 8192)
            for path in ["/tsdb", "/tsdb/1"] { #expect(mkdir(folder.path + path, 0o770) == 0) }
            let file = open(folder.path + "/tsdb/1/data.mdb", O_WRONLY | O_CREAT, 0o660)
            #expect(write(file, whole, bytes) == bytes)
            close(file)
        }
        #expect(throws: StoreError.self) { _ = try Store(at: folder.path, access: .read) }
        var recorder = try Recorder(path: folder.path, host: testHost)
        let series = recorder.reference(for: Labels(name: "m"))
        let row = Scrape.Row(group: WrittenStore.group, samples: [(series, 1)])
        try recorder.append(Scrape(time: Timestamp(milliseconds: 5), rows: [row]))
        #expect(try answer(recorder.store.snapshot(), [], .all).count == 1)
    }
}
