import Glibc

/// Numbers in decimal, read to the nearest float64, without making strings of them.
enum DecimalText {
    /// Powers of ten that float64 has exactly.
    private static let exactPowers: [Double] = (0...22).map { exponent in
        (0..<exponent).reduce(1.0) { power, _ in power * 10 }
    }
    /// Powers of ten below 2^64.
    private static let wholePowers: [UInt64] = (0...19).map { exponent in
        (0..<exponent).reduce(1 as UInt64) { power, _ in power &* 10 }
    }

    /// A number of at most 19 digits without an exponent; moves `at` behind it. Nil for all else, `at` wherever.
    @inline(__always)
    static func fast(_ bytes: Span<UInt8>, _ at: inout Int) -> Double? {
        var isNegative = false
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
            isNegative = true
            at += 1
        }
        let start = at
        var mantissa: UInt64 = 0
        while at < bytes.count, bytes[at] &- 48 < 10 {
            mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 48)
            at += 1
        }
        var digits = at - start
        var decimals = 0
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            let point = at
            while at < bytes.count, bytes[at] &- 48 < 10 {
                mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 48)
                at += 1
            }
            decimals = at - point
            digits += decimals
        }
        // 19 digits are below 2^64; more may have wrapped around.
        guard digits > 0, digits <= 19, at < bytes.count, bytes[at] | 32 != UInt8(ascii: "e") else { return nil }
        let magnitude =
            mantissa <= 1 << 53
            ? Double(mantissa) / exactPowers[decimals] : quotient(mantissa, decimals: decimals)
        return isNegative ? -magnitude : magnitude
    }

    /// mantissa / 10^decimals, rounded once, to nearest and ties to even. Both are shifted until the quotient has at
    /// least 62 bits; the remainder tells what lies behind them.
    static func quotient(_ mantissa: UInt64, decimals: Int) -> Double {
        if mantissa == 0 { return 0 }
        let (left, right) = (mantissa.leadingZeroBitCount, wholePowers[decimals].leadingZeroBitCount)
        let dividend = mantissa << UInt64(left)
        let divisor = wholePowers[decimals] << UInt64(right)
        let (quotient, remainder) = divisor.dividingFullWidth((dividend >> 1, dividend << 63))
        // mantissa / 10^decimals = quotient · 2^(right - left - 63)
        let shift = 64 - quotient.leadingZeroBitCount - 53
        var kept = quotient >> UInt64(shift)
        let rest = quotient & ((1 << UInt64(shift)) - 1)
        let half: UInt64 = 1 << UInt64(shift - 1)
        if rest > half || (rest == half && (remainder != 0 || kept & 1 == 1)) { kept += 1 }
        return Double(sign: .plus, exponent: shift + right - left - 63, significand: Double(kept))
    }

    /// Any number that the formats know: decimal, with exponent, `NaN`, `Inf`, `+Inf`, `-Inf` in any case. Nil where
    /// the bytes are none, or one that no float64 is near to. Of NaNs it knows the plain one only.
    static func value(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
        var token: [CChar] = []
        for place in range { token.append(CChar(bitPattern: bytes[place])) }
        switch String(decoding: token.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased() {
        case "nan", "+nan", "-nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        var hasDigit = false
        for place in range {
            switch bytes[place] {
            case 48...57: hasDigit = true
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): break
            default: return nil
            }
        }
        guard hasDigit else { return nil }
        token.append(0)
        // The token is NUL-terminated, and strtod reads no further. The process never leaves the C locale.
        return unsafe token.withUnsafeBufferPointer { token in
            guard let base = token.baseAddress else { return nil }
            var end: UnsafeMutablePointer<CChar>?
            let value = unsafe strtod(base, &end)
            return unsafe end == UnsafeMutablePointer(mutating: base + range.count) && value.isFinite ? value : nil
        }
    }

    /// Whether digits tell a number beyond the largest float64.
    static func isTooLarge(_ text: String) -> Bool {
        text.utf8.contains { $0 &- 48 < 10 } && Double(text)?.isInfinite == true
    }

    /// Why ``value(_:_:)`` is nil.
    static func fault(of text: String) -> String {
        isTooLarge(text) ? "\(text) is beyond the largest number that a sample can have" : "\(text) is no number"
    }

    /// Seconds since 1970 with any decimals, as milliseconds; moves `at` behind them. Digits behind the third decimal
    /// round half up. Nil for what is no plain decimal or does not fit, `at` wherever.
    @inline(__always)
    static func seconds(_ bytes: Span<UInt8>, _ at: inout Int) -> Int64? {
        var isNegative = false
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
            isNegative = true
            at += 1
        }
        let start = at
        var whole: Int64 = 0
        while at < bytes.count, bytes[at] &- 48 < 10 {
            whole = whole &* 10 &+ Int64(bytes[at] &- 48)
            at += 1
        }
        // 285 million years; beyond it milliseconds do not fit.
        guard at > start, at - start <= 16, whole < 9_000_000_000_000_000 else { return nil }
        var milliseconds = whole * 1000
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            let point = at
            var unit: Int64 = 100
            while at < bytes.count, bytes[at] &- 48 < 10 {
                let digit = Int64(bytes[at] &- 48)
                milliseconds += digit * unit
                if at - point == 3, digit >= 5 { milliseconds += 1 }
                unit /= 10
                at += 1
            }
        }
        if at < bytes.count, bytes[at] | 32 == UInt8(ascii: "e") { return nil }
        return isNegative ? -milliseconds : milliseconds
    }

    /// Whole milliseconds since 1970; moves `at` behind them. Nil for all else, `at` wherever.
    @inline(__always)
    static func milliseconds(_ bytes: Span<UInt8>, _ at: inout Int) -> Int64? {
        var isNegative = false
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
            isNegative = true
            at += 1
        }
        let start = at
        var value: Int64 = 0
        while at < bytes.count, bytes[at] &- 48 < 10 {
            value = value &* 10 &+ Int64(bytes[at] &- 48)
            at += 1
        }
        // 18 digits are below 2^63.
        guard at > start, at - start <= 18 else { return nil }
        return isNegative ? -value : value
    }
}
