import TestSupport
import Testing

@testable import TSDB

@Suite struct BitPackingTests {
    private func encode(_ values: [Int64]) -> [UInt8] {
        var writer = ByteWriter()
        BitPacking.encode(values.span, into: &writer)
        #expect(writer.count == BitPacking.byteCount(of: values.span))
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8], to end: Int, count: Int) throws -> [Int64] {
        var reader = ByteReader(bytes, from: 0, to: end)
        var values = [Int64](repeating: -99, count: count + 2)
        var span = values.mutableSpan
        try BitPacking.decode(count: count, from: &reader, into: &span, at: 1)
        try reader.finish()
        #expect(values.first == -99 && values.last == -99)
        return Array(values[1...count])
    }

    @Test func writesTheDrawnBytes() {
        func check(_ values: [Int64], _ bytes: [UInt8]) { #expect(encode(values) == bytes, "\(values)") }
        check([3, 3, 3, 3], [0x40, 6])
        check([0, -1, 1, -2], [0x02, 0b1110_0100 & 0xe4])
        check([100, 101, 102, 103, 100, 101, 102, 103], [0x42, 0xc8, 1, 0xe4, 0xe4])
        check([1, 2, 3, 1000, 1, 2, 3, 1, 2, 3, 1, 2], [0xc2, 2, 1, 0xe4, 0x24, 0x49, 3, 0xf9, 1])
        check([.min, .max], [0x3f] + [UInt8](repeating: 255, count: 8) + [254] + [UInt8](repeating: 255, count: 7))
    }

    /// Widths up to 64 of both signs, with and without a base, alone and among small ones, padded and not.
    @Test func everyWidthAndGroupSizeComesBack() throws {
        var random = SeededGenerator(seed: 4)
        for width in 0...64 {
            for count in [1, 2, 7, 64, 127, 128, 129, 260] {
                let mask = width == 64 ? UInt64.max : 1 << UInt64(width) - 1
                let every = Int.random(in: 1...40, using: &random)
                let base = Int64(bitPattern: random.next() >> UInt64(random.next() % 64))
                let values = (0..<count).map { i in
                    base &+ Int64(bitPattern: (i % every == 0 ? random.next() : random.next() & 3) & mask)
                }
                let bytes = encode(values)
                #expect(try decode(bytes, to: bytes.count, count: count) == values)
                let padding = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                #expect(try decode(bytes + padding, to: bytes.count, count: count) == values)
            }
        }
    }

    @Test func exceptionsOutsideTheirGroupAreRefused() {
        // Four values of width 0, one exception at place 4; then two exceptions at the same place; then too many.
        for bytes in [[0x80, 1, 4, 1], [0x80, 2, 1, 1, 1, 1], [0x80, 5, 0, 1, 2, 3, 4, 1, 1, 1, 1, 1]] as [[UInt8]] {
            #expect(throws: CodecError.self) { try decode(bytes, to: bytes.count, count: 4) }
        }
        // An exception whose upper bits do not fit above a width of 62.
        let bytes: [UInt8] = [0x80 | 62] + [UInt8](repeating: 0, count: 8) + [1, 0, 4]
        #expect(throws: CodecError.self) { try decode(bytes, to: bytes.count, count: 1) }
    }
}
