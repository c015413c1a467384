import Model

/// What stands behind a selector or a subquery: ranges, offsets and `@`.
extension Parser {
    /// `[5m]` or `[5m:1m]`; the next token is the bracket.
    mutating func bracket(_ operand: inout Operand) throws(ParseError) {
        let open = try take()
        let outer = context
        context = .bracket
        let range = try positiveDuration()
        context = outer
        let separator = try take()
        switch separator.kind {
        case .rightBracket:
            operand.node = .range(try rangeSelector(operand.node, range, open, end: separator.end))
            operand.type = .rangeVector
        case .colon:
            let (step, end) = try subqueryStep()
            let span = SourceSpan(operand.node.span.start, end)
            operand.node = .subquery(
                Subquery(expression: operand.node, range: range, step: step, modifiers: .none, span: span))
            // The type that was is the type check's to judge: only that of the node is kept here.
            operand.type = .rangeVector
        default: throw unexpected(separator, in: .subqueryOrRange)
        }
        operand.depth += 1
        try checkDepth(operand.depth, at: open.start)
    }

    private mutating func subqueryStep() throws(ParseError) -> (step: DurationExpression?, end: Int) {
        if let close = try take(if: .rightBracket) { return (nil, close.end) }
        let outer = context
        context = .subqueryStep
        let step = try positiveDuration()
        context = outer
        let close = try take()
        guard close.kind == .rightBracket else { throw unexpected(close, in: .subquery) }
        return (step, close.end)
    }

    private func rangeSelector(
        _ node: Expression, _ range: DurationExpression, _ open: Token, end: Int
    ) throws(ParseError) -> RangeSelector {
        guard case .selector(let selector) = node else {
            throw error("ranges only allowed for vector selectors", at: open.start)
        }
        if case .literal(let seconds, _) = selector.modifiers.offset, seconds != 0 {
            throw error("no offset modifiers allowed before range", at: open.start)
        }
        if case .time = selector.modifiers.at { throw error("no @ modifiers allowed before range", at: open.start) }
        return RangeSelector(selector: selector, duration: range, span: SourceSpan(selector.span.start, end))
    }

    /// `offset 5m`; the next token is the keyword.
    mutating func offset(_ operand: inout Operand) throws(ParseError) {
        try take()
        let outer = context
        context = .offset
        let offset = try offsetDuration()
        context = outer
        let start = operand.node.span.start
        guard var modifiers = operand.node.modifiers else { throw misplaced("offset", at: start) }
        switch modifiers.offset {
        case nil, .literal(0, _): modifiers.offset = offset.node
        default: throw error("offset may not be set multiple times", at: start)
        }
        operand.node.set(modifiers, end: offset.end)
    }

    /// `@ 1609746000`, `@ start()`, `@ end()`; the next token is the sign.
    mutating func at(_ operand: inout Operand) throws(ParseError) {
        try take()
        let outer = context
        context = .at
        let time = try atTime()
        context = outer
        let start = operand.node.span.start
        let at: TimeModifiers.At
        switch time.value {
        case .seconds(let seconds):
            // Timestamp answers nil for NaN, infinities and what does not fit.
            guard let timestamp = Timestamp(seconds: seconds) else {
                // Six digits behind the point, as Go's %f; all that does not fit is whole.
                let shown = FloatText.plain(seconds) + (seconds.isFinite ? ".000000" : "")
                throw error("timestamp out of bounds for @ modifier: \(shown)", at: start)
            }
            at = .time(timestamp)
        case .border(let border): at = border
        }
        guard var modifiers = operand.node.modifiers else { throw misplaced("@", at: start) }
        if modifiers.at != nil { throw error("@ <timestamp> may not be set multiple times", at: start) }
        modifiers.at = at
        operand.node.set(modifiers, end: time.end)
    }

    private enum AtTime {
        case seconds(Double)
        case border(TimeModifiers.At)
    }

    private mutating func atTime() throws(ParseError) -> (value: AtTime, end: Int) {
        var token = try take()
        if token.kind == .preprocessor(.start) || token.kind == .preprocessor(.end) {
            let border: TimeModifiers.At = token.kind == .preprocessor(.start) ? .start : .end
            try take(.leftParenthesis, expected: "\"(\"")
            let close = try take(.rightParenthesis, expected: "\")\"")
            return (.border(border), close.end)
        }
        let isNegative = token.kind == .operation(.subtract)
        if isNegative || token.kind == .operation(.add) { token = try take() }
        guard token.kind == .number || token.kind == .duration else {
            throw unexpected(token, expected: "timestamp")
        }
        let seconds = try number(token)
        return (.seconds(isNegative ? -seconds : seconds), token.end)
    }

    private func misplaced(_ modifier: String, at offset: Int) -> ParseError {
        let place = "an instant vector selector or range vector selector or a subquery"
        return error("\(modifier) modifier must be preceded by \(place)", at: offset)
    }
}

extension Expression {
    /// The modifiers of a node that can have some; nil for any other.
    fileprivate var modifiers: TimeModifiers? {
        switch self {
        case .selector(let node): node.modifiers
        case .range(let node): node.selector.modifiers
        case .subquery(let node): node.modifiers
        case .number, .string, .call, .aggregation, .unary, .binary, .parenthesized: nil
        }
    }

    /// Gives a node that can have modifiers others, and a new end.
    fileprivate mutating func set(_ modifiers: TimeModifiers, end: Int) {
        switch self {
        case .selector(var node):
            node.modifiers = modifiers
            node.span.end = end
            self = .selector(node)
        case .range(var node):
            node.selector.modifiers = modifiers
            node.span.end = end
            self = .range(node)
        case .subquery(var node):
            node.modifiers = modifiers
            node.span.end = end
            self = .subquery(node)
        case .number, .string, .call, .aggregation, .unary, .binary, .parenthesized: break
        }
    }
}
