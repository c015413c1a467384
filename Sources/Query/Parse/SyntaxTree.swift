package import Model

/// Where a piece of a query stands: byte offsets into its text, `start` included, `end` not.
package struct SourceSpan: Hashable, Sendable {
    package var start: Int
    package var end: Int

    package init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }
}

/// A parsed PromQL expression: exactly what the text says, nothing resolved.
package indirect enum Expression: Hashable, Sendable {
    case number(Double, SourceSpan)
    case string(LiteralText, SourceSpan)
    case selector(VectorSelector)
    case range(RangeSelector)
    case subquery(Subquery)
    case call(Call)
    case aggregation(Aggregation)
    case unary(UnaryOperation)
    case binary(BinaryOperation)
    case parenthesized(Expression, SourceSpan)
}

/// The four types of a PromQL expression.
package enum ValueType: String, Hashable, Sendable {
    case scalar
    case instantVector = "instant vector"
    case rangeVector = "range vector"
    case string
}

/// `name{matchers} offset d @ t`.
package struct VectorSelector: Hashable, Sendable {
    /// All conditions, the metric name's among them.
    package var matchers: [Matcher]
    package var modifiers: TimeModifiers
    package var span: SourceSpan
    /// The metric name where it was written before the braces; its condition is the last of ``matchers`` then.
    package var name: String? = nil
}

/// `selector[duration] offset d @ t`. The selector's own modifiers are the range's.
package struct RangeSelector: Hashable, Sendable {
    package var selector: VectorSelector
    package var duration: DurationExpression
    package var span: SourceSpan
}

/// `expr[range:step] offset d @ t`.
package struct Subquery: Hashable, Sendable {
    package var expression: Expression
    package var range: DurationExpression
    /// Nil in `[5m:]`: the default evaluation interval.
    package var step: DurationExpression?
    package var modifiers: TimeModifiers
    package var span: SourceSpan
}

/// `offset` and `@`; `@` fixes the time, then the offset is applied.
package struct TimeModifiers: Hashable, Sendable {
    /// What `@` fixes the time to.
    package enum At: Hashable, Sendable {
        case time(Timestamp)
        case start
        case end
    }

    package var offset: DurationExpression?
    package var at: At?

    package init(offset: DurationExpression? = nil, at: At? = nil) {
        self.offset = offset
        self.at = at
    }

    package static let none = TimeModifiers()
}

/// A duration as written: arithmetic over seconds, resolved once the query's step and range are known.
package indirect enum DurationExpression: Hashable, Sendable {
    /// The operators, in PromQL's spelling.
    package enum Operation: String, Hashable, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
    }

    /// `5m`, `300`, `1.5`: seconds. `isNumber` when it was written without a unit.
    case literal(seconds: Double, isNumber: Bool)
    case step
    case range
    case minimum(DurationExpression, DurationExpression)
    case maximum(DurationExpression, DurationExpression)
    case negated(DurationExpression)
    case binary(Operation, DurationExpression, DurationExpression)
    case parenthesized(DurationExpression)
}

/// `name(arguments)`.
package struct Call: Hashable, Sendable {
    package var function: String
    package var arguments: [Expression]
    package var span: SourceSpan
    /// Where the name stands.
    package var nameSpan: SourceSpan
}

/// `op by (labels) (parameter, expression)`.
package struct Aggregation: Hashable, Sendable {
    /// The operators, in PromQL's spelling.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        case sum, avg, min, max, count, group, stddev, stdvar, topk, bottomk, quantile
        case countValues = "count_values"
        case limitK = "limitk"
        case limitRatio = "limit_ratio"
    }

    /// Which labels make a group.
    package enum Grouping: Hashable, Sendable {
        case by([String])
        case without([String])
    }

    package var operation: Operation
    /// No modifier is `by ()`.
    package var grouping: Grouping
    /// Of topk, bottomk, quantile, count_values, limitk, limit_ratio.
    package var parameter: Expression?
    package var expression: Expression
    package var span: SourceSpan
}

/// `-expr` or `+expr`.
package struct UnaryOperation: Hashable, Sendable {
    /// The two signs.
    package enum Sign: String, Hashable, Sendable {
        case plus = "+"
        case minus = "-"
    }

    package var sign: Sign
    package var expression: Expression
    package var span: SourceSpan
}

/// `lhs op bool on (…) group_left (…) rhs`.
package struct BinaryOperation: Hashable, Sendable {
    /// The operators, in PromQL's spelling.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        case power = "^"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case atan2
        case add = "+"
        case subtract = "-"
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case less = "<"
        case greaterOrEqual = ">="
        case greater = ">"
        case trimUpper = "</"
        case trimLower = ">/"
        case and
        case unless
        case or

        package var isComparison: Bool {
            switch self {
            case .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater: true
            case .power, .multiply, .divide, .modulo, .atan2, .add, .subtract, .trimUpper, .trimLower, .and, .unless,
                .or:
                false
            }
        }

        package var isSetOperation: Bool { self == .and || self == .unless || self == .or }
    }

    package var operation: Operation
    package var lhs: Expression
    package var rhs: Expression
    /// `bool`: a comparison answers 0 or 1 instead of filtering.
    package var returnsBool: Bool
    /// Between two instant vectors, always present there; nil where a side is a scalar.
    package var matching: VectorMatching?
    package var span: SourceSpan
    /// Where the operator stands.
    package var operationSpan: SourceSpan
}

/// How the series of two vectors find each other.
package struct VectorMatching: Hashable, Sendable {
    /// How many series of each side may find each other.
    package enum Cardinality: String, Hashable, Sendable {
        case oneToOne = "one-to-one"
        /// `group_left`
        case manyToOne = "many-to-one"
        /// `group_right`
        case oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }

    package var cardinality: Cardinality
    /// The labels of `on (…)` or `ignoring (…)`.
    package var labels: [String]
    /// True for `on`.
    package var isOn: Bool
    /// The labels of `group_left (…)` or `group_right (…)`, copied from the one side.
    package var include: [String]
    /// `fill`, `fill_left`, `fill_right` (experimental): values for missing partners.
    package var fillLeft: Double?
    package var fillRight: Double?
}

extension Expression {
    package var span: SourceSpan {
        switch self {
        case .number(_, let span), .string(_, let span), .parenthesized(_, let span): span
        case .selector(let node): node.span
        case .range(let node): node.span
        case .subquery(let node): node.span
        case .call(let node): node.span
        case .aggregation(let node): node.span
        case .unary(let node): node.span
        case .binary(let node): node.span
        }
    }
}
