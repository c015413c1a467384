/// Bytes in order: fixed integers, base-128 varints, zigzag.
///
///     varint   7 bits a byte, lowest first; bit 7 set on all bytes but the last; at most 10 bytes
///                  300  ->  ac 02
///     zigzag   a varint of (x << 1) ^ (x >> 63): 0, -1, 1, -2 ... -> 0, 1, 2, 3 ...
///                  -3   ->  05
package struct ByteWriter: Sendable {
    /// What was written so far.
    package var bytes: [UInt8]

    /// Begins with no bytes.
    package init() { bytes = [] }

    /// Goes on behind `bytes`.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Bytes written so far.
    package var count: Int { bytes.count }

    /// One byte.
    package mutating func u8(_ value: UInt8) { bytes.append(value) }

    /// One to ten bytes, see the drawing.
    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// - Precondition: `value` is not negative.
    package mutating func varint(_ value: Int) { varint(UInt64(value)) }

    /// One to ten bytes, see the drawing.
    package mutating func zigzag(_ value: Int64) { varint(value.zigzagged) }

    /// Two bytes, lowest first.
    package mutating func u16le(_ value: UInt16) { fixed(value.littleEndian) }
    /// Four bytes, lowest first.
    package mutating func u32le(_ value: UInt32) { fixed(value.littleEndian) }
    /// Eight bytes, lowest first.
    package mutating func u64le(_ value: UInt64) { fixed(value.littleEndian) }
    /// Two bytes, highest first: ordered like the numbers.
    package mutating func u16be(_ value: UInt16) { fixed(value.bigEndian) }
    /// Four bytes, highest first.
    package mutating func u32be(_ value: UInt32) { fixed(value.bigEndian) }
    /// Eight bytes, highest first.
    package mutating func u64be(_ value: UInt64) { fixed(value.bigEndian) }

    /// The bytes as they are, without a length.
    package mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
    /// The bytes as they are, without a length.
    package mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

    /// A length and the bytes.
    package mutating func field(_ more: some Collection<UInt8>) {
        varint(more.count)
        bytes.append(contentsOf: more)
    }

    /// Empties the writer and keeps its memory.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Bytes that ``varint(_:)-(UInt64)`` takes for `value`.
    static func varintByteCount(_ value: UInt64) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        var value = value
        // In bounds: the buffer is the integer itself.
        unsafe withUnsafeBytes(of: &value) { unsafe bytes.append(contentsOf: $0) }
    }
}

/// Reads what ``ByteWriter`` wrote, within `[position, end)` of an array.
/// Whatever the bytes are, a read returns or throws; it never traps and never reads past `end`.
package struct ByteReader: Sendable {
    /// The whole array, of which the reader may read a part.
    package let bytes: [UInt8]
    /// Offset in `bytes` of what is read next.
    package private(set) var position: Int
    /// Offset in `bytes` behind the last byte that may be read.
    package let end: Int

    /// Offsets outside `bytes` are moved to its ends, so that reading there throws.
    package init(_ bytes: [UInt8], from: Int, to: Int) {
        self.bytes = bytes
        end = min(max(to, 0), bytes.count)
        position = min(max(from, 0), end)
    }

    /// Reads all of `bytes`.
    package init(_ bytes: [UInt8]) { self.init(bytes, from: 0, to: bytes.count) }

    /// Whether nothing is left to read.
    package var isAtEnd: Bool { position == end }

    /// Bytes not yet read.
    package var remaining: Int { end - position }

    /// One byte.
    package mutating func u8() throws(CodecError) -> UInt8 {
        guard position < end else { throw .cutShort(position: position) }
        defer { position += 1 }
        return bytes[position]
    }

    /// Two bytes, lowest first.
    package mutating func u16le() throws(CodecError) -> UInt16 { UInt16(truncatingIfNeeded: try littleEndian(2)) }
    /// Four bytes, lowest first.
    package mutating func u32le() throws(CodecError) -> UInt32 { UInt32(truncatingIfNeeded: try littleEndian(4)) }
    /// Eight bytes, lowest first.
    package mutating func u64le() throws(CodecError) -> UInt64 { try littleEndian(8) }
    /// Two bytes, highest first.
    package mutating func u16be() throws(CodecError) -> UInt16 { try u16le().byteSwapped }
    /// Four bytes, highest first.
    package mutating func u32be() throws(CodecError) -> UInt32 { try u32le().byteSwapped }
    /// Eight bytes, highest first.
    package mutating func u64be() throws(CodecError) -> UInt64 { try u64le().byteSwapped }

    /// - Throws: where the bytes end within it, or it has more than 64 bits.
    package mutating func varint() throws(CodecError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < end else { throw .cutShort(position: start) }
            let byte = bytes[position]
            position += 1
            // The tenth byte holds bit 63 alone.
            guard shift < 63 || byte <= 1 else { throw .malformed(position: start, reason: "varint over 64 bits") }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
    }

    /// A number of either sign, see ``varint()``.
    package mutating func zigzag() throws(CodecError) -> Int64 { try varint().unzigzagged }

    /// A varint that counts something of which there are at most `limit`.
    package mutating func count(atMost limit: Int, _ what: String) throws(CodecError) -> Int {
        let start = position
        guard let value = Int(exactly: try varint()), value <= limit else {
            throw .malformed(position: start, reason: "\(what) out of bounds")
        }
        return value
    }

    /// The next `count` bytes.
    package mutating func slice(_ count: Int) throws(CodecError) -> ArraySlice<UInt8> {
        let start = position
        try skip(count)
        return bytes[start..<position]
    }

    /// A length and as many bytes: what ``ByteWriter/field(_:)`` wrote.
    package mutating func field() throws(CodecError) -> ArraySlice<UInt8> {
        let start = position
        guard let count = Int(exactly: try varint()), count <= remaining else { throw .cutShort(position: start) }
        return try slice(count)
    }

    /// Moves on by `count` bytes.
    package mutating func skip(_ count: Int) throws(CodecError) {
        guard count >= 0, count <= remaining else { throw .cutShort(position: position) }
        position += count
    }

    /// - Throws: where bytes are left over that nothing claims.
    package func finish() throws(CodecError) {
        guard isAtEnd else { throw .malformed(position: position, reason: "\(remaining) bytes too many") }
    }

    private mutating func littleEndian(_ count: Int) throws(CodecError) -> UInt64 {
        guard count <= remaining else { throw .cutShort(position: position) }
        var value: UInt64 = 0
        for i in 0..<count { value |= UInt64(bytes[position + i]) << UInt64(8 * i) }
        position += count
        return value
    }
}

extension Int64 {
    /// Small numbers of either sign as small unsigned ones.
    @inline(__always) var zigzagged: UInt64 { UInt64(bitPattern: (self &<< 1) ^ (self &>> 63)) }
}

extension UInt64 {
    /// Undoes ``Swift/Int64/zigzagged``.
    @inline(__always) var unzigzagged: Int64 { Int64(bitPattern: (self &>> 1) ^ (0 &- (self & 1))) }

    /// Bits up to the highest that is set: 0 for 0, 64 for numbers from 2^63.
    @inline(__always) var bitWidthUsed: Int { 64 &- leadingZeroBitCount }
}
