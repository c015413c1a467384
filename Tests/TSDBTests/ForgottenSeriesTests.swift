import Model
import TestSupport
import Testing

@testable import TSDB

/// A recorder that forgets its references goes on as if it had not.
@Suite struct ForgottenSeriesTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func nothingIsLostByIt(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        let perCommit = Int.random(in: 1...4, using: &random)
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: perCommit)
        let keep = TierKeep(all: 1 << 40)
        try recorder.use(
            RetentionPolicy(
                keep: keep,
                exceptions: [RetentionPolicy.Exception(matchers: [Matcher("i", equals: "3")], keep: .standard)]))
        var naive = NaiveStore()
        var (forgotten, refused) = (0, 0)
        for tick in 1...400 as ClosedRange<Int64> {
            // Over midnight and many spans, some of it late.
            let time = tick * 300_000 - (Int.random(in: 0..<9, using: &random) == 0 ? 450_000 : 0)
            if Int.random(in: 0..<5, using: &random) == 0 {
                let mayForget = recorder.pending.isEmpty
                #expect(recorder.forgetSeries() == mayForget, "references that wait are needed")
                if mayForget { forgotten += 1 } else { refused += 1 }
            }
            // In another order each time, so that a reference is another one.
            var row = Scrape.Row(group: WrittenStore.group, samples: [])
            for number in (0..<8).shuffled(using: &random).prefix(6) {
                let labels = Labels(name: "m", ["i": "\(number)", "day": "\(tick / 100)"])
                let value = Double(tick * 10 + Int64(number))
                row.samples.append((recorder.reference(for: labels), value))
                naive.add(labels, time, value)
            }
            recorder.describe(MetricFamily(name: "m", kind: .gauge, help: "Since \(tick / 40)."))
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        }
        try recorder.commit()
        #expect(forgotten > 5 && (perCommit == 1 || refused > 0), "seed \(seed)")
        expectSame(try answer(recorder.store.snapshot(), [], .all), naive.select([], .all), "seed \(seed)")
        #expect(try recorder.store.snapshot().metadata(of: "m")?.help == "Since 10.")
        #expect(try StoreCheck.run(at: folder.path).findings.isEmpty)
    }
}
