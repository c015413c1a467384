import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Aliases where windows answer: in the place of samples, and where samples are gone.
struct AliasTierTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour

    private static let table = AliasTable([
        AliasList(.node, beginning: "al_", isExclusive: true) {
            [
                Alias("al_renamed", .stored("counter_total"), [.rename("host", to: "h")]),
                Alias("al_half", .product(.stored("counter_total"), 0.5)),
                Alias("al_ratio", .quotient(.stored("gauge"), 100)),
                Alias("al_free", .difference(.stored("size"), .stored("gauge"))),
                Alias("al_both", .sum(.stored("gauge"), .stored("other"))),
            ]
        }
    ])

    /// Four days, a sample a minute.
    private static func data(_ seed: UInt64) -> [(labels: Labels, samples: [Sample])] {
        var random = SeededGenerator(seed: seed)
        var counter = 0.0
        var columns: [String: [Sample]] = [:]
        for minute in 1...(4 * 24 * 60) as ClosedRange<Int64> {
            counter =
                Int.random(in: 0..<700, using: &random) == 0
                ? 0 : counter + Double(Int.random(in: 0...9, using: &random))
            let time = Timestamp(milliseconds: minute * 60_000)
            columns["counter_total", default: []].append(Sample(time: time, value: counter))
            columns["size", default: []].append(Sample(time: time, value: 1_000_000))
            for name in ["gauge", "other"] {
                let value = Double(Int.random(in: 0...1_000_000, using: &random)) / 8
                columns[name, default: []].append(Sample(time: time, value: value))
            }
        }
        return columns.map { (Labels(name: $0.key, ["host": "a"]), $0.value) }.sorted { $0.labels < $1.labels }
    }

    private static func engine() -> QueryEngine {
        var engine = QueryEngine()
        engine.aliases = table
        return engine
    }

    private static func answer(_ query: String, _ snapshot: Snapshot, _ tier: Tier? = nil) throws -> QueryResult {
        try engine().evaluate(
            query,
            at: .range(
                start: Timestamp(milliseconds: 12 * hour), end: Timestamp(milliseconds: 4 * day),
                stepMilliseconds: 2 * hour), in: snapshot, options: QueryOptions(resolution: tier))
    }

    private static func values(_ result: QueryResult) -> [Double] {
        guard case .matrix(let series) = result.value else { return [] }
        return series.flatMap { $0.samples.map(\.value) }
    }

    static let metrics = ["al_renamed", "al_half", "al_ratio", "al_free", "al_both"]
    static let functions = [
        "M", "min_over_time(M[4h])", "max_over_time(M[4h])", "count_over_time(M[4h])", "last_over_time(M[4h])",
        "resets(M[4h])", "rate(M[4h])", "delta(M[4h])", "avg_over_time(M[4h])", "quantile_over_time(0.5, M[4h])",
        "absent_over_time(M[4h])", "timestamp(M)",
    ]

    @Test(arguments: UInt64(0)..<2)
    func windowsAnswerOnlyWhatSamplesWould(seed: UInt64) throws {
        let store = try TestStore()
        try store.load(Self.data(seed), intervalMilliseconds: 60_000)
        let snapshot = try store.snapshot()
        var fromWindows: Set<String> = []
        for metric in Self.metrics {
            for function in Self.functions {
                let query = function.replacing("M", with: metric)
                let chosen = try Self.answer(query, snapshot)
                let raw = try Self.answer(query, snapshot, .raw)
                #expect(sameBits(Self.values(chosen), Self.values(raw)), "seed \(seed): \(query)")
                #expect(chosen.annotations == raw.annotations, "seed \(seed): \(query)")
                if chosen.statistics.windows > 0 { fromWindows.insert(metric) }
            }
        }
        // Sums and differences are made of samples as long as these are there.
        #expect(fromWindows == ["al_renamed", "al_half", "al_ratio"])
    }

    @Test(arguments: UInt64(0)..<2)
    func whatIsLeftAnswers(seed: UInt64) throws {
        let (whole, forgetful) = (try TestStore(), try TestStore())
        try whole.load(Self.data(seed), intervalMilliseconds: 60_000)
        try forgetful.load(Self.data(seed), intervalMilliseconds: 60_000)
        try forgetful.forget(TierKeep(raw: Self.day, minute: 2 * Self.day, hour: 100 * Self.day), now: 4 * Self.day)
        let (all, left) = (try whole.snapshot(), try forgetful.snapshot())
        for metric in Self.metrics {
            for function in Self.functions where !function.hasPrefix("quantile") && !function.hasPrefix("rate") {
                let query = function.replacing("M", with: metric)
                let (found, expected) = (try Self.answer(query, left), try Self.answer(query, all, .raw))
                let (values, truth) = (Self.values(found), Self.values(expected))
                #expect(values.count == truth.count, "seed \(seed): \(query)")
                #expect(found.statistics.windows > 0, "seed \(seed): \(query)")
                // Of two that move, lowest and highest are bounds; when differences fell is told by neither.
                let movesTwice = metric == "al_both" && (query.hasPrefix("min") || query.hasPrefix("max"))
                let fallsAreGone = query.hasPrefix("resets") && (metric == "al_both" || metric == "al_free")
                let said = found.annotations.map(\.message).joined()
                if movesTwice || fallsAreGone { #expect(said.contains("its two series"), "\(query): \(said)") }
                if fallsAreGone { continue }
                for (value, right) in zip(values, truth) {
                    let allowed = movesTwice ? 150_000 : query.hasPrefix("avg") ? right.magnitude * 1e-12 : 0
                    #expect((value - right).magnitude <= allowed, "seed \(seed): \(query): \(value), not \(right)")
                    if movesTwice { #expect(query.hasPrefix("min") ? value <= right : value >= right) }
                }
            }
        }
    }

    @Test func windowsOfTwoSeries() {
        func windows(_ values: [Double], from start: Int64 = 10_000) -> WindowColumns {
            var column = SampleColumn()
            for (place, value) in values.enumerated() { column.append(start + Int64(place) * 10_000, value) }
            return Rollup.windows(of: column, .minute)
        }
        var losses = WindowLosses()
        let exact = Formula.Operation.minus.join(windows([9, 9, 9]), windows([1, 5, 3]), &losses)
        #expect(exact[0].first == 8 && exact[0].last == 6 && exact[0].min == 4 && exact[0].max == 8)
        #expect(exact[0].sum == 18 && exact[0].count == 3)
        #expect(losses.extremesBound == 0 && losses.missesFalls && !losses.isEstimated)
        losses = WindowLosses()
        let bounds = Formula.Operation.plus.join(windows([1, 5, 3]), windows([7, 1, 2]), &losses)
        #expect(bounds[0].min == 2 && bounds[0].max == 12 && bounds[0].sum == 19)
        // 8 6 5: the lowest is 3 lower than the ends say at most, the highest 4 higher.
        #expect(losses.extremesBound == 4 && losses.missesFalls)
        losses = WindowLosses()
        let shifted = Formula.Operation.plus.join(windows([1, 2]), windows([1, 2], from: 20_000), &losses)
        #expect(losses.isEstimated && shifted[0].count == 2)
        losses = WindowLosses()
        let ended = Formula.Operation.plus.join(windows([1, .staleMarker]), windows([1, 2]), &losses)
        #expect(ended[0].isStale && ended[0].count == 1)
        let falls = Formula.Operation.plus.join(windows([5, 2, 4]), windows([1, 1, 1]), &losses)
        #expect(falls[0].resets == 1 && falls[0].resetSum == 6)
    }
}
