import Query

/// The signatures of all functions of Prometheus 3.14 (promql/parser/functions.go), so that the parser's tests stand
/// on their own and need no function that can be evaluated.
enum SignatureTable {
    static let all: [FunctionSignature] =
        [
            "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp",
            "floor", "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum", "ln",
            "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp",
        ].map { FunctionSignature($0, [.instantVector]) }
        + [
            "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "first_over_time",
            "idelta", "increase", "irate", "last_over_time", "max_over_time", "min_over_time", "present_over_time",
            "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time",
        ].map { FunctionSignature($0, [.rangeVector]) }
        + [
            "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year",
        ].map { FunctionSignature($0, [.instantVector], .optionalLast) }
        + [
            "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
            "ts_of_min_over_time",
        ].map { FunctionSignature($0, [.rangeVector], isExperimental: true) }
        + ["start", "end", "range", "step"].map {
            FunctionSignature($0, [], returns: .scalar, isExperimental: true)
        }
        + others

    private static let others: [FunctionSignature] = [
        FunctionSignature("clamp", [.instantVector, .scalar, .scalar]),
        FunctionSignature("clamp_max", [.instantVector, .scalar]),
        FunctionSignature("clamp_min", [.instantVector, .scalar]),
        FunctionSignature("double_exponential_smoothing", [.rangeVector, .scalar, .scalar], isExperimental: true),
        FunctionSignature("histogram_fraction", [.scalar, .scalar, .instantVector]),
        FunctionSignature("histogram_quantile", [.scalar, .instantVector]),
        FunctionSignature(
            "histogram_quantiles", [.instantVector, .string, .scalar, .scalar], .repeatedLastUpTo(9),
            isExperimental: true),
        FunctionSignature("info", [.instantVector, .instantVector], .optionalLast, isExperimental: true),
        FunctionSignature("label_join", [.instantVector, .string, .string, .string], .repeatedLast),
        FunctionSignature("label_replace", [.instantVector, .string, .string, .string, .string]),
        FunctionSignature("max_of", [.scalar, .scalar], returns: .scalar, isExperimental: true),
        FunctionSignature("min_of", [.scalar, .scalar], returns: .scalar, isExperimental: true),
        FunctionSignature("pi", [], returns: .scalar),
        FunctionSignature("predict_linear", [.rangeVector, .scalar]),
        FunctionSignature("quantile_over_time", [.scalar, .rangeVector]),
        FunctionSignature("round", [.instantVector, .scalar], .optionalLast),
        FunctionSignature("scalar", [.instantVector], returns: .scalar),
        FunctionSignature("sort_by_label", [.instantVector, .string], .repeatedLast, isExperimental: true),
        FunctionSignature("sort_by_label_desc", [.instantVector, .string], .repeatedLast, isExperimental: true),
        FunctionSignature("time", [], returns: .scalar),
        FunctionSignature("vector", [.scalar]),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static func function(named name: String) -> FunctionSignature? { byName[name] }
}
