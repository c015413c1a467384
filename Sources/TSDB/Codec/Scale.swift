/// A divisor by which integers become float64s: value = integer / divisor, correctly rounded.
///
///     code u8    0 ... 22   10^code: the powers of ten that float64 holds exactly
///                33 ... 94  2^(code - 32)
///                128 ... 190  constants only: the value is integer · 2^(code - 128)
///                255        no scale: the integers are bit patterns
struct Scale: Hashable {
    let code: UInt8
    let divisor: Double

    static let decimalsMax = 22
    static let binaryDigitsMax = 62

    /// Stands where a scale could and the integers are bit patterns.
    static let patternCode: UInt8 = 255

    /// Codes of constants that are an integer times a power of two begin here, see ChunkEncoder.swift.
    static let powerCode: UInt8 = 128
    static let powersMax = 62

    static let units = Scale(decimals: 0)

    /// 10^`decimals`, 0 ... 22.
    init(decimals: Int) {
        code = UInt8(decimals)
        // Exact: each product of the loop has at most 52 significant bits.
        var power = 1.0
        for _ in 0..<decimals { power *= 10 }
        divisor = power
    }

    /// 2^`binaryDigits`, 1 ... 62.
    init(binaryDigits: Int) {
        code = UInt8(32 + binaryDigits)
        divisor = Double(sign: .plus, exponent: binaryDigits, significand: 1)
    }

    init(code: UInt8, at position: Int) throws(CodecError) {
        switch Int(code) {
        case 0...Scale.decimalsMax: self.init(decimals: Int(code))
        case 33...32 + Scale.binaryDigitsMax: self.init(binaryDigits: Int(code) - 32)
        default: throw .malformed(position: position, reason: "unknown scale \(code)")
        }
    }

    var isBinary: Bool { code > 32 }

    @inline(__always) func value(_ integer: Int64) -> Double { Double(integer) / divisor }

    /// The integer whose value lies nearest to `value`; nil where that is beyond ±2^53 (and for NaN).
    @inline(__always) func nearest(_ value: Double) -> Int64? {
        let scaled = value * divisor
        let magnitude = scaled.magnitude
        // From 2^52 on, float64s are integers, and adding a half would round some of them away.
        if magnitude < 0x1p52 { return Int64(scaled + (scaled < 0 ? -0.5 : 0.5)) }
        return magnitude < 0x1p53 ? Int64(scaled) : nil
    }

    /// The integer whose value is exactly `value`, bit for bit.
    @inline(__always) func exact(_ value: Double) -> Int64? {
        guard let integer = nearest(value), self.value(integer).bitPattern == value.bitPattern else { return nil }
        return integer
    }
}
