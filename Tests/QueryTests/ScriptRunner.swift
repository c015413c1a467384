import Model
import TSDB

@testable import Query

/// Plays scripts against the engine over real stores and collects what differs.
struct ScriptRunner {
    private var store: TestStore
    private let engine: QueryEngine
    /// Names of native histograms that were loaded; queries that read them are left out.
    private var histograms: Set<String> = []
    private(set) var failures: [String] = []
    private(set) var played = 0
    private(set) var skipped = 0

    init(_ engine: QueryEngine = QueryEngine()) throws {
        self.engine = engine
        store = try TestStore()
    }

    mutating func play(_ text: String, named name: String) throws {
        store = try TestStore()
        histograms = []
        for command in try Script(text).commands {
            switch command {
            case .clear:
                store = try TestStore()
                histograms = []
            case .load(let step, let series): try load(series, step)
            case .evaluate(let evaluation):
                if isAboutHistograms(evaluation) || isExperimental(evaluation.query) {
                    skipped += 1
                    continue
                }
                played += 1
                if let problem = try check(evaluation) {
                    failures.append("\(name):\(evaluation.line): \(evaluation.query): \(problem)")
                }
            }
        }
    }

    private mutating func load(_ series: [Script.Series], _ step: Int64) throws {
        var loaded: [(labels: Labels, samples: [Sample])] = []
        for one in series {
            guard let values = one.values else {
                histograms.insert(one.labels.metricName ?? "")
                continue
            }
            loaded.append((one.labels, Self.samples(values, start: 0, step: step)))
        }
        try store.load(loaded, intervalMilliseconds: step)
    }

    /// Whether Prometheus, too, would want a flag for the query.
    private func isExperimental(_ query: String) -> Bool {
        do {
            _ = try engine.parse(query)
            return false
        } catch {
            return error.description.hasSuffix("is not enabled")
        }
    }

    private func isAboutHistograms(_ evaluation: Script.Evaluation) -> Bool {
        evaluation.rows.contains { $0.values == nil } || histograms.contains { evaluation.query.contains($0) }
    }

    private static func samples(_ values: [Double?], start: Int64, step: Int64) -> [Sample] {
        values.enumerated().compactMap { index, value in
            value.map { Sample(time: Timestamp(milliseconds: start + Int64(index) * step), value: $0) }
        }
    }

    // MARK: - Checks

    /// What is wrong with the engine's answer; nil if nothing.
    private func check(_ evaluation: Script.Evaluation) throws -> String? {
        let time: QueryTime
        if let step = evaluation.step {
            time = .range(
                start: Timestamp(milliseconds: evaluation.start), end: Timestamp(milliseconds: evaluation.end),
                stepMilliseconds: step)
        } else {
            time = .instant(Timestamp(milliseconds: evaluation.start))
        }
        let result: QueryResult
        do {
            result = try engine.evaluate(evaluation.query, at: time, in: try store.snapshot())
        } catch let error as QueryError {
            return checkError(evaluation, error.description)
        }
        if evaluation.fails { return "expected an error, got \(result.value)" }
        return checkAnnotations(evaluation, result.annotations) ?? checkValue(evaluation, result.value)
    }

    private func checkError(_ evaluation: Script.Evaluation, _ message: String) -> String? {
        guard evaluation.fails else { return "unexpected error: \(message)" }
        for expectation in evaluation.expectations where expectation.kind == "fail" {
            if !Self.matches(expectation.text, message) { return "another error: \(message)" }
        }
        return nil
    }

    private func checkAnnotations(_ evaluation: Script.Evaluation, _ annotations: [Annotation]) -> String? {
        for (name, severity) in [("warn", Annotation.Severity.warning), ("info", .info)] {
            let found = annotations.filter { $0.severity == severity }.map(\.message)
            if evaluation.expectations.contains(where: { $0.kind == "no_" + name }), let first = found.first {
                return "unexpected \(name): \(first)"
            }
            let expected = evaluation.expectations.filter { $0.kind == name }
            if expected.isEmpty { continue }
            for expectation in expected where !found.contains(where: { Self.matches(expectation.text, $0) }) {
                return "no such \(name) as \(expectation.text), only \(found)"
            }
            for message in found where !expected.contains(where: { Self.matches($0.text, message) }) {
                return "unexpected \(name): \(message)"
            }
        }
        return nil
    }

    private static func matches(_ text: Script.Expectation.Text, _ message: String) -> Bool {
        switch text {
        case .any: true
        case .exact(let expected): message == expected
        case .pattern(let expression): expression.matches(message)
        }
    }

    private func checkValue(_ evaluation: Script.Evaluation, _ value: QueryValue) -> String? {
        if let expected = evaluation.string {
            guard case .string(_, expected) = value else { return "expected the string \(expected), got \(value)" }
            return nil
        }
        if let expected = evaluation.scalar {
            guard case .scalar(let sample) = value, Self.isClose(sample.value, expected) else {
                return "expected the scalar \(expected), got \(value)"
            }
            return nil
        }
        let found: [ResultSeries]
        switch value {
        case .vector(let series) where evaluation.step == nil && evaluation.rangeVector == nil: found = series
        case .matrix(let series) where evaluation.step != nil || evaluation.rangeVector != nil: found = series
        case .scalar, .string, .vector, .matrix: return "another type: \(value)"
        }
        return compare(evaluation, found)
    }

    private func compare(_ evaluation: Script.Evaluation, _ found: [ResultSeries]) -> String? {
        let start = evaluation.rangeVector?.start ?? evaluation.start
        let step = evaluation.rangeVector?.step ?? evaluation.step ?? 0
        var expected: [Labels: [Sample]] = [:]
        for row in evaluation.rows {
            let samples = Self.samples(row.values ?? [], start: start, step: step)
            if !samples.isEmpty { expected[row.labels] = samples }
        }
        for series in found {
            guard let samples = expected.removeValue(forKey: series.labels) else {
                return "unexpected series \(series.labels)"
            }
            guard samples.count == series.samples.count else {
                return "\(series.labels) has \(series.samples.count) samples, not \(samples.count)"
            }
            for (want, got) in zip(samples, series.samples) {
                if want.time == got.time && Self.isClose(got.value, want.value) { continue }
                return "\(series.labels) is \(got), not \(want)"
            }
        }
        if let missing = expected.keys.first { return "missing series \(missing)" }
        if evaluation.isOrdered, found.map(\.labels) != evaluation.rows.map(\.labels) {
            return "order: \(found.map(\.labels.description))"
        }
        return nil
    }

    /// Equal, or as near as Prometheus' own scripts ask for: a millionth of the sum.
    static func isClose(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        if a.isInfinite || b.isInfinite { return false }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < 1e-6 * .leastNormalMagnitude }
        return difference / min(sum, .greatestFiniteMagnitude) < 1e-6
    }
}
