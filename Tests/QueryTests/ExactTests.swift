import Model
import TSDB
import Testing

@testable import Query

/// Answers of the Prometheus 3.14 engine, to the bit: series and cases of the shared data, where `MON_SHARED` has it.
struct ExactTests {
    /// How far an answer is off.
    enum Grade: Int, Comparable {
        case exact
        /// Within 1e-12 of the value.
        case near
        case wrong

        static func < (lhs: Grade, rhs: Grade) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    @Test func answersOfPrometheus() throws {
        guard let shared = TestFiles.shared else { return }
        let store = try TestStore()
        let data = TestFiles.text(shared + "/promql/exact/data.jsonl")
        try store.load(try data.split(separator: "\n").map(series), intervalMilliseconds: 5000)
        let snapshot = try store.snapshot()
        var counts: [Grade: Int] = [:]
        for line in TestFiles.text(shared + "/promql/exact/cases.jsonl").split(separator: "\n") {
            let example = try JSONValue(line)
            let (grade, reason) = grade(example, in: snapshot)
            counts[grade, default: 0] += 1
            let group = example["group"]?.string ?? ""
            // Libraries differ in exp, log, pow and trigonometry; all else is the same arithmetic.
            let allowed: Grade = group.hasPrefix("libm") ? .near : .exact
            #expect(grade <= allowed, "\(group): \(example["expr"]?.string ?? ""): \(reason)")
        }
        #expect((counts[.exact] ?? 0) + (counts[.near] ?? 0) >= 226, "\(counts)")
    }

    private func series(_ line: Substring) throws -> (labels: Labels, samples: [Sample]) {
        let row = try JSONValue(line)
        let labels = Labels((row["labels"]?.object ?? [:]).map { Label($0.key, $0.value.string ?? "") })
        var time = Int64(row["t0"]?.number ?? 0)
        var samples: [Sample] = []
        let steps = [0] + (row["dt"]?.array ?? []).map { Int64($0.number ?? 0) }
        for (step, value) in zip(steps, row["v"]?.array ?? []) {
            time += step
            let bits = try #require(UInt64(value.string ?? "", radix: 16))
            samples.append(Sample(time: Timestamp(milliseconds: time), value: Double(bitPattern: bits)))
        }
        return (labels, samples)
    }

    private func grade(_ example: JSONValue, in snapshot: Snapshot) -> (Grade, String) {
        func moment(_ key: String) -> Timestamp {
            Timestamp(seconds: example[key]?.number ?? 0) ?? Timestamp(milliseconds: 0)
        }
        let isInstant = example["kind"]?.string == "instant"
        let time: QueryTime =
            isInstant
            ? .instant(moment("time"))
            : .range(start: moment("start"), end: moment("end"), stepMilliseconds: moment("step").milliseconds)
        let query = example["expr"]?.string ?? ""
        let value: QueryValue
        do {
            value = try QueryEngine().evaluate(query, at: time, in: snapshot).value
        } catch {
            guard let expected = example["error"]?.string else { return (.wrong, "error: \(error)") }
            // The API puts the parameter's name before parse errors.
            return expected.hasSuffix("\(error)") ? (.exact, "") : (.wrong, "error: \(error), not \(expected)")
        }
        if let expected = example["error"]?.string { return (.wrong, "expected an error: \(expected)") }
        let isOrdered = ["sort(", "sort_desc(", "topk", "bottomk"].contains { query.hasPrefix($0) }
        return compare(value, example, isOrdered: isInstant && isOrdered)
    }

    private func compare(_ value: QueryValue, _ example: JSONValue, isOrdered: Bool) -> (Grade, String) {
        let result = example["result"] ?? .null
        switch (value, example["type"]?.string) {
        case (.string(_, let text), "string"):
            return result.array.last?.string == text ? (.exact, "") : (.wrong, text)
        case (.scalar(let sample), "scalar"): return Self.grade(SampleRow([sample]), [result])
        case (.vector(let series), "vector"): return compare(series, result, "value", isOrdered: isOrdered)
        case (.matrix(let series), "matrix"): return compare(series, result, "values", isOrdered: false)
        default: return (.wrong, "a value of another type than \(example["type"]?.string ?? "")")
        }
    }

    private func compare(
        _ series: [ResultSeries], _ result: JSONValue, _ key: String, isOrdered: Bool
    ) -> (Grade, String) {
        var expected: [Labels: [JSONValue]] = [:]
        var order: [Double] = []
        for item in result.array {
            let labels = Labels((item["metric"]?.object ?? [:]).map { Label($0.key, $0.value.string ?? "") })
            expected[labels] = key == "value" ? [item["value"] ?? .null] : item["values"]?.array ?? []
            order.append(Self.number(expected[labels]?.first?.array.last?.string))
        }
        var worst = (Grade.exact, "")
        for (place, one) in series.enumerated() {
            guard let samples = expected.removeValue(forKey: one.labels) else {
                return (.wrong, "unexpected \(one.labels)")
            }
            let (grade, reason) = Self.grade(one.samples, samples)
            if grade > worst.0 { worst = (grade, "\(one.labels): \(reason)") }
            // Equal values may stand in any order.
            if isOrdered, Self.grade(one.samples[0].value, order[place]) != .exact {
                return (.wrong, "order: \(one.labels) at place \(place + 1)")
            }
        }
        if let missing = expected.keys.first { return (.wrong, "missing \(missing)") }
        return worst
    }

    private static func grade(_ samples: SampleRow, _ expected: [JSONValue]) -> (Grade, String) {
        guard samples.count == expected.count else {
            return (.wrong, "\(samples.count) samples, not \(expected.count)")
        }
        var worst = (Grade.exact, "")
        for (sample, pair) in zip(samples, expected) {
            let time = Timestamp(seconds: pair.array.first?.number ?? 0)
            if time != sample.time { return (.wrong, "at \(sample.time.seconds), not \(pair)") }
            let want = number(pair.array.last?.string)
            let grade = grade(sample.value, want)
            if grade > worst.0 { worst = (grade, "at \(sample.time.seconds): \(sample.value), not \(want)") }
        }
        return worst
    }

    private static func grade(_ a: Double, _ b: Double) -> Grade {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? .exact : .wrong }
        if a.bitPattern == b.bitPattern { return .exact }
        if a == b { return .near }
        if a.isInfinite || b.isInfinite { return .wrong }
        let tolerance = max(1e-12 * max(a.magnitude, b.magnitude), 4 * .leastNonzeroMagnitude)
        return (a - b).magnitude <= tolerance ? .near : .wrong
    }

    private static func number(_ text: String?) -> Double {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: text.flatMap(Double.init) ?? .nan
        }
    }
}
