import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Aggregations that may not hold all values answer, part by part, what they answer at once: to the bit, and having
/// read as much.
struct HeldValuesTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func partsAreTheWhole(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = try TestStore()
        // Series that come and go, so that groups appear at different steps.
        let series = (0..<24).map { number in
            let first = Int64.random(in: 0..<60, using: &random)
            let samples = (first..<first + 40).compactMap { minute in
                Int.random(in: 0..<6, using: &random) == 0
                    ? nil
                    : Sample(
                        time: Timestamp(milliseconds: minute * 60_000),
                        value: Double(Int.random(in: 0...9, using: &random)) / 10)
            }
            return (labels: Labels(name: "m", ["i": "\(number)", "g": "\(number * 7 % 5)"]), samples: samples)
        }
        try store.load(series, intervalMilliseconds: 60_000)
        let snapshot = try store.snapshot()
        let time = QueryTime.range(
            start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 7_000_000), stepMilliseconds: 90_000)
        for query in [
            "quantile(0.3, m)", "quantile by (g) (0.9, m)", "sum(quantile by (g) (0.7, m * 0.1))",
            "quantile by (g) (0.5, avg_over_time(m[5m]))", "quantile(0.4 + 0 * time(), m)",
            "quantile without (i) (2, max_over_time(m[10m:1m]))", "quantile by (g) (0.5, m @ 3000)",
            "count_values by (g) (\"v\", m)", "count_values without (i) (\"g\", m > 0.3)",
            "sum by (v) (count_values(\"v\", max_over_time(m[5m])))",
        ] {
            let whole = try QueryEngine().evaluate(query, at: time, in: snapshot)
            for most in [1, 30, 200] {
                var limits = QueryLimits()
                limits.heldValuesMax = most
                let parts = try QueryEngine(limits: limits).evaluate(query, at: time, in: snapshot)
                #expect(parts.value == whole.value, "seed \(seed), at most \(most): \(query)")
                #expect(parts.annotations == whole.annotations, "seed \(seed), at most \(most): \(query)")
                #expect(parts.statistics.samples == whole.statistics.samples, "\(query)")
                #expect(parts.statistics.series == whole.statistics.series, "\(query)")
            }
        }
    }

    /// Of several best ones that are equal the same stay, whether the vector is seen as a whole (by a label that none
    /// has) or series by series.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func theBestAreTheSameSeriesBySeries(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = try TestStore()
        let values = [0, 1, 1, 2, 2, 3, .nan, .infinity, -.infinity] as [Double]
        let series = (0..<15).map { number in
            let samples = (0..<30 as Range<Int64>).compactMap { minute in
                Int.random(in: 0..<4, using: &random) == 0
                    ? nil
                    : Sample(
                        time: Timestamp(milliseconds: minute * 60_000), value: values.randomElement(using: &random) ?? 0
                    )
            }
            return (labels: Labels(name: "m", ["i": "\(number)"]), samples: samples)
        }
        try store.load(series, intervalMilliseconds: 60_000)
        let snapshot = try store.snapshot()
        let time = QueryTime.range(
            start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 1_700_000), stepMilliseconds: 60_000)
        for name in ["topk", "bottomk"] {
            for count in [1, 2, 5, 14, 20] {
                let rows = try QueryEngine().evaluate("\(name)(\(count), m)", at: time, in: snapshot)
                let whole = try QueryEngine().evaluate("\(name) by (none) (\(count), m)", at: time, in: snapshot)
                guard case .matrix(let left) = rows.value, case .matrix(let right) = whole.value else {
                    Issue.record("no matrix")
                    return
                }
                #expect(left.map(\.labels) == right.map(\.labels), "seed \(seed): \(name)(\(count))")
                for (a, b) in zip(left, right) {
                    #expect(a.samples.map(\.time) == b.samples.map(\.time))
                    #expect(a.samples.map(\.value.bitPattern) == b.samples.map(\.value.bitPattern))
                }
            }
        }
    }
}
