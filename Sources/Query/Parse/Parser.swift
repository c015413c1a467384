package import Model

/// What the parser accepts beyond stable PromQL, and how far it goes.
package struct ParserOptions: Sendable {
    /// Whether what Prometheus hides behind flags is accepted: experimental functions, `limitk`, `limit_ratio`, `fill`.
    package var experimental: Bool
    /// The names to suggest from where a function is unknown.
    package var functionNames: [String]
    /// The deepest tree that is accepted; the parser and all who walk the tree recurse so deep. *Measured* (Swift 6.3,
    /// x86-64): a call costs the parser 2.7 KiB of stack a level, 8 KiB in a debug build; so the default stays below
    /// 2 MiB of the 8 MiB that a thread has. No query of a person comes near it.
    package var depthMax: Int

    package init(experimental: Bool = false, functionNames: [String] = [], depthMax: Int = 250) {
        self.experimental = experimental
        self.functionNames = functionNames
        self.depthMax = depthMax
    }
}

/// Makes a syntax tree of a PromQL text, as Prometheus 3.14 does.
///
/// Recursive descent with precedence climbing. Prometheus' parser is made by goyacc, and three habits of it show in
/// what is accepted and in its errors; they are kept here on purpose:
/// 1. A token is looked at only when a decision needs it: an error of the lexer behind a complete call comes after
///    those of the call.
/// 2. An unexpected token is reported by the innermost enclosing production that has words for it (``context``).
/// 3. Where a bare `offset` could go on as arithmetic of durations it ends: `foo offset 1m + 1m` is a sum.
///
/// Types are checked once all of the text is read.
package struct Parser {
    var lexer: Lexer
    let options: ParserOptions
    let functions: (String) -> FunctionSignature?
    /// The token that has been looked at and not been taken.
    private var ahead: Token?
    /// Who explains an unexpected token; nil where nobody does.
    var context: Context?
    private var nesting = 0

    /// The productions of Prometheus' grammar that have words for any unexpected token in them.
    enum Context {
        case aggregation
        case bracket
        case subqueryStep
        case offset
        case at
        case labelMatching
        case groupingLabels
        case subquery
        case subqueryOrRange

        /// `unexpected … in place`.
        var place: String {
            switch self {
            case .aggregation: "aggregation"
            case .bracket: "subquery or range selector"
            case .subqueryStep, .subquery: "subquery selector"
            case .offset: "offset"
            case .at: "@"
            case .labelMatching: "label matching"
            case .groupingLabels: "grouping opts"
            case .subqueryOrRange: "subquery or range"
            }
        }

        /// `…, expected words`; nil where the place decides.
        var expected: String? {
            switch self {
            case .bracket, .offset: "number, duration, step(), or range()"
            case .subqueryStep: "number, duration, step(), range(), or \"]\""
            case .subquery: "\"]\""
            case .at: "timestamp"
            case .subqueryOrRange: "\":\" or \"]\""
            case .aggregation, .labelMatching, .groupingLabels: nil
            }
        }
    }

    /// A piece of the tree with what is needed to put it into a larger one.
    struct Operand {
        var node: Expression
        var type: ValueType
        /// The height of the tree.
        var depth = 1
    }

    private init(_ text: String, _ functions: @escaping (String) -> FunctionSignature?, _ options: ParserOptions) {
        lexer = Lexer(text)
        self.functions = functions
        self.options = options
    }

    /// The tree of `text`, its types checked.
    ///
    /// - Parameter functions: the signature of the function of a name; nil where there is none.
    /// - Throws: ``ParseError`` for the first thing that is wrong. Never traps, whatever the text.
    package static func parse(
        _ text: String, functions: @escaping (String) -> FunctionSignature?, options: ParserOptions = ParserOptions()
    ) throws(ParseError) -> Expression {
        var parser = Parser(text, functions, options)
        if try parser.peek().kind == .endOfInput {
            throw ParseError("no expression found in input", at: 0, in: parser.lexer.bytes, expected: "an expression")
        }
        let expression = try parser.expression().node
        try parser.end(expected: "an operator or the end of the query")
        try TypeCheck(bytes: parser.lexer.bytes, functions: functions).check(expression)
        return expression
    }

    /// The conditions of a lone selector, `up{job="node"}`, as `match[]` parameters have them. They may all match
    /// the empty text; whether that is allowed is the caller's to say.
    package static func parseSelector(_ text: String) throws(ParseError) -> [Matcher] {
        var parser = Parser(text, { _ in nil }, ParserOptions())
        let selector = try parser.loneSelector()
        try parser.end(expected: "the end of the selector")
        return selector.matchers
    }

    private mutating func end(expected: String) throws(ParseError) {
        let token = try peek()
        if token.kind != .endOfInput { throw unexpected(token, expected: expected) }
    }

    // MARK: Tokens

    /// The next token, which stays the next one.
    mutating func peek() throws(ParseError) -> Token {
        if let ahead { return ahead }
        let token = try lexer.next()
        ahead = token
        return token
    }

    /// The next token, which is gone then.
    @discardableResult
    mutating func take() throws(ParseError) -> Token {
        let token = try peek()
        ahead = nil
        return token
    }

    /// The next token if it is of `kind`, which is gone then; nil, and nothing is gone, where it is of another.
    mutating func take(if kind: TokenKind) throws(ParseError) -> Token? {
        try peek().kind == kind ? take() : nil
    }

    /// The next token, which has to be of `kind`.
    @discardableResult
    mutating func take(_ kind: TokenKind, expected: String) throws(ParseError) -> Token {
        let token = try take()
        guard token.kind == kind else { throw unexpected(token, expected: expected) }
        return token
    }

    func text(_ token: Token) -> String { String(decoding: lexer.bytes[token.start..<token.end], as: UTF8.self) }

    // MARK: Errors

    /// - Parameter expected: for people, where the production that complains has no words of its own.
    func unexpected(_ token: Token, expected: String) -> ParseError {
        if let context, context.expected != nil { return unexpected(token, in: context) }
        var message = "unexpected " + token.kind.description(of: text(token))
        if let context { message += " in " + context.place }
        return ParseError(message, at: token.start, in: lexer.bytes, expected: expected)
    }

    /// The error of the production `context`, which names what it expected if it always expects the same.
    func unexpected(_ token: Token, in context: Context, expected: String? = nil) -> ParseError {
        let wanted = context.expected ?? expected
        var message = "unexpected \(token.kind.description(of: text(token))) in \(context.place)"
        if let wanted { message += ", expected \(wanted)" }
        return ParseError(message, at: token.start, in: lexer.bytes, expected: wanted)
    }

    func error(_ message: String, at offset: Int) -> ParseError {
        ParseError(message, at: offset, in: lexer.bytes)
    }

    /// Counts a step down; who calls it counts the step up with ``leave()``.
    mutating func enter(at offset: Int) throws(ParseError) {
        nesting += 1
        try checkDepth(nesting, at: offset)
    }

    mutating func leave() { nesting -= 1 }

    func checkDepth(_ depth: Int, at offset: Int) throws(ParseError) {
        if depth > options.depthMax {
            throw error("expression is nested too deeply, the limit is \(options.depthMax) levels", at: offset)
        }
    }
}
