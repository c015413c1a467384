/// The few distinct bit patterns of a column, each with a number.
///
///     dictionary = patterns varint | scale u8 | IntegerColumn of the patterns
///
/// The patterns are integers under a decimal or binary scale where all of them fit one exactly, else (scale 255) the
/// bit patterns. The chunk's residuals are their numbers, one a sample, or (order 1) the differences of these.
struct PatternDictionary {
    /// In the order of their numbers.
    private(set) var patterns: [UInt64] = []
    /// Open addressing over `patterns`: number + 1, or 0 where a slot is free. A power of two, at most half full.
    private var slots: [UInt32] = []
    /// More than this many distinct patterns are never cheaper than packing them: a guess, far above what wins.
    private static let patternsMax = 1 << 14

    init() {}

    /// Numbers the patterns of `values` by first appearance and writes one number a sample to `numbers` (replaced).
    /// False where more than a third of the samples are distinct.
    mutating func collect(_ values: Span<Double>, numbers: inout [Int64]) -> Bool {
        let limit = min(values.count / 3 + 2, PatternDictionary.patternsMax)
        patterns.removeAll(keepingCapacity: true)
        let slotCount = 1 << UInt64(2 * limit + 2).bitWidthUsed
        slots.removeAll(keepingCapacity: true)
        slots.append(contentsOf: repeatElement(0, count: slotCount))
        numbers.removeAll(keepingCapacity: true)
        for i in values.indices {
            let bits = values[i].bitPattern
            // Fibonacci hashing (Knuth, volume 3, section 6.4): the upper bits of the product are well mixed.
            var slot = Int((bits &* 0x9e37_79b9_7f4a_7c15) >> 32) & (slotCount - 1)
            while slots[slot] != 0, patterns[Int(slots[slot]) - 1] != bits { slot = (slot + 1) & (slotCount - 1) }
            if slots[slot] == 0 {
                guard patterns.count < limit else { return false }
                patterns.append(bits)
                slots[slot] = UInt32(patterns.count)
            }
            numbers.append(Int64(slots[slot]) - 1)
        }
        return true
    }

    /// Numbers the patterns anew, in order of their values, so that neighbouring values have neighbouring numbers.
    mutating func sort(numbers: inout [Int64]) {
        let order = patterns.indices.sorted {
            PatternDictionary.rank(patterns[$0]) < PatternDictionary.rank(patterns[$1])
        }
        var place = [Int64](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { place[old] = Int64(new) }
        patterns = order.map { patterns[$0] }
        for i in numbers.indices { numbers[i] = place[Int(numbers[i])] }
    }

    func encode(into writer: inout ByteWriter) {
        writer.varint(patterns.count)
        let values = patterns.map { Double(bitPattern: $0) }
        for scale in ScaledIntegers.candidates(for: values.span) {
            let integers = values.compactMap { scale.exact($0) }
            guard integers.count == values.count else { continue }
            writer.u8(scale.code)
            IntegerColumn.encode(integers, into: &writer)
            return
        }
        writer.u8(Scale.patternCode)
        IntegerColumn.encode(patterns.map { Int64(bitPattern: $0) }, into: &writer)
    }

    /// Reads the values of a dictionary for a column of `count` samples.
    static func decode(count: Int, from reader: inout ByteReader) throws(CodecError) -> [Double] {
        let patternCount = try reader.count(atMost: min(count, CodecLimits.columnValuesMax), "size of a dictionary")
        let position = reader.position
        let code = try reader.u8()
        if code == Scale.patternCode {
            return try IntegerColumn.decode(count: patternCount, from: &reader).map {
                Double(bitPattern: UInt64(bitPattern: $0))
            }
        }
        let scale = try Scale(code: code, at: position)
        return try IntegerColumn.decode(count: patternCount, from: &reader).map { scale.value($0) }
    }

    /// Orders bit patterns as the numbers they are: negative ones the other way round, before the others.
    private static func rank(_ bits: UInt64) -> UInt64 {
        bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }
}
