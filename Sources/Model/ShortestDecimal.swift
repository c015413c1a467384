/// The shortest decimal that reads back as a number, of those the closest to it: `digits` × 10^`exponent`.
///
/// The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): of the decimals at two powers
/// of ten that lie between the number's neighbours, one is the answer, and which one is told by three products with a
/// power of ten in 126 bits, rounded to odd. Powers are kept for what numbers of everyday size need; the rest is left
/// to Swift's own text, which gives the same digits and takes three times as long.
struct ShortestDecimal {
    var digits: UInt64
    var exponent: Int

    /// Nil outside of everyday size, which is from 1e-6 to 1e21.
    /// - Parameter magnitude: not negative.
    @inline(__always) init?(_ magnitude: Double) {
        let fraction = magnitude.significandBitPattern
        let biased = Int(magnitude.exponentBitPattern)
        guard biased >= ShortestDecimal.biasedMin, biased <= ShortestDecimal.biasedMax else { return nil }
        (digits, exponent) = ShortestDecimal.shortest(fraction | 1 << 52, biased - 1075, isPower: fraction == 0)
        while digits % 10 == 0 {
            digits /= 10
            exponent += 1
        }
    }

    /// 2^-20 is the power of two below 1e-6, 2^70 the one above 1e21.
    private static let biasedMin = 1023 - 20
    private static let biasedMax = 1023 + 69

    /// - Parameters:
    ///   - significand: With its leading bit, so that the number is `significand` × 2^`exponent`.
    ///   - isPower: Whether it is a power of two, whose lower neighbour is nearer than the upper one.
    @inline(__always) private static func shortest(
        _ significand: UInt64, _ exponent: Int, isPower: Bool
    ) -> (UInt64, Int) {
        // Halfway to a neighbour belongs to the number where rounding to even chooses it.
        let open: UInt64 = significand & 1
        // 1262611 / 2^22 is log10(2), 524031 / 2^22 is -log10(3/4), 1741647 / 2^19 is log2(10), all near enough.
        let power = (exponent * 1_262_611 - (isPower ? 524_031 : 0)) >> 22
        let shift = UInt64(truncatingIfNeeded: exponent + (-power * 1_741_647) >> 19 + 1)
        let factor = powers[-power - powerMin]
        // All four times the number, so that the halves are whole.
        let lower = product(factor, (4 * significand - (isPower ? 1 : 2)) << shift) &+ open
        let middle = product(factor, 4 * significand << shift)
        let upper = product(factor, (4 * significand + 2) << shift) &- open
        let floor = middle / 4
        let short = floor / 10
        let shortIsIn = lower <= 40 * short
        let nextShortIsIn = 40 * short + 40 <= upper
        if shortIsIn != nextShortIsIn { return (nextShortIsIn ? short + 1 : short, power + 1) }
        let floorIsIn = lower <= 4 * floor
        let nextIsIn = 4 * floor + 4 <= upper
        if floorIsIn != nextIsIn { return (nextIsIn ? floor + 1 : floor, power) }
        let half = 4 * floor + 2
        let roundsUp = middle > half || (middle == half && floor & 1 != 0)
        return (roundsUp ? floor + 1 : floor, power)
    }

    /// The upper 64 of 192 bits, of which the last tells whether anything but zeros was cut off.
    @inline(__always) private static func product(_ factor: (high: UInt64, low: UInt64), _ value: UInt64) -> UInt64 {
        let below = factor.low.multipliedFullWidth(by: value).high
        let above = factor.high.multipliedFullWidth(by: value)
        let (low, carries) = above.low.addingReportingOverflow(below)
        return (above.high &+ (carries ? 1 : 0)) | (low > 1 ? 1 : 0)
    }

    private static let powerMin = -8

    /// 10^-8 to 10^24, each shifted so that its first bit is the first of 128, and rounded up.
    private static let powers: [(high: UInt64, low: UInt64)] = (powerMin...24).map { power in
        let magnitude = (0..<power.magnitude).reduce(1 as UInt128) { product, _ in product * 10 }
        let normal: UInt128
        if power >= 0 {
            normal = magnitude << UInt128(magnitude.leadingZeroBitCount)
        } else {
            // 2^(127 + bits) / 10^n, where bits is how often 2 goes into 10^n, has its first bit at the top.
            let bits = UInt128(128 - magnitude.leadingZeroBitCount)
            let (quotient, remainder) = magnitude.dividingFullWidth((high: 1 << (bits - 1), low: 0))
            normal = quotient + (remainder == 0 ? 0 : 1)
        }
        return (UInt64(truncatingIfNeeded: normal >> 64), UInt64(truncatingIfNeeded: normal))
    }
}
