import Model
import Synchronization
import TSDB
import Testing

@testable import Query

/// A query ends within 50 ms of its caller's word, whatever it is about.
struct CancellationTests {
    /// Four series of 2,000 samples, one a second.
    private func snapshot() throws -> Snapshot {
        let store = try TestStore()
        let series = (0..<4).map { number in
            (
                labels: Labels(name: "m_total", ["n": "\(number)"]),
                samples: (0..<2000).map { Sample(time: Timestamp(milliseconds: $0 * 1000), value: 0.1 * Double($0)) }
            )
        }
        try store.load(series, intervalMilliseconds: 1000)
        return try store.snapshot()
    }

    @Test func endsWhenItsWordIsGiven() throws {
        let isCancelled = Atomic(false)
        let interruption = Interruption(timeout: nil, isCancelled: { isCancelled.load(ordering: .relaxed) })
        let time = QueryTime.instant(Timestamp(milliseconds: 600_000))
        let snapshot = try snapshot()
        _ = try QueryEngine().evaluate("m_total", at: time, in: snapshot, interruption: interruption)
        isCancelled.store(true, ordering: .relaxed)
        #expect(throws: QueryError.cancelled) {
            try QueryEngine().evaluate("m_total", at: time, in: snapshot, interruption: interruption)
        }
    }

    /// Among many series the search itself takes long: the query ends there, with its own word.
    @Test func endsInTheMidstOfASearch() throws {
        let store = try TestStore()
        try store.load(
            (0..<10_000).map { number in
                (
                    Labels(name: "m", ["i": "\(number &* 7_919 % 10_007)"]),
                    [Sample(time: Timestamp(milliseconds: 0), value: 1)]
                )
            }, intervalMilliseconds: 1000)
        let snapshot = try store.snapshot()
        let questions = Questions(stoppedAt: 4)
        #expect(throws: QueryError.cancelled) {
            try QueryEngine().evaluate(
                "m{i=~\".+\"}", at: .instant(Timestamp(milliseconds: 0)), in: snapshot,
                interruption: questions.interruption)
        }
        // Before any series is read, each of which asks.
        #expect(questions.count < 10)
    }

    /// How often a query asks whether to go on.
    private func asked(_ query: String, stepMilliseconds: Int64, _ snapshot: Snapshot) throws -> Int {
        let questions = Questions()
        let time = QueryTime.range(
            start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 2_000_000),
            stepMilliseconds: stepMilliseconds)
        let engine = QueryEngine(acceptsExperimental: true)
        _ = try engine.evaluate(query, at: time, in: snapshot, interruption: questions.interruption)
        return questions.count
    }

    /// 1.4 million values, of four series: whoever asks between series only asks seven times.
    @Test(arguments: [
        "avg_over_time(m_total[30m])", "sum_over_time(m_total[30m])", "stddev_over_time(m_total[30m])",
        "stdvar_over_time(m_total[30m])", "deriv(m_total[30m])", "predict_linear(m_total[30m], 60)",
        "quantile_over_time(0.3, m_total[30m])", "mad_over_time(m_total[30m])",
        "double_exponential_smoothing(m_total[30m], 0.5, 0.5)",
    ])
    func kernelsAskWithinSeries(_ query: String) throws {
        #expect(try asked(query, stepMilliseconds: 5000, snapshot()) >= 15)
    }

    /// 400,000 values: whoever asks once a part of the plan asks three times more than the selector alone.
    @Test(arguments: [
        "exp(m_total)", "m_total * 2", "round(m_total, 0.3)", "m_total / on (n) m_total", "m_total and m_total",
        "sum by (n) (m_total)", "topk(3, m_total)", "quantile(0.5, m_total)",
    ])
    func operatorsAskWithinVectors(_ query: String) throws {
        let snapshot = try snapshot()
        let least = try asked("m_total", stepMilliseconds: 20, snapshot)
        #expect(try asked(query, stepMilliseconds: 20, snapshot) >= least + 4)
    }

    /// 6,000 series, all of one moment.
    private func manySeries() throws -> Snapshot {
        let store = try TestStore()
        try store.load(
            (0..<6_000).map { number in
                (
                    Labels(name: "m", ["i": "\(number &* 7_919 % 6_007)", "x": "\(number % 50)"]),
                    [Sample(time: Timestamp(milliseconds: 0), value: Double(number % 4_000))]
                )
            }, intervalMilliseconds: 1000)
        return try store.snapshot()
    }

    private static let instantQueries = [
        "count by (i) (m)", "sum by (x, i) (m)", "avg without (x) (m)", "quantile(0.5, m)", "quantile by (i) (0.5, m)",
        "topk(100000, m)", "bottomk by (i) (3, m)", "count_values(\"v\", m)", "limitk(100000, m)",
        "limit_ratio(0.5, m)", "label_replace(m, \"y\", \"$1\", \"x\", \"(.*)\")",
        "label_join(m, \"y\", \"-\", \"i\", \"x\")",
        "sort_by_label(m, \"i\")", "m and on (i) m", "m / on (i) m", "m unless on (x) m", "abs(m)",
        "round(m, 3)", "histogram_quantile(0.9, m)", "sum(m * 2)",
    ]

    /// How often an instant query asks; it ends with its `n`th question where that is told.
    private func asked(
        _ query: String, _ snapshot: Snapshot, endingAt n: Int = .max
    ) -> (count: Int, result: Result<QueryResult, QueryError>) {
        let questions = Questions(stoppedAt: n)
        let result = Result<QueryResult, QueryError> { () throws(QueryError) in
            try QueryEngine(acceptsExperimental: true).evaluate(
                query, at: .instant(Timestamp(milliseconds: 0)), in: snapshot,
                interruption: questions.interruption)
        }
        return (questions.count, result)
    }

    /// Each series asks when it is read; whatever is done with all of them after that asks, too.
    @Test(arguments: instantQueries)
    func asksBehindTheReading(_ query: String) throws {
        let snapshot = try manySeries()
        // Selectors that stand twice are read once.
        let least = asked("m", snapshot).count
        #expect(least >= 6_000)
        #expect(asked(query, snapshot).count >= least + 2)
    }

    /// Wherever the word is given, the query ends with that question, or with one more where it looks for the reason.
    @Test(arguments: instantQueries + ["m", "sort(m)", "m > 10", "sum(rate(m[5m]))", "max_over_time(m[5m:1m])"])
    func endsWithTheQuestion(_ query: String) throws {
        let snapshot = try manySeries()
        // Names that are read once ask once.
        _ = asked(query, snapshot)
        let all = asked(query, snapshot)
        _ = try all.result.get()
        for n in [1, 2, 5, 3000] + Array(max(1, all.count - 3)...all.count) where n <= all.count {
            let ended = asked(query, snapshot, endingAt: n)
            #expect(throws: QueryError.cancelled, "question \(n) of \(all.count)") { _ = try ended.result.get() }
            #expect(ended.count <= n + 1, "question \(n) of \(all.count)")
        }
    }
}

/// Counts how often a query asks whether to go on.
private final class Questions: Sendable {
    private let asked = Mutex(0)
    private let last: Int

    /// - Parameter last: The question that is answered by a stop.
    init(stoppedAt last: Int = .max) { self.last = last }

    var count: Int { asked.withLock { $0 } }

    var interruption: Interruption {
        Interruption(
            timeout: nil,
            isCancelled: {
                self.asked.withLock { asked in
                    asked += 1
                    return asked >= self.last
                }
            })
    }
}
