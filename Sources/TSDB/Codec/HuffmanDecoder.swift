/// Reads what ``Huffman/Encoder`` wrote (drawn in Huffman.swift). Keeps the memory of its table between columns.
///
/// One look into the table tells a code's length, the extra bits behind it and the first number of its bucket:
///
///     bits 0-5     length of the code
///     bits 6-11    length of code and extra bits together; 0: too long for one look, see ``rare(_:_:_:limit:)``
///     bits 12-17   extra bits
///     bits 32-63   first number of the bucket; the bucket itself where bits 6-11 are 0
struct HuffmanDecoder {
    private var code = HuffmanCode()
    private var table: [UInt64] = []
    private var indexMask: UInt64 = 0

    /// First numbers of buckets with more extra bits do not fit 32 bits.
    private static let extraBitsMax = 29

    /// Memory is taken with the first column.
    init() {}

    /// Reads a column of `count` numbers, which reaches to the end of `reader`, into `out[start...]`.
    mutating func decode(
        count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>, at start: Int
    ) throws(CodecError) {
        precondition(start >= 0 && count >= 0 && start + count <= out.count, "the caller makes room")
        let position = reader.position
        let head = try reader.varint()
        guard let highest = UInt8(exactly: head >> 2), let mode = Huffman.Mode(rawValue: head & 3) else {
            throw .malformed(position: position, reason: "head of a Huffman column")
        }
        let base = mode == .signed ? 0 : try reader.zigzag()
        var bits = BitReader(reader.bytes, from: reader.position, to: reader.end)
        try code.decodeLengths(to: highest, from: &bits)
        try reader.skip(bits.position - reader.position)
        indexMask = HuffmanDecoder.fill(&table, for: code)
        let ends = try HuffmanDecoder.streamEnds(count: count, from: &reader)
        let isDone: Bool
        if reader.end + 8 <= reader.bytes.count {
            isDone = unsafe decode(
                reader.bytes.span.bytes, reader.position, ends, mode, base, count: count, into: &out, at: start)
        } else {
            // A load takes 8 bytes, of which the last may lie behind the column. Callers that pad never pay for this.
            let padded = Array(reader.bytes[reader.position..<reader.end]) + [UInt8](repeating: 0, count: 8)
            let shifted = (
                ends.0 - reader.position, ends.1 - reader.position, ends.2 - reader.position,
                reader.end - reader.position
            )
            isDone = unsafe decode(padded.span.bytes, 0, shifted, mode, base, count: count, into: &out, at: start)
        }
        guard isDone else { throw .malformed(position: reader.position, reason: "Huffman stream of another length") }
        try reader.skip(reader.remaining)
    }

    /// Ends of the four streams; of the only one, four times.
    private static func streamEnds(
        count: Int, from reader: inout ByteReader
    ) throws(CodecError) -> (Int, Int, Int, Int) {
        guard count >= Huffman.streamsCountMin else { return (reader.end, reader.end, reader.end, reader.end) }
        let first = try reader.count(atMost: reader.remaining, "length of a stream")
        let second = Int64(first) &+ (try reader.zigzag())
        let third = Int64(first) &+ (try reader.zigzag())
        let limit = Int64(reader.remaining)
        guard (0...limit).contains(second), (0...limit).contains(third), Int64(first) + second + third <= limit else {
            throw .malformed(position: reader.position, reason: "lengths of streams")
        }
        let end = reader.position + first
        return (end, end + Int(second), end + Int(second + third), reader.end)
    }

    /// Fills as many entries as the longest code asks for, and returns the mask of their indices. The table for codes
    /// that are a bit longer is the one before twice: whatever has no code of the shorter ones is written over.
    private static func fill(_ table: inout [UInt64], for code: borrowing HuffmanCode) -> UInt64 {
        if table.isEmpty { table = [UInt64](repeating: 0, count: 1 << HuffmanCode.lengthMax) }
        var span = table.mutableSpan
        var size = 1
        code.forEachCode { bucket, code, length in
            let extra = MagnitudeBucket.extraBits(of: bucket)
            var entry = UInt64(length) | UInt64(extra) << 12
            if extra <= extraBitsMax {
                entry |= UInt64(length + extra) << 6 | MagnitudeBucket.first(of: bucket) << 32
            } else {
                entry |= UInt64(bucket) << 32
            }
            while size < 1 << length {
                // In bounds: no code is longer than the table has room for.
                precondition(2 * size <= span.count, "a code is too long")
                for place in 0..<size { unsafe span[unchecked: size &+ place] = span[unchecked: place] }
                size *= 2
            }
            span[Int(code)] = entry
        }
        return UInt64(size - 1)
    }

