import Model
import Query

extension Query.Expression {
    /// Calls `body` with every selector in the expression.
    func forEachSelector(_ body: (VectorSelector) -> Void) {
        switch self {
        case .number, .string: break
        case .selector(let selector): body(selector)
        case .range(let range): body(range.selector)
        case .subquery(let subquery): subquery.expression.forEachSelector(body)
        case .call(let call): for argument in call.arguments { argument.forEachSelector(body) }
        case .aggregation(let aggregation):
            aggregation.parameter?.forEachSelector(body)
            aggregation.expression.forEachSelector(body)
        case .unary(let unary): unary.expression.forEachSelector(body)
        case .binary(let binary):
            binary.lhs.forEachSelector(body)
            binary.rhs.forEachSelector(body)
        case .parenthesized(let inner, _): inner.forEachSelector(body)
        }
    }

    /// The metric names that it asks for, each once, in their order.
    var metricNames: [String] {
        var names: [String] = []
        forEachSelector { selector in
            for matcher in selector.matchers {
                let isName = matcher.name == Labels.metricNameLabel && matcher.operation == .equal
                if isName && !names.contains(matcher.value) { names.append(matcher.value) }
            }
        }
        return names
    }
}
