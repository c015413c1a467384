/// Numbers, durations and strings. What is found here is well cut, not yet of a value: `0x`, `30m1h` and `1hs` are
/// tokens, and wrong only when their value is asked for.
extension Lexer {
    mutating func numberOrDuration() throws(ParseError) -> Token {
        if scanNumber() { return token(.number) }
        if scanRestOfDuration() { return token(.duration) }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        throw error("bad number or duration syntax: \(QuotedText.quote(text))")
    }

    /// Goes over the digits of a number. False where they are not followed by the end of a word; then ``at`` stands
    /// where the number stopped being one.
    private mutating func scanNumber() -> Bool {
        var isHexadecimal = false
        if accept("0"), accept("xX") {
            _ = accept("_")
            isHexadecimal = true
        }
        _ = accept(".")
        if isNumberDigit(peek(), isHexadecimal) { at += 1 }
        var sawPoint = false
        var sawExponent = false
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "."):
                at += 1
                if sawPoint || accept("_.") || isHexadecimal { return false }
                sawPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                // In a hexadecimal number too, where it is not the first digit: so does Prometheus.
                at += 1
                if sawExponent { return false }
                sawExponent = true
                _ = accept("+-")
                if accept("._eE") || peek() == nil { return false }
            case UInt8(ascii: "_"):
                at += 1
                if accept("._eE") || peek() == nil { return false }
            default:
                guard isNumberDigit(byte, isHexadecimal) else { return !isAlphanumeric(byte) }
                while isNumberDigit(peek(), isHexadecimal) { at += 1 }
            }
        }
        return at > start
    }

    private func isNumberDigit(_ byte: UInt8?, _ isHexadecimal: Bool) -> Bool {
        guard let byte else { return false }
        return isDigit(byte) || (isHexadecimal && byte | 32 >= UInt8(ascii: "a") && byte | 32 <= UInt8(ascii: "f"))
    }

    /// Goes over units and further amounts behind the first amount.
    private mutating func scanRestOfDuration() -> Bool {
        guard accept("smhdwy") else { return false }
        _ = accept("s")
        while isDigit(peek()) {
            while isDigit(peek()) { at += 1 }
            // Years come first or not at all.
            guard accept("smhdw") else { return false }
            _ = accept("s")
        }
        guard let byte = peek() else { return true }
        guard isAlphanumeric(byte) else { return true }
        at += 1
        return false
    }

    /// Goes over the next byte if it is one of `wanted`.
    private mutating func accept(_ wanted: String) -> Bool {
        guard let byte = peek(), wanted.utf8.contains(byte) else { return false }
        at += 1
        return true
    }

    // MARK: Strings

    mutating func rawString() throws(ParseError) -> Token {
        at += 1
        while let byte = peek() {
            if isReplacementCharacter() { throw error("invalid UTF-8 rune") }
            at += 1
            if byte == UInt8(ascii: "`") { return token(.string) }
        }
        throw error("unterminated raw string")
    }

    mutating func quotedString() throws(ParseError) -> Token {
        let quote = bytes[at]
        at += 1
        while let byte = peek() {
            if isReplacementCharacter() { throw error("invalid UTF-8 rune") }
            at += 1
            switch byte {
            case quote: return token(.string)
            case UInt8(ascii: "\n"): throw error("unterminated quoted string")
            case UInt8(ascii: "\\"): try escape(quote)
            default: break
            }
        }
        throw error("unterminated quoted string")
    }

    /// U+FFFD, which stands for bytes that were no UTF-8.
    private func isReplacementCharacter() -> Bool {
        bytes[at] == 0xEF && peek(1) == 0xBF && peek(2) == 0xBD
    }

    private mutating func escape(_ quote: UInt8) throws(ParseError) {
        guard let byte = peek() else { throw error("escape sequence not terminated") }
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"), UInt8(ascii: "v"), UInt8(ascii: "\\"), quote:
            at += 1
        case UInt8(ascii: "0")...UInt8(ascii: "7"): try codePoint(digits: 3, radix: 8, max: 255)
        case UInt8(ascii: "x"):
            at += 1
            try codePoint(digits: 2, radix: 16, max: 255)
        case UInt8(ascii: "u"):
            at += 1
            try codePoint(digits: 4, radix: 16, max: 0x10FFFF)
        case UInt8(ascii: "U"):
            at += 1
            try codePoint(digits: 8, radix: 16, max: 0x10FFFF)
        default: throw error("unknown escape sequence \(QuotedText.code(scalar(at: at)))")
        }
    }

    private mutating func codePoint(digits: Int, radix: UInt64, max: UInt64) throws(ParseError) {
        var value: UInt64 = 0
        for _ in 0..<digits {
            guard let byte = peek() else { throw error("escape sequence not terminated") }
            guard let digit = hexadecimalDigit(byte), digit < radix else {
                throw error("illegal character \(QuotedText.code(scalar(at: at))) in escape sequence")
            }
            value = value * radix + digit
            at += 1
        }
        if value > max || (0xD800..<0xE000).contains(value) {
            throw error("escape sequence is an invalid Unicode code point")
        }
    }
}

/// The value of a hexadecimal digit; nil where `byte` is none.
func hexadecimalDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
