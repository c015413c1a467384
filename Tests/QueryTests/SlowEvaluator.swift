import Glibc
import Model

@testable import Query

/// PromQL one moment at a time, straight off the syntax tree and in the plainest way: no plan, no columns, no windows
/// that slide. What the engine has to agree with.
struct SlowEvaluator {
    typealias Element = (labels: Labels, value: Double)

    enum Value {
        case scalar(Double)
        case vector([Element])
    }

    struct Failure: Error {
        var reason: String
    }

    let data: [(labels: Labels, samples: [Sample])]
    let start: Int64
    let end: Int64
    /// Zero for an instant query.
    let step: Int64

    func value(of expression: Expression, at time: Int64) throws -> Value {
        switch expression {
        case .number(let value, _): return .scalar(value)
        case .parenthesized(let inner, _): return try value(of: inner, at: time)
        case .selector(let selector): return .vector(select(selector, at: time))
        case .unary(let unary):
            switch try value(of: unary.expression, at: time) {
            case .scalar(let value): return .scalar(unary.sign == .minus ? -value : value)
            case .vector(let vector):
                if unary.sign == .plus { return .vector(vector) }
                return .vector(try unique(vector.map { ($0.labels.droppingMetricName(), -$0.value) }))
            }
        case .binary(let binary): return try apply(binary, at: time)
        case .aggregation(let aggregation): return .vector(try aggregate(aggregation, at: time))
        case .call(let call): return try evaluate(call, at: time)
        case .string, .range, .subquery: throw Failure(reason: "not generated")
        }
    }

    func vector(_ expression: Expression, at time: Int64) throws -> [Element] {
        guard case .vector(let elements) = try value(of: expression, at: time) else {
            throw Failure(reason: "no vector")
        }
        return elements
    }

    func scalar(_ expression: Expression, at time: Int64) throws -> Double {
        guard case .scalar(let number) = try value(of: expression, at: time) else {
            throw Failure(reason: "no scalar")
        }
        return number
    }

    func unique(_ vector: [Element]) throws -> [Element] {
        guard Set(vector.map(\.labels)).count == vector.count else { throw Failure(reason: "duplicate series") }
        return vector
    }

    // MARK: - Selection

    private func milliseconds(_ duration: DurationExpression?) -> Int64 {
        if case .literal(let seconds, _)? = duration { Int64((seconds * 1000).rounded()) } else { 0 }
    }

    private func moment(_ modifiers: TimeModifiers, at time: Int64) -> Int64 {
        let base =
            switch modifiers.at {
            case .time(let fixed)?: fixed.milliseconds
            case .start?: start
            case .end?: end
            case nil: time
            }
        return base - milliseconds(modifiers.offset)
    }

    private func select(_ selector: VectorSelector, at time: Int64) -> [Element] {
        let moment = moment(selector.modifiers, at: time)
        return data.compactMap { labels, samples in
            guard selector.matchers.allSatisfy({ $0.matches(labels) }),
                let newest = samples.last(where: { $0.time.milliseconds <= moment }),
                newest.time.milliseconds > moment - 300_000, !newest.value.isStaleMarker
            else { return nil }
            return (labels, newest.value)
        }
    }

    /// The series of a range vector with their points in (start, end].
    func windows(
        _ expression: Expression, at time: Int64
    ) throws -> (series: [(labels: Labels, points: [WindowReference.Point])], start: Int64, end: Int64) {
        switch expression {
        case .parenthesized(let inner, _): return try windows(inner, at: time)
        case .range(let range):
            let last = moment(range.selector.modifiers, at: time)
            let first = last - milliseconds(range.duration)
            let found = data.filter { row in range.selector.matchers.allSatisfy { $0.matches(row.labels) } }
            let series = found.map { row in
                let inside = row.samples.filter {
                    $0.time.milliseconds > first && $0.time.milliseconds <= last && !$0.value.isStaleMarker
                }
                return (labels: row.labels, points: inside.map { (time: $0.time.milliseconds, value: $0.value) })
            }
            return (series, first, last)
        case .subquery(let subquery):
            let last = moment(subquery.modifiers, at: time)
            let first = last - milliseconds(subquery.range)
            let step = subquery.step.map(milliseconds) ?? 60_000
            var order: [Labels] = []
            var points: [Labels: [WindowReference.Point]] = [:]
            // Every multiple of the step inside the window; the first may lie below zero.
            var at = (first / step - 1) * step
            while at <= last {
                if at > first {
                    for (labels, value) in try vector(subquery.expression, at: at) {
                        if points[labels] == nil { order.append(labels) }
                        points[labels, default: []].append((at, value))
                    }
                }
                at += step
            }
            return (order.map { ($0, points[$0] ?? []) }, first, last)
        case .number, .string, .selector, .call, .aggregation, .unary, .binary:
            throw Failure(reason: "no range vector")
        }
    }

