/// Cuts a query into tokens, on demand.
///
/// What a byte means depends on where it stands: inside braces words are never keywords; inside brackets, up to the
/// first number, only durations and their arithmetic are known. Behaviour and error texts are those of Prometheus'
/// lexer (prometheus/prometheus, promql/parser/lex.go), oddities included: an error stands at the start of the token
/// that it breaks, and an unclosed bracket is only noticed at the end of the text.
struct Lexer {
    let bytes: [UInt8]
    /// The next byte to look at.
    var at = 0
    /// Where the token under the knife begins.
    var start = 0
    private var openParentheses = 0
    private var isInBraces = false
    private var isInBrackets = false
    /// Between `[` and its first number: arithmetic of durations.
    private var expectsDuration = false
    private var sawDuration = false
    private var sawColon = false

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The next token; `endOfInput` again and again at the end.
    mutating func next() throws(ParseError) -> Token {
        skipBlanks()
        start = at
        guard let byte = peek() else { return try endOfInput() }
        if isInBraces { return try tokenInBraces(byte) }
        if expectsDuration { return try tokenOfDuration(byte) }
        return try tokenOfStatement(byte)
    }

    private mutating func skipBlanks() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): at += 1
            case UInt8(ascii: "#") where !expectsDuration:
                while let byte = peek(), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { at += 1 }
            default: return
            }
        }
    }

    private func endOfInput() throws(ParseError) -> Token {
        if isInBraces { throw error("unexpected end of input inside braces") }
        if expectsDuration { throw error("unexpected end of input in duration expression") }
        if openParentheses != 0 { throw error("unclosed left parenthesis") }
        if isInBrackets { throw error("unclosed left bracket") }
        return token(.endOfInput)
    }

    // MARK: Outside of braces

    private mutating func tokenOfStatement(_ byte: UInt8) throws(ParseError) -> Token {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try numberOrDuration()
        case UInt8(ascii: "."):
            guard isDigit(peek(1)) else { throw unexpectedCharacter() }
            return try numberOrDuration()
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quotedString()
        case UInt8(ascii: "`"): return try rawString()
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"): return try comparison(byte)
        case UInt8(ascii: "{"):
            isInBraces = true
            return take(.leftBrace)
        case UInt8(ascii: "}"): throw unexpectedCharacter()
        case UInt8(ascii: "["):
            if isInBrackets { throw error("unexpected left bracket '['") }
            (isInBrackets, expectsDuration, sawDuration, sawColon) = (true, true, false, false)
            return take(.leftBracket)
        case UInt8(ascii: "]"):
            if !isInBrackets { throw error("unexpected right bracket ']'") }
            isInBrackets = false
            return take(.rightBracket)
        case UInt8(ascii: "@"): return take(.at)
        case UInt8(ascii: ":") where isInBrackets: return try colon()
        default:
            if isAlphabetic(byte) || byte == UInt8(ascii: ":") {
                return isInBrackets ? try durationWord(else: "unexpected character: ", ", expected ':'") : word()
            }
            if let token = try sign(byte) { return token }
            throw unexpectedCharacter()
        }
    }

    /// Parentheses, commas and the operators that are one character, known everywhere outside of braces.
    private mutating func sign(_ byte: UInt8) throws(ParseError) -> Token? {
        switch byte {
        case UInt8(ascii: "("):
            openParentheses += 1
            return take(.leftParenthesis)
        case UInt8(ascii: ")"):
            guard openParentheses > 0 else {
                throw ParseError("unexpected right parenthesis ')'", at: at + 1, in: bytes)
            }
            openParentheses -= 1
            return take(.rightParenthesis)
        case UInt8(ascii: ","): return take(.comma)
        case UInt8(ascii: "+"): return take(.operation(.add))
        case UInt8(ascii: "-"): return take(.operation(.subtract))
        case UInt8(ascii: "*"): return take(.operation(.multiply))
        case UInt8(ascii: "/"): return take(.operation(.divide))
        case UInt8(ascii: "%"): return take(.operation(.modulo))
        case UInt8(ascii: "^"): return take(.operation(.power))
        default: return nil
        }
    }

    private mutating func comparison(_ byte: UInt8) throws(ParseError) -> Token {
        let second = peek(1)
        switch (byte, second) {
        case (UInt8(ascii: "="), UInt8(ascii: "=")): return take(.operation(.equal), 2)
        case (UInt8(ascii: "="), UInt8(ascii: "~")): throw error("unexpected character after '=': '~'")
        case (UInt8(ascii: "="), _): return take(.assign)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): return take(.operation(.notEqual), 2)
        case (UInt8(ascii: "!"), _):
            throw error("unexpected character after '!': \(QuotedText.quote(scalar(at: at + 1)))")
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): return take(.operation(.lessOrEqual), 2)
        case (UInt8(ascii: "<"), UInt8(ascii: "/")): return take(.operation(.trimUpper), 2)
        case (UInt8(ascii: "<"), _): return take(.operation(.less))
        case (_, UInt8(ascii: "=")): return take(.operation(.greaterOrEqual), 2)
        case (_, UInt8(ascii: "/")): return take(.operation(.trimLower), 2)
        default: return take(.operation(.greater))
        }
    }

    private mutating func word() -> Token {
        var hasColon = false
        while let byte = peek(), isAlphanumeric(byte) || byte == UInt8(ascii: ":") {
            hasColon = hasColon || byte == UInt8(ascii: ":")
            at += 1
        }
        if hasColon { return token(.metricIdentifier) }
        guard let keyword = TokenKind(keyword: bytes[start..<at]) else { return token(.identifier) }
        switch keyword {
        case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight):
            // Young keywords: names unless they are called, so that old queries go on to work.
            return token(isFollowedByParenthesis() ? keyword : .identifier)
        default: return token(keyword)
        }
    }

    private func isFollowedByParenthesis() -> Bool {
        bytes[at...].first { !isSpace($0) } == UInt8(ascii: "(")
    }

    // MARK: Inside brackets

    private mutating func tokenOfDuration(_ byte: UInt8) throws(ParseError) -> Token {
        switch byte {
        case UInt8(ascii: "]"):
            (isInBrackets, expectsDuration) = (false, false)
            return take(.rightBracket)
        case UInt8(ascii: ":"): return try colon()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            (sawDuration, expectsDuration) = (true, false)
            return try numberOrDuration()
        case UInt8(ascii: ".") where isDigit(peek(1)):
            (sawDuration, expectsDuration) = (true, false)
            return try numberOrDuration()
        default:
            if let token = try sign(byte) { return token }
            return try durationWord(else: "unexpected character in duration expression: ", "")
        }
    }

    private mutating func colon() throws(ParseError) -> Token {
        if expectsDuration && !sawDuration {
            throw ParseError("unexpected colon before duration in duration expression", at: at + 1, in: bytes)
        }
        if sawColon { throw error("unexpected colon ':'") }
        sawColon = true
        return take(.colon)
    }

    /// The words that durations know: `step`, `range`, `min_of`, `max_of`.
    private mutating func durationWord(else complaint: String, _ hint: String) throws(ParseError) -> Token {
        while let byte = peek(), isAlphabetic(byte) { at += 1 }
        switch TokenKind(keyword: bytes[start..<at]) {
        case .preprocessor(.step), .preprocessor(.range), .preprocessor(.minimumOf), .preprocessor(.maximumOf):
            sawDuration = true
            return token(TokenKind(keyword: bytes[start..<at]) ?? .identifier)
        default: throw error(complaint + QuotedText.quote(scalar(at: start)) + hint)
        }
    }

    // MARK: Inside braces

    private mutating func tokenInBraces(_ byte: UInt8) throws(ParseError) -> Token {
        switch byte {
        case UInt8(ascii: ","): return take(.comma)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quotedString()
        case UInt8(ascii: "`"): return try rawString()
        case UInt8(ascii: "="): return peek(1) == UInt8(ascii: "~") ? take(.matches, 2) : take(.assign)
        case UInt8(ascii: "!"):
            switch peek(1) {
            case UInt8(ascii: "~"): return take(.doesNotMatch, 2)
            case UInt8(ascii: "="): return take(.operation(.notEqual), 2)
            default:
                let found = QuotedText.quote(scalar(at: at + 1))
                throw error("unexpected character after '!' inside braces: \(found)")
            }
        case UInt8(ascii: "{"): throw error("unexpected left brace '{'")
        case UInt8(ascii: "}"):
            isInBraces = false
            return take(.rightBrace)
        default:
            guard isAlphabetic(byte) else {
                throw error("unexpected character inside braces: \(QuotedText.quote(scalar(at: at)))")
            }
            while let byte = peek(), isAlphanumeric(byte) { at += 1 }
            return token(.identifier)
        }
    }

    // MARK: Bytes

    /// The byte `distance` behind the next one; nil behind the end.
    func peek(_ distance: Int = 0) -> UInt8? {
        at + distance < bytes.count ? bytes[at + distance] : nil
    }

    /// The character at `offset`; U+FFFD at the end.
    func scalar(at offset: Int) -> Unicode.Scalar {
        guard offset < bytes.count else { return "\u{FFFD}" }
        return String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
            ?? "\u{FFFD}"
    }

    /// The token from ``start`` to here.
    func token(_ kind: TokenKind) -> Token { Token(kind: kind, start: start, end: at) }

    private mutating func take(_ kind: TokenKind, _ length: Int = 1) -> Token {
        at += length
        return token(kind)
    }

    func error(_ message: String) -> ParseError { ParseError(message, at: start, in: bytes) }

    private func unexpectedCharacter() -> ParseError {
        error("unexpected character: \(QuotedText.quote(scalar(at: at)))")
    }
}

func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}

func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

/// A letter of ASCII, or `_`.
func isAlphabetic(_ byte: UInt8) -> Bool {
    (byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
}

func isAlphanumeric(_ byte: UInt8) -> Bool { isAlphabetic(byte) || isDigit(byte) }
