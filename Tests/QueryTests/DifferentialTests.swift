import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Random queries over random data: the engine's range answer against the slow evaluator at each step, and its answer
/// at one moment. `MON_QUERY_SEEDS` (10) is the number of worlds, 120 queries each.
struct DifferentialTests {
    private static let seeds = unsafe getenv("MON_QUERY_SEEDS").flatMap { UInt64(unsafe String(cString: $0)) } ?? 10

    private static let start: Int64 = 0
    private static let step: Int64 = 55_000
    private static let count = 14

    @Test(arguments: UInt64(0)..<seeds)
    func agreesWithTheSlowEvaluator(seed: UInt64) throws {
        let data = Self.data(seed)
        let (answered, problems) = try compare(data, with: data, seed)
        #expect(problems == [])
        // The queries have to be about something.
        #expect(answered > 40)
    }

    /// The comparison has to see a single value that differs.
    @Test func canary() throws {
        let data = Self.data(1)
        var other = data
        for place in other[0].samples.indices { other[0].samples[place].value += 1 }
        #expect(try compare(data, with: other, 1).problems.count > 5)
    }

    private func compare(
        _ data: [(labels: Labels, samples: [Sample])], with slowData: [(labels: Labels, samples: [Sample])],
        _ seed: UInt64
    ) throws -> (answered: Int, problems: [String]) {
        let store = try TestStore()
        try store.load(data, intervalMilliseconds: 15_000)
        let snapshot = try store.snapshot()
        let end = Self.start + Self.step * Int64(Self.count - 1)
        let slow = SlowEvaluator(data: slowData, start: Self.start, end: end, step: Self.step)
        let time = QueryTime.range(
            start: Timestamp(milliseconds: Self.start), end: Timestamp(milliseconds: end),
            stepMilliseconds: Self.step)
        let engine = QueryEngine(acceptsExperimental: true)
        var generator = QueryGenerator(seed: seed &* 1000 &+ 17)
        var answered = 0
        var problems: [String] = []
        for _ in 0..<120 {
            let query = generator.vector(3)
            let expected = Result { try Self.answer(of: slow, to: try engine.parse(query)) }
            let found = Result { try engine.evaluate(query, at: time, in: snapshot).value }
            switch (expected, found) {
            case (.failure, .failure): break
            case (.failure(let reason), .success):
                problems.append("seed \(seed): \(query): expected an error: \(reason)")
            case (.success, .failure(let error)):
                // The engine evaluates all of a subquery's steps, also those between the windows.
                if !query.contains(":") { problems.append("seed \(seed): \(query): \(error)") }
            case (.success(let expected), .success(let value)):
                answered += expected.isEmpty ? 0 : 1
                if let problem = Self.difference(expected, value) {
                    problems.append("seed \(seed): \(query): \(problem)")
                }
            }
            let moment = Self.start + Self.step * Int64(answered % Self.count) + 7
            let once = SlowEvaluator(data: slowData, start: moment, end: moment, step: 0)
            if let problem = Self.instantDifference(engine, once, query, at: moment, in: snapshot) {
                problems.append("seed \(seed): at \(moment): \(query): \(problem)")
            }
        }
        return (answered, problems)
    }

    private static func answer(
        of slow: SlowEvaluator, to expression: Expression
    ) throws -> [Labels: [Int64: Double]] {
        var result: [Labels: [Int64: Double]] = [:]
        for index in 0..<count {
            let time = start + step * Int64(index)
            for (labels, value) in try slow.vector(expression, at: time) { result[labels, default: [:]][time] = value }
        }
        return result
    }

    /// At one moment nothing can be in the way of an error, and nothing of an answer.
    private static func instantDifference(
        _ engine: QueryEngine, _ slow: SlowEvaluator, _ query: String, at moment: Int64, in snapshot: Snapshot
    ) -> String? {
        let time = QueryTime.instant(Timestamp(milliseconds: moment))
        let expected = Result { try slow.vector(try engine.parse(query), at: moment) }
        let found = Result { try engine.evaluate(query, at: time, in: snapshot).value }
        switch (expected, found) {
        case (.failure, .failure): return nil
        case (.failure(let reason), .success): return "expected an error: \(reason)"
        case (.success, .failure(let error)): return query.contains(":") ? nil : "\(error)"
        case (.success(let elements), .success(.vector(let series))):
            var answer: [Labels: [Int64: Double]] = [:]
            for (labels, value) in elements { answer[labels] = [moment: value] }
            return difference(answer, .matrix(series))
        case (.success, .success(let value)): return "another type: \(value)"
        }
    }

