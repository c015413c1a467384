import Model

/// Names and conditions of series.
extension Parser {
    /// A selector that begins with a metric name, which is taken already.
    mutating func selector(named name: Token) throws(ParseError) -> Operand {
        let brace = try take(if: .leftBrace)
        return try selector(named: name, braceAt: brace)
    }

    /// A selector whose name and opening brace are taken already, one of them or both.
    mutating func selector(named name: Token?, braceAt brace: Token?) throws(ParseError) -> Operand {
        Operand(node: .selector(try vectorSelector(named: name, braceAt: brace)), type: .instantVector)
    }

    /// A text that is one selector and nothing else.
    mutating func loneSelector() throws(ParseError) -> VectorSelector {
        let token = try take()
        if token.kind == .leftBrace { return try vectorSelector(named: nil, braceAt: token) }
        guard isMetricName(token.kind) else { throw unexpected(token, expected: "a metric name or \"{\"") }
        let brace = try take(if: .leftBrace)
        return try vectorSelector(named: token, braceAt: brace)
    }

    private mutating func vectorSelector(
        named name: Token?, braceAt brace: Token?
    ) throws(ParseError) -> VectorSelector {
        var matchers: [Matcher] = []
        let start = name?.start ?? brace?.start ?? 0
        var end = name?.end ?? start
        if brace != nil { end = try labelMatchers(into: &matchers) }
        let metric = name.map { text($0) }
        if let metric { matchers.append(Matcher(Labels.metricNameLabel, equals: metric)) }
        return VectorSelector(matchers: matchers, modifiers: .none, span: SourceSpan(start, end), name: metric)
    }

    /// What stands between the braces, and where they end.
    private mutating func labelMatchers(into matchers: inout [Matcher]) throws(ParseError) -> Int {
        if let close = try take(if: .rightBrace) { return close.end }
        while true {
            matchers.append(try labelMatcher())
            let separator = try take()
            switch separator.kind {
            case .rightBrace: return separator.end
            case .comma: if let close = try take(if: .rightBrace) { return close.end }
            default: throw unexpected(separator, in: .labelMatching, expected: "\",\" or \"}\"")
            }
        }
    }

    /// `name="value"`, `"name"="value"`, or `"metric name"`.
    private mutating func labelMatcher() throws(ParseError) -> Matcher {
        let label = try take()
        let name: String
        switch label.kind {
        case .identifier: name = text(label)
        case .string: name = LiteralValue.string(lexer.bytes[label.start..<label.end]).text
        default: throw unexpected(label, in: .labelMatching, expected: "identifier or \"}\"")
        }
        guard let operation = matcherOperation(try peek().kind) else {
            if label.kind == .string { return Matcher(Labels.metricNameLabel, equals: name) }
            throw unexpected(try take(), in: .labelMatching, expected: "label matching operator")
        }
        try take()
        let value = try take()
        guard value.kind == .string else { throw unexpected(value, in: .labelMatching, expected: "string") }
        do {
            return try Matcher(name, operation, LiteralValue.string(lexer.bytes[value.start..<value.end]).text)
        } catch {
            throw self.error(RegularExpressionWords.message(for: error), at: label.start)
        }
    }

    private func matcherOperation(_ kind: TokenKind) -> Matcher.Operation? {
        switch kind {
        case .assign: .equal
        case .operation(.notEqual): .notEqual
        case .matches: .matches
        case .doesNotMatch: .doesNotMatch
        default: nil
        }
    }
}

/// RE2's complaints in the words of Go's regexp package, which is what users of Prometheus know.
enum RegularExpressionWords {
    static func message(for error: RegularExpressionError) -> String {
        // RE2 writes `words: part of the expression`.
        let words = error.reason.prefix { $0 != ":" }
        let part = error.reason.dropFirst(words.count + 2)
        let translated =
            switch words {
            case "missing ]": "missing closing ]"
            case "missing )": "missing closing )"
            case "trailing \\": "trailing backslash at end of expression"
            case "no argument for repetition operator": "missing argument to repetition operator"
            case "invalid repetition size": "invalid repeat count"
            case "bad repetition operator": "invalid nested repetition operator"
            case "invalid perl operator": "invalid or unsupported Perl syntax"
            case "invalid named capture group": "invalid named capture"
            default: String(words)
            }
        return "error parsing regexp: \(translated)" + (part.isEmpty ? "" : ": `\(part)`")
    }
}
