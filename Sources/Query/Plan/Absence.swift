import Model

/// The labels that `absent` can promise: those that the selector asks for by `=`.
enum Absence {
    /// A label with a second condition, even the same one again, is left out; so is everything where the argument is
    /// no plain selector. Both are as in Prometheus.
    static func labels(of argument: Expression?) -> Labels {
        var builder = LabelsBuilder()
        var seen: Set<String> = []
        for matcher in matchers(of: argument) where matcher.name != Labels.metricNameLabel {
            if matcher.operation == .equal && !seen.contains(matcher.name) {
                builder.set(matcher.name, matcher.value)
                seen.insert(matcher.name)
            } else {
                builder.remove(matcher.name)
            }
        }
        return builder.labels()
    }

    private static func matchers(of argument: Expression?) -> [Matcher] {
        switch argument {
        case .selector(let selector)?: selector.matchers
        case .range(let range)?: range.selector.matchers
        case .parenthesized(let inner, _)?: matchers(of: inner)
        case .number?, .string?, .subquery?, .call?, .aggregation?, .unary?, .binary?, nil: []
        }
    }
}
