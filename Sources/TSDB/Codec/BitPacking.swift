/// PFOR-128: groups of up to 128 integers, each in the bits that most of its group need; the few that need more keep
/// their upper bits aside (patched frame of reference; Zukowski, Heman, Nes and Boncz, ICDE 2006).
///
///     group = head u8 | [base zigzag] | [exceptions u8] | packed | [positions u8 each] | [upper bits varint each]
///
///     head   bit 7: has exceptions (1 ... 127 of them, positions ascending)
///            bit 6: packed are x - base; else zigzag(x)
///            bits 0-5: width in bits, 0 ... 62; 63 stands for 64
///     packed values of `width` bits, first value in the lowest bits of the first byte; padded with 0 to a byte
///
///     1, 2, 3, 1000   ->   84 01 42 06 03 7d   84 = exceptions, zigzag, width 4; one exception; 2, 4, 6 and
///                                              2000 & 15 in 42 06; it is at 3, and 2000 >> 4 = 7d
enum BitPacking {
    static let groupCount = 128
    private static let exceptionFlag: UInt8 = 0x80
    private static let baseFlag: UInt8 = 0x40
    private static let exceptionsMax = 127

    /// How a group is written, and the bytes it takes.
    struct Plan {
        var width: Int
        var base: Int64?
        var exceptions: Int
        var byteCount: Int
    }

    /// Bytes that ``encode(_:into:)`` appends.
    static func byteCount(of values: Span<Int64>) -> Int {
        var total = 0
        var start = 0
        while start < values.count {
            let group = values.extracting(start..<min(start + groupCount, values.count))
            total += plan(group).byteCount
            start += groupCount
        }
        return total
    }

    static func encode(_ values: Span<Int64>, into writer: inout ByteWriter) {
        var start = 0
        while start < values.count {
            let group = values.extracting(start..<min(start + groupCount, values.count))
            encode(group, as: plan(group), into: &writer)
            start += groupCount
        }
    }

    /// The cheapest of both mappings and all widths.
    static func plan(_ group: Span<Int64>) -> Plan {
        var lowest = group[0]
        for i in group.indices { lowest = min(lowest, group[i]) }
        var signed = WidthCounts()
        var based = WidthCounts()
        for i in group.indices {
            signed.add(group[i].zigzagged)
            based.add(UInt64(bitPattern: group[i] &- lowest))
        }
        var best = signed.cheapest(of: group.count, exceptionsMax: exceptionsMax)
        var other = based.cheapest(of: group.count, exceptionsMax: exceptionsMax)
        other.byteCount += ByteWriter.varintByteCount(lowest.zigzagged)
        if other.byteCount < best.byteCount {
            best = other
            best.base = lowest
        }
        return best
    }

    private static func encode(_ group: Span<Int64>, as plan: Plan, into writer: inout ByteWriter) {
        let hasExceptions = plan.exceptions > 0
        let widthCode = UInt8(min(plan.width, 63))
        writer.u8(widthCode | (plan.base == nil ? 0 : baseFlag) | (hasExceptions ? exceptionFlag : 0))
        if let base = plan.base { writer.zigzag(base) }
        if hasExceptions { writer.u8(UInt8(plan.exceptions)) }
        func mapped(_ value: Int64) -> UInt64 {
            if let base = plan.base { UInt64(bitPattern: value &- base) } else { value.zigzagged }
        }
        var bits = BitWriter()
        let mask = plan.width == 64 ? UInt64.max : (1 << UInt64(plan.width)) - 1
        for i in group.indices { bits.put(mapped(group[i]) & mask, width: plan.width, into: &writer) }
        bits.flush(into: &writer)
        guard hasExceptions else { return }
        for i in group.indices where mapped(group[i]) > mask { writer.u8(UInt8(i)) }
        for i in group.indices where mapped(group[i]) > mask { writer.varint(mapped(group[i]) >> UInt64(plan.width)) }
    }

    /// Reads `count` values into `out[start...]`.
    static func decode(
        count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>, at start: Int
    ) throws(CodecError) {
        precondition(start >= 0 && count >= 0 && start + count <= out.count, "the caller makes room")
        var done = 0
        while done < count {
            let size = min(groupCount, count - done)
            try decodeGroup(size, from: &reader, into: &out, at: start + done)
            done += size
        }
    }

    @inline(__always)
    private static func decodeGroup(
        _ count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>, at start: Int
    ) throws(CodecError) {
        let head = try reader.u8()
        let width = head & 63 == 63 ? 64 : Int(head & 63)
        let base: Int64? = head & baseFlag != 0 ? try reader.zigzag() : nil
        let exceptions = head & exceptionFlag != 0 ? Int(try reader.u8()) : 0
        guard exceptions <= min(count, exceptionsMax), exceptions == 0 || width < 64 else {
            throw .malformed(position: reader.position, reason: "too many exceptions")
        }
        let packed = reader.position
        try reader.skip((count * width + 7) / 8)
        unpack(reader.bytes, at: packed, width: width, count: count, into: &out, start: start)
        if exceptions > 0 {
            try patch(exceptions, width: width, count: count, from: &reader, into: &out, at: start)
        }
        // In bounds, here and below: decode() has checked start + count against the span.
        if let base {
            for i in start..<start &+ count { unsafe out[unchecked: i] &+= base }
        } else {
            for i in start..<start &+ count {
                unsafe out[unchecked: i] = UInt64(bitPattern: unsafe out[unchecked: i]).unzigzagged
            }
        }
    }

