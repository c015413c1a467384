/// Writes one series' column of a block as a chunk. Lossless for every bit pattern.
///
///     constant     01 | scale u8 | integer zigzag           value = integer / scale; scale 255: bits u64 little-endian
///     integers     02 | flags | scale u8 | first zigzag | [second zigzag] | [divisor varint] | [corrections]
///                  | residuals
///     dictionary   03 | flags | dictionary | residuals
///     raw          04 | flags | residuals
///
///     first        order 0: the lowest integer; orders 1 and 2: the first. second (order 2): the first difference
///     divisor      present with flag gcd; at least 2. Differences.swift
///     corrections  present with flag ulp; an IntegerColumn, one a sample. UlpCorrection.swift
///     residuals    the rest of the chunk, by the flags' residual coder: count - order of them for integers, count for
///                  dictionary and raw (of which order 1 stores differences, the first from 0)
///
///     1.5 2.5 3.5   ->   02 02 01 1e 14   integers of order 2 without residuals, scale 10^1; first 15, difference 10
///
/// Orders are tried by computing sizes, not by writing, so that one column costs some 100 µs. One encoder serves many
/// columns and keeps its memory between them.
package struct ChunkEncoder {
    private var integers: [Int64] = []
    private var corrections: [Int64] = []
    private var correctionBytes = ByteWriter()
    private var dictionary = PatternDictionary()
    private var numbers: [Int64] = []
    private var parts = Sparse.Parts()
    private var best = Draft()
    private var next = Draft()

    /// Memory is taken with the first column.
    package init() {}

    /// A chunk not yet written: all but its residuals in bytes.
    private struct Draft {
        var header = ByteWriter()
        var residuals: [Int64] = []
        var coder = ResidualCoder.zero
        var byteCount = Int.max
    }

    /// Appends the chunk of `values` and returns its length in bytes: 0 where all are +0.0.
    package mutating func encode(_ values: [Double], into writer: inout ByteWriter) -> Int {
        encode(values.span, into: &writer)
    }

    /// Appends the chunk of `values` and returns its length in bytes: 0 where all are +0.0.
    package mutating func encode(_ values: Span<Double>, into writer: inout ByteWriter) -> Int {
        let start = writer.count
        if let value = ChunkEncoder.constant(values) {
            if value.bitPattern != 0 { ChunkEncoder.writeConstant(value, into: &writer) }
            return writer.count - start
        }
        best.byteCount = Int.max
        for scale in ScaledIntegers.candidates(for: values) { tryIntegers(values, scale) }
        // What costs a bit a sample or less is left alone (measured: dictionaries win from about there).
        if best.byteCount > values.count / 8 { tryDictionary(values) }
        // Packed bit patterns take 4 bytes and more of any column that is not one of the above.
        if best.byteCount > values.count * 4 { tryRaw(values) }
        writer.append(best.header.bytes)
        Residuals.encode(best.residuals, as: best.coder, parts: &parts, into: &writer)
        return writer.count - start
    }

    /// The one value of a column; +0.0 for an empty one.
    private static func constant(_ values: Span<Double>) -> Double? {
        guard !values.isEmpty else { return 0 }
        let first = values[0].bitPattern
        for i in values.indices where values[i].bitPattern != first { return nil }
        return values[0]
    }

    private static func writeConstant(_ value: Double, into writer: inout ByteWriter) {
        writer.u8(ChunkCoder.constant.rawValue)
        for decimals in 0...6 {
            let scale = Scale(decimals: decimals)
            // An integer of 9 bytes gains nothing over the bits.
            guard let integer = scale.exact(value), integer.magnitude < 1 << 48 else { continue }
            writer.u8(scale.code)
            writer.zigzag(integer)
            return
        }
        writer.u8(Scale.patternCode)
        writer.u64le(value.bitPattern)
    }

    private mutating func tryIntegers(_ values: Span<Double>, _ scale: Scale) {
        correctionBytes.removeAll()
        if UlpCorrection.split(values, by: scale, into: &integers, &corrections) {
            IntegerColumn.encode(corrections, orders: 0...0, into: &correctionBytes)
        }
        for order in 0...min(2, values.count - 1) {
            let differences = Differences(order: order, of: integers, into: &next.residuals)
            let residuals = Residuals.choose(next.residuals, parts: &parts)
            var flags = ChunkFlags(order: order, residual: residuals.coder)
            flags.hasDivisor = differences.divisor > 1
            flags.hasCorrections = correctionBytes.count > 0
            begin(.integers, flags)
            next.header.u8(scale.code)
            next.header.zigzag(differences.first)
            if order == 2 { next.header.zigzag(differences.second) }
            if differences.divisor > 1 { next.header.varint(differences.divisor) }
            next.header.append(correctionBytes.bytes)
            keepIfSmaller(residuals)
            if residuals.byteCount == 0 { break }
        }
    }

    private mutating func tryDictionary(_ values: Span<Double>) {
        guard dictionary.collect(values, numbers: &numbers) else { return }
        tryNumbers(order: 0)
        tryNumbers(order: 1)
        dictionary.sort(numbers: &numbers)
        tryNumbers(order: 0)
        tryNumbers(order: 1)
    }

    private mutating func tryNumbers(order: Int) {
        next.residuals = numbers
        if order == 1 { ChunkEncoder.subtractNeighbours(&next.residuals) }
        let residuals = Residuals.choose(next.residuals, parts: &parts)
        begin(.dictionary, ChunkFlags(order: order, residual: residuals.coder))
        dictionary.encode(into: &next.header)
        keepIfSmaller(residuals)
    }

    private mutating func tryRaw(_ values: Span<Double>) {
        for order in 0...1 {
            next.residuals.removeAll(keepingCapacity: true)
            for i in values.indices { next.residuals.append(Int64(bitPattern: values[i].bitPattern)) }
            if order == 1 { ChunkEncoder.subtractNeighbours(&next.residuals) }
            let residuals = Residuals.choose(next.residuals, parts: &parts)
            begin(.raw, ChunkFlags(order: order, residual: residuals.coder))
            keepIfSmaller(residuals)
        }
    }

    private mutating func begin(_ coder: ChunkCoder, _ flags: ChunkFlags) {
        next.header.removeAll()
        next.header.u8(coder.rawValue)
        next.header.u8(flags.byte)
    }

    private mutating func keepIfSmaller(_ residuals: (coder: ResidualCoder, byteCount: Int)) {
        next.coder = residuals.coder
        next.byteCount = next.header.count + residuals.byteCount
        if next.byteCount < best.byteCount { swap(&best, &next) }
    }

    private static func subtractNeighbours(_ values: inout [Int64]) {
        var previous: Int64 = 0
        for i in values.indices {
            let value = values[i]
            values[i] = value &- previous
            previous = value
        }
    }
}
