/// Columns of integers that are mostly small, by whichever coder of ``ResidualCoder`` takes least.
enum Residuals {
    /// The coder for a column and the bytes it takes. `parts` is left ready for ``encode(_:as:parts:into:)``.
    static func choose(
        _ values: [Int64], parts: inout Sparse.Parts
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
        let packed = BitPacking.byteCount(of: values.span)
        if nonzero * 2 < values.count {
            parts.take(values.span)
            let sparse = parts.byteCount
            if sparse < packed { return (.sparse, sparse) }
        }
        return (.packed, packed)
    }

    static func encode(
        _ values: [Int64], as coder: ResidualCoder, parts: inout Sparse.Parts, into writer: inout ByteWriter
    ) {
        switch coder {
        case .zero: break
        case .repeated: writer.zigzag(values[0])
        case .packed: BitPacking.encode(values.span, into: &writer)
        case .sparse:
            parts.take(values.span)
            Sparse.encode(parts, into: &writer)
        }
    }

    /// Reads `count` values into `out[start...]`.
    static func decode(
        _ coder: ResidualCoder, count: Int, from reader: inout ByteReader, into out: inout MutableSpan<Int64>,
        at start: Int
    ) throws(CodecError) {
        switch coder {
        case .zero:
            for i in start..<start + count { out[i] = 0 }
        case .repeated:
            let value = try reader.zigzag()
            for i in start..<start + count { out[i] = value }
        case .packed: try BitPacking.decode(count: count, from: &reader, into: &out, at: start)
        case .sparse: try Sparse.decode(count: count, from: &reader, into: &out, at: start)
        }
    }
}
