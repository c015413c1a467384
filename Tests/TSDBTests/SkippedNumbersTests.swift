import Model
import TestSupport
import Testing

@testable import TSDB

/// Whoever asks where samples are gets the same times and the same stale markers, whatever the values are read as.
@Suite struct SkippedNumbersTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func timesAndStaleMarkersStay(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        var level = 1000.0
        for tick in 0..<2000 as Range<Int64> {
            var row = Scrape.Row(group: WrittenStore.group, samples: [])
            level += Double(Int.random(in: -3...9, using: &random))
            // A counter, decimals, a share of two, a copy, few values, noise; the last four end now and then.
            let noise = Double.random(in: 0...1, using: &random)
            let values = [
                level, (level / 7).rounded() / 100, 100 - level / 50, level, Double(tick % 3), noise,
                tick % 90 == 0 ? .staleMarker : level, tick % 70 == 0 ? .staleMarker : noise,
                tick % 400 == 7 ? .staleMarker : 5, tick == 555 ? .staleMarker : Double(tick),
            ]
            for (number, value) in values.enumerated() where Int.random(in: 0..<50, using: &random) > 0 {
                row.samples.append((recorder.reference(for: Labels(name: "m\(number)")), value))
            }
            try recorder.append(Scrape(time: Timestamp(milliseconds: tick * 15_000), rows: [row]))
        }
        try recorder.sealEverything()
        let snapshot = try recorder.store.snapshot()
        let (whole, skipping) = (try snapshot.select([], in: .all), try snapshot.select([], in: .all))
        skipping.skipNumbers()
        var others = 0
        for index in 0..<whole.count {
            for _ in 0..<4 {
                let start = Int64.random(in: -100...20_000_000, using: &random)
                let length = Int64.random(in: 0...30_000_000, using: &random)
                let range = TimeRange(minMilliseconds: start, maxMilliseconds: start + length)
                var (one, other) = (SampleColumn(), SampleColumn())
                try whole.read(index, in: range, into: &one)
                try skipping.read(index, in: range, into: &other)
                #expect(one.timestamps == other.timestamps, "\(whole.labels[index])")
                #expect(one.values.map(\.isStaleMarker) == other.values.map(\.isStaleMarker), "\(whole.labels[index])")
                if one.values != other.values { others += 1 }
            }
        }
        #expect(others > 0, "nothing was skipped")
    }
}
