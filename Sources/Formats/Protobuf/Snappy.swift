// Snappy's block format (google/snappy, format_description.txt), which remote write and remote read are wrapped in.
//
//   size of the content (varint, 32 bits), then elements, each by the low two bits of its first byte:
//   00  literal   length − 1 in the upper six bits; 60…63 there: it follows in 1…4 bytes, little-endian
//   01  copy      length − 4 in bits 2…4, offset in bits 5…7 and the next byte
//   10  copy      length − 1 in the upper six bits, offset in the next two bytes
//   11  copy      the same with four bytes
//
// A copy may reach into itself: offset 1, length 5 repeats the last byte five times.

/// Reads and writes Snappy blocks.
package enum Snappy {
    /// - Parameter most: content that would be larger is refused before memory is taken for it.
    package static func decode(_ bytes: [UInt8], most: Int) throws(WireError) -> [UInt8] {
        var header = ProtobufReader(bytes, 0..<min(5, bytes.count))
        let size = try header.varint()
        guard size <= UInt64(UInt32.max) else { throw .malformed(position: 0, reason: "a size beyond 32 bits") }
        guard size <= UInt64(most) else { throw .tooLarge(bytes: Int(size), most: most) }
        // Three bytes make 64 at most: what claims more is refused before memory is taken for it.
        guard Int(size) <= 22 * bytes.count + 64 else {
            throw .malformed(position: 0, reason: "\(size) bytes cannot come of \(bytes.count)")
        }
        var output: [UInt8] = []
        output.reserveCapacity(Int(size))
        var at = header.position
        while at < bytes.count {
            let start = at
            let tag = Int(bytes[at])
            at += 1
            if tag & 3 == 0 {
                let count = try literalLength(bytes, tag >> 2, &at)
                guard count <= bytes.count - at, output.count + count <= Int(size) else {
                    throw .malformed(position: start, reason: "a literal that is too long")
                }
                output.append(contentsOf: bytes[at..<at + count])
                at += count
            } else {
                let (offset, count) = try copy(bytes, tag, &at)
                guard offset > 0, offset <= output.count, output.count + count <= Int(size) else {
                    throw .malformed(position: start, reason: "a copy of what is not there")
                }
                let source = output.count - offset
                if offset >= count {
                    output.append(contentsOf: output[source..<source + count])
                } else {
                    for place in source..<source + count { output.append(output[place]) }
                }
            }
        }
        guard output.count == Int(size) else {
            throw .malformed(position: at, reason: "\(output.count) bytes came, \(size) were announced")
        }
        return output
    }

    private static func literalLength(
        _ bytes: [UInt8], _ short: Int, _ at: inout Int
    ) throws(WireError) -> Int {
        if short < 60 { return short + 1 }
        return try number(bytes, short - 59, &at) + 1
    }

    private static func copy(
        _ bytes: [UInt8], _ tag: Int, _ at: inout Int
    ) throws(WireError) -> (offset: Int, count: Int) {
        switch tag & 3 {
        case 1: return ((tag >> 5) << 8 | (try number(bytes, 1, &at)), ((tag >> 2) & 7) + 4)
        case 2: return (try number(bytes, 2, &at), (tag >> 2) + 1)
        default: return (try number(bytes, 4, &at), (tag >> 2) + 1)
        }
    }

    private static func number(_ bytes: [UInt8], _ count: Int, _ at: inout Int) throws(WireError) -> Int {
        guard bytes.count - at >= count else { throw .malformed(position: at, reason: "cut short") }
        var value = 0
        for place in 0..<count { value |= Int(bytes[at + place]) << (8 * place) }
        at += count
        return value
    }

    /// A block of `bytes`: repetitions of four bytes and more within the last 64 KiB are found by one table, as the
    /// reference does.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count / 2 + 16)
        var rest = UInt32(truncatingIfNeeded: bytes.count)
        while rest >= 128 {
            output.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        output.append(UInt8(rest))
        // Place + 1 of what was met last with a hash; 0 where nothing was.
        var table = [UInt32](repeating: 0, count: 1 << 14)
        var (at, literal) = (0, 0)
        while at + 4 <= bytes.count {
            let word = four(bytes, at)
            let slot = Int((word &* 0x1e35_a7bd) >> 18)
            let candidate = Int(table[slot]) - 1
            table[slot] = UInt32(at + 1)
            guard candidate >= 0, at - candidate <= 65_535, four(bytes, candidate) == word else {
                at += 1
                continue
            }
            write(literal: bytes[literal..<at], to: &output)
            var length = 4
            while at + length < bytes.count, bytes[candidate + length] == bytes[at + length] { length += 1 }
            write(copy: at - candidate, length, to: &output)
            at += length
            literal = at
        }
        write(literal: bytes[literal...], to: &output)
        return output
    }

    private static func four(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
    }

    private static func write(literal: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if literal.isEmpty { return }
        let last = literal.count - 1
        if last < 60 {
            output.append(UInt8(last << 2))
        } else {
            let count = last < 1 << 8 ? 1 : last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4
            output.append(UInt8((59 + count) << 2))
            for place in 0..<count { output.append(UInt8(truncatingIfNeeded: last >> (8 * place))) }
        }
        output.append(contentsOf: literal)
    }

    private static func write(copy offset: Int, _ length: Int, to output: inout [UInt8]) {
        var rest = length
        while rest > 0 {
            let part = min(rest, 64)
            output.append(UInt8((part - 1) << 2 | 2))
            output.append(UInt8(truncatingIfNeeded: offset))
            output.append(UInt8(truncatingIfNeeded: offset >> 8))
            rest -= part
        }
    }
}
