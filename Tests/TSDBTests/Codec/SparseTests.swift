import TestSupport
import Testing

@testable import TSDB

@Suite struct SparseTests {
    private func encode(_ column: [Int64]) -> [UInt8] {
        var parts = Sparse.Parts()
        parts.take(column.span)
        var writer = ByteWriter()
        Sparse.encode(parts, into: &writer)
        #expect(writer.count == parts.byteCount)
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8], count: Int) throws -> [Int64] {
        var reader = ByteReader(bytes)
        var values = [Int64](repeating: -99, count: count)
        var span = values.mutableSpan
        try Sparse.decode(count: count, from: &reader, into: &span, at: 0)
        try reader.finish()
        return values
    }

    @Test func writesTheDrawnBytes() {
        #expect(encode([0, 0, 0, 5, 0, 0, 7]) == [2, 1, 1, 0x16, 0x04, 0xea])
    }

    @Test func everySmallPatternComesBack() throws {
        for pattern in 0..<1 << 10 {
            let column: [Int64] = (0..<10).map { (i: Int) -> Int64 in
                (pattern >> i) & 1 == 1 ? Int64(i * 1000 - 3) : 0
            }
            #expect(try decode(encode(column), count: 10) == column)
        }
    }

    @Test func longGapsComeBack() throws {
        for gap in [0, 1, 30, 31, 32, 33, 56, 57, 58, 63, 64, 65, 1000, 20_000] {
            // The short gaps keep k small, so that the long one is a long row of zero bits.
            var column = [Int64](repeating: 1, count: 50)
            column += [Int64](repeating: 0, count: gap)
            column += [-5, 0, 0]
            #expect(try decode(encode(column), count: column.count) == column)
        }
    }

    @Test func refusesWhatLiesOutside() {
        // More values than the column has; a gap past its end; k out of bounds; more values than gap bits.
        for bytes in [[11, 0, 1, 255], [1, 0, 2, 0, 16, 0, 0], [1, 25, 1, 1, 0], [9, 0, 1, 255]] as [[UInt8]] {
            #expect(throws: CodecError.self) { try decode(bytes, count: 10) }
        }
    }
}
