/// Writes and reads the values of a series' windows, whose shape is known. Lossless for every bit pattern. The format
/// is drawn in TierBlock.swift.
///
/// The columns are near each other: a counter's min is its first and its max its last, and nearly all windows begin
/// where the one before ended. So what is stored is how far each is from what the others let expect, in integers where
/// all values are integers over one scale, and else column by column.
struct WindowValues {
    private var encoder = ChunkEncoder()

    init() {}

    // MARK: - Writing

    mutating func encode(_ windows: WindowColumns, into writer: inout ByteWriter) {
        let filled = windows.counts.indices.filter { windows.counts[$0] > 0 }
        let hasResets = filled.contains { windows.resetCounts[$0] > 0 }
        let flag = hasResets ? TierBlock.Form.hasResets : 0
        if let integers = WindowIntegers(windows, filled) {
            var resets = ByteWriter()
            var form = TierBlock.Form.spread | flag
            if hasResets {
                IntegerColumn.encode(filled.map { Int64(windows.resetCounts[$0]) }, into: &resets)
                var sums = ByteWriter()
                field(filled.filter { windows.resetCounts[$0] > 0 }.map { windows.resetSums[$0] }, into: &sums)
                // Few windows, or values that come again and again: a chunk is shorter now and then.
                if let shares = integers.resetSums(windows, filled), shares.count <= sums.count {
                    resets.append(shares.bytes)
                } else {
                    form |= TierBlock.Form.resetChunk
                    resets.append(sums.bytes)
                }
            }
            writer.u8(form)
            integers.encode(into: &writer)
            writer.append(resets.bytes)
            return
        }
        writer.u8(TierBlock.Form.chunks | flag)
        for column in [windows.lasts, windows.firsts, windows.minima, windows.maxima, windows.sums] {
            field(filled.map { column[$0] }, into: &writer)
        }
        if !hasResets { return }
        IntegerColumn.encode(filled.map { Int64(windows.resetCounts[$0]) }, into: &writer)
        field(filled.filter { windows.resetCounts[$0] > 0 }.map { windows.resetSums[$0] }, into: &writer)
    }

    private mutating func field(_ values: [Double], into writer: inout ByteWriter) {
        var chunk = ByteWriter()
        _ = encoder.encode(values, into: &chunk)
        writer.field(chunk.bytes)
    }

    // MARK: - Reading

    /// Fills in the values of `windows`, to the end of `reader`. `other` gives the windows of the series that many
    /// entries before, for those that follow from them; they have the same shape and follow from none themselves.
    static func decode(
        _ windows: inout WindowColumns, from reader: inout ByteReader,
        other: (Int) throws(CodecError) -> WindowColumns
    ) throws(CodecError) {
        let filled = windows.counts.indices.filter { windows.counts[$0] > 0 }
        let position = reader.position
        let form = try reader.u8()
        let hasResets = form & TierBlock.Form.hasResets != 0
        switch form & ~TierBlock.Form.flags {
        case TierBlock.Form.integers: try decodeIntegers(&windows, filled, from: &reader)
        case TierBlock.Form.chunks: try decodeChunks(&windows, filled, from: &reader)
        case TierBlock.Form.spread:
            let integers = try WindowIntegers(decoding: &windows, filled, from: &reader)
            guard hasResets else { return try reader.finish() }
            try decodeResets(&windows, filled, from: &reader) { counts, places, reader throws(CodecError) in
                if form & TierBlock.Form.resetChunk != 0 { return try column(places.count, from: &reader) }
                return try integers.decodeResetSums(counts, at: places, from: &reader)
            }
            return try reader.finish()
        case TierBlock.Form.reference:
            let (relation, distance) = try WindowRelation.decode(from: &reader)
            let source = try other(distance)
            guard source.ends == windows.ends, source.counts == windows.counts else {
                throw .malformed(position: position, reason: "reference to windows at other times")
            }
            try relation.decode(&windows, from: source, form: form, filled, &reader)
            return try reader.finish()
        default: throw .unknownCoder(position: position, number: form)
        }
        if hasResets {
            try decodeResets(&windows, filled, from: &reader) { _, places, reader throws(CodecError) in
                try column(places.count, from: &reader)
            }
        }
        try reader.finish()
    }

    /// Whether the values follow from another series'.
    static func isReference(_ form: UInt8) -> Bool { form & TierBlock.Form.reference != 0 }

    /// Reads the column of resets, and by `sums` those of the windows that have any.
    static func decodeResets(
        _ windows: inout WindowColumns, _ filled: [Int], from reader: inout ByteReader,
        sums: ([Int64], [Int], inout ByteReader) throws(CodecError) -> [Double]
    ) throws(CodecError) {
        let counts = try IntegerColumn.decode(count: filled.count, from: &reader)
        var some: [Int] = []
        for (place, index) in filled.enumerated() where counts[place] != 0 {
            guard counts[place] > 0, counts[place] < windows.counts[index] else {
                throw .malformed(position: place, reason: "resets of a window")
            }
            some.append(place)
        }
        for (sum, place) in zip(try sums(counts, some, &reader), some) {
            windows.setResets(filled[place], Int(counts[place]), sum: sum)
        }
    }

    /// A field with the chunk of a column.
    static func column(_ count: Int, from reader: inout ByteReader) throws(CodecError) -> [Double] {
        let length = try reader.count(atMost: reader.remaining, "bytes of a column")
        let start = reader.position
        try reader.skip(length)
        var values: [Double] = []
        var decoder = ChunkDecoder()
        try decoder.decode(reader.bytes, from: start, to: start + length, count: count, into: &values)
        return values
    }

    private static func decodeChunks(
        _ windows: inout WindowColumns, _ filled: [Int], from reader: inout ByteReader
    ) throws(CodecError) {
        let last = try column(filled.count, from: &reader)
        let first = try column(filled.count, from: &reader)
        let low = try column(filled.count, from: &reader)
        let high = try column(filled.count, from: &reader)
        let sum = try column(filled.count, from: &reader)
        for (place, index) in filled.enumerated() {
            windows.setValues(
                index, first: first[place], last: last[place], min: low[place], max: high[place], sum: sum[place])
        }
    }

    /// Form 1, which is read and no longer written.
    private static func decodeIntegers(
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
            let evenly = (Int64(windows.counts[index]) &* (bottom &+ top)) >> 1
            let bits = scale.value(sum[place] &+ evenly).bitPattern &+ UInt64(bitPattern: corrections[place])
            windows.setValues(
                index, first: scale.value(from), last: scale.value(to), min: scale.value(bottom),
                max: scale.value(top), sum: Double(bitPattern: bits))
        }
    }
}
