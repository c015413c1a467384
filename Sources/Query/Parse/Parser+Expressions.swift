/// Operators, and what they stand between.
extension Parser {
    /// An expression whose operators bind at least as strongly as `minimum`.
    mutating func expression(_ minimum: Precedence = .or) throws(ParseError) -> Operand {
        try enter(at: peek().start)
        var left = try unary()
        while case .operation(let operation) = try peek().kind, operation.precedence >= minimum {
            let sign = try take()
            let modifiers = try binaryModifiers()
            let right = try expression(operation == .power ? .power : operation.precedence.next)
            left = try binary(left, operation, sign, modifiers, right)
        }
        leave()
        return left
    }

    private mutating func unary() throws(ParseError) -> Operand {
        let token = try peek()
        let sign: UnaryOperation.Sign
        switch token.kind {
        case .operation(.add): sign = .plus
        case .operation(.subtract): sign = .minus
        default: return try operand()
        }
        try take()
        // A sign binds as strongly as `*`: only `^` comes before it.
        var operand = try expression(.power)
        let span = SourceSpan(token.start, operand.node.span.end)
        if case .number(let value, _) = operand.node {
            operand.node = .number(sign == .minus ? -value : value, span)
        } else {
            operand.node = .unary(UnaryOperation(sign: sign, expression: operand.node, span: span))
            operand.depth += 1
            try checkDepth(operand.depth, at: token.start)
        }
        return operand
    }

    private func binary(
        _ left: Operand, _ operation: BinaryOperation.Operation, _ sign: Token, _ modifiers: BinaryModifiers,
        _ right: Operand
    ) throws(ParseError) -> Operand {
        let span = SourceSpan(left.node.span.start, right.node.span.end)
        if modifiers.hasFill && !options.experimental {
            throw error("binop fill modifiers are experimental and not enabled", at: span.start)
        }
        let areVectors = left.type == .instantVector && right.type == .instantVector
        var matching = modifiers.matching
        if areVectors {
            if operation.isSetOperation && matching.cardinality == .oneToOne { matching.cardinality = .manyToMany }
        }
        let node = BinaryOperation(
            operation: operation, lhs: left.node, rhs: right.node, returnsBool: modifiers.returnsBool,
            // What is meaningless beside a scalar is dropped if it says nothing, and left to the type check if not.
            matching: areVectors || !matching.labels.isEmpty || modifiers.hasFill ? matching : nil,
            span: span, operationSpan: SourceSpan(sign.start, sign.end))
        let depth = max(left.depth, right.depth) + 1
        try checkDepth(depth, at: sign.start)
        let isScalar = left.type == .scalar && right.type == .scalar
        return Operand(node: .binary(node), type: isScalar ? .scalar : .instantVector, depth: depth)
    }

    /// A primary expression with the ranges, offsets and times behind it.
    private mutating func operand() throws(ParseError) -> Operand {
        var operand = try primary()
        while true {
            let token = try peek()
            switch token.kind {
            case .leftBracket: try bracket(&operand)
            case .keyword(.offset): try offset(&operand)
            case .at: try at(&operand)
            case .keyword(.anchored), .keyword(.smoothed):
                let name = text(token).lowercased()
                throw error("\(name) modifier is experimental and not enabled", at: operand.node.span.start)
            default: return operand
            }
        }
    }

    private mutating func primary() throws(ParseError) -> Operand {
        let token = try take()
        switch token.kind {
        case .number, .duration:
            return Operand(node: .number(try number(token), SourceSpan(token.start, token.end)), type: .scalar)
        case .string:
            let value = LiteralValue.string(lexer.bytes[token.start..<token.end])
            return Operand(node: .string(value, SourceSpan(token.start, token.end)), type: .string)
        case .leftParenthesis: return try parenthesized(token)
        case .leftBrace: return try selector(named: nil, braceAt: token)
        case .identifier, .preprocessor:
            return try peek().kind == .leftParenthesis ? call(token) : selector(named: token)
        case .aggregation(let operation):
            switch try peek().kind {
            case .leftParenthesis, .keyword(.by), .keyword(.without): return try aggregation(operation, token)
            default: return try selector(named: token)
            }
        default:
            guard isMetricName(token.kind) else { throw unexpected(token, expected: "an expression") }
            if token.kind == .keyword(.groupLeft) || token.kind == .keyword(.groupRight) {
                try checkIsNoModifier(token)
            }
            return try selector(named: token)
        }
    }

    /// `group_left` can be the name of a metric; more often it is a modifier that lacks its `on (…)`. Then labels or
    /// the right side follow.
    private mutating func checkIsNoModifier(_ token: Token) throws(ParseError) {
        switch try peek().kind {
        case .leftParenthesis, .identifier, .metricIdentifier, .number, .duration, .string, .aggregation,
            .preprocessor:
            throw unexpected(token, expected: "on (…) or ignoring (…) before it")
        default: return
        }
    }

    private mutating func parenthesized(_ open: Token) throws(ParseError) -> Operand {
        var inner = try expression()
        let close = try take(.rightParenthesis, expected: "an operator or \")\"")
        inner.node = .parenthesized(inner.node, SourceSpan(open.start, close.end))
        inner.depth += 1
        try checkDepth(inner.depth, at: open.start)
        return inner
    }

    /// The value of a number or duration token, durations in seconds.
    func number(_ token: Token) throws(ParseError) -> Double {
        let text = lexer.bytes[token.start..<token.end]
        switch token.kind == .duration ? LiteralValue.duration(text) : LiteralValue.number(text) {
        case .value(let value): return value
        case .failure(let message): throw error(message, at: token.start)
        }
    }

    /// Whether an expression can begin with a token of `kind`.
    func startsExpression(_ kind: TokenKind) -> Bool {
        switch kind {
        case .identifier, .metricIdentifier, .number, .duration, .string, .leftParenthesis, .leftBrace, .aggregation,
            .preprocessor, .operation(.add), .operation(.subtract):
            true
        default: isMetricName(kind)
        }
    }

    /// Whether a token of `kind`, where an operand stands, is the name of a metric. Most keywords are.
    func isMetricName(_ kind: TokenKind) -> Bool {
        switch kind {
        case .identifier, .metricIdentifier, .aggregation, .preprocessor, .operation(.and), .operation(.or),
            .operation(.unless), .keyword(.offset), .keyword(.by), .keyword(.without), .keyword(.anchored),
            .keyword(.smoothed), .keyword(.groupLeft), .keyword(.groupRight):
            true
        default: false
        }
    }
}

/// How strongly operators bind, loosest first.
enum Precedence: Int, Comparable {
    case or, and, comparison, sum, product, power

    /// The next stronger one; that of `^` is `^` itself, to which nothing is stronger.
    var next: Precedence { Precedence(rawValue: rawValue + 1) ?? .power }

    static func < (lhs: Precedence, rhs: Precedence) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension BinaryOperation.Operation {
    var precedence: Precedence {
        switch self {
        case .power: .power
        case .multiply, .divide, .modulo, .atan2: .product
        case .add, .subtract: .sum
        case .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater, .trimUpper, .trimLower: .comparison
        case .and, .unless: .and
        case .or: .or
        }
    }
}
