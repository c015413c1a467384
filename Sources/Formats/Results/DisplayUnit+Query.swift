package import Model
package import Query

extension DisplayUnit {
    /// The unit of what `expression` answers, as far as the metric names in it and the operations on them tell.
    /// Where two units meet that make a third, the answer is ``none``: a wrong unit is worse than no unit.
    package static func infer(from expression: Expression, families: [String: MetricFamily]) -> DisplayUnit {
        switch expression {
        case .number, .string: .none
        case .selector(let selector): unit(of: selector, families)
        case .range(let range): unit(of: range.selector, families)
        case .subquery(let subquery): infer(from: subquery.expression, families: families)
        case .parenthesized(let inner, _): infer(from: inner, families: families)
        case .unary(let unary): infer(from: unary.expression, families: families)
        case .call(let call): unit(of: call, families)
        case .aggregation(let aggregation): unit(of: aggregation, families)
        case .binary(let operation): unit(of: operation, families)
        }
    }

    private static func unit(of selector: VectorSelector, _ families: [String: MetricFamily]) -> DisplayUnit {
        guard let name = metricName(of: selector) else { return .none }
        return families[name].map { DisplayUnit(of: $0) } ?? DisplayUnit(metricName: name)
    }

    /// Functions whose answer is in the unit of their argument.
    private static let keepingFunctions: Set<String> = [
        "abs", "ceil", "floor", "round", "clamp", "clamp_min", "clamp_max", "sort", "sort_desc", "sort_by_label",
        "sort_by_label_desc", "scalar", "vector", "label_replace", "label_join", "increase", "delta", "idelta",
        "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "last_over_time", "first_over_time",
        "stddev_over_time", "mad_over_time", "quantile_over_time", "predict_linear", "double_exponential_smoothing",
    ]

    /// Functions that answer a moment.
    private static let momentFunctions: Set<String> = [
        "time", "timestamp", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_min_over_time",
        "ts_of_max_over_time",
    ]

    private static func unit(of call: Call, _ families: [String: MetricFamily]) -> DisplayUnit {
        if momentFunctions.contains(call.function) { return DisplayUnit(.timestamp) }
        // The series is the first argument, or the second where a number comes first.
        let place = call.function == "quantile_over_time" || call.function == "histogram_quantile" ? 1 : 0
        guard call.arguments.count > place else { return .none }
        let argument = infer(from: call.arguments[place], families: families)
        switch call.function {
        case "histogram_quantile":
            // Buckets are counts, whatever was done to them; the answer is one of their bounds.
            return firstMetricName(in: call.arguments[place]).map { name in
                DisplayUnit(metricName: name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name)
            } ?? .none
        case "rate", "irate", "deriv": return argument.perSecond
        case "increase", "delta", "idelta", "stddev_over_time":
            // A difference of moments is a span.
            return argument.quantity == .timestamp ? DisplayUnit(.seconds) : argument
        case let name where keepingFunctions.contains(name): return argument
        default: return .none
        }
    }

    private static func firstMetricName(in expression: Expression) -> String? {
        switch expression {
        case .number, .string: nil
        case .selector(let selector): metricName(of: selector)
        case .range(let range): metricName(of: range.selector)
        case .subquery(let subquery): firstMetricName(in: subquery.expression)
        case .call(let call): call.arguments.lazy.compactMap { firstMetricName(in: $0) }.first
        case .aggregation(let aggregation): firstMetricName(in: aggregation.expression)
        case .unary(let unary): firstMetricName(in: unary.expression)
        case .binary(let binary): firstMetricName(in: binary.lhs) ?? firstMetricName(in: binary.rhs)
        case .parenthesized(let inner, _): firstMetricName(in: inner)
        }
    }

    private static func metricName(of selector: VectorSelector) -> String? {
        let names = selector.matchers.filter { $0.name == Labels.metricNameLabel && $0.operation == .equal }
        return names.count == 1 ? names[0].value : nil
    }

    private static func unit(of aggregation: Aggregation, _ families: [String: MetricFamily]) -> DisplayUnit {
        switch aggregation.operation {
        case .sum, .avg, .min, .max, .topk, .bottomk, .quantile, .stddev, .limitK, .limitRatio:
            infer(from: aggregation.expression, families: families)
        case .count, .group, .stdvar, .countValues: .none
        }
    }

    private static func unit(of binary: BinaryOperation, _ families: [String: MetricFamily]) -> DisplayUnit {
        let left = infer(from: binary.lhs, families: families)
        let right = infer(from: binary.rhs, families: families)
        switch binary.operation {
        case .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater:
            if binary.returnsBool { return .none }
            return isNumber(binary.lhs) ? right : left
        case .and, .unless, .trimUpper, .trimLower: return left
        case .or: return left == right ? left : .none
        case .add, .subtract:
            if binary.operation == .subtract, left.quantity == .timestamp, right.quantity == .timestamp {
                return DisplayUnit(.seconds)
            }
            if isNumber(binary.rhs) { return left }
            if isNumber(binary.lhs) { return right }
            return left == right ? left : .none
        case .modulo: return isNumber(binary.rhs) ? left : .none
        case .multiply, .divide: return scaled(binary, left, right)
        case .power, .atan2: return .none
        }
    }

    /// A product or quotient. A number may convert the unit (`… / 1024`, `… * 8`), and which one it then is cannot be
    /// known; only `ratio * 100` is clear. A quotient of like units is a ratio.
    private static func scaled(_ binary: BinaryOperation, _ left: DisplayUnit, _ right: DisplayUnit) -> DisplayUnit {
        if let factor = number(binary.rhs) { return binary.operation == .multiply ? times(left, factor) : .none }
        if let factor = number(binary.lhs) { return binary.operation == .multiply ? times(right, factor) : .none }
        if binary.operation == .divide {
            if left == right && left != .none { return DisplayUnit(.ratio) }
            if left.quantity == .bytes && right == DisplayUnit(.seconds) { return left.perSecond }
        }
        return .none
    }

    private static func times(_ unit: DisplayUnit, _ factor: Double) -> DisplayUnit {
        unit.quantity == .ratio && factor == 100 ? DisplayUnit(.percent, isPerSecond: unit.isPerSecond) : .none
    }

    private static func isNumber(_ expression: Expression) -> Bool { number(expression) != nil }

    private static func number(_ expression: Expression) -> Double? {
        switch expression {
        case .number(let value, _): value
        case .parenthesized(let inner, _): number(inner)
        case .unary(let unary): number(unary.expression).map { unary.sign == .minus ? -$0 : $0 }
        case .string, .selector, .range, .subquery, .call, .aggregation, .binary: nil
        }
    }
}
