import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Whole queries over a store that has all samples: windows may answer only what they answer to the bit.
struct TierQueryTests {
    private static let hour: Int64 = 3_600_000

    /// A day of a gauge, a counter of whole numbers, one of fractions that falls once, and one that falls often.
    private func store(_ seed: UInt64) throws -> TestStore {
        var random = SeededGenerator(seed: seed)
        let store = try TestStore()
        var data: [(labels: Labels, samples: [Sample])] = []
        for (name, texture) in [
            ("gauge", RandomSeries.decimals), ("whole_total", .wholeCounter), ("fine_total", .fractionalCounter),
            ("restless_total", .restlessCounter),
        ] {
            for host in ["a", "b"] {
                let column = texture.column(&random, window: Self.hour, windows: 24)
                data.append(
                    (
                        Labels(name: name, ["host": host]),
                        zip(column.timestamps, column.values).map {
                            Sample(time: Timestamp(milliseconds: $0), value: $1)
                        }
                    ))
            }
        }
        try store.load(data.sorted { $0.labels < $1.labels }, intervalMilliseconds: 60_000)
        return store
    }

    private func range(_ start: Int64, _ end: Int64, _ step: Int64) -> QueryTime {
        .range(
            start: Timestamp(milliseconds: start), end: Timestamp(milliseconds: end), stepMilliseconds: step)
    }

    static let functions = [
        "min_over_time(M[R])", "max_over_time(M[R])", "count_over_time(M[R])", "last_over_time(M[R])",
        "first_over_time(M[R])", "present_over_time(M[R])", "resets(M[R])", "rate(M[R])", "increase(M[R])",
        "delta(M[R])", "M", "timestamp(M)", "absent_over_time(M[R])", "max_over_time(M[R] offset 3h)",
        "max_over_time(M[R] @ 36000)", "sum(max_over_time(M[R])) - min(M offset 2h)", "avg_over_time(M[R])",
        "sum_over_time(M[R])", "max_over_time(rate(M[R])[6h:1h])", "quantile_over_time(0.5, M[R])", "changes(M[R])",
        "stddev_over_time(M[R])", "irate(M[R])", "deriv(M[R])",
    ]

    @Test(arguments: UInt64(0)..<4)
    func answersAreThoseOfTheSamples(seed: UInt64) throws {
        let snapshot = try store(seed).snapshot()
        let engine = QueryEngine()
        var fromWindows = 0
        for template in Self.functions {
            for metric in ["gauge", "whole_total", "fine_total", "restless_total", "nothing"] {
                for range in ["2h", "5h", "90m", "3601s"] {
                    let query = template.replacing("M", by: metric).replacing("R", by: range)
                    for time in [
                        self.range(0, 24 * Self.hour, Self.hour), self.range(-60_000, 20 * Self.hour, 1_740_000),
                        .instant(Timestamp(milliseconds: 20 * Self.hour)),
                    ] {
                        let chosen = try engine.evaluate(query, at: time, in: snapshot)
                        let raw = try engine.evaluate(
                            query, at: time, in: snapshot, options: QueryOptions(resolution: .raw))
                        #expect(raw.statistics.windows == 0)
                        fromWindows += chosen.statistics.windows > 0 ? 1 : 0
                        #expect(Self.isSame(chosen.value, raw.value), "seed \(seed): \(query)")
                        #expect(chosen.annotations == raw.annotations, "seed \(seed): \(query)")
                    }
                }
            }
        }
        #expect(fromWindows > 100)
    }

    private static func isSame(_ lhs: QueryValue, _ rhs: QueryValue) -> Bool {
        switch (lhs, rhs) {
        case (.vector(let a), .vector(let b)), (.matrix(let a), .matrix(let b)):
            a.count == b.count
                && zip(a, b).allSatisfy { one, other in
                    one.labels == other.labels && one.samples.map(\.time) == other.samples.map(\.time)
                        && zip(one.samples, other.samples).allSatisfy { isSameAnswer($0.value, $1.value) }
                }
        default: lhs == rhs
        }
    }