    /// False where a stream does not end where it should.
    @inline(__always)
    private func decode(
        _ raw: RawSpan, _ begin: Int, _ ends: (Int, Int, Int, Int), _ mode: Huffman.Mode, _ base: Int64, count: Int,
        into out: inout MutableSpan<Int64>, at start: Int
    ) -> Bool {
        if mode == .aboveLowest {
            let base = UInt64(bitPattern: base)
            return run(raw, begin, ends, count: count, into: &out, at: start) { Int64(bitPattern: $0 &+ base) }
        }
        return run(raw, begin, ends, count: count, into: &out, at: start) { $0.unzigzagged &+ base }
    }

    @inline(__always)
    private func run(
        _ raw: RawSpan, _ begin: Int, _ ends: (Int, Int, Int, Int), count: Int, into out: inout MutableSpan<Int64>,
        at start: Int, _ number: (UInt64) -> Int64
    ) -> Bool {
        // A load from any byte up to here lies in `raw`: the bits of a stream are looked at where they do not exceed
        // it, and whether they are the stream's own is asked at its end.
        let limit = (raw.byteCount - 8) * 8 + 7
        let table = table.span
        let mask = indexMask
        var a = begin * 8
        guard count >= Huffman.streamsCountMin else {
            for i in start..<start &+ count {
                guard a <= limit else { return false }
                unsafe out[unchecked: i] = number(next(raw, &a, table, mask, limit))
            }
            return (a + 7) / 8 == ends.3
        }
        var (b, c, d) = (ends.0 * 8, ends.1 * 8, ends.2 * 8)
        let (each, last) = Huffman.quarters(of: count)
        // In bounds: start + 3 * each + last is the end of the column, and the caller has checked that.
        for i in start..<start &+ last {
            guard a <= limit, b <= limit, c <= limit, d <= limit else { return false }
            unsafe out[unchecked: i] = number(next(raw, &a, table, mask, limit))
            unsafe out[unchecked: i &+ each] = number(next(raw, &b, table, mask, limit))
            unsafe out[unchecked: i &+ 2 &* each] = number(next(raw, &c, table, mask, limit))
            unsafe out[unchecked: i &+ 3 &* each] = number(next(raw, &d, table, mask, limit))
        }
        for i in start &+ last..<start &+ each {
            guard a <= limit, b <= limit, c <= limit else { return false }
            unsafe out[unchecked: i] = number(next(raw, &a, table, mask, limit))
            unsafe out[unchecked: i &+ each] = number(next(raw, &b, table, mask, limit))
            unsafe out[unchecked: i &+ 2 &* each] = number(next(raw, &c, table, mask, limit))
        }
        return (a + 7) / 8 == ends.0 && (b + 7) / 8 == ends.1 && (c + 7) / 8 == ends.2 && (d + 7) / 8 == ends.3
    }

    /// The number at `bit`, which is at most `limit` and moves behind it.
    @inline(__always)
    private func next(
        _ raw: RawSpan, _ bit: inout Int, _ table: Span<UInt64>, _ mask: UInt64, _ limit: Int
    ) -> UInt64 {
        // In bounds: `bit` was compared with `limit`; the mask is one less than the entries that were filled.
        let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: bit &>> 3, as: UInt64.self)
        // At least 57 bits, of which 11 and 29 are the most that one look needs.
        let window = UInt64(littleEndian: word) &>> UInt64(truncatingIfNeeded: bit & 7)
        let entry = unsafe table[unchecked: Int(truncatingIfNeeded: window & mask)]
        let length = Int(truncatingIfNeeded: (entry &>> 6) & 63)
        if length == 0 { return rare(raw, &bit, entry, limit) }
        bit &+= length
        let extraMask = (1 as UInt64) &<< (entry &>> 12) &- 1
        return (entry &>> 32) &+ ((window &>> entry) & extraMask)
    }

    /// A number of a bucket with 30 ... 61 extra bits. Where they lie outside `limit`, `bit` moves far behind it, which
    /// the caller finds out.
    @inline(never)
    private func rare(_ raw: RawSpan, _ bit: inout Int, _ entry: UInt64, _ limit: Int) -> UInt64 {
        bit += Int(entry & 63)
        let extra = Int((entry >> 12) & 63)
        var number: UInt64 = 0
        var done = 0
        while done < extra {
            guard bit <= limit else {
                bit = limit + 64
                return 0
            }
            // In bounds: just checked.
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: bit / 8, as: UInt64.self)
            let width = min(57, extra - done)
            let part = UInt64(littleEndian: word) >> UInt64(bit % 8) & (1 << UInt64(width) - 1)
            number |= part << UInt64(done)
            bit += width
            done += width
        }
        return number &+ MagnitudeBucket.first(of: UInt8(truncatingIfNeeded: entry >> 32))
    }
}
