import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// A store that has forgotten most samples and some minutes, against one that has all samples. Four days: hours from
/// the start on, minutes from the third day on, samples on the fourth.
struct TierJoinTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour
    private static let end = 4 * day
    private static let minutesFrom = 2 * day
    private static let samplesFrom = 3 * day

    private struct Stores {
        var whole: TestStore
        var forgetful: TestStore
        var all: Snapshot
        var left: Snapshot
    }

    private static func stores(_ seed: UInt64) throws -> Stores {
        var random = SeededGenerator(seed: seed)
        var data: [(labels: Labels, samples: [Sample])] = []
        for texture in RandomSeries.allCases {
            let column = texture.column(&random, window: hour, windows: 96)
            data.append(
                (
                    Labels(name: "m", ["texture": "\(texture)"]),
                    zip(column.timestamps, column.values).map {
                        Sample(time: Timestamp(milliseconds: $0), value: $1)
                    }
                ))
        }
        data.sort { $0.labels < $1.labels }
        let (whole, forgetful) = (try TestStore(), try TestStore())
        try whole.load(data, intervalMilliseconds: 60_000)
        try forgetful.load(data, intervalMilliseconds: 60_000)
        try forgetful.forget(TierKeep(raw: day, minute: 2 * day, hour: 100 * day), now: end)
        return Stores(
            whole: whole, forgetful: forgetful, all: try whole.snapshot(), left: try forgetful.snapshot())
    }

    private func range(_ start: Int64, _ end: Int64, _ step: Int64) -> QueryTime {
        .range(
            start: Timestamp(milliseconds: start), end: Timestamp(milliseconds: end), stepMilliseconds: step)
    }

    private func series(_ value: QueryValue) -> [ResultSeries] {
        switch value {
        case .vector(let series), .matrix(let series): series
        case .scalar, .string: []
        }
    }

    /// Where two answers differ by more than the tolerance, relative to `scale`.
    private func difference(
        _ found: QueryValue, _ expected: QueryValue, tolerance: (Labels) -> Double = { _ in 0 }
    ) -> String? {
        let (found, expected) = (series(found), series(expected))
        if found.map(\.labels) != expected.map(\.labels) { return "other series: \(found.map(\.labels))" }
        for (one, other) in zip(found, expected) {
            if one.samples.map(\.time) != other.samples.map(\.time) { return "\(one.labels) at other times" }
            for (a, b) in zip(one.samples, other.samples) where !isSameAnswer(a.value, b.value) {
                let allowed = tolerance(one.labels)
                if allowed > 0 && (a.value - b.value).magnitude <= allowed { continue }
                if allowed > 0 && !b.value.isFinite { continue }
                return "\(one.labels) at \(a.time.seconds): \(a.value), not \(b.value)"
            }
        }
        return nil
    }

    static let exact = [
        "min_over_time(m[R])", "max_over_time(m[R])", "count_over_time(m[R])", "last_over_time(m[R])",
        "first_over_time(m[R])", "present_over_time(m[R])", "resets(m[R])", "delta(m[R])",
        #"rate(m{texture=~"whole.*|constant"}[R])"#,
        "m", "timestamp(m)", "m offset 5h", #"absent_over_time(m{texture="sparse"}[R])"#,
        "max_over_time(m[R] offset 7h)", "max_over_time(m[R] @ 180000)",
    ]

    /// What windows answer to the bit they answer so over both seams, with nothing to remark.
    @Test(arguments: UInt64(0)..<3)
    func seamsDoNotShowWhereRangesEndAtWindows(seed: UInt64) throws {
        let stores = try Self.stores(seed)
        let engine = QueryEngine()
        for template in Self.exact {
            for length in ["1h", "3h", "30h"] {
                let query = template.replacing("R", with: length)
                for time in [
                    range(-Self.hour, Self.end, Self.hour), range(0, Self.end, 5 * Self.hour),
                    range(Self.minutesFrom + 38 * Self.hour, Self.end, 13 * 60_000),
                    .instant(Timestamp(milliseconds: Self.samplesFrom + Self.hour)),
                ] {
                    let found = try engine.evaluate(query, at: time, in: stores.left)
                    let expected = try engine.evaluate(
                        query, at: time, in: stores.all, options: QueryOptions(resolution: .raw))
                    let problem = difference(found.value, expected.value)
                    #expect(problem == nil, "seed \(seed), \(query), \(time): \(problem ?? "")")
                    #expect(found.annotations == expected.annotations, "seed \(seed), \(query)")
                }
            }
        }
    }

    /// Sums and means, and increases with many falls, are the same but for the order of additions.
    @Test func sumsAreRoundedOtherwise() throws {
        let stores = try Self.stores(11)
        let engine = QueryEngine()
        for query in ["sum_over_time(m[3h])", "avg_over_time(m[3h])", "increase(m[3h])", "rate(m[26h])"] {
            let time = range(0, Self.end, Self.hour)
            let found = try engine.evaluate(query, at: time, in: stores.left)
            let expected = try engine.evaluate(
                query, at: time, in: stores.all, options: QueryOptions(resolution: .raw))
            let problem = difference(found.value, expected.value) { _ in 1e-7 }
            #expect(problem == nil, "\(query): \(problem ?? "")")
            #expect(found.statistics.windows > 0)
        }
    }

    static let any = [
        "rate(m[R])", "stddev_over_time(m[R])", "quantile_over_time(0.3, m[R])", "deriv(m[R])", "irate(m[R])",
        "changes(m[R])", "sum_over_time(m[R])", "predict_linear(m[R], 60)", "m", "avg_over_time(rate(m[R])[1h:5m])",
    ]

    /// Behind the seam nothing differs, whatever the function and the moments.
    @Test func whereSamplesAreTheyAnswer() throws {
        let stores = try Self.stores(12)
        let engine = QueryEngine()
        for template in Self.any {
            let query = template.replacing("R", with: "37m")
            let time = range(Self.samplesFrom + 2 * Self.hour + 1, Self.end, 1_000_003)
            let found = try engine.evaluate(query, at: time, in: stores.left)
            let expected = try engine.evaluate(query, at: time, in: stores.all)
            #expect(difference(found.value, expected.value) == nil, "\(query)")
            #expect(found.annotations == expected.annotations)
            // The moments of a subquery are multiples of its step, so that windows may answer there.
            #expect(found.statistics.windows == 0 || query.contains(":"))
        }
    }

    /// Before the seam nothing is answered otherwise in silence.
    @Test func whatIsNotExactIsRemarkedOn() throws {
        let stores = try Self.stores(13)
        let engine = QueryEngine()
        for template in Self.any + Self.exact.filter({ !$0.contains("present") && !$0.contains("absent") }) {
            let query = template.replacing("R", with: "37m")
            let time = range(1, Self.samplesFrom, 1_000_003)
            let found = try engine.evaluate(query, at: time, in: stores.left)
            let expected = try engine.evaluate(query, at: time, in: stores.all)
            if query.contains("@") { continue }
            #expect(difference(found.value, expected.value) != nil, "\(query)")
            let said = Set(found.annotations.map(\.message)).subtracting(expected.annotations.map(\.message))
            #expect(said.contains { $0.contains("1-hour windows") && $0.contains("finer data is gone") }, "\(query)")
            // Prometheus' own remarks stay.
            #expect(Set(found.annotations).isSuperset(of: expected.annotations), "\(query)")
            // Who is there in the samples is there in the windows.
            #expect(Set(series(found.value).map(\.labels)).isSuperset(of: series(expected.value).map(\.labels)))
        }
    }

    @Test func resolutionsAnswerAloneWhenAsked() throws {
        let stores = try Self.stores(14)
        let engine = QueryEngine()
        let time = range(0, Self.end, Self.hour)
        func first(_ resolution: Tier?) throws -> Int64? {
            let result = try engine.evaluate(
                "count_over_time(m[1h])", at: time, in: stores.left, options: QueryOptions(resolution: resolution))
            return series(result.value).compactMap(\.samples.first?.time.milliseconds).min()
        }
        #expect(try first(nil) == Self.hour)
        #expect(try first(.hour) == Self.hour)
        let minute = try #require(try first(.minute))
        #expect(minute > Self.minutesFrom && minute <= Self.minutesFrom + 3 * Self.hour)
        let raw = try #require(try first(.raw))
        #expect(raw >= Self.samplesFrom && raw <= Self.samplesFrom + 3 * Self.hour)
    }

    @Test func explainsEachResolution() throws {
        let stores = try Self.stores(15)
        let time = range(0, Self.end, Self.hour)
        let engine = QueryEngine()
        let result = try engine.evaluate("sum_over_time(m[1h])", at: time, in: stores.left)
        let text = try engine.explain("sum_over_time(m[1h])", at: time, statistics: result.statistics)
        #expect(text.contains(" windows of 1h and ") && text.contains(" windows of 1m and "))
        #expect(text.contains(" and \(result.statistics.samples) samples"))
    }
}

extension String {
    fileprivate func replacing(_ mark: String, with text: String) -> String {
        split(separator: "[\(mark)", omittingEmptySubsequences: false).joined(separator: "[\(text)")
    }
}
