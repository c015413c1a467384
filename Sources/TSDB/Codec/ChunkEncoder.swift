/// Writes one series' column of a block as a chunk. Lossless for every bit pattern.
///
///     constant     01 | scale u8 | integer zigzag           value = integer / scale; scale 128 + k: integer · 2^k;
///                                                           scale 255: bits u64 little-endian
///     integers     02 | flags | scale u8 | first zigzag | [second zigzag] | [divisor varint] | [corrections]
///                  | residuals
///     dictionary   03 | flags | dictionary | residuals
///     raw          04 | flags | residuals
///     reference    05 ... is written by blocks, which know the other columns: ColumnRelation.swift
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
    private var dictionaryBytes = ByteWriter()
    private var numbers: [Int64] = []
    private var workspace = Residuals.Workspace()
    /// The likeliest scale of the column that was encoded last; nil for a constant.
    private(set) var scale: Scale?
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
        scale = nil
        if let value = ChunkEncoder.constant(values) {
            if value.bitPattern != 0 { ChunkEncoder.writeConstant(value, into: &writer) }
            return writer.count - start
        }
        best.byteCount = Int.max
        let scales = ScaledIntegers.candidates(for: values)
        scale = scales.first
        for scale in scales { tryIntegers(values, scale) }
        // What costs a bit a sample or less is left alone (measured: dictionaries win from about there).
        if best.byteCount > values.count / 8 { tryDictionary(values) }
        // Packed bit patterns take 4 bytes and more of any column that is not one of the above.
        if best.byteCount > values.count * 4 { tryRaw(values) }
        writer.append(best.header.bytes)
        Residuals.encode(best.residuals, as: best.coder, using: &workspace, into: &writer)
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
        var code = Scale.patternCode
        var integer: Int64 = 0
        // An integer of 9 bytes gains nothing over the bits.
        var least = 8
        for decimals in 0...6 {
            let scale = Scale(decimals: decimals)
            guard let exact = scale.exact(value) else { continue }
            let count = ByteWriter.varintByteCount(exact.zigzagged)
            if count < least { (code, integer, least) = (scale.code, exact, count) }
            break
        }
        // Sizes of memories and files are many times a power of two.
        if let whole = Int64(exactly: value), whole != 0 {
            let shift = min(whole.trailingZeroBitCount, Scale.powersMax)
            let count = ByteWriter.varintByteCount((whole >> Int64(shift)).zigzagged)
            if count < least { (code, integer, least) = (Scale.powerCode + UInt8(shift), whole >> Int64(shift), count) }
        }
        writer.u8(ChunkCoder.constant.rawValue)
        writer.u8(code)
        if code == Scale.patternCode { writer.u64le(value.bitPattern) } else { writer.zigzag(integer) }
    }

    private mutating func tryIntegers(_ values: Span<Double>, _ scale: Scale) {
        correctionBytes.removeAll()
        if UlpCorrection.split(values, by: scale, into: &integers, &corrections) {
            IntegerColumn.encode(corrections, orders: 0...0, into: &correctionBytes)
        }
        var byteCounts: [Int] = []
        for order in 0...min(2, values.count - 1) {
            let differences = Differences(order: order, of: integers, into: &next.residuals)
            let residuals = Residuals.choose(next.residuals, using: &workspace)
            begin(differences, scale, residuals.coder)
            keepIfSmaller(residuals.byteCount)
            if residuals.byteCount == 0 { return }
            byteCounts.append(residuals.byteCount)
        }
        let least = byteCounts.reduce(Int.max, min)
        for (order, byteCount) in byteCounts.enumerated()
        where Residuals.mayGainByHuffman(byteCount, least: least) {
            let differences = Differences(order: order, of: integers, into: &next.residuals)
            begin(differences, scale, .huffman)
            tryHuffman()
        }
    }

    private mutating func tryDictionary(_ values: Span<Double>) {
        guard dictionary.collect(values, numbers: &numbers) else { return }
        tryNumbers()
        dictionary.sort(numbers: &numbers)
        tryNumbers()
    }

    private mutating func tryNumbers() {
        dictionaryBytes.removeAll()
        dictionary.encode(into: &dictionaryBytes)
        for order in 0...1 {
            takeNumbers(order: order)
            let residuals = Residuals.choose(next.residuals, using: &workspace)
            begin(.dictionary, ChunkFlags(order: order, residual: residuals.coder))
            next.header.append(dictionaryBytes.bytes)
            keepIfSmaller(residuals.byteCount)
            takeNumbers(order: order)
            begin(.dictionary, ChunkFlags(order: order, residual: .huffman))
            next.header.append(dictionaryBytes.bytes)
            tryHuffman()
        }
    }

    private mutating func takeNumbers(order: Int) {
        next.residuals = numbers
        if order == 1 { ChunkEncoder.subtractNeighbours(&next.residuals) }
    }

    private mutating func tryRaw(_ values: Span<Double>) {
        for order in 0...1 {
            next.residuals.removeAll(keepingCapacity: true)
            for i in values.indices { next.residuals.append(Int64(bitPattern: values[i].bitPattern)) }
            if order == 1 { ChunkEncoder.subtractNeighbours(&next.residuals) }
            let residuals = Residuals.choose(next.residuals, using: &workspace)
            begin(.raw, ChunkFlags(order: order, residual: residuals.coder))
            keepIfSmaller(residuals.byteCount)
        }
    }

    private mutating func begin(_ coder: ChunkCoder, _ flags: ChunkFlags) {
        next.coder = flags.residual
        next.header.removeAll()
        next.header.u8(coder.rawValue)
        next.header.u8(flags.byte)
    }

    /// The header of integers; their corrections are those of `correctionBytes`.
    private mutating func begin(_ differences: Differences, _ scale: Scale, _ residuals: ResidualCoder) {
        var flags = ChunkFlags(order: differences.order, residual: residuals)
        flags.hasDivisor = differences.divisor > 1
        flags.hasCorrections = correctionBytes.count > 0
        begin(.integers, flags)
        next.header.u8(scale.code)
        next.header.zigzag(differences.first)
        if differences.order == 2 { next.header.zigzag(differences.second) }
        if differences.divisor > 1 { next.header.varint(differences.divisor) }
        next.header.append(correctionBytes.bytes)
    }

    private mutating func keepIfSmaller(_ residualBytes: Int) {
        next.byteCount = next.header.count + residualBytes
        if next.byteCount < best.byteCount { swap(&best, &next) }
    }

    /// Takes the column that was begun under Huffman codes where that is better than the best so far.
    private mutating func tryHuffman() {
        let least = best.byteCount - next.header.count
        guard least > 0 else { return }
        if let bytes = Residuals.tryHuffman(next.residuals, beside: least, using: &workspace) { keepIfSmaller(bytes) }
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
