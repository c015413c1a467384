/// Functions and aggregations.
extension Parser {
    /// `name(arguments)`; the next token is the parenthesis.
    mutating func call(_ nameToken: Token) throws(ParseError) -> Operand {
        let (arguments, end) = try callArguments()
        let name = text(nameToken)
        guard let signature = functions(name) else {
            if ExperimentalFunctions.names.contains(name) {
                throw error("function \(QuotedText.quote(name)) is not enabled", at: nameToken.start)
            }
            throw ParseError(
                "unknown function with name \(QuotedText.quote(name))", at: nameToken.start, in: lexer.bytes,
                expected: "the name of a function", suggestion: suggestion(for: name))
        }
        if signature.isExperimental && !options.experimental {
            throw error("function \(QuotedText.quote(name)) is not enabled", at: nameToken.start)
        }
        let node = Call(
            function: name, arguments: arguments.map(\.node), span: SourceSpan(nameToken.start, end),
            nameSpan: SourceSpan(nameToken.start, nameToken.end))
        return Operand(node: .call(node), type: signature.returns, depth: try depth(over: arguments, at: nameToken))
    }

    private func suggestion(for name: String) -> String? {
        NameSuggestion.nearest(to: name, among: options.functionNames + Aggregation.Operation.allCases.map(\.rawValue))
    }

    private func depth(over arguments: [Operand], at token: Token) throws(ParseError) -> Int {
        let depth = 1 + arguments.reduce(0) { max($0, $1.depth) }
        try checkDepth(depth, at: token.start)
        return depth
    }

    /// `(a, b)`, and where it ends.
    private mutating func callArguments() throws(ParseError) -> (arguments: [Operand], end: Int) {
        try take(.leftParenthesis, expected: "\"(\"")
        if let close = try take(if: .rightParenthesis) { return ([], close.end) }
        var arguments = [try expression()]
        while let comma = try take(if: .comma) {
            guard startsExpression(try peek().kind) else {
                throw error("trailing commas not allowed in function call args", at: comma.start)
            }
            arguments.append(try expression())
        }
        let close = try take(.rightParenthesis, expected: "an operator, \",\" or \")\"")
        return (arguments, close.end)
    }

    /// `op by (…) (…)` or `op (…) by (…)`; the next token is the modifier or the parenthesis.
    mutating func aggregation(_ operation: Aggregation.Operation, _ token: Token) throws(ParseError) -> Operand {
        let outer = context
        context = .aggregation
        var grouping = try aggregationModifier()
        let (arguments, closing) = try callArguments()
        var end = closing
        if grouping == nil {
            grouping = try aggregationModifier()
            if let grouping { end = grouping.end }
        }
        context = outer
        try checkArguments(arguments, of: operation, at: token.start)
        let node = Aggregation(
            operation: operation, grouping: grouping?.grouping ?? .by([]),
            parameter: operation.hasParameter ? arguments[0].node : nil,
            expression: arguments[arguments.count - 1].node, span: SourceSpan(token.start, end))
        let depth = try depth(over: arguments, at: token)
        return Operand(node: .aggregation(node), type: .instantVector, depth: depth)
    }

    private mutating func aggregationModifier() throws(ParseError) -> (grouping: Aggregation.Grouping, end: Int)? {
        if try take(if: .keyword(.by)) != nil {
            let labels = try groupingLabels()
            return (.by(labels.names), labels.end)
        }
        if try take(if: .keyword(.without)) != nil {
            let labels = try groupingLabels()
            return (.without(labels.names), labels.end)
        }
        return nil
    }

    private func checkArguments(
        _ arguments: [Operand], of operation: Aggregation.Operation, at offset: Int
    ) throws(ParseError) {
        if arguments.isEmpty { throw error("no arguments for aggregate expression provided", at: offset) }
        if operation.isExperimental && !options.experimental {
            let feature = "--enable-feature=promql-experimental-functions"
            throw error("\(operation.rawValue)() is experimental and must be enabled with \(feature)", at: offset)
        }
        let wanted = operation.hasParameter ? 2 : 1
        if arguments.count != wanted {
            let problem = "wrong number of arguments for aggregate expression provided"
            throw error("\(problem), expected \(wanted), got \(arguments.count)", at: offset)
        }
    }
}

/// The functions that Prometheus 3.14 has behind feature flags. Where the registry has no such function, its users
/// are told what Prometheus tells them without the flags, and not that there is no such thing.
enum ExperimentalFunctions {
    static let names: Set<String> = [
        "double_exponential_smoothing", "end", "histogram_quantiles", "info", "mad_over_time", "max_of", "min_of",
        "range", "sort_by_label", "sort_by_label_desc", "start", "start_timestamp", "step", "ts_of_first_over_time",
        "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
    ]
}

extension Aggregation.Operation {
    /// Whether a value stands before the expression: `topk(3, …)`.
    package var hasParameter: Bool {
        switch self {
        case .topk, .bottomk, .quantile, .countValues, .limitK, .limitRatio: true
        case .sum, .avg, .min, .max, .count, .group, .stddev, .stdvar: false
        }
    }

    /// Whether Prometheus accepts it only behind a feature flag.
    package var isExperimental: Bool { self == .limitK || self == .limitRatio }
}