    private static func difference(_ expected: [Labels: [Int64: Double]], _ value: QueryValue) -> String? {
        guard case .matrix(let series) = value else { return "no matrix" }
        var rest = expected
        for one in series {
            guard let samples = rest.removeValue(forKey: one.labels) else { return "unexpected \(one.labels)" }
            guard samples.count == one.samples.count else {
                return "\(one.labels) has \(one.samples.count) samples, not \(samples.count)"
            }
            for sample in one.samples {
                guard let want = samples[sample.time.milliseconds] else {
                    return "\(one.labels) has a sample at \(sample.time.seconds)"
                }
                let scale = max(want.magnitude, sample.value.magnitude, 1)
                let isSame =
                    want.isNaN && sample.value.isNaN || want == sample.value
                    || (want - sample.value).magnitude <= 1e-7 * scale
                if !isSame { return "\(one.labels) at \(sample.time.seconds) is \(sample.value), not \(want)" }
            }
        }
        return rest.keys.first.map { "missing \($0)" }
    }

    /// Buckets of two histograms, whose counts grow in time and with the bounds.
    private static func histograms(
        _ random: inout SeededGenerator
    ) -> [(labels: Labels, samples: [Sample])] {
        var result: [(labels: Labels, samples: [Sample])] = []
        for x in ["1", "2"] {
            let bounds = ["1", "2", "5", "+Inf"]
            var counts = [Double](repeating: 0, count: bounds.count)
            var samples = [[Sample]](repeating: [], count: bounds.count)
            for index in 0..<60 {
                for _ in 0..<Int.random(in: 0..<9, using: &random) {
                    for bound in Int.random(in: 0..<bounds.count, using: &random)..<bounds.count { counts[bound] += 1 }
                }
                for bound in bounds.indices {
                    let time = Timestamp(milliseconds: Int64(index) * 15_000 + 3)
                    samples[bound].append(Sample(time: time, value: counts[bound]))
                }
            }
            for bound in bounds.indices {
                result.append((Labels(name: "h_bucket", ["x": x, "le": bounds[bound]]), samples[bound]))
            }
        }
        return result
    }

    /// Series that begin, end, pause and go stale.
    private static func data(_ seed: UInt64) -> [(labels: Labels, samples: [Sample])] {
        var random = SeededGenerator(seed: seed)
        var result: [(labels: Labels, samples: [Sample])] = []
        for name in ["a", "b", "c_total"] {
            for _ in 0..<5 {
                let digits = ["1", "2", "3"]
                let labels = Labels(
                    name: name,
                    [
                        "x": digits.randomElement(using: &random) ?? "",
                        "y": digits.randomElement(using: &random) ?? "",
                        "z": (digits + [""]).randomElement(using: &random) ?? "",
                    ])
                if result.contains(where: { $0.labels == labels }) { continue }
                var samples: [Sample] = []
                var counter = 0.0
                var isStale = false
                for index in 0..<60 where Int.random(in: 0..<12, using: &random) > 0 {
                    counter += Double.random(in: 0...9, using: &random)
                    if Int.random(in: 0..<20, using: &random) == 0 { counter = 0.25 }
                    if Int.random(in: 0..<25, using: &random) == 0 { isStale.toggle() }
                    let value = name == "c_total" ? counter : Double.random(in: -50...50, using: &random)
                    samples.append(
                        Sample(
                            time: Timestamp(milliseconds: Int64(index) * 15_000 + 3),
                            value: isStale ? .staleMarker : value))
                }
                result.append((labels, samples))
            }
        }
        result += histograms(&random)
        return result.sorted { $0.labels < $1.labels }
    }
}
