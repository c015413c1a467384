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
}
