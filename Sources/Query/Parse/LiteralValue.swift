import Model

/// What the text of a literal token stands for.
enum LiteralValue {
    /// A value, or Prometheus' words for why there is none.
    enum Outcome<Value> {
        case value(Value)
        case failure(String)
    }

    /// A number: an integer of base 8, 10 or 16 where it is one (Go's `ParseInt` with base 0), else a decimal float.
    static func number(_ text: ArraySlice<UInt8>) -> Outcome<Double> {
        if let first = text.first, isAlphabetic(first) {
            return .value(first | 32 == UInt8(ascii: "i") ? .infinity : .nan)
        }
        let digits = text.filter { $0 != UInt8(ascii: "_") }
        let isHexadecimal = digits.count > 1 && digits[1] | 32 == UInt8(ascii: "x")
        if isHexadecimal {
            if let integer = integer(digits.dropFirst(2), radix: 16) { return .value(Double(integer)) }
        } else {
            let isOctal = digits.count > 1 && digits[0] == UInt8(ascii: "0")
            if let integer = integer(digits[...], radix: isOctal ? 8 : 10) { return .value(Double(integer)) }
            if let value = Double(String(decoding: digits, as: UTF8.self)) {
                return value.isFinite ? .value(value) : .failure(numberError(text, "value out of range"))
            }
        }
        return .failure(numberError(text, "invalid syntax"))
    }

    private static func numberError(_ text: ArraySlice<UInt8>, _ reason: String) -> String {
        let quoted = QuotedText.quote(String(decoding: text, as: UTF8.self))
        return "error parsing number: strconv.ParseFloat: parsing \(quoted): \(reason)"
    }

    private static func integer(_ digits: ArraySlice<UInt8>, radix: Int64) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard let digit = hexadecimalDigit(byte), digit < radix else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = scaled.addingReportingOverflow(Int64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// A duration, in seconds. At most as long as Go's `time.Duration`, about 292 years.
    static func duration(_ text: ArraySlice<UInt8>) -> Outcome<Double> {
        var quoted: String { QuotedText.quote(String(decoding: text, as: UTF8.self)) }
        let millisecondsMax = Int64.max / 1_000_000
        var total: Int64 = 0
        var nextUnit = 0
        var rest = text
        while !rest.isEmpty {
            let amount = rest.prefix { isDigit($0) }
            rest = rest[amount.endIndex...]
            let suffix = rest.prefix { !isDigit($0) }
            rest = rest[suffix.endIndex...]
            guard let count = integer(amount, radix: 10), !suffix.isEmpty else {
                return .failure("not a valid duration string: \(quoted)")
            }
            guard
                let unit = DurationText.units.indices.first(where: {
                    DurationText.units[$0].suffix.utf8.elementsEqual(suffix)
                })
            else {
                let unit = QuotedText.quote(String(decoding: suffix, as: UTF8.self))
                return .failure("unknown unit \(unit) in duration \(quoted)")
            }
            guard unit >= nextUnit else { return .failure("not a valid duration string: \(quoted)") }
            nextUnit = unit + 1
            let (part, overflow) = count.multipliedReportingOverflow(by: DurationText.units[unit].milliseconds)
            let (sum, carry) = total.addingReportingOverflow(part)
            if overflow || carry || sum > millisecondsMax { return .failure("duration out of range") }
            total = sum
        }
        return .value(Double(total) / 1000)
    }

    /// The text between the quotes, escapes undone.
    static func string(_ text: ArraySlice<UInt8>) -> LiteralText {
        let inner = text.dropFirst().dropLast()
        guard text.first != UInt8(ascii: "`"), inner.contains(UInt8(ascii: "\\")) else {
            return LiteralText(inner)
        }
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(inner.count)
        var at = inner.startIndex
        while at < inner.endIndex {
            let byte = inner[at]
            at += 1
            if byte == UInt8(ascii: "\\"), at < inner.endIndex {
                unescape(inner, &at, into: &unescaped)
            } else {
                unescaped.append(byte)
            }
        }
        return LiteralText(unescaped)
    }

    /// Undoes one escape; `at` stands behind its backslash. The lexer has seen that it is whole.
    private static func unescape(_ text: ArraySlice<UInt8>, _ at: inout Int, into result: inout [UInt8]) {
        let letter = text[at]
        at += 1
        switch letter {
        case UInt8(ascii: "a"): result.append(7)
        case UInt8(ascii: "b"): result.append(8)
        case UInt8(ascii: "f"): result.append(12)
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "v"): result.append(11)
        case UInt8(ascii: "x"): result.append(UInt8(truncatingIfNeeded: code(text, &at, digits: 2, radix: 16)))
        case UInt8(ascii: "u"): append(code(text, &at, digits: 4, radix: 16), to: &result)
        case UInt8(ascii: "U"): append(code(text, &at, digits: 8, radix: 16), to: &result)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            at -= 1
            result.append(UInt8(truncatingIfNeeded: code(text, &at, digits: 3, radix: 8)))
        default: result.append(letter)
        }
    }

    private static func code(_ text: ArraySlice<UInt8>, _ at: inout Int, digits: Int, radix: UInt32) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits where at < text.endIndex {
            value = value &* radix &+ UInt32(hexadecimalDigit(text[at]) ?? 0)
            at += 1
        }
        return value
    }

    private static func append(_ code: UInt32, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
    }
}
