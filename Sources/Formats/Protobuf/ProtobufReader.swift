/// Why bytes are no message of the kind that was expected.
package enum WireError: Error, Hashable, CustomStringConvertible {
    /// At a byte of the message something else was expected.
    case malformed(position: Int, reason: String)
    /// What the bytes stand for is larger than is taken.
    case tooLarge(bytes: Int, most: Int)
    /// One message brings more samples than are taken at once.
    case tooManySamples(most: Int)

    package var description: String {
        switch self {
        case .malformed(let position, let reason): "at byte \(position): \(reason)"
        case .tooLarge(let bytes, let most): "\(bytes) bytes, where at most \(most) are taken"
        case .tooManySamples(let most): "more than \(most) samples; send them in several messages"
        }
    }
}

/// Walks over the fields of one Protocol Buffers message (protobuf.dev, "Encoding"), in place and without recursion:
/// what is nested is read by another reader over a part of the same bytes. Fields that nobody asks for are skipped.
struct ProtobufReader {
    /// A field that was met.
    struct Field {
        let number: Int
        /// The number itself of a varint, the bits of a fixed one; 0 of bytes.
        let bits: UInt64
        /// Where the bytes of a length-delimited field are; empty of numbers.
        let range: Range<Int>
        let wire: Wire

        var signed: Int64 { Int64(bitPattern: bits) }
        var double: Double { Double(bitPattern: bits) }
    }

    enum Wire: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(WireError) -> Field? {
        if position >= end { return nil }
        let start = position
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
            throw .malformed(position: start, reason: "no field number")
        }
        guard let wire = Wire(rawValue: UInt8(tag & 7)) else {
            throw .malformed(position: start, reason: "field \(number) has wire type \(tag & 7)")
        }
        switch wire {
        case .varint: return Field(number: number, bits: try varint(), range: 0..<0, wire: wire)
        case .fixed64: return Field(number: number, bits: try fixed(8), range: 0..<0, wire: wire)
        case .fixed32: return Field(number: number, bits: try fixed(4), range: 0..<0, wire: wire)
        case .bytes:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw .malformed(position: position, reason: "field \(number) is cut short")
            }
            let range = position..<position + Int(length)
            position = range.upperBound
            return Field(number: number, bits: 0, range: range, wire: wire)
        }
    }

    /// A number of base 128, least group first.
    mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = position
        while position < end {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 127) << shift
            if byte < 128 {
                // The tenth byte has one bit left.
                guard shift < 63 || byte < 2 else { break }
                return value
            }
            shift += 7
            if shift > 63 { break }
        }
        throw .malformed(position: start, reason: "a number that does not end")
    }

    private mutating func fixed(_ count: Int) throws(WireError) -> UInt64 {
        guard end - position >= count else {
            throw .malformed(position: position, reason: "a number that is cut short")
        }
        var value: UInt64 = 0
        for place in 0..<count { value |= UInt64(bytes[position + place]) << UInt64(8 * place) }
        position += count
        return value
    }

    var isAtEnd: Bool { position >= end }
}

/// Builds a message, field by field.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// A number, unless it is 0, which is what a missing one means.
    mutating func varint(_ number: Int, _ value: UInt64) {
        if value == 0 { return }
        put(UInt64(number) << 3)
        put(value)
    }

    /// The bits of a float, 0 among them: −0.0 is one.
    mutating func double(_ number: Int, _ value: Double) {
        put(UInt64(number) << 3 | 1)
        for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * place))) }
    }

    /// Bytes, a text or a message.
    mutating func field(_ number: Int, _ content: some Collection<UInt8>) {
        put(UInt64(number) << 3 | 2)
        put(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    private mutating func put(_ value: UInt64) {
        var value = value
        while value >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 128)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
