/// How a column follows from another one of the same block, sample by sample: used space from free space, percent from
/// bytes, a counter that two devices share.
///
///     reference = 05 | form u8 | distance varint | what the form needs
///
///     form 0   the same values
///          1   scale u8 | first zigzag                                 rising with the other: used where cache grows
///          2   scale u8 | first zigzag                                 falling: used = total - free
///          3   scale u8 | other's scale u8 | first zigzag | multiplier zigzag | divisor varint
///          4   parameter varint                                        other / T · 100
///          5   parameter varint                                        other · 100 / T
///
///     distance    how many entries of the directory the other series lies before this one; at least 1. Its chunk is no
///                 reference, and both have the same time column and presence list
///     forms 1-3   integer = first + (other's integer - other's first integer) · multiplier / divisor, value = integer
///                 / scale; multiplier / divisor is 1 in form 1 and -1 in form 2, whose scale is that of both. Integers
///                 wrap at 2^64. What is no integer under the other's scale (NaN, stale markers) is the same in both,
///                 and the other's first integer is that of its first value that is one
///     forms 4, 5  T is the parameter's place in the block's table; NaN are the same in both
///
///     total 100; free 60 61 63; used 40 39 37  ->  used: 05 02 01 00 50  falling, the entry before, scale 1, first 40
///
/// The writer has applied the relation and compared every bit before it uses one, so a reader need not doubt it.
enum ColumnRelation: Hashable {
    case same
    /// `multiplier` is never 0, `divisor` positive.
    case affine(scale: Scale, sourceScale: Scale, first: Int64, multiplier: Int64, divisor: Int64)
    /// `total` is exact as a float64.
    case percent(of: UInt64, isMultipliedFirst: Bool)

    private static let formSame: UInt8 = 0
    private static let formRising: UInt8 = 1
    private static let formFalling: UInt8 = 2
    private static let formRatio: UInt8 = 3
    private static let formPercent: UInt8 = 4
    private static let formPercentMultiplied: UInt8 = 5

    // MARK: - Values

    /// Makes the column out of the other one's values, in place.
    func apply(to values: inout [Double], from begin: Int = 0) {
        switch self {
        case .same: break
        case .affine(let scale, let sourceScale, let first, let multiplier, let divisor):
            var origin: Int64?
            for i in begin..<values.count {
                guard let integer = sourceScale.exact(values[i]) else { continue }
                let start = origin ?? integer
                origin = start
                // Differences of integers within ±2^53; what a hostile multiplier makes of them wraps.
                let difference = divisor == 1 ? integer - start : (integer - start) / divisor
                values[i] = scale.value(first &+ difference &* multiplier)
            }
        case .percent(let total, let isMultipliedFirst):
            let total = Double(total)
            for i in begin..<values.count where !values[i].isNaN {
                values[i] = ColumnRelation.percent(values[i], of: total, isMultipliedFirst)
            }
        }
    }

    /// The two ways in which programs compute percents. They differ in the last bit.
    @inline(__always)
    static func percent(_ value: Double, of total: Double, _ isMultipliedFirst: Bool) -> Double {
        isMultipliedFirst ? value * 100 / total : value / total * 100
    }

    // MARK: - Bytes

    /// - Parameter parameter: the place of a percentage's total in the block's table.
    func encode(distance: Int, parameter: Int, into writer: inout ByteWriter) {
        writer.u8(ChunkCoder.reference.rawValue)
        switch self {
        case .same:
            writer.u8(ColumnRelation.formSame)
            writer.varint(distance)
        case .affine(let scale, let sourceScale, let first, let multiplier, let divisor):
            let isPlain = scale == sourceScale && divisor == 1 && multiplier.magnitude == 1
            let plain = multiplier > 0 ? ColumnRelation.formRising : ColumnRelation.formFalling
            writer.u8(isPlain ? plain : ColumnRelation.formRatio)
            writer.varint(distance)
            writer.u8(scale.code)
            if !isPlain { writer.u8(sourceScale.code) }
            writer.zigzag(first)
            if isPlain { return }
            writer.zigzag(multiplier)
            writer.varint(UInt64(divisor))
        case .percent(_, let isMultipliedFirst):
            writer.u8(isMultipliedFirst ? ColumnRelation.formPercentMultiplied : ColumnRelation.formPercent)
            writer.varint(distance)
            writer.varint(parameter)
        }
    }

    /// Whether a chunk is a reference: such a one needs its block to be read.
    static func isReference(_ chunk: [UInt8], count: Int) -> Bool {
        count > 0 && chunk[0] == ChunkCoder.reference.rawValue
    }

    /// Reads a reference chunk.
    static func decode(
        from reader: inout ByteReader, parameters: [UInt64]
    ) throws(CodecError) -> (relation: ColumnRelation, distance: Int) {
        let start = reader.position
        guard try reader.u8() == ChunkCoder.reference.rawValue else {
            throw .malformed(position: start, reason: "no reference")
        }
        let form = try reader.u8()
        let distance = try reader.count(atMost: Int(UInt32.max), "distance of a reference")
        guard distance > 0 else { throw .malformed(position: start, reason: "reference to itself") }
        let relation: ColumnRelation
        switch form {
        case formSame: relation = .same
        case formRising, formFalling:
            let scale = try Scale(code: try reader.u8(), at: reader.position - 1)
            relation = .affine(
                scale: scale, sourceScale: scale, first: try reader.zigzag(), multiplier: form == formRising ? 1 : -1,
                divisor: 1)
        case formRatio:
            let scale = try Scale(code: try reader.u8(), at: reader.position - 1)
            let sourceScale = try Scale(code: try reader.u8(), at: reader.position - 1)
            let first = try reader.zigzag()
            let multiplier = try reader.zigzag()
            guard let divisor = Int64(exactly: try reader.varint()), divisor > 0 else {
                throw .malformed(position: reader.position, reason: "divisor of a reference")
            }
            relation = .affine(
                scale: scale, sourceScale: sourceScale, first: first, multiplier: multiplier, divisor: divisor)
        case formPercent, formPercentMultiplied:
            guard parameters.count > 0 else {
                throw .malformed(position: reader.position, reason: "parameter of a block without any")
            }
            let place = try reader.count(atMost: parameters.count - 1, "parameter of a reference")
            relation = .percent(of: parameters[place], isMultipliedFirst: form == formPercentMultiplied)
        default: throw .malformed(position: start + 1, reason: "unknown form \(form) of a reference")
        }
        try reader.finish()
        return (relation, distance)
    }
}