    @Test func whatIsReadIsSaid() throws {
        let snapshot = try store(7).snapshot()
        let engine = QueryEngine()
        func check(
            _ query: String, _ time: QueryTime, windows: Bool, samples: Bool, _ resolution: Tier? = nil
        ) throws -> QueryResult {
            let result = try engine.evaluate(
                query, at: time, in: snapshot, options: QueryOptions(resolution: resolution))
            #expect((result.statistics.windows > 0) == windows, "\(query): \(result.statistics)")
            #expect((result.statistics.samples > 0) == samples, "\(query): \(result.statistics)")
            #expect(result.statistics.selectors.values.reduce(0) { $0 + $1.samples } == result.statistics.samples)
            return result
        }
        let aligned = range(0, 24 * Self.hour, Self.hour)
        let unaligned = range(1000, 24 * Self.hour, Self.hour)
        _ = try check("max_over_time(gauge[2h])", aligned, windows: true, samples: false)
        _ = try check("max_over_time(gauge[2h])", unaligned, windows: false, samples: true)
        _ = try check("max_over_time(gauge[2h] offset 1s)", aligned, windows: false, samples: true)
        // What counts is where the ranges end: at the same moments as without the offset.
        _ = try check("max_over_time(gauge[2h] offset 1s)", unaligned, windows: true, samples: false)
        _ = try check("max_over_time(gauge[2h] @ 3601)", aligned, windows: false, samples: true)
        _ = try check("max_over_time(gauge[150m])", aligned, windows: true, samples: false)
        _ = try check("max_over_time(gauge[9001s])", aligned, windows: false, samples: true)
        _ = try check("avg_over_time(gauge[2h])", aligned, windows: false, samples: true)
        _ = try check("avg_over_time(gauge[2h])", aligned, windows: true, samples: false, .hour)
        _ = try check("max_over_time(gauge[2h])", aligned, windows: false, samples: true, .raw)
        _ = try check("rate(whole_total[2h])", aligned, windows: true, samples: false, .minute)
        _ = try check("gauge[2h]", .instant(Timestamp(milliseconds: 7_200_000)), windows: false, samples: true)
        // Falls whose sum depends on the order are looked up among the samples.
        _ = try check("rate(restless_total[2h])", aligned, windows: true, samples: true)
        let both = try check(
            "max_over_time(gauge[3h]) - sum_over_time(gauge[3h])", aligned, windows: true, samples: true)
        let usage = both.statistics.selectors.sorted { $0.key.start < $1.key.start }.map(\.value)
        #expect(usage.count == 2 && usage[0].hourWindows > 20 && usage[0].samples == 0)
        #expect(usage[1].hourWindows == 0 && usage[1].samples == both.statistics.samples && usage[1].series == 2)
    }

    @Test func explainsWhatAnswers() throws {
        let store = try TestStore()
        let samples = (1...240).map { Sample(time: Timestamp(milliseconds: $0 * 60_000), value: Double($0)) }
        try store.load([(Labels(name: "m"), samples)], intervalMilliseconds: 60_000)
        let engine = QueryEngine()
        let time = QueryTime.instant(Timestamp(milliseconds: 4 * Self.hour))
        let query = "max_over_time(m[4h]) - avg_over_time(m[4h])"
        #expect(
            try engine.explain(query, at: time) == """
                evaluate at 14400
                  binary -, one-to-one
                    call max_over_time
                      range [4h] of {__name__="m"} reads (0, 14400], windows of 1h answer the same
                    call avg_over_time
                      range [4h] of {__name__="m"} reads (0, 14400]

                """)
        let statistics = try engine.evaluate(query, at: time, in: store.snapshot()).statistics
        let lines = try engine.explain(query, at: time, statistics: statistics).split(separator: "\n")
        #expect(lines[3].hasSuffix("(0, 14400], answered by 4 windows of 1h"))
        #expect(lines[5].hasSuffix("(0, 14400], answered by 240 samples"))
        let forced = try engine.explain(query, at: time, options: QueryOptions(resolution: .minute))
        #expect(forced.contains("(0, 14400], resolution 1m"))
    }

    @Test func remarksStandWhereTheirRangeStands() throws {
        let store = try TestStore()
        let samples = (1...480).map { Sample(time: Timestamp(milliseconds: $0 * 30_000), value: Double($0 % 7)) }
        try store.load([(Labels(name: "m_total"), samples)], intervalMilliseconds: 30_000)
        func check(_ query: String, at seconds: Int64, _ expected: [String], _ tier: Tier = .hour) throws {
            let result = try QueryEngine().evaluate(
                query, at: .instant(Timestamp(milliseconds: seconds * 1000)), in: store.snapshot(),
                options: QueryOptions(resolution: tier))
            #expect(result.annotations.map(\.message) == expected, "\(query)")
        }
        try check("rate(m_total[1h])", at: 7200, [])
        try check(
            "1 + rate(m_total[5m])", at: 7000,
            ["PromQL info: rate answered from the 1-hour windows around its range (1:10)"])
        try check(
            "max_over_time(m_total[5m])", at: 7000,
            ["PromQL warning: max_over_time answered from the 1-hour windows around its range (1:15)"])
        try check(
            "quantile_over_time(0.5, m_total[1h])", at: 7200,
            ["PromQL info: quantile_over_time answered from 1-hour windows; off by at most 3 (1:25)"])
        // The least and the greatest of two samples are the samples.
        try check("quantile_over_time(0.5, m_total[5m])", at: 7200, [], .minute)
        try check(
            "m_total", at: 7000,
            ["PromQL info: values answered from 1-hour windows; they are up to 1h older than the moment (1:1)"])
        try check("m_total", at: 7200, [])
        try check(
            "deriv(m_total[1h])", at: 7200, ["PromQL warning: deriv estimated from 1-hour windows (1:7)"])
        try check(
            "m_total[1h]", at: 7200,
            [
                "PromQL warning: range vector shows the first and the last sample of 1-hour windows only (1:1)"
            ])
    }
}

extension String {
    /// With each `mark` that stands alone replaced.
    fileprivate func replacing(_ mark: Character, by text: String) -> String {
        map { $0 == mark ? text : String($0) }.joined()
    }
}
