import Glibc
import Model

@testable import Query

/// Functions of the slow evaluator that are not over windows, beyond the first few.
extension SlowEvaluator {
    /// Nil for a function over windows.
    func evaluateOther(_ call: Call, at time: Int64) throws -> Value? {
        let arguments = call.arguments
        func map(_ index: Int = 0, _ transform: (Double) -> Double?) throws -> Value {
            let elements = try vector(arguments[index], at: time).compactMap { element -> Element? in
                transform(element.value).map { (element.labels.droppingMetricName(), $0) }
            }
            return .vector(try unique(elements))
        }
        func number(_ index: Int) throws -> Double { try scalar(arguments[index], at: time) }
        switch call.function {
        case "start": return .scalar(Double(start) / 1000)
        case "end": return .scalar(Double(end) / 1000)
        case "range": return .scalar(Double(end - start) / 1000)
        case "step": return .scalar(Double(step) / 1000)
        case "min_of": return .scalar(Self.least(try number(0), try number(1)))
        case "max_of": return .scalar(-Self.least(-(try number(0)), -(try number(1))))
        case "sqrt": return try map { sqrt($0) }
        case "round":
            let unit = arguments.count > 1 ? try number(1) : 1
            return try map { floor($0 * (1 / unit) + 0.5) / (1 / unit) }
        case "clamp":
            let (low, high) = (try number(1), try number(2))
            return try map { low > high ? nil : -Self.least(-low, -Self.least(high, $0)) }
        case "clamp_min":
            let low = try number(1)
            return try map { -Self.least(-low, -$0) }
        case "hour": return try map { Self.part($0, \.hour) { floor(Self.remainder($0, 86_400) / 3600) } }
        case "minute": return try map { Self.part($0, \.minute) { floor(Self.remainder($0, 3600) / 60) } }
        case "day_of_week":
            // The first of January 1970 was a Thursday.
            return try map { Self.part($0, \.weekday) { Self.remainder(floor($0 / 86_400) + 4, 7) } }
        case "absent_over_time":
            let found = try windows(arguments[0], at: time).series.contains { !$0.points.isEmpty }
            return .vector(found ? [] : [(promised(arguments[0]), 1)])
        case "label_replace": return .vector(try replaceLabel(arguments, at: time))
        case "label_join": return .vector(try joinLabel(arguments, at: time))
        case "histogram_quantile": return .vector(try histogramQuantile(try number(0), arguments[1], at: time))
        default: return nil
        }
    }

    private static func least(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        return a.isNaN || b.isNaN ? .nan : min(a, b)
    }

    /// A part of a date: of whole seconds, cut off toward zero. What is no number of seconds is the least there is,
    /// whose date wraps; tests of the calendar know it.
    private static func part(
        _ value: Double, _ wrapped: KeyPath<CalendarDate, Int64>, _ part: (Double) -> Double
    ) -> Double {
        let whole = value.rounded(.towardZero)
        return whole.magnitude < 1e15 ? part(whole) : Double(CalendarDate(seconds: .min)[keyPath: wrapped])
    }

    private static func remainder(_ value: Double, _ divisor: Double) -> Double {
        value - floor(value / divisor) * divisor
    }

    private func promised(_ argument: Expression) -> Labels {
        guard case .range(let range) = argument else { return .empty }
        let equal = range.selector.matchers.filter { $0.operation == .equal && $0.name != Labels.metricNameLabel }
        return Labels(equal.map { Label($0.name, $0.value) })
    }

    private func text(_ expression: Expression) -> String {
        if case .string(let literal, _) = expression { literal.text } else { "" }
    }

    /// For the expression `(.)(.*)` and templates of `$1`, `$2` and text only.
    private func replaceLabel(_ arguments: [Expression], at time: Int64) throws -> [Element] {
        try unique(
            vector(arguments[0], at: time).map { element in
                let value = element.labels[text(arguments[3])] ?? ""
                guard let first = value.first else { return element }
                let new = text(arguments[2]).replacing("$1", with: String(first))
                    .replacing("$2", with: String(value.dropFirst()))
                return (element.labels.setting(text(arguments[1]), to: new), element.value)
            })
    }

    private func joinLabel(_ arguments: [Expression], at time: Int64) throws -> [Element] {
        try unique(
            vector(arguments[0], at: time).map { element in
                let values = arguments[3...].map { element.labels[text($0)] ?? "" }
                let new = values.joined(separator: text(arguments[2]))
                return (element.labels.setting(text(arguments[1]), to: new), element.value)
            })
    }

    /// For buckets whose counts grow and whose bounds are 1, 2, 5 and +Inf.
    private func histogramQuantile(_ phi: Double, _ expression: Expression, at time: Int64) throws -> [Element] {
        var order: [Labels] = []
        var histograms: [Labels: [(bound: Double, count: Double)]] = [:]
        for element in try vector(expression, at: time) {
            guard let text = element.labels["le"], let bound = text == "+Inf" ? .infinity : Double(text) else {
                continue
            }
            let labels = element.labels.setting("le", to: "")
            if histograms[labels] == nil { order.append(labels) }
            histograms[labels, default: []].append((bound, element.value))
        }
        return try unique(
            order.map { labels in
                let buckets = (histograms[labels] ?? []).sorted { $0.bound < $1.bound }
                return (labels.droppingMetricName(), Self.quantile(phi, buckets))
            })
    }

    private static func quantile(_ phi: Double, _ buckets: [(bound: Double, count: Double)]) -> Double {
        guard let total = buckets.last, total.bound == .infinity, buckets.count > 1, total.count > 0 else {
            return .nan
        }
        var before = (bound: 0.0, count: 0.0)
        for bucket in buckets {
            if bucket.count >= phi * total.count || bucket.bound == .infinity {
                if bucket.bound == .infinity { return before.bound }
                let share = (phi * total.count - before.count) / (bucket.count - before.count)
                return before.bound + (bucket.bound - before.bound) * share
            }
            before = bucket
        }
        return .nan
    }

    func counts(of elements: [Element], _ aggregation: Aggregation) -> [Element] {
        let name = aggregation.parameter.map(text) ?? ""
        var grouping = aggregation.grouping
        if case .by(let kept) = grouping { grouping = .by(kept + [name]) }
        var order: [Labels] = []
        var counts: [Labels: Double] = [:]
        for element in elements {
            let key = group(of: element.labels.setting(name, to: FloatText.plain(element.value)), grouping)
            if counts[key] == nil { order.append(key) }
            counts[key, default: 0] += 1
        }
        return order.map { ($0, counts[$0] ?? 0) }
    }
}
