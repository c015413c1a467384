import Model
import Synchronization
import TSDB
import TestSupport
import Testing

@testable import Query

/// What a query says of its own cost, and that a second thread changes nothing but that.
@Suite struct QueryStatisticsTests {
    private let grid = QueryTime.range(
        start: Timestamp(milliseconds: 600_000), end: Timestamp(milliseconds: 6_000_000), stepMilliseconds: 1000)

    /// Twelve series of noise, 2,000 samples each, some of which have a gap.
    private func store(seed: UInt64) throws -> TestStore {
        var random = SeededGenerator(seed: seed)
        let store = try TestStore()
        let series = (0..<12).map { number in
            let labels = Labels(name: "noise_total", ["number": "\(number)"])
            let samples = (0..<2000).compactMap { place -> Sample? in
                if number % 3 == 0, (500..<700).contains(place) { return nil }
                let value = Double.random(in: 0...1, using: &random)
                return Sample(time: Timestamp(milliseconds: Int64(place) * 3000), value: value)
            }
            return (labels: labels, samples: samples)
        }
        try store.load(series, intervalMilliseconds: 3000)
        return store
    }

    @Test func twoThreadsAnswerAsOne() throws {
        let store = try store(seed: 3)
        for text in [
            "avg_over_time(noise_total[20m])", "rate(noise_total[20m])", "quantile_over_time(1.5, noise_total[20m])",
            "count_over_time(noise_total[1h])",
        ] {
            let answers = try [1, 2].map { threads in
                var limits = QueryLimits(threadsMax: threads)
                limits.secondThreadAfter = .zero
                return try QueryEngine(limits: limits).evaluate(text, at: grid, in: store.snapshot())
            }
            #expect(answers[0].value == answers[1].value || text.contains("quantile"), "\(text)")
            #expect(bits(answers[0]) == bits(answers[1]), "\(text)")
            #expect(answers[0].annotations == answers[1].annotations, "\(text)")
        }
    }

    private func bits(_ result: QueryResult) -> [[UInt64]] {
        guard case .matrix(let series) = result.value else { return [] }
        return series.map { $0.samples.map(\.value.bitPattern) }
    }

    @Test func stopsWithTwoThreads() throws {
        let store = try store(seed: 4)
        var limits = QueryLimits(threadsMax: 2)
        limits.secondThreadAfter = .zero
        let engine = QueryEngine(limits: limits)
        let looks = Looks()
        let interruption = Interruption(timeout: nil, isCancelled: { looks.next() > 20 })
        #expect(throws: QueryError.cancelled) {
            _ = try engine.evaluate(
                "stddev_over_time(noise_total[1h])", at: grid, in: store.snapshot(), interruption: interruption)
        }
    }

    @Test func timesPartsOfThePlan() throws {
        let store = try store(seed: 5)
        let text = "sum(rate(noise_total[5m])) / sum(max_over_time(rate(noise_total[5m])[10m:1m]))"
        let time = QueryTime.instant(Timestamp(milliseconds: 3_000_000))
        let result = try QueryEngine().evaluate(
            text, at: time, in: store.snapshot(), options: QueryOptions(timesNodes: true))
        let nodes = result.statistics.nodes
        #expect(
            nodes.map { String(repeating: " ", count: $0.depth) + $0.name } == [
                "binary /, one-to-one", " aggregate sum by ()", "  shared 1", "   call rate",
                "    find and decode series", "  call max_over_time", "   the same as before (shared 1)",
                "    call rate", "     find and decode series",
            ])
        // Two sums of one name within the same part are one entry.
        #expect(nodes[1].evaluations == 2)
        for (outer, inner) in zip(nodes, nodes.dropFirst()) where inner.depth > outer.depth {
            #expect(inner.nanoseconds <= outer.nanoseconds)
        }
        #expect(result.statistics.series == 24)
        let plain = try QueryEngine().evaluate(text, at: time, in: store.snapshot())
        #expect(plain.statistics.nodes.isEmpty && plain.value == result.value)
    }

    @Test func countsChunks() throws {
        let store = try store(seed: 6)
        try store.forget(.standard, now: 0)
        let time = QueryTime.instant(Timestamp(milliseconds: 5_000_000))
        let result = try QueryEngine().evaluate("noise_total", at: time, in: store.snapshot())
        #expect(result.statistics.chunks == 12)
    }
}

/// Counts from any thread.
private final class Looks: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
