/// What makes scaled integers lossless: value = float64 with bits(integer / divisor) + correction.
///
/// The correction counts representable float64s, wrapping at 2^64. It is 0 where the quotient is the value, small for
/// doubly rounded values, and any 64-bit number for NaN payloads (stale markers), -0.0, infinities and denormals; there
/// the integer repeats the one before it, so that the integers stay smooth.
///
///     scale 10^1, value 0.30000000000000004: integer 3, correction 1
enum UlpCorrection {
    /// Corrections wider than this make the integer repeat its predecessor: a guess, anything above a few roundings
    /// does.
    private static let nearBits = 20

    /// Splits `values` into `integers` and `corrections` (both replaced). False where no correction is needed.
    static func split(
        _ values: Span<Double>, by scale: Scale, into integers: inout [Int64], _ corrections: inout [Int64]
    ) -> Bool {
        let count = values.count
        if integers.count != count { integers = [Int64](repeating: 0, count: count) }
        if corrections.count != count { corrections = [Int64](repeating: 0, count: count) }
        var integerSpan = integers.mutableSpan
        var correctionSpan = corrections.mutableSpan
        var previous = firstExact(values, scale)
        var isNeeded = false
        for i in values.indices {
            let bits = values[i].bitPattern
            var integer = scale.nearest(values[i]) ?? previous
            var correction = Int64(bitPattern: bits &- scale.value(integer).bitPattern)
            if correction != 0 {
                isNeeded = true
                if integer != previous, correction.zigzagged.bitWidthUsed > nearBits {
                    integer = previous
                    correction = Int64(bitPattern: bits &- scale.value(integer).bitPattern)
                }
            }
            integerSpan[i] = integer
            correctionSpan[i] = correction
            previous = integer
        }
        return isNeeded
    }

    /// Adds the corrections to the values at `values[start...]`.
    static func apply(_ corrections: [Int64], to values: inout MutableSpan<Double>, at start: Int) {
        for i in corrections.indices {
            let bits = values[start + i].bitPattern &+ UInt64(bitPattern: corrections[i])
            values[start + i] = Double(bitPattern: bits)
        }
    }

    /// So that irregular values at the beginning lean on the first regular one.
    private static func firstExact(_ values: Span<Double>, _ scale: Scale) -> Int64 {
        for i in values.indices {
            if let integer = scale.exact(values[i]) { return integer }
        }
        return 0
    }
}
