/// Writes and reads the values of a series' windows, whose shape is known. Lossless for every bit pattern. The format
/// is drawn in TierBlock.swift.
///
/// The columns are near each other: a counter's min is its first and its max its last, and nearly all windows begin
/// where the one before ended. So what is stored is how far each is from what the others let expect, in integers where
/// all values are integers over one scale, and else column by column.
struct WindowValues {
    private var encoder = ChunkEncoder()
    private var decoder = ChunkDecoder()

    init() {}

    // MARK: - Writing

    mutating func encode(_ windows: WindowColumns, into writer: inout ByteWriter) {
        let filled = windows.counts.indices.filter { windows.counts[$0] > 0 }
        let resets = filled.contains { windows.resetCounts[$0] > 0 } ? TierBlock.Form.hasResets : 0
        if let integers = Integers(windows, filled) {
            writer.u8(TierBlock.Form.integers | resets)
            integers.encode(into: &writer)
        } else {
            writer.u8(TierBlock.Form.chunks | resets)
            for column in [windows.lasts, windows.firsts, windows.minima, windows.maxima, windows.sums] {
                field(filled.map { column[$0] }, into: &writer)
            }
        }
        if resets == 0 { return }
        IntegerColumn.encode(filled.map { Int64(windows.resetCounts[$0]) }, into: &writer)
        field(filled.filter { windows.resetCounts[$0] > 0 }.map { windows.resetSums[$0] }, into: &writer)
    }

    private mutating func field(_ values: [Double], into writer: inout ByteWriter) {
        var chunk = ByteWriter()
        _ = encoder.encode(values, into: &chunk)
        writer.field(chunk.bytes)
    }

    /// The columns as integers over one scale.
    private struct Integers {
        var scale: Scale
        var last: [Int64] = []
        var first: [Int64] = []
        var low: [Int64] = []
        var high: [Int64] = []
        var sum: [Int64] = []
        var corrections: [Int64] = []

        /// Nil where no scale holds all values exactly.
        init?(_ windows: WindowColumns, _ filled: [Int]) {
            var values: [Double] = []
            values.reserveCapacity(filled.count * 4)
            for column in [windows.firsts, windows.lasts, windows.minima, windows.maxima] {
                for index in filled { values.append(column[index]) }
            }
            let candidates = ScaledIntegers.candidates(for: values.span)
            guard let scale = candidates.first(where: { scale in values.allSatisfy { scale.exact($0) != nil } }) else {
                return nil
            }
            self.scale = scale
            let exact = values.map { scale.exact($0) ?? 0 }
            let count = filled.count
            for (place, index) in filled.enumerated() {
                let (from, to) = (exact[place], exact[count + place])
                let (bottom, top) = (exact[2 * count + place], exact[3 * count + place])
                first.append(from - (last.last ?? to))
                last.append(to)
                low.append(min(from, to) - bottom)
                high.append(top - max(from, to))
                let expected = Integers.expectedSum(windows.counts[index], bottom, top)
                let total = scale.nearest(windows.sums[index]) ?? expected
                sum.append(total &- expected)
                let bits = windows.sums[index].bitPattern &- scale.value(total).bitPattern
                corrections.append(Int64(bitPattern: bits))
            }
        }

        /// What samples spread evenly over a range add up to. Wrapping: both sides do, whatever the numbers.
        static func expectedSum(_ count: Int, _ min: Int64, _ max: Int64) -> Int64 {
            (Int64(count) &* (min &+ max)) >> 1
        }

        func encode(into writer: inout ByteWriter) {
            writer.u8(scale.code)
            for column in [last, first, low, high, sum, corrections] { IntegerColumn.encode(column, into: &writer) }
        }
    }

    // MARK: - Reading

    /// Fills in the values of `windows`, to the end of `reader`.
    mutating func decode(_ windows: inout WindowColumns, from reader: inout ByteReader) throws(CodecError) {
        let filled = windows.counts.indices.filter { windows.counts[$0] > 0 }
        let position = reader.position
        let form = try reader.u8()
        switch form & ~TierBlock.Form.hasResets {
        case TierBlock.Form.integers: try decodeIntegers(&windows, filled, from: &reader)
        case TierBlock.Form.chunks:
            let last = try column(filled.count, from: &reader)
            let first = try column(filled.count, from: &reader)
            let low = try column(filled.count, from: &reader)
            let high = try column(filled.count, from: &reader)
            let sum = try column(filled.count, from: &reader)
            for (place, index) in filled.enumerated() {
                windows.setValues(
                    index, first: first[place], last: last[place], min: low[place], max: high[place], sum: sum[place])
            }
        default: throw .unknownCoder(position: position, number: form)
        }
        if form & TierBlock.Form.hasResets != 0 {
            let counts = try IntegerColumn.decode(count: filled.count, from: &reader)
            var some: [Int] = []
            for (place, index) in filled.enumerated() where counts[place] != 0 {
                guard counts[place] > 0, counts[place] < windows.counts[index] else {
                    throw .malformed(position: place, reason: "resets of a window")
                }
                some.append(place)
            }
            let sums = try column(some.count, from: &reader)
            for (sum, place) in zip(sums, some) {
                windows.setResets(filled[place], Int(counts[place]), sum: sum)
            }
        }
        try reader.finish()
    }

    private mutating func column(_ count: Int, from reader: inout ByteReader) throws(CodecError) -> [Double] {
        let length = try reader.count(atMost: reader.remaining, "bytes of a column")
        let start = reader.position
        try reader.skip(length)
        var values: [Double] = []
        try decoder.decode(reader.bytes, from: start, to: start + length, count: count, into: &values)
        return values
    }

    private func decodeIntegers(
        _ windows: inout WindowColumns, _ filled: [Int], from reader: inout ByteReader
    ) throws(CodecError) {
        let scale = try Scale(code: try reader.u8(), at: reader.position)
        let last = try IntegerColumn.decode(count: filled.count, from: &reader)
        let first = try IntegerColumn.decode(count: filled.count, from: &reader)
        let low = try IntegerColumn.decode(count: filled.count, from: &reader)
        let high = try IntegerColumn.decode(count: filled.count, from: &reader)
        let sum = try IntegerColumn.decode(count: filled.count, from: &reader)
        let corrections = try IntegerColumn.decode(count: filled.count, from: &reader)
        for (place, index) in filled.enumerated() {
            // Wrapping: damaged numbers give wrong values, never a trap; checksums tell damage.
            let to = last[place]
            let from = first[place] &+ (place == 0 ? to : last[place - 1])
            let bottom = min(from, to) &- low[place]
            let top = max(from, to) &+ high[place]
            let total = sum[place] &+ Integers.expectedSum(windows.counts[index], bottom, top)
            let bits = scale.value(total).bitPattern &+ UInt64(bitPattern: corrections[place])
            windows.setValues(
                index, first: scale.value(from), last: scale.value(to), min: scale.value(bottom),
                max: scale.value(top), sum: Double(bitPattern: bits))
        }
    }
}
