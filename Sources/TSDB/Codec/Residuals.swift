/// Columns of integers that are mostly small, by whichever coder of ``ResidualCoder`` takes least.
enum Residuals {
    /// What the coders need while they are tried. Kept by encoders so that its memory serves many columns.
    struct Workspace {
        fileprivate var parts = Sparse.Parts()
        fileprivate var huffman = Huffman.Encoder()

        init() {}
    }

    /// The coder for a column and the bytes it takes, Huffman codes aside.
    static func choose(
        _ values: [Int64], using workspace: inout Workspace
    ) -> (coder: ResidualCoder, byteCount: Int) {
        guard let first = values.first else { return (.zero, 0) }
        var nonzero = 0
        var likeFirst = 0
        for value in values {
            nonzero += value != 0 ? 1 : 0
            likeFirst += value == first ? 1 : 0
        }
        if nonzero == 0 { return (.zero, 0) }
        if likeFirst == values.count { return (.repeated, ByteWriter.varintByteCount(first.zigzagged)) }
        var best = (coder: ResidualCoder.packed, byteCount: BitPacking.byteCount(of: values.span))
        if nonzero * 2 < values.count {
            workspace.parts.take(values.span)
            let sparse = workspace.parts.byteCount
            if sparse < best.byteCount { best = (.sparse, sparse) }
        }
        return best
    }

    /// The bytes of a column under Huffman codes, where they are worth it beside the `least` that the others take.
    static func tryHuffman(_ values: [Int64], beside least: Int, using workspace: inout Workspace) -> Int? {
        // Codes take a bit a number, and are slower to read.
        guard least > values.count / 8 + 8 else { return nil }
        return workspace.huffman.byteCount(of: values.span, below: least - least * huffmanPercent / 100)
    }

    /// Huffman codes are taken only where they save more: they are read at half the speed of packed numbers.
    private static let huffmanPercent = 3

    /// A column under which the others take more than this much of what they take at best is not looked at. *Measured*
    /// on host series: looking at all of them gains nothing and doubles the time.
    static func mayGainByHuffman(_ byteCount: Int, least: Int) -> Bool { byteCount - byteCount / 4 <= least }

    static func encode(
        _ values: [Int64], as coder: ResidualCoder, using workspace: inout Workspace, into writer: inout ByteWriter
    ) {
        switch coder {
        case .zero: break
        case .repeated: writer.zigzag(values[0])
        case .packed: BitPacking.encode(values.span, into: &writer)
        case .sparse:
            workspace.parts.take(values.span)
            Sparse.encode(workspace.parts, into: &writer)
        case .huffman: workspace.huffman.encode(values.span, into: &writer)
        }
    }

    /// Reads `count` values into `out[start...]`.
    static func decode(
        _ coder: ResidualCoder, count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>,
        at start: Int, using huffman: inout HuffmanDecoder
    ) throws(CodecError) {
        switch coder {
        case .zero:
            for i in start..<start + count { out[i] = 0 }
        case .repeated:
            let value = try reader.zigzag()
            for i in start..<start + count { out[i] = value }
        case .packed: try BitPacking.decode(count: count, from: &reader, into: &out, at: start)
        case .sparse: try Sparse.decode(count: count, from: &reader, into: &out, at: start)
        case .huffman: try huffman.decode(count: count, from: &reader, into: &out, at: start)
        }
    }
}
