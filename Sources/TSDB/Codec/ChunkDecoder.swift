/// Reads what ``ChunkEncoder`` wrote. The drawing is there.
///
/// Whatever the bytes are, decoding returns or throws: it never traps, reads only inside the array, and takes no memory
/// beyond what `count` asks for. One decoder serves many columns and keeps its memory between them.
package struct ChunkDecoder {
    /// Residuals of the column being decoded; integers are made of them on the way out.
    private var residuals: [Int64] = []
    private var huffman = HuffmanDecoder()
    /// Whether values that can be nothing but numbers are left as zeros: for those who want to know where samples are,
    /// and which of them are stale markers.
    package var skipsNumbers = false

    /// Memory is taken with the first column.
    package init() {}

    /// Appends the `count` values of the chunk in `bytes[from..<to]`.
    ///
    /// Reads whole words, and is fastest where `bytes` goes on for 16 bytes behind `to`; whatever lies there does not
    /// matter, and without them the last words are copied first.
    /// - Throws: leaves `values` as it was.
    package mutating func decode(
        _ bytes: [UInt8], from: Int, to: Int, count: Int, into values: inout [Double]
    ) throws(CodecError) {
        guard count >= 0, count <= CodecLimits.columnValuesMax else {
            throw .malformed(position: from, reason: "chunk of \(count) samples")
        }
        guard from >= 0, from <= to, to <= bytes.count else { throw .cutShort(position: from) }
        let start = values.count
        // Appending nothing would write the count, 0, of an empty array, which all empty arrays of all threads share.
        if count > 0 { values.append(addingCapacity: count) { $0.append(repeating: 0, count: count) } }
        // A column of +0.0 takes no bytes.
        guard from < to else { return }
        var reader = ByteReader(bytes, from: from, to: to)
        do throws(CodecError) {
            var span = values.mutableSpan
            try decode(from: &reader, count: count, into: &span, at: start)
            try reader.finish()
        } catch {
            values.removeLast(count)
            throw error
        }
    }

    private mutating func decode(
        from reader: inout ByteReader, count: Int, into values: inout MutableSpan<Double>, at start: Int
    ) throws(CodecError) {
        let position = reader.position
        switch try ChunkCoder(try reader.u8(), at: position) {
        case .constant: try decodeConstant(from: &reader, count: count, into: &values, at: start)
        case .integers: try decodeIntegers(from: &reader, count: count, into: &values, at: start)
        case .dictionary: try decodeDictionary(from: &reader, count: count, into: &values, at: start)
        case .raw: try decodeRaw(from: &reader, count: count, into: &values, at: start)
        case .reference: throw .malformed(position: position, reason: "reference that leads to no column")
        }
    }

    private func decodeConstant(
        from reader: inout ByteReader, count: Int, into values: inout MutableSpan<Double>, at start: Int
    ) throws(CodecError) {
        let position = reader.position
        let code = try reader.u8()
        let value: Double
        if code == Scale.patternCode {
            value = Double(bitPattern: try reader.u64le())
        } else if code >= Scale.powerCode, code <= Scale.powerCode + UInt8(Scale.powersMax) {
            let power = Double(sign: .plus, exponent: Int(code - Scale.powerCode), significand: 1)
            value = Double(try reader.zigzag()) * power
        } else {
            let scale = try Scale(code: code, at: position)
            value = scale.value(try reader.zigzag())
        }
        for i in start..<start + count { values[i] = value }
    }

    private mutating func decodeIntegers(
        from reader: inout ByteReader, count: Int, into values: inout MutableSpan<Double>, at start: Int
    ) throws(CodecError) {
        let position = reader.position
        let flags = try ChunkFlags(try reader.u8(), at: position)
        // Stale markers are corrections.
        if skipsNumbers && !flags.hasCorrections { return try reader.skip(reader.remaining) }
        guard flags.order <= count else { throw .malformed(position: position, reason: "order above sample count") }
        let scale = try Scale(code: try reader.u8(), at: position + 1)
        let first = try reader.zigzag()
        let second = flags.order == 2 ? try reader.zigzag() : 0
        let divisor = flags.hasDivisor ? try reader.varint() : 1
        guard divisor > 0 else { throw .malformed(position: reader.position, reason: "divisor 0") }
        let corrections = flags.hasCorrections ? try IntegerColumn.decode(count: count, from: &reader) : []
        try readResiduals(flags, count: count, skipping: flags.order, from: &reader)
        let differences = Differences(order: flags.order, first: first, second: second, divisor: divisor)
        ChunkDecoder.restore(differences, scale, residuals.span, count: count, into: &values, at: start)
        if flags.hasCorrections { UlpCorrection.apply(corrections, to: &values, at: start) }
    }

    /// One loop that sums, scales and stores; one for each kind of scale, since a division costs more than the rest.
    private static func restore(
        _ differences: Differences, _ scale: Scale, _ residuals: Span<Int64>, count: Int,
        into values: inout MutableSpan<Double>, at start: Int
    ) {
        precondition(start + count <= values.count, "the caller makes room")
        let divisor = scale.divisor
        // In bounds: restore() hands out indices below `count`.
        if scale == .units {
            differences.restore(residuals, count: count) { i, integer in
                unsafe values[unchecked: start &+ i] = Double(integer)
            }
        } else if scale.isBinary {
            // Dividing by a power of two is multiplying by its exact inverse.
            let factor = 1 / divisor
            differences.restore(residuals, count: count) { i, integer in
                unsafe values[unchecked: start &+ i] = Double(integer) * factor
            }
        } else {
            differences.restore(residuals, count: count) { i, integer in
                unsafe values[unchecked: start &+ i] = Double(integer) / divisor
            }
        }
    }

    private mutating func decodeDictionary(
        from reader: inout ByteReader, count: Int, into values: inout MutableSpan<Double>, at start: Int
    ) throws(CodecError) {
        let flags = try plainFlags(from: &reader)
        let patterns = try PatternDictionary.decode(count: count, from: &reader)
        try readResiduals(flags, count: count, skipping: 0, from: &reader)
        var number: Int64 = 0
        for i in 0..<count {
            number = flags.order == 1 ? number &+ residuals[i] : residuals[i]
            guard number >= 0, number < patterns.count else {
                throw .malformed(position: reader.position, reason: "number outside the dictionary")
            }
            values[start + i] = patterns[Int(number)]
        }
    }

    private mutating func decodeRaw(
        from reader: inout ByteReader, count: Int, into values: inout MutableSpan<Double>, at start: Int
    ) throws(CodecError) {
        let flags = try plainFlags(from: &reader)
        try readResiduals(flags, count: count, skipping: 0, from: &reader)
        var bits: Int64 = 0
        for i in 0..<count {
            bits = flags.order == 1 ? bits &+ residuals[i] : residuals[i]
            values[start + i] = Double(bitPattern: UInt64(bitPattern: bits))
        }
    }

    /// Flags of the coders that know only orders 0 and 1.
    private func plainFlags(from reader: inout ByteReader) throws(CodecError) -> ChunkFlags {
        let position = reader.position
        let flags = try ChunkFlags(try reader.u8(), at: position)
        guard flags.order <= 1, !flags.hasDivisor, !flags.hasCorrections else {
            throw .malformed(position: position, reason: "flags of another coder")
        }
        return flags
    }

    /// Fills `residuals[skipped..<count]`.
    private mutating func readResiduals(
        _ flags: ChunkFlags, count: Int, skipping skipped: Int, from reader: inout ByteReader
    ) throws(CodecError) {
        try ChunkDecoder.readResiduals(
            flags.residual, count: count, skipping: skipped, from: &reader, into: &residuals, using: &huffman)
    }

    private static func readResiduals(
        _ coder: ResidualCoder, count: Int, skipping skipped: Int, from reader: inout ByteReader,
        into residuals: inout [Int64], using huffman: inout HuffmanDecoder
    ) throws(CodecError) {
        if residuals.count < count { residuals = [Int64](repeating: 0, count: count) }
        var span = residuals.mutableSpan
        try Residuals.decode(
            coder, count: count - skipped, from: &reader, into: &span, at: skipped, using: &huffman)
    }
}
