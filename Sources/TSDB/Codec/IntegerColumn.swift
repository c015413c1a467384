/// A column of integers that says itself how it is coded and how long it is: timestamps, directories, presence,
/// corrections.
///
///     column = head u8                                                       zero coder
///            = head u8 | number zigzag                                       repeated coder
///            = head u8 | length varint | [divisor varint] | residuals        the others
///
///     head     bits 0-2: residual coder; bit 3: has a divisor; bits 4-5: delta order (0, 1, 2); bits 6-7: 0
///     length   bytes behind it, so that a column can be passed over without knowing its count
///
/// Order 1 stores each number's difference from the one before it (the first from 0), order 2 does so twice. The
/// divisor is common to all residuals, which were divided by it; at least 2.
///
///     7, 7, 7             ->   03 0e            repeated
///     5, 6, 7, 8          ->   01 03 42 0a e4   packed, 3 bytes: a group of width 2 above base 5
///     0, 9, 18 ... 2691   ->   21 06 80 01 01 12 00 00      order 2: 0 9 0 0 ... in three groups of width 0, of which
///                                                           the first has one exception
package enum IntegerColumn {
    /// Appends `values` in the shortest of the forms there are. Their count is not stored.
    package static func encode(_ values: [Int64], into writer: inout ByteWriter) {
        encode(values, orders: 0...2, into: &writer)
    }

    /// `orders`: the delta orders to try.
    static func encode(_ values: [Int64], orders: ClosedRange<Int>, into writer: inout ByteWriter) {
        var workspace = Residuals.Workspace()
        var column = values
        var best: Draft?
        for order in 0...orders.upperBound {
            if order > 0 { subtractNeighbours(&column) }
            guard orders.contains(order) else { continue }
            // A short column may be shorter without its divisor.
            let common = Int64(exactly: Differences.commonDivisor(of: column.span)) ?? 1
            for divisor in common == 1 ? [1] : [1, common] {
                let draft = Draft(column, order: order, divisor: divisor, using: &workspace)
                if draft.byteCount < best?.byteCount ?? Int.max { best = draft }
            }
            if best?.byteCount == 0 { break }
        }
        guard var best else { preconditionFailure("a closed range has an element") }
        if let bytes = Residuals.tryHuffman(best.residuals, beside: best.byteCount, using: &workspace) {
            best.coder = .huffman
            best.byteCount = bytes + (best.divisor > 1 ? ByteWriter.varintByteCount(UInt64(best.divisor)) : 0)
        }
        writer.u8(best.coder.rawValue | (best.divisor > 1 ? divisorFlag : 0) | UInt8(best.order) << 4)
        if hasLength(best.coder) { writer.varint(best.byteCount) }
        if best.divisor > 1 { writer.varint(Int(best.divisor)) }
        Residuals.encode(best.residuals, as: best.coder, using: &workspace, into: &writer)
    }

    private static let divisorFlag: UInt8 = 8

    /// The others tell by themselves where they end.
    private static func hasLength(_ coder: ResidualCoder) -> Bool { coder != .zero && coder != .repeated }

    /// A column under one order and divisor, and the bytes it takes behind its length.
    private struct Draft {
        var order: Int
        var divisor: Int64
        var residuals: [Int64]
        var coder: ResidualCoder
        var byteCount: Int

        init(_ column: [Int64], order: Int, divisor: Int64, using workspace: inout Residuals.Workspace) {
            self.order = order
            self.divisor = divisor
            residuals = divisor == 1 ? column : column.map { $0 / divisor }
            (coder, byteCount) = Residuals.choose(residuals, using: &workspace)
            if divisor > 1 { byteCount += ByteWriter.varintByteCount(UInt64(divisor)) }
        }
    }

    /// Moves behind a column of any count without decoding it.
    package static func skip(in reader: inout ByteReader) throws(CodecError) {
        let start = reader.position
        let coder = try ResidualCoder(try reader.u8() & 7, at: start)
        if hasLength(coder) {
            try reader.skip(try reader.count(atMost: reader.remaining, "length of a column"))
        } else if coder == .repeated {
            _ = try reader.varint()
        }
    }

    /// Reads a column of `count` integers.
    package static func decode(count: Int, from reader: inout ByteReader) throws(CodecError) -> [Int64] {
        var huffman = HuffmanDecoder()
        return try decode(count: count, from: &reader, using: &huffman)
    }

    /// As ``decode(count:from:)``, for those who read many columns: the decoder's memory serves them all.
    static func decode(
        count: Int, from reader: inout ByteReader, using huffman: inout HuffmanDecoder
    ) throws(CodecError) -> [Int64] {
        guard count >= 0, count <= CodecLimits.columnValuesMax else {
            throw .malformed(position: reader.position, reason: "column of \(count) values")
        }
        let start = reader.position
        let head = try reader.u8()
        let order = Int(head >> 4)
        guard order <= 2 else { throw .malformed(position: start, reason: "reserved column bits") }
        let coder = try ResidualCoder(head & 7, at: start)
        var values = [Int64](repeating: 0, count: count)
        let hasDivisor = head & divisorFlag != 0
        var divisor: UInt64 = 1
        var span = values.mutableSpan
        if hasLength(coder) {
            let length = try reader.count(atMost: reader.remaining, "length of a column")
            var payload = ByteReader(reader.bytes, from: reader.position, to: reader.position + length)
            try reader.skip(length)
            if hasDivisor { divisor = try payload.varint() }
            try Residuals.decode(coder, count: count, from: &payload, into: &span, at: 0, using: &huffman)
            try payload.finish()
        } else {
            guard !hasDivisor else { throw .malformed(position: start, reason: "divisor of nothing") }
            try Residuals.decode(coder, count: count, from: &reader, into: &span, at: 0, using: &huffman)
        }
        guard divisor > 0 else { throw .malformed(position: start, reason: "divisor 0") }
        if divisor > 1 {
            for i in span.indices { span[i] &*= Int64(bitPattern: divisor) }
        }
        for _ in 0..<order {
            var sum: Int64 = 0
            for i in span.indices {
                sum &+= span[i]
                span[i] = sum
            }
        }
        return values
    }

    private static func subtractNeighbours(_ column: inout [Int64]) {
        var previous: Int64 = 0
        for i in column.indices {
            let value = column[i]
            column[i] = value &- previous
            previous = value
        }
    }
}
