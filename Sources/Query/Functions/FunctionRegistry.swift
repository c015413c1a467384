/// The functions of PromQL. A new one is a value in its family's file and a word here.
package enum FunctionRegistry {
    /// In families; the order is that of the documentation.
    package static let all: [Function] = [
        // Counters and gauges over a range.
        .rate, .irate, .increase, .delta, .idelta, .deriv, .predictLinear, .changes, .resets,
        // Aggregation over time.
        .avgOverTime, .minOverTime, .maxOverTime, .sumOverTime, .countOverTime, .lastOverTime, .firstOverTime,
        .presentOverTime, .absentOverTime, .stddevOverTime, .stdvarOverTime, .quantileOverTime,
        // Value by value.
        .abs, .ceil, .floor, .round, .clamp, .clampMin, .clampMax, .exp, .ln, .log2, .log10, .sqrt, .sgn,
        .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .asinh, .acosh, .atanh, .deg, .rad,
        // Calendar.
        .minute, .hour, .dayOfWeek, .dayOfMonth, .dayOfYear, .daysInMonth, .month, .year,
        // Between scalars and vectors, time, presence, order.
        .time, .pi, .scalar, .vector, .timestamp, .absent, .sort, .sortDesc,
        // Labels.
        .labelReplace, .labelJoin,
        // Histograms.
        .histogramQuantile, .histogramFraction, .histogramCount, .histogramSum, .histogramAvg, .histogramStddev,
        .histogramStdvar,
        // Experimental in Prometheus: over a range, histograms, the query's own times, labels.
        .doubleExponentialSmoothing, .madOverTime, .tsOfFirstOverTime, .tsOfLastOverTime, .tsOfMinOverTime,
        .tsOfMaxOverTime, .histogramQuantiles, .start, .end, .range, .step, .minOf, .maxOf, .sortByLabel,
        .sortByLabelDesc, .info,
    ]

    private static let byName: [String: Function] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The function called `name`, case mattering; nil where PromQL has none.
    package static func function(named name: String) -> Function? { byName[name] }

    /// All names, in the order of ``all``.
    package static let names: [String] = all.map(\.name)

    /// The names of what Prometheus accepts without a flag.
    package static let stableNames: [String] = all.filter { !$0.signature.isExperimental }.map(\.name)
}
