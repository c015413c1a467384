/// Numbers as ASCII into memory that is there: what answers of a hundred thousand values are written with. The texts
/// are those of ``FloatText``, byte for byte.
package enum NumberText {
    /// No text of this type is longer.
    package static let bytesMax = 40

    /// Writes what ``FloatText/plain(_:)`` gives, where that is short: zero, and magnitudes from 1e-6 below 1e21.
    ///
    /// - Parameter to: room for ``bytesMax`` bytes.
    /// - Returns: how many bytes the text has; nil, with nothing written, for any other number.
    @inline(__always)
    @unsafe package static func write(plain value: Double, to: UnsafeMutablePointer<UInt8>) -> Int? {
        let magnitude = value.magnitude
        var at = unsafe to
        if value.sign == .minus {
            unsafe at.pointee = UInt8(ascii: "-")
            unsafe at += 1
        }
        let start = unsafe at - to
        if magnitude < 0x1p53 {
            let whole = UInt64(magnitude)
            if Double(whole) == magnitude { return unsafe start + write(whole, to: at) }
        }
        guard magnitude >= 1e-6, magnitude < 1e21 else { return nil }
        if magnitude < 1e11 {
            // Up to three decimals: fifteen digits read back as one number only, so these are the shortest.
            let thousandths = UInt64(magnitude * 1000 + 0.5)
            if Double(thousandths) / 1000 == magnitude {
                return unsafe start + write(thousandths: thousandths, to: at)
            }
        }
        guard let decimal = ShortestDecimal(magnitude) else { return nil }
        return unsafe start + write(decimal, to: at)
    }

    /// Writes a whole number in decimal, at most 20 bytes; up to seven bytes behind it are overwritten.
    @inline(__always)
    @unsafe package static func write(_ number: UInt64, to: UnsafeMutablePointer<UInt8>) -> Int {
        let count = digitCount(number)
        unsafe write(number, digits: count, to: to)
        return count
    }

    /// Writes a number of thousandths with as many decimals as it needs, at most 21 bytes: `123.45` of 123450.
    /// Up to seven bytes behind it are overwritten.
    @inline(__always)
    @unsafe private static func write(thousandths: UInt64, to: UnsafeMutablePointer<UInt8>) -> Int {
        let (count, rest) = unsafe write(threeDecimals: thousandths, to: to)
        return rest == 0 || rest % 10 != 0 ? count : rest % 100 != 0 ? count - 1 : count - 2
    }

    /// Writes a number of milliseconds as seconds, at most 21 bytes: `123` of 123000, `123.450` of 123450. Up to seven
    /// bytes behind it are overwritten.
    @inline(__always)
    @unsafe package static func write(milliseconds: UInt64, to: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe write(threeDecimals: milliseconds, to: to).count
    }

    /// - Returns: how many bytes were written, and the thousandths that are over: where there are none, no decimals.
    @inline(__always)
    @unsafe private static func write(
        threeDecimals thousandths: UInt64, to: UnsafeMutablePointer<UInt8>
    ) -> (count: Int, rest: UInt64) {
        let (number, rest) = thousandths.quotientAndRemainder(dividingBy: 1000)
        let whole = unsafe write(number, to: to)
        if rest == 0 { return (whole, 0) }
        unsafe to[whole] = UInt8(ascii: ".")
        unsafe write(rest, digits: 3, to: to + whole + 1)
        return (whole + 4, rest)
    }

    @unsafe private static func write(_ decimal: ShortestDecimal, to: UnsafeMutablePointer<UInt8>) -> Int {
        let count = digitCount(decimal.digits)
        // How many digits stand before the point.
        let point = count + decimal.exponent
        if point <= 0 {
            unsafe to[0] = UInt8(ascii: "0")
            unsafe to[1] = UInt8(ascii: ".")
            for place in 0..<(-point) { unsafe to[2 + place] = UInt8(ascii: "0") }
            unsafe write(decimal.digits, digits: count, to: to + 2 - point)
            return 2 - point + count
        }
        if point >= count {
            unsafe write(decimal.digits, digits: count, to: to)
            for place in count..<point { unsafe to[place] = UInt8(ascii: "0") }
            return point
        }
        // The digits one place to the right, then those before the point back.
        unsafe write(decimal.digits, digits: count, to: to + 1)
        for place in 0..<point { unsafe to[place] = unsafe to[place + 1] }
        unsafe to[point] = UInt8(ascii: ".")
        return count + 1
    }

    /// The last `count` digits, zeros in front; up to seven bytes behind them are overwritten.
    /// - Parameter count: 1 to 20.
    @inline(__always)
    @unsafe private static func write(_ number: UInt64, digits count: Int, to: UnsafeMutablePointer<UInt8>) {
        var rest = number
        var above = count
        // The last digits stay in hand, so that what is written in front of them overwrites nothing.
        var last: (UInt64, UInt64) = (0, 0)
        if above > 8 {
            let (quotient, eight) = rest.quotientAndRemainder(dividingBy: 100_000_000)
            last.0 = eightDigits(eight)
            rest = quotient
            above -= 8
        }
        if above > 8 {
            let (quotient, eight) = rest.quotientAndRemainder(dividingBy: 100_000_000)
            last.1 = last.0
            last.0 = eightDigits(eight)
            rest = quotient
            above -= 8
        }
        let raw = UnsafeMutableRawPointer(to)
        unsafe raw.storeBytes(of: eightDigits(rest) &>> UInt64(8 * (8 - above)), as: UInt64.self)
        if above < count { unsafe raw.storeBytes(of: last.0, toByteOffset: above, as: UInt64.self) }
        if above + 8 < count { unsafe raw.storeBytes(of: last.1, toByteOffset: above + 8, as: UInt64.self) }
    }

    /// Eight digits as ASCII, the first one in the lowest byte, zeros in front. Halves, then quarters, then single
    /// digits are parted from each other, all at once, each in a part of the word that is wide enough for the products.
    /// - Parameter number: below 10^8.
    @inline(__always) private static func eightDigits(_ number: UInt64) -> UInt64 {
        let half = number / 10_000
        var digits = half | (number &- half &* 10_000) &<< 32
        let hundreds = (digits &* 10_486) &>> 20 & 0x0000_007f_0000_007f
        digits = hundreds | (digits &- hundreds &* 100) &<< 16
        let tens = (digits &* 103) &>> 10 & 0x000f_000f_000f_000f
        digits = tens | (digits &- tens &* 10) &<< 8
        return UInt64(littleEndian: digits | 0x3030_3030_3030_3030)
    }

    /// 1 for zero.
    @inline(__always) private static func digitCount(_ number: UInt64) -> Int {
        // 1233 / 2^12 is log10(2), near enough: the estimate is right or one too low.
        let bits = 64 - (number | 1).leadingZeroBitCount
        let estimate = (bits &* 1233) &>> 12
        return number >= powersOfTen[estimate] ? estimate + 1 : max(1, estimate)
    }

    private static let powersOfTen: InlineArray<20, UInt64> = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]
}
