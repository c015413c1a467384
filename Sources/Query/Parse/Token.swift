/// One lexical piece of a query: what it is, and its bytes `[start, end)` in the text.
struct Token: Hashable {
    var kind: TokenKind
    var start: Int
    var end: Int
}

/// The kinds of tokens, as Prometheus' lexer tells them apart.
enum TokenKind: Hashable {
    case endOfInput
    /// A word without a colon that is no keyword.
    case identifier
    /// A word with a colon: only ever a metric name.
    case metricIdentifier
    case number
    case duration
    case string
    case leftParenthesis, rightParenthesis
    case leftBrace, rightBrace
    case leftBracket, rightBracket
    case comma, colon
    /// `=`, in braces a matcher.
    case assign
    /// `=~`, only in braces.
    case matches
    /// `!~`, only in braces.
    case doesNotMatch
    case at
    /// A binary operator; `!=` is also a matcher.
    case operation(BinaryOperation.Operation)
    case aggregation(Aggregation.Operation)
    case keyword(Keyword)
    case preprocessor(Preprocessor)

    enum Keyword: Hashable {
        case offset, anchored, smoothed, by, without, on, ignoring, groupLeft, groupRight
        case fill, fillLeft, fillRight, bool
    }

    /// Words that are calls inside durations and after `@`, and functions elsewhere.
    enum Preprocessor: Hashable {
        case start, end, step, range, minimumOf, maximumOf
    }

    /// The keyword that `word` is, whatever its case; nil where it is none.
    init?(keyword word: ArraySlice<UInt8>) {
        // The longest keyword is `count_values`.
        guard word.count <= 12, word.count >= 2 else { return nil }
        let lowercased = String(decoding: word.lazy.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }, as: UTF8.self)
        if let word = TokenKind.word(lowercased) {
            self = word
        } else if let operation = Aggregation.Operation(rawValue: lowercased) {
            self = .aggregation(operation)
        } else {
            return nil
        }
    }

    private static func word(_ lowercased: String) -> TokenKind? {
        switch lowercased {
        case "and": .operation(.and)
        case "or": .operation(.or)
        case "unless": .operation(.unless)
        case "atan2": .operation(.atan2)
        case "by": .keyword(.by)
        case "without": .keyword(.without)
        case "on": .keyword(.on)
        case "ignoring": .keyword(.ignoring)
        case "group_left": .keyword(.groupLeft)
        case "group_right": .keyword(.groupRight)
        case "bool": .keyword(.bool)
        case "offset": .keyword(.offset)
        case "anchored": .keyword(.anchored)
        case "smoothed": .keyword(.smoothed)
        case "fill": .keyword(.fill)
        case "fill_left": .keyword(.fillLeft)
        case "fill_right": .keyword(.fillRight)
        case "start": .preprocessor(.start)
        case "end": .preprocessor(.end)
        case "step": .preprocessor(.step)
        case "range": .preprocessor(.range)
        case "min_of": .preprocessor(.minimumOf)
        case "max_of": .preprocessor(.maximumOf)
        case "inf", "nan": .number
        default: nil
        }
    }
}

extension TokenKind {
    /// How Prometheus' errors name a token of this kind that reads `text`.
    func description(of text: String) -> String {
        switch self {
        case .endOfInput: "end of input"
        case .identifier: "identifier \(QuotedText.quote(text))"
        case .metricIdentifier: "metric identifier \(QuotedText.quote(text))"
        case .number: "number \(QuotedText.abbreviated(text))"
        case .duration: "duration \(QuotedText.abbreviated(text))"
        case .string: "string \(QuotedText.abbreviated(text))"
        case .keyword: "<\(text)>"
        case .operation, .at, .matches, .doesNotMatch: "<op:\(text)>"
        case .aggregation: "<aggr:\(text)>"
        case .leftParenthesis, .rightParenthesis, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .comma, .colon,
            .assign, .preprocessor:
            QuotedText.abbreviated(text)
        }
    }
}