    /// Gives the exceptions of a group their upper bits.
    private static func patch(
        _ exceptions: Int, width: Int, count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>,
        at start: Int
    ) throws(CodecError) {
        let positions = try reader.slice(exceptions)
        var previous = -1
        for position in positions {
            guard Int(position) > previous, Int(position) < count else {
                throw .malformed(position: positions.startIndex, reason: "exception outside its group")
            }
            previous = Int(position)
            let upper = try reader.varint()
            guard upper.bitWidthUsed <= 64 - width else {
                throw .malformed(position: reader.position, reason: "exception over 64 bits")
            }
            out[start + previous] |= Int64(bitPattern: upper << UInt64(width))
        }
    }

    /// Spreads `count` values of `width` bits, from byte `offset` on, over `out[start...]`.
    ///
    /// A load takes 8 bytes (16 for widths over 56) and so reaches at most 15 bytes behind the packed ones. Where the
    /// array ends earlier, a padded copy is read instead; callers that pad never pay for it.
    @inline(__always)
    private static func unpack(
        _ bytes: [UInt8], at offset: Int, width: Int, count: Int, into out: inout MutableSpan<Int64>, start: Int
    ) {
        let packedCount = (count * width + 7) / 8
        if offset + packedCount + 16 <= bytes.count {
            unsafe unpack(bytes.span.bytes, at: offset, width: width, count: count, into: &out, start: start)
        } else {
            let padded = Array(bytes[offset..<offset + packedCount]) + [UInt8](repeating: 0, count: 16)
            unsafe unpack(padded.span.bytes, at: 0, width: width, count: count, into: &out, start: start)
        }
    }

    @inline(__always)
    private static func unpack(
        _ raw: RawSpan, at offset: Int, width: Int, count: Int, into out: inout MutableSpan<Int64>, start: Int
    ) {
        // In bounds: value i begins in byte (i * width) / 8 of the packed ones, behind whose last byte 16 more can be
        // read (checked above), and decode() has checked start + count against `out`.
        if width == 0 {
            for i in start..<start &+ count { unsafe out[unchecked: i] = 0 }
        } else if width <= 56 {
            let mask: UInt64 = (1 &<< UInt64(width)) &- 1
            var bit = offset &* 8
            for i in start..<start &+ count {
                let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: bit &>> 3, as: UInt64.self)
                let value = (UInt64(littleEndian: word) &>> UInt64(truncatingIfNeeded: bit & 7)) & mask
                unsafe out[unchecked: i] = Int64(bitPattern: value)
                bit &+= width
            }
        } else {
            let mask = UInt64.max &>> UInt64(64 &- width)
            var bit = offset &* 8
            for i in start..<start &+ count {
                let byte = bit &>> 3
                let shift = UInt64(truncatingIfNeeded: bit & 7)
                let low = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: byte, as: UInt64.self)
                let high = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: byte &+ 8, as: UInt64.self)
                // Shifted in two steps, because a shift by 64 would be one by 0.
                let upper = (UInt64(littleEndian: high) &<< 1) &<< (63 &- shift)
                let value = (UInt64(littleEndian: low) &>> shift | upper) & mask
                unsafe out[unchecked: i] = Int64(bitPattern: value)
                bit &+= width
            }
        }
    }
}

/// How many numbers of a group need how many bits.
private struct WidthCounts {
    private var counts = InlineArray<65, UInt8>(repeating: 0)
    private var widest = 0
    private var narrowest = 64

    @inline(__always) mutating func add(_ value: UInt64) {
        let width = value.bitWidthUsed
        counts[width] += 1
        widest = max(widest, width)
        narrowest = min(narrowest, width)
    }

    /// The width for which packed bits and exceptions together take least.
    func cheapest(of count: Int, exceptionsMax: Int) -> BitPacking.Plan {
        // Width 63 has no code.
        let plain = widest == 63 ? 64 : widest
        var best = BitPacking.Plan(width: plain, exceptions: 0, byteCount: 1 + (count * plain + 7) / 8)
        var exceptions = 0
        var width = widest - 1
        while width >= narrowest {
            exceptions += Int(counts[width + 1])
            if exceptions > exceptionsMax { break }
            if width != 63 {
                var bytes = 2 + (count * width + 7) / 8
                for wider in width + 1...widest where counts[wider] > 0 {
                    bytes += Int(counts[wider]) * (1 + (wider - width + 6) / 7)
                }
                if bytes < best.byteCount {
                    best = BitPacking.Plan(width: width, exceptions: exceptions, byteCount: bytes)
                }
            }
            width -= 1
        }
        return best
    }
}

/// Bits in order, lowest first, eight bytes at a time.
struct BitWriter {
    private var pending: UInt64 = 0
    private var filled = 0

    /// - Precondition: `value` has no bit at `width` or above; `width` is at most 64.
    @inline(__always)
    mutating func put(_ value: UInt64, width: Int, into writer: inout ByteWriter) {
        pending |= value << UInt64(filled)
        filled += width
        guard filled >= 64 else { return }
        writer.u64le(pending)
        filled -= 64
        pending = value >> UInt64(width - filled)
    }

    /// Pads with 0 to a whole byte.
    mutating func flush(into writer: inout ByteWriter) {
        while filled > 0 {
            writer.u8(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            filled -= 8
        }
        pending = 0
        filled = 0
    }
}