    // MARK: - Calls

    private func evaluate(_ call: Call, at time: Int64) throws -> Value {
        let arguments = call.arguments
        func map(_ transform: (Double) -> Double) throws -> Value {
            .vector(
                try unique(
                    try vector(arguments[0], at: time).map { ($0.labels.droppingMetricName(), transform($0.value)) }))
        }
        switch call.function {
        case "pi": return .scalar(.pi)
        case "time": return .scalar(Double(time) / 1000)
        case "vector": return .vector([(.empty, try scalar(arguments[0], at: time))])
        case "scalar":
            let elements = try vector(arguments[0], at: time)
            return .scalar(elements.count == 1 ? elements[0].value : .nan)
        case "absent":
            // Generated over expressions that promise no labels.
            return .vector(try vector(arguments[0], at: time).isEmpty ? [(.empty, 1)] : [])
        case "abs": return try map { abs($0) }
        case "ceil": return try map { $0.rounded(.up) }
        case "sgn": return try map { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case "timestamp":
            return .vector(
                try unique(
                    try vector(arguments[0], at: time).map { ($0.labels.droppingMetricName(), Double(time) / 1000) }))
        case "clamp_max":
            let bound = try scalar(arguments[1], at: time)
            return try map { $0.isNaN || bound.isNaN ? .nan : min($0, bound) }
        default: return try evaluateOther(call, at: time) ?? .vector(try overWindows(call, at: time))
        }
    }

    private func overWindows(_ call: Call, at time: Int64) throws -> [Element] {
        var parameters: [Double] = []
        var range: Expression?
        for argument in call.arguments {
            switch argument {
            case .range, .subquery: range = argument
            case .number, .string, .selector, .call, .aggregation, .unary, .binary, .parenthesized:
                parameters.append(try scalar(argument, at: time))
            }
        }
        guard let range else { throw Failure(reason: "no range vector") }
        let (series, first, last) = try windows(range, at: time)
        let keepsName = call.function == "last_over_time" || call.function == "first_over_time"
        var result: [Element] = []
        for (labels, points) in series {
            var reference = WindowReference(
                points: points, start: first, end: last, clock: time,
                parameter: parameters.first ?? 0)
            reference.secondParameter = parameters.last ?? 0
            guard let value = reference.value(of: call.function) else { continue }
            result.append((keepsName ? labels : labels.droppingMetricName(), value))
        }
        return try unique(result)
    }

    // MARK: - Aggregations

    func group(of labels: Labels, _ grouping: Aggregation.Grouping) -> Labels {
        Labels(
            labels.filter { (label: Label) in
                switch grouping {
                case .by(let names): names.contains(label.name)
                case .without(let names): !names.contains(label.name) && label.name != Labels.metricNameLabel
                }
            })
    }

    private func aggregate(_ aggregation: Aggregation, at time: Int64) throws -> [Element] {
        let elements = try vector(aggregation.expression, at: time)
        if aggregation.operation == .countValues { return try unique(counts(of: elements, aggregation)) }
        let parameter = try aggregation.parameter.map { try scalar($0, at: time) } ?? 0
        var order: [Labels] = []
        var groups: [Labels: [Element]] = [:]
        for element in elements {
            let key = group(of: element.labels, aggregation.grouping)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(element)
        }
        return order.flatMap { key -> [Element] in
            let members = groups[key] ?? []
            let values = members.map(\.value)
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
            let numbers = values.filter { !$0.isNaN }
            switch aggregation.operation {
            case .sum: return [(key, values.reduce(0, +))]
            case .avg: return [(key, mean)]
            case .count: return [(key, Double(values.count))]
            case .group: return [(key, 1)]
            case .min: return [(key, numbers.min() ?? .nan)]
            case .max: return [(key, numbers.max() ?? .nan)]
            case .stddev: return [(key, variance.squareRoot())]
            case .stdvar: return [(key, variance)]
            case .topk, .bottomk:
                let sorted =
                    members.filter { !$0.value.isNaN }.sorted { $0.value > $1.value }
                    + members.filter(\.value.isNaN)
                let best =
                    aggregation.operation == .topk
                    ? sorted
                    : members.filter { !$0.value.isNaN }.sorted { $0.value < $1.value } + members.filter(\.value.isNaN)
                return Array(best.prefix(max(0, Int(parameter))))
            case .quantile:
                let points = values.enumerated().map { (time: Int64($0), value: $1) }
                let reference = WindowReference(points: points, start: 0, end: 0, clock: 0, parameter: parameter)
                return [(key, reference.value(of: "quantile_over_time") ?? .nan)]
            case .countValues, .limitK, .limitRatio: return []
            }
        }
    }
}
