/// Integers of which reader and writer know how large each can be at most: sums of samples whose lowest and highest are
/// known. What is stored is where in its room a number lies, so that quiet stretches of a column take few bits and busy
/// ones many, whichever they are.
///
///     shares = nothing                                  where every bound is 0
///            = digits u8 | [unit varint] | integer column | rests       one number for each bound above 0
///
///     unit     with bit 7 of digits, at least 2: what all numbers and bounds were divided by. Memory moves in 4096s
///     digits   b, 1 ... 7: the room of a number, 0 ... bound, is cut into 2^b parts of nearly the same size; part k
///              begins at k · (bound + 1) / 2^b, rounded up
///     column   of the parts the numbers lie in, as they are (IntegerColumn.swift, order 0)
///     rests    how far behind the part's begin each number lies, as bits, lowest first, padded with 0 to a byte. A
///              part of s numbers with 2^q ≤ s < 2^(q+1) takes q bits for the first u = 2^(q+1) - s of them, else q
///              bits of (rest + u) / 2 and one bit of the remainder
///
///     5 of 0...9, 0 of 0...0, 12 of 0...15 with 3 digits   ->   03 | 01 02 04 c8 | 00
///
///     rooms of 10 and 16 numbers: parts 4 (begins at 5, 2 numbers: 5 6) and 6 (begins at 12: 12 13), rests 0 and 0
enum Shares {
    /// Bounds lie below, so that no product wraps.
    static let boundMax: Int64 = 1 << 55
    /// Few parts for short columns, whose table of codes would be dear; many for long ones (*measured*, host series).
    private static let digitsTried = [3, 5, 7]
    private static let digitsMax = 7
    private static let unitFlag: UInt8 = 0x80

    /// Appends `values`, each of which lies in 0 ... its bound.
    /// - Precondition: bounds are not negative, at most ``boundMax``, and as many as values.
    static func encode(_ values: [Int64], of bounds: [Int64], into writer: inout ByteWriter) {
        precondition(values.count == bounds.count, "a bound for each value")
        let places = bounds.indices.filter { bounds[$0] > 0 }
        if places.isEmpty { return }
        let values = places.map { values[$0] }
        let bounds = places.map { bounds[$0] }
        let unit = Int64(Differences.commonDivisor(of: (values + bounds).span))
        encode(values.map { $0 / unit }, of: bounds.map { $0 / unit }, unit, into: &writer)
    }

    /// The same for bounds that all are above 0, numbers and bounds in units.
    private static func encode(
        _ values: [Int64], of bounds: [Int64], _ unit: Int64, into writer: inout ByteWriter
    ) {
        var best: (digits: Int, column: ByteWriter, cost: Int)?
        var parts = [Int64](repeating: 0, count: values.count)
        for digits in digitsTried {
            var restBits = 0
            for place in values.indices {
                let part = values[place] << Int64(digits) / (bounds[place] + 1)
                parts[place] = part
                let room = Room(of: part, bound: bounds[place], digits: digits)
                restBits += room.bitCount(of: values[place] - room.begin)
            }
            var column = ByteWriter()
            IntegerColumn.encode(parts, orders: 0...0, into: &column)
            let cost = column.count + (restBits + 7) / 8
            if cost < best?.cost ?? .max { best = (digits, column, cost) }
        }
        guard let best else { return }
        writer.u8(UInt8(best.digits) | (unit > 1 ? unitFlag : 0))
        if unit > 1 { writer.varint(Int(unit)) }
        writer.append(best.column.bytes)
        var bits = BitWriter()
        for place in values.indices {
            let part = values[place] << Int64(best.digits) / (bounds[place] + 1)
            let room = Room(of: part, bound: bounds[place], digits: best.digits)
            room.put(values[place] - room.begin, into: &bits, &writer)
        }
        bits.flush(into: &writer)
    }

    /// Reads the numbers that have these bounds; those of bound 0 are 0.
    /// - Throws: where a bound is negative or above ``boundMax``, too.
    static func decode(of bounds: [Int64], from reader: inout ByteReader) throws(CodecError) -> [Int64] {
        var values = [Int64](repeating: 0, count: bounds.count)
        var count = 0
        for bound in bounds {
            guard (0...boundMax).contains(bound) else {
                throw .malformed(position: reader.position, reason: "bound of a share")
            }
            count += bound > 0 ? 1 : 0
        }
        if count == 0 { return values }
        let position = reader.position
        let head = try reader.u8()
        let digits = Int(head & ~unitFlag)
        let unit = head & unitFlag != 0 ? Int64(clamping: try reader.varint()) : 1
        guard (1...digitsMax).contains(digits), (1...boundMax).contains(unit) else {
            throw .malformed(position: position, reason: "digits or unit of shares")
        }
        let parts = try IntegerColumn.decode(count: count, from: &reader)
        var bits = BitReader(reader.bytes, from: reader.position, to: reader.position + reader.remaining)
        var at = 0
        for place in bounds.indices where bounds[place] > 0 {
            let part = parts[at]
            at += 1
            guard part >= 0, part >> Int64(digits) == 0 else {
                throw .malformed(position: reader.position, reason: "part of a share")
            }
            let room = Room(of: part, bound: bounds[place] / unit, digits: digits)
            // Wrapping: a unit that damage has put there gives wrong numbers, never a trap.
            values[place] = (room.begin &+ (try room.take(from: &bits))) &* unit
        }
        try reader.skip(bits.position - reader.position)
        return values
    }

    /// One part: where it begins, and how its numbers are told apart.
    private struct Room {
        let begin: Int64
        /// Bits of the shorter codes, and how many numbers have those.
        private let width: Int
        private let short: Int64

        @inline(__always) init(of part: Int64, bound: Int64, digits: Int) {
            let up: Int64 = 1 << Int64(digits) - 1
            begin = (part &* (bound &+ 1) &+ up) >> Int64(digits)
            let end = ((part &+ 1) &* (bound &+ 1) &+ up) >> Int64(digits)
            // A part of a small room can be empty; nobody lies there but what damage put there.
            let size = max(1, end &- begin)
            width = 63 - size.leadingZeroBitCount
            short = 2 << Int64(width) &- size
        }

        func bitCount(of rest: Int64) -> Int { rest < short ? width : width + 1 }

        func put(_ rest: Int64, into bits: inout BitWriter, _ writer: inout ByteWriter) {
            if rest < short {
                bits.put(UInt64(rest), width: width, into: &writer)
            } else {
                bits.put(UInt64(rest + short) >> 1, width: width, into: &writer)
                bits.put(UInt64(rest + short) & 1, width: 1, into: &writer)
            }
        }

        @inline(__always) func take(from bits: inout BitReader) throws(CodecError) -> Int64 {
            let high = Int64(try bits.take(width))
            return high < short ? high : (high << 1 | Int64(try bits.take(1))) - short
        }
    }
}
