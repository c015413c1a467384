/// Durations and their arithmetic, in brackets and behind `offset`.
extension Parser {
    /// A piece of a duration with what is needed to put it into a larger one.
    struct DurationOperand {
        var node: DurationExpression
        var start: Int
        var end: Int
        var depth = 1
    }

    /// What stands in brackets. A literal has to be above zero; what is computed is checked when it is known.
    mutating func positiveDuration() throws(ParseError) -> DurationExpression {
        let operand = try duration()
        if let seconds = literal(operand.node), seconds <= 0 {
            throw error("duration must be greater than 0", at: operand.start)
        }
        return operand.node
    }

    /// The seconds of a literal, parentheses around it or not.
    private func literal(_ node: DurationExpression) -> Double? {
        switch node {
        case .literal(let seconds, _): seconds
        case .parenthesized(let inner): literal(inner)
        case .step, .range, .minimum, .maximum, .negated, .binary: nil
        }
    }

    /// What stands behind `offset`: it ends with its first operand, so that an operator behind it is one between
    /// vectors. Only what begins with a parenthesis or with two signs goes on, as in Prometheus.
    mutating func offsetDuration() throws(ParseError) -> DurationOperand {
        let first = try peek()
        switch first.kind {
        case .leftParenthesis: return try durationOperators(behind: durationPrimary(), .sum)
        case .operation(.add), .operation(.subtract):
            try take()
            switch try peek().kind {
            case .operation(.add), .operation(.subtract):
                let signed = try apply(first, to: durationUnary())
                return try durationOperators(behind: signed, .sum)
            default: return try apply(first, to: durationPrimary())
            }
        default: return try durationPrimary()
        }
    }

    private mutating func duration(_ minimum: Precedence = .sum) throws(ParseError) -> DurationOperand {
        try enter(at: peek().start)
        let operand = try durationOperators(behind: durationUnary(), minimum)
        leave()
        return operand
    }

    private mutating func durationOperators(
        behind first: DurationOperand, _ minimum: Precedence
    ) throws(ParseError) -> DurationOperand {
        var left = first
        while case .operation(let sign) = try peek().kind, let operation = DurationExpression.Operation(sign),
            sign.precedence >= minimum
        {
            let token = try take()
            let right = try duration(operation == .power ? .power : sign.precedence.next)
            if case .literal(0, _) = right.node {
                if operation == .divide { throw error("division by zero", at: token.start) }
                if operation == .modulo { throw error("modulo by zero", at: token.start) }
            }
            left.node = .binary(operation, left.node, right.node)
            left.end = right.end
            left.depth = max(left.depth, right.depth) + 1
            try checkDepth(left.depth, at: token.start)
        }
        return left
    }

    private mutating func durationUnary() throws(ParseError) -> DurationOperand {
        let token = try peek()
        guard token.kind == .operation(.add) || token.kind == .operation(.subtract) else {
            return try durationPrimary()
        }
        try take()
        return try apply(token, to: duration(.power))
    }

    private func apply(_ sign: Token, to operand: DurationOperand) throws(ParseError) -> DurationOperand {
        var signed = operand
        signed.start = sign.start
        guard sign.kind == .operation(.subtract) else { return signed }
        if case .literal(let seconds, let isNumber) = operand.node {
            signed.node = .literal(seconds: -seconds, isNumber: isNumber)
        } else {
            signed.node = .negated(operand.node)
            signed.depth += 1
            try checkDepth(signed.depth, at: sign.start)
        }
        return signed
    }

    private mutating func durationPrimary() throws(ParseError) -> DurationOperand {
        let token = try take()
        switch token.kind {
        case .number, .duration:
            let seconds = try number(token)
            // Go's time.Duration counts nanoseconds in 64 bits. NaN passes, and is refused when the query runs.
            if abs(seconds) > 0x1p63 / 1e9 { throw error("duration out of range", at: token.start) }
            let node = DurationExpression.literal(seconds: seconds, isNumber: token.kind == .number)
            return DurationOperand(node: node, start: token.start, end: token.end)
        case .preprocessor(.step), .preprocessor(.range):
            try take(.leftParenthesis, expected: "\"(\"")
            let close = try take(.rightParenthesis, expected: "\")\"")
            let node: DurationExpression = token.kind == .preprocessor(.step) ? .step : .range
            return DurationOperand(node: node, start: token.start, end: close.end)
        case .preprocessor(.minimumOf), .preprocessor(.maximumOf): return try durationExtreme(token)
        case .leftParenthesis:
            var inner = try duration()
            let close = try take(.rightParenthesis, expected: "an operator or \")\"")
            // Parentheses in parentheses say nothing more.
            if case .parenthesized = inner.node {} else { inner.node = .parenthesized(inner.node) }
            (inner.start, inner.end) = (token.start, close.end)
            inner.depth += 1
            return inner
        default: throw unexpected(token, expected: "a duration")
        }
    }

    /// `min_of(a, b)` and `max_of(a, b)`.
    private mutating func durationExtreme(_ token: Token) throws(ParseError) -> DurationOperand {
        try take(.leftParenthesis, expected: "\"(\"")
        let first = try duration()
        try take(.comma, expected: "an operator or \",\"")
        let second = try duration()
        let close = try take(.rightParenthesis, expected: "an operator or \")\"")
        let isMinimum = token.kind == .preprocessor(.minimumOf)
        return DurationOperand(
            node: isMinimum ? .minimum(first.node, second.node) : .maximum(first.node, second.node),
            start: token.start, end: close.end, depth: max(first.depth, second.depth) + 1)
    }
}

extension DurationExpression.Operation {
    /// The operation that a binary operator is between durations; nil where it is none.
    fileprivate init?(_ operation: BinaryOperation.Operation) {
        switch operation {
        case .add: self = .add
        case .subtract: self = .subtract
        case .multiply: self = .multiply
        case .divide: self = .divide
        case .modulo: self = .modulo
        case .power: self = .power
        case .atan2, .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater, .trimUpper, .trimLower, .and,
            .unless, .or:
            return nil
        }
    }
}
