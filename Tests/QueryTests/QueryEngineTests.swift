import Model
import Synchronization
import TSDB
import Testing

@testable import Query

/// The engine's door: plans in words, limits, interruption, statistics.
struct QueryEngineTests {
    private let instant = QueryTime.instant(Timestamp(milliseconds: 600_000))
    private let range = QueryTime.range(
        start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 600_000), stepMilliseconds: 60_000)

    /// Three series of eleven samples, one a minute.
    private func store() throws -> TestStore {
        let store = try TestStore()
        let series = ["a", "b", "c"].map { host in
            (
                labels: Labels(name: "m_total", ["host": host]),
                samples: (0...10).map { Sample(time: Timestamp(milliseconds: $0 * 60_000), value: Double($0)) }
            )
        }
        try store.load(series, intervalMilliseconds: 60_000)
        return store
    }

    private func error(
        _ query: String, _ limits: QueryLimits, interruption: Interruption? = nil
    ) throws -> QueryError? {
        let snapshot = try store().snapshot()
        do {
            _ = try QueryEngine(limits: limits).evaluate(query, at: range, in: snapshot, interruption: interruption)
            return nil
        } catch {
            return error
        }
    }

    @Test func explainsItsPlan() throws {
        let engine = QueryEngine()
        #expect(
            try engine.explain(
                #"sum by (host) (rate(m_total{host!="c"}[5m])) > bool on (host) 2 * max(m_total @ 60 offset 30s)"#,
                at: range)
                    == """
                    evaluate from 0 to 600 by 1m, 11 steps
                      binary > bool, one-to-one on (host)
                        aggregate sum by (host)
                          call rate
                            range [5m] of {host!="c", __name__="m_total"} reads (-300, 600]
                        once (the same at every step)
                          binary *
                            number 2
                            aggregate max by ()
                              select {__name__="m_total"} @ 60 offset 30s reads (-270, 30]

                    """)
        #expect(
            try engine.explain("max_over_time(m_total[10m:]) + 2 ^ 3", at: instant)
                == """
                evaluate at 600
                  binary +
                    call max_over_time
                      subquery [10m:1m] from 60 to 600 by 1m, 10 steps
                        select {__name__="m_total"} reads (-240, 600]
                    number 8

                """)
    }

    @Test func countsWhatItReads() throws {
        let snapshot = try store().snapshot()
        let result = try QueryEngine().evaluate("sum(m_total) / sum(m_total @ 0)", at: range, in: snapshot)
        // The second selector sees three samples, once, not at each step.
        #expect(result.statistics.series == 6)
        #expect(result.statistics.samples == 36)
    }

    @Test func readsOnceWhatIsSaidTwice() throws {
        let snapshot = try store().snapshot()
        func evaluate(_ query: String) throws -> QueryResult {
            try QueryEngine().evaluate(query, at: range, in: snapshot)
        }
        let once = try evaluate("(m_total - m_total) / m_total")
        #expect(once.statistics.samples == 33)
        let rates = try evaluate("rate(m_total[5m]) / ignoring () rate(m_total[5m])")
        #expect(rates.statistics.samples == 33)
        // The range of an outer query and of a subquery are two things.
        #expect(try evaluate("m_total + on (host) max_over_time(m_total[10m:1m])").statistics.samples == 66)
        #expect(
            try QueryEngine().explain("m_total * m_total", at: instant)
                == """
                evaluate at 600
                  binary *, one-to-one
                    shared 0
                      select {__name__="m_total"} reads (300, 600]
                    the same as before (shared 0)

                """)
    }

    /// What there is to say is said of each place, though it came up once.
    @Test func repeatsAnnotations() throws {
        let store = try TestStore()
        let samples = (0...10).map { Sample(time: Timestamp(milliseconds: $0 * 60_000), value: Double($0)) }
        try store.load([(Labels(name: "m"), samples)], intervalMilliseconds: 60_000)
        let result = try QueryEngine().evaluate("rate(m[5m]) + rate(m[5m])", at: range, in: store.snapshot())
        let text = "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"m\""
        #expect(result.annotations.map(\.message) == ["\(text) (1:6)", "\(text) (1:20)"])
    }

    @Test func limitsAreNamed() throws {
        func check(_ limit: String, _ limits: QueryLimits, _ query: String = "rate(m_total[5m])") throws {
            guard case .limit(let message)? = try error(query, limits) else {
                Issue.record("\(limit) did not stop \(query)")
                return
            }
            #expect(message.contains("more than \(limit)"))
        }
        try check("2 series", QueryLimits(seriesMax: 2))
        try check("30;", QueryLimits(samplesMax: 30))
        try check("30 values", QueryLimits(valuesMax: 30))
        try check("300 steps", QueryLimits(valuesMax: 300), "sum_over_time(m_total[10m:1ms])")
        #expect(try error("m_total", QueryLimits(seriesMax: 3, samplesMax: 33, valuesMax: 33)) == nil)
        let deep = String(repeating: "(", count: 9) + "1" + String(repeating: ")", count: 9)
        guard case .parse? = try error(deep, QueryLimits(depthMax: 8)) else {
            Issue.record("a deep expression passed")
            return
        }
    }

    @Test func stopsAtItsDeadline() throws {
        let readings = Mutex(0)
        let start = ContinuousClock.now
        // Every look at the clock takes a second.
        let interruption = Interruption(
            timeout: .seconds(3),
            now: {
                readings.withLock {
                    $0 += 1
                    return start.advanced(by: .seconds($0))
                }
            })
        #expect(try error("m_total + m_total", QueryLimits(), interruption: interruption) == .timeout(.seconds(3)))
    }

    @Test func stopsWhenCancelled() throws {
        let interruption = Interruption(timeout: nil, isCancelled: { true })
        #expect(try error("m_total", QueryLimits(), interruption: interruption) == .cancelled)
    }

    @Test func rangeQueriesNeedScalarsOrVectors() throws {
        for query in ["m_total[5m]", #""text""#, "m_total[5m:1m]"] {
            guard case .execution? = try error(query, QueryLimits()) else {
                Issue.record("\(query) passed as a range query")
                continue
            }
        }
    }

    @Test func lookbackCanBeSet() throws {
        let snapshot = try store().snapshot()
        let time = QueryTime.instant(Timestamp(milliseconds: 720_000))
        let engine = QueryEngine(lookbackDelta: .seconds(60))
        #expect(try engine.evaluate("count(m_total)", at: time, in: snapshot).value == .vector([]))
        let wide = try engine.evaluate("scalar(count(m_total))", at: time, in: snapshot, lookbackDelta: .seconds(180))
        #expect(wide.value == .scalar(Sample(time: Timestamp(milliseconds: 720_000), value: 3)))
    }

    @Test func emptyGridsAnswerNothing() throws {
        let time = QueryTime.range(
            start: Timestamp(milliseconds: 1000), end: Timestamp(milliseconds: 0), stepMilliseconds: 1000)
        let snapshot = try store().snapshot()
        for query in [
            "m_total", "1", "sum(rate(m_total[5m])) or absent(m_total @ 0)", "max_over_time(m_total[5m:1m])",
        ] {
            #expect(try QueryEngine().evaluate(query, at: time, in: snapshot).value == .matrix([]))
        }
    }

    @Test func hostileTimesAreErrorsOrEmpty() throws {
        let snapshot = try store().snapshot()
        func moment(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
        let times: [QueryTime] = [
            .instant(moment(.min)), .instant(moment(.max)), .instant(moment(1 << 60)), .instant(moment(-1 << 60)),
            .range(start: moment(.min), end: moment(.max), stepMilliseconds: 1),
            .range(start: moment(-1 << 60), end: moment(1 << 60), stepMilliseconds: 1),
            .range(start: moment(-1 << 60), end: moment(1 << 60), stepMilliseconds: .max),
            .range(start: moment(0), end: moment(10), stepMilliseconds: 0),
        ]
        for time in times {
            for query in [
                "m_total", "rate(m_total[100y] offset -100y)", "m_total @ 9e15", "m_total @ -9e15 offset 290y",
                "max_over_time(m_total[5m:1m] @ 9e15)", "time()", "year()", "timestamp(m_total offset 100y)",
            ] {
                // Nothing may trap; that is all.
                _ = try? QueryEngine().evaluate(query, at: time, in: snapshot)
            }
        }
        let error = #expect(throws: QueryError.self) {
            try QueryEngine().evaluate("1", at: times[5], in: snapshot)
        }
        #expect(error?.description.contains("50000000 steps") == true)
    }

    @Test func fillsMissingPartners() throws {
        let store = try TestStore()
        let sample = [Sample(time: Timestamp(milliseconds: 0), value: 4)]
        try store.load(
            [
                (Labels(name: "l", ["a": "1", "b": "x"]), sample), (Labels(name: "l", ["a": "2", "b": "x"]), sample),
                (Labels(name: "r", ["a": "2"]), sample), (Labels(name: "r", ["a": "3"]), sample),
            ], intervalMilliseconds: 1000)
        let engine = QueryEngine(acceptsExperimental: true)
        func check(_ query: String, _ expected: [String]) throws {
            let time = QueryTime.instant(Timestamp(milliseconds: 0))
            guard case .vector(let series) = try engine.evaluate(query, at: time, in: store.snapshot()).value else {
                Issue.record("\(query) is no vector")
                return
            }
            #expect(series.map { "\($0.labels) \($0.samples[0].value)" }.sorted() == expected, "\(query)")
        }
        try check("l + on(a) r", [#"{a="2"} 8.0"#])
        try check("l + on(a) fill(1) r", [#"{a="1"} 5.0"#, #"{a="2"} 8.0"#, #"{a="3"} 5.0"#])
        try check("l + on(a) fill_right(1) r", [#"{a="1"} 5.0"#, #"{a="2"} 8.0"#])
        try check("l + on(a) fill_left(1) r", [#"{a="2"} 8.0"#, #"{a="3"} 5.0"#])
        try check("r - on(a) group_right fill_left(1) l", [#"{a="2", b="x"} 0.0"#, #"{a="3"} 3.0"#])
        try check("r - on(a) group_right fill_right(1) l", [#"{a="1", b="x"} -3.0"#, #"{a="2", b="x"} 0.0"#])
        try check("nothing + on(a) fill_left(1) r", [#"{a="2"} 5.0"#, #"{a="3"} 5.0"#])
    }

    @Test func takesSomeOfTheSeries() throws {
        let engine = QueryEngine(acceptsExperimental: true)
        let snapshot = try store().snapshot()
        func count(_ query: String) throws -> Double {
            let value = try engine.evaluate(query, at: instant, in: snapshot).value
            if case .scalar(let sample) = value { return sample.value }
            return -1
        }
        #expect(try count("scalar(count(limitk(2, m_total)))") == 2)
        #expect(try count("scalar(count(limitk by (host) (2, m_total)))") == 3)
        #expect(try count("scalar(count(limit_ratio(1, m_total)))") == 3)
        // A ratio and its complement share the series between them.
        for ratio in ["0.2", "0.5", "0.9"] {
            let taken = "limit_ratio(\(ratio), m_total)"
            let rest = "limit_ratio(-(1 - \(ratio)), m_total)"
            #expect(try count("scalar(count(\(taken) or \(rest)))") == 3)
            #expect(try count("scalar(count(\(taken) and \(rest)) or vector(0))") == 0)
        }
        #expect(throws: QueryError.self) { try QueryEngine().parse("limitk(2, m_total)") }
    }

    @Test func suggestsNearNames() {
        let names = ["node_cpu_seconds_total", "node_load1", "node_load5", "up"]
        #expect(Suggestions.nearest(to: "node_laod1", among: names).first == "node_load1")
        #expect(Suggestions.nearest(to: "cpu_seconds", among: names) == ["node_cpu_seconds_total"])
        #expect(Suggestions.nearest(to: "nothing_like_it", among: names) == [])
        #expect(Suggestions.nearest(to: "rat", among: FunctionRegistry.names).first == "rate")
    }

    /// The registry against the list of stable functions of Prometheus 3.14 and their types.
    @Test func registryIsComplete() {
        for signature in SignatureTable.all where !signature.isExperimental {
            #expect(FunctionRegistry.function(named: signature.name)?.signature == signature, "\(signature.name)")
        }
    }
}
