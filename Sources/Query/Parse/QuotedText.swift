/// Text in quotes, with the escapes of Go's `strconv.Quote`: what Prometheus prints in queries and errors.
enum QuotedText {
    /// `text` in double quotes.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        quoted.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars { append(scalar, quote: "\"", to: &quoted) }
        return quoted + "\""
    }

    /// Bytes of which some are no UTF-8, `\xff`, in double quotes.
    static func quote(_ bytes: [UInt8]) -> String {
        var quoted = "\""
        var place = 0
        var rest = bytes.makeIterator()
        var parser = UTF8.ForwardParser()
        while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let encoded):
                append(UTF8.decode(encoded), quote: "\"", to: &quoted)
                place += encoded.count
            case .error(let length):
                for byte in bytes[place..<place + length] { quoted += "\\x" + hexadecimal(UInt32(byte), digits: 2) }
                place += length
            case .emptyInput: return quoted + "\""
            }
        }
    }

    /// `scalar` in single quotes.
    static func quote(_ scalar: Unicode.Scalar) -> String {
        var quoted = "'"
        append(scalar, quote: "'", to: &quoted)
        return quoted + "'"
    }

    /// `text` in double quotes; of more than ten bytes only the first ten characters, and an ellipsis.
    static func abbreviated(_ text: String) -> String {
        guard text.utf8.count > 10 else { return quote(text) }
        return quote(String(String.UnicodeScalarView(text.unicodeScalars.prefix(10)))) + "..."
    }

    /// `U+0071 'q'`; the code alone where the character cannot be shown.
    static func code(_ scalar: Unicode.Scalar) -> String {
        let code = "U+" + hexadecimal(scalar.value, digits: 4).uppercased()
        return isPrintable(scalar) ? "\(code) '\(scalar)'" : code
    }

    private static func append(_ scalar: Unicode.Scalar, quote: Unicode.Scalar, to text: inout String) {
        switch scalar {
        case quote, "\\": text += "\\\(scalar)"
        case "\u{07}": text += "\\a"
        case "\u{08}": text += "\\b"
        case "\u{0C}": text += "\\f"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\u{0B}": text += "\\v"
        default:
            if isPrintable(scalar) {
                text.unicodeScalars.append(scalar)
            } else if scalar.value < 128 {
                text += "\\x" + hexadecimal(scalar.value, digits: 2)
            } else if scalar.value < 0x10000 {
                text += "\\u" + hexadecimal(scalar.value, digits: 4)
            } else {
                text += "\\U" + hexadecimal(scalar.value, digits: 8)
            }
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// As Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 127 { return scalar.value >= 32 }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
            return true
        @unknown default:
            return false
        }
    }
}
