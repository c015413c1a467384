/// Finds the scales with which a column of float64s is worth writing as integers.
///
/// Host values are decimals (0.25 s, 12.3 %), dyadic fractions (load averages in 1/2048) or whole numbers, sometimes
/// with a few others among them: NaN, stale markers, results of a division. Those few are left to ``UlpCorrection``.
enum ScaledIntegers {
    private static let decimalScales = (0...Scale.decimalsMax).map { Scale(decimals: $0) }

    /// Scales tried where no scale fits exactly. The decimals are those of doubly rounded sums and quotients, the
    /// binary ones those of load averages.
    private static let nearScales =
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12].map { Scale(decimals: $0) })
        + [Scale(binaryDigits: 11), Scale(binaryDigits: 16)]

    /// Up to two scales, the likeliest first. Never empty.
    static func candidates(for values: Span<Double>) -> [Scale] {
        var found: [Scale] = []
        if let typical = typicalDecimals(of: values) {
            let survey = Survey(values, from: typical)
            if survey.misses == 0 {
                found = [decimalScales[typical]]
            } else if survey.irregular == 0 {
                found = [decimalScales[survey.highest]]
                if survey.misses <= values.count / 8 { found.append(decimalScales[typical]) }
            } else if survey.misses <= values.count / 2 {
                found = [decimalScales[typical]]
                if survey.highest > typical, survey.irregular <= values.count / 8 {
                    found.append(decimalScales[survey.highest])
                }
            }
        }
        // Decimal digits up to here are too few for a binary scale to be shorter (2^3 < 10).
        if let decimal = found.first, decimal.code <= 2 { return found }
        if let digits = binaryDigits(of: values) {
            let binary = digits == 0 ? Scale.units : Scale(binaryDigits: digits)
            guard let decimal = found.first else { return [binary] }
            if binary.divisor < decimal.divisor { return [binary] }
        }
        return found.isEmpty ? [nearest(to: values)] : found
    }

    /// The least number of decimal digits from `lowest` on that holds `value` exactly.
    private static func decimals(of value: Double, from lowest: Int = 0) -> Int? {
        guard isRegular(value) else { return nil }
        for digits in lowest...Scale.decimalsMax where decimalScales[digits].exact(value) != nil { return digits }
        return nil
    }

    /// Neither NaN nor infinite nor -0.0: those never are integers over a scale.
    @inline(__always) private static func isRegular(_ value: Double) -> Bool {
        value.isFinite && value.bitPattern != 0x8000_0000_0000_0000
    }

    /// The decimal digits that three of four regular values of a small sample make do with.
    private static func typicalDecimals(of values: Span<Double>) -> Int? {
        let step = max(1, values.count / 32)
        var digits: [Int] = []
        for i in stride(from: 0, to: values.count, by: step) where isRegular(values[i]) {
            digits.append(decimals(of: values[i]) ?? Int.max)
        }
        guard !digits.isEmpty else { return nil }
        digits.sort()
        let typical = digits[(digits.count - 1) * 3 / 4]
        return typical == Int.max ? nil : typical
    }

    /// What becomes of all values of a column under a scale that suits a sample of it.
    private struct Survey {
        /// Values that need more digits, or fit no scale.
        var misses = 0
        /// Values that fit no decimal scale.
        var irregular = 0
        /// Digits that hold all but the irregular ones.
        var highest: Int

        init(_ values: Span<Double>, from typical: Int) {
            highest = typical
            let scale = decimalScales[typical]
            for i in values.indices where scale.exact(values[i]) == nil {
                misses += 1
                // Past this the decimal scale is given up anyway, and each further look costs 23 divisions.
                if irregular > values.count / 2 { break }
                if let digits = decimals(of: values[i], from: highest) {
                    highest = digits
                } else {
                    irregular += 1
                }
            }
        }
    }

    /// The binary digits behind the point that hold all regular values exactly in 53-bit integers.
    private static func binaryDigits(of values: Span<Double>) -> Int? {
        var digits = 0
        var topExponent = Int.min
        for i in values.indices {
            let value = values[i]
            guard isRegular(value), value != 0 else { continue }
            guard value.isNormal else { return nil }
            let exponent = Int(value.exponent)
            let significant = 52 - min(52, value.significandBitPattern.trailingZeroBitCount)
            digits = max(digits, significant - exponent)
            topExponent = max(topExponent, exponent)
            if digits > Scale.binaryDigitsMax || digits + topExponent >= 53 { return nil }
        }
        return topExponent == Int.min ? nil : digits
    }

    /// The scale that leaves the smallest differences and corrections, judged by up to four runs of 16 neighbours.
    private static func nearest(to values: Span<Double>) -> Scale {
        let runs = values.count <= 64 ? 1 : 4
        let length = values.count <= 64 ? values.count : 16
        var best = Scale.units
        var bestBits = Int.max
        for scale in nearScales {
            var bits = 0
            for run in 0..<runs {
                let start = run * (values.count / runs)
                var previous: Int64?
                for i in start..<start + length {
                    guard let integer = scale.nearest(values[i]) else {
                        bits += 64
                        continue
                    }
                    let correction = Int64(bitPattern: values[i].bitPattern &- scale.value(integer).bitPattern)
                    bits += correction.zigzagged.bitWidthUsed + (integer - (previous ?? integer)).zigzagged.bitWidthUsed
                    previous = integer
                }
            }
            if bits < bestBits { (best, bestBits) = (scale, bits) }
        }
        return best
    }
}
