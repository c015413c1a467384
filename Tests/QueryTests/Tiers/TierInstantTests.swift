import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Instant vectors from windows against those from the samples.
struct TierInstantTests {
    private func row(
        _ moments: StepGrid, lookback: Int64, times: Bool, _ fill: (inout NewestSample, inout [Double]) -> Void
    ) -> [Double] {
        var row = [Double](repeating: .absent, count: moments.count)
        var newest = NewestSample(moments: moments, lookback: lookback, takesTimes: times)
        fill(&newest, &row)
        return row
    }

    private func column(_ samples: SampleColumn, _ tier: Tier, seam: Int64) -> TieredColumn {
        var column = TieredColumn()
        var windows = Rollup.windows(of: samples.through(seam), tier)
        column.append(&windows, tier)
        if seam != .max { column.append(samples, after: seam, through: .max) }
        return column
    }

    @Test(arguments: [Tier.minute, .hour])
    func atTheEndsOfWindowsTheyAreTheSame(_ tier: Tier) {
        let length = tier.windowMilliseconds
        var (answered, ended) = (0, 0)
        for seed in UInt64(0)..<40 {
            var random = SeededGenerator(seed: seed)
            for texture in RandomSeries.allCases {
                let samples = texture.column(&random, window: length, windows: 30)
                let moments = StepGrid(
                    start: Int64.random(in: -2...3, using: &random) * length,
                    step: Int64.random(in: 1...3, using: &random) * length, count: 14)
                let lookback = Int64.random(in: 1...(2 * length), using: &random)
                let seam = Int64.random(in: 0...1, using: &random) == 0 ? Int64.max : 11 * length
                for times in [false, true] {
                    var remarks = TierRemarks()
                    let column = column(samples, tier, seam: seam)
                    let found = row(moments, lookback: lookback, times: times) { newest, row in
                        newest.fill(&row, 0..<moments.count, from: column, &remarks)
                    }
                    let expected = row(moments, lookback: lookback, times: times) { newest, row in
                        newest.fill(&row, 0..<moments.count, from: samples)
                    }
                    #expect(sameBits(found, expected), "\(texture), seed \(seed), times \(times)")
                    #expect(remarks.isEmpty)
                    answered += expected.count { $0.isPresent }
                    ended += expected.count { $0.isAbsent }
                }
            }
        }
        #expect(answered > 1000 && ended > 1000)
    }

    @Test func withinAWindowTheAnswerIsRightOrRemarkedOn() {
        var (same, remarked) = (0, 0)
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            for texture in RandomSeries.allCases {
                let samples = texture.column(&random, window: 60_000, windows: 10)
                let moments = StepGrid(instant: Int64.random(in: 0...600_000, using: &random))
                let lookback = Int64.random(in: 1...90_000, using: &random)
                var remarks = TierRemarks()
                let column = column(samples, .minute, seam: .max)
                let found = row(moments, lookback: lookback, times: false) { newest, row in
                    newest.fill(&row, 0..<1, from: column, &remarks)
                }
                let expected = row(moments, lookback: lookback, times: false) { newest, row in
                    newest.fill(&row, 0..<1, from: samples)
                }
                if remarks.isEmpty {
                    #expect(sameBits(found, expected), "\(texture), seed \(seed)")
                    same += 1
                } else {
                    remarked += 1
                    // What it answers is a sample, none of the future.
                    let isPast = zip(samples.timestamps, samples.values).contains {
                        $0 <= moments.start && isSameAnswer($1, found[0])
                    }
                    #expect(found[0].isAbsent || isPast, "\(texture), seed \(seed)")
                }
            }
        }
        #expect(same > 100 && remarked > 100)
    }
}
