/// Columns that are mostly zero: the distances between the others as Rice codes, then the others, bit-packed.
///
///     sparse = values varint | k u8 | gap bytes varint | gaps | PFOR-128 of the values
///
///     gap    zeros before a value since the one before it, as a Rice code: gap >> k zero bits, a one bit, the lowest
///            k bits of the gap; lowest bit first, padded with 0 to a byte
///
///     0 0 0 5 0 0 7   ->   02 01 01 16 04 ea   two values, k = 1, one byte of gaps: 3 = 0 1 1 and 2 = 0 1 0, that is
///                                              16; then 5 and 7 packed in 4 bits each
enum Sparse {
    /// Largest k: gaps are below 2^24, see CodecLimits.
    private static let parameterMax = 24

    /// A column taken apart. Kept by the encoder so that its memory serves many columns.
    struct Parts {
        fileprivate var gaps: [Int] = []
        fileprivate var values: [Int64] = []
        fileprivate var parameter = 0
        fileprivate var gapByteCount = 0

        init() {}

        /// Takes `column` apart and finds the shortest Rice code for its gaps.
        mutating func take(_ column: Span<Int64>) {
            gaps.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
            var next = 0
            for i in column.indices where column[i] != 0 {
                gaps.append(i - next)
                values.append(column[i])
                next = i + 1
            }
            // The best k lies within one of the logarithm of the mean.
            let mean = gaps.reduce(0, +) / max(1, gaps.count)
            let guess = UInt64(mean).bitWidthUsed
            var bits = Int.max
            for k in max(0, guess - 2)...min(guess + 1, parameterMax) {
                let cost = gaps.reduce(gaps.count * (k + 1)) { $0 + $1 >> k }
                if cost < bits { (parameter, bits) = (k, cost) }
            }
            gapByteCount = (bits + 7) / 8
        }

        /// Bytes that ``Sparse/encode(_:into:)`` appends.
        var byteCount: Int {
            ByteWriter.varintByteCount(UInt64(values.count)) + 1 + ByteWriter.varintByteCount(UInt64(gapByteCount))
                + gapByteCount + BitPacking.byteCount(of: values.span)
        }
    }

    static func encode(_ parts: Parts, into writer: inout ByteWriter) {
        writer.varint(parts.values.count)
        writer.u8(UInt8(parts.parameter))
        writer.varint(parts.gapByteCount)
        var bits = BitWriter()
        let lowMask: UInt64 = (1 << UInt64(parts.parameter)) - 1
        for gap in parts.gaps {
            var zeros = gap >> parts.parameter
            while zeros >= 32 {
                bits.put(0, width: 32, into: &writer)
                zeros -= 32
            }
            bits.put(1 << UInt64(zeros), width: zeros + 1, into: &writer)
            bits.put(UInt64(gap) & lowMask, width: parts.parameter, into: &writer)
        }
        bits.flush(into: &writer)
        BitPacking.encode(parts.values.span, into: &writer)
    }

    /// Reads a column of `count` numbers into `out[start...]`.
    static func decode(
        count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>, at start: Int
    ) throws(CodecError) {
        let valueCount = try reader.count(atMost: count, "number of sparse values")
        let parameter = Int(try reader.u8())
        let gapByteCount = try reader.count(atMost: reader.remaining, "length of gaps")
        // A gap takes at least one bit, so the memory taken below is bounded by bytes that exist.
        guard parameter <= parameterMax, valueCount <= gapByteCount * 8 else {
            throw .malformed(position: reader.position, reason: "sparse column out of bounds")
        }
        var gaps = BitReader(reader.bytes, from: reader.position, to: reader.position + gapByteCount)
        try reader.skip(gapByteCount)
        var values = [Int64](repeating: 0, count: valueCount)
        var span = values.mutableSpan
        try BitPacking.decode(count: valueCount, from: &reader, into: &span, at: 0)
        for i in start..<start + count { out[i] = 0 }
        var next = 0
        for i in 0..<valueCount {
            next += try gaps.rice(parameter: parameter)
            guard next < count else { throw .malformed(position: reader.position, reason: "gap past the column") }
            out[start + next] = span[i]
            next += 1
        }
    }
}

/// Reads what ``BitWriter`` wrote.
struct BitReader {
    private let bytes: [UInt8]
    private var bit: Int
    private let end: Int

    /// - Precondition: both offsets lie in `bytes`.
    init(_ bytes: [UInt8], from: Int, to: Int) {
        self.bytes = bytes
        bit = from * 8
        end = to * 8
    }

    /// Offset of the byte behind those begun.
    var position: Int { (bit + 7) / 8 }

    /// One Rice code; at most `end` + 2^k.
    mutating func rice(parameter: Int) throws(CodecError) -> Int {
        var zeros = 0
        while true {
            guard bit < end else { throw .cutShort(position: end / 8) }
            let word = window()
            if word != 0 {
                zeros += word.trailingZeroBitCount
                bit += word.trailingZeroBitCount + 1
                break
            }
            // A window holds at least 57 bits.
            zeros += 57
            bit += 57
        }
        guard bit + parameter <= end else { throw .cutShort(position: end / 8) }
        let low = parameter == 0 ? 0 : window() & ((1 << UInt64(parameter)) - 1)
        bit += parameter
        return zeros << parameter | Int(low)
    }

    /// The next `width` bits, at most 57, the first one lowest.
    @inline(__always) mutating func take(_ width: Int) throws(CodecError) -> UInt64 {
        guard bit + width <= end else { throw .cutShort(position: end / 8) }
        if width == 0 { return 0 }
        let value = window() & (1 << UInt64(width) - 1)
        bit += width
        return value
    }

    /// The next 57 or more bits, lowest first; 0 behind the end of the array.
    private func window() -> UInt64 {
        let byte = bit / 8
        if byte + 8 <= bytes.count {
            // In bounds: just checked.
            let word = unsafe bytes.span.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: byte, as: UInt64.self)
            return UInt64(littleEndian: word) >> UInt64(bit % 8) & (1 << 57 - 1)
        }
        var word: UInt64 = 0
        for i in 0..<min(8, max(0, bytes.count - byte)) { word |= UInt64(bytes[byte + i]) << UInt64(8 * i) }
        return word >> UInt64(bit % 8) & (1 << 57 - 1)
    }
}
