import TestSupport
import Testing

@testable import TSDB

@Suite struct IntegerColumnTests {
    private func roundTrip(_ values: [Int64]) throws -> Int {
        var writer = ByteWriter()
        IntegerColumn.encode(values, into: &writer)
        var reader = ByteReader(writer.bytes)
        let decoded = try IntegerColumn.decode(count: values.count, from: &reader)
        #expect(decoded == values)
        #expect(reader.isAtEnd)
        return writer.count
    }

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesTheDrawnBytes() {
        func check(_ values: [Int64], _ bytes: [UInt8]) {
            var writer = ByteWriter()
            IntegerColumn.encode(values, into: &writer)
            #expect(writer.bytes == bytes, "\(values)")
        }
        check([], [0])
        check([0, 0, 0], [0])
        check([7, 7, 7], [3, 14])
        check([5, 6, 7, 8], [0x01, 3, 0x42, 10, 0xe4])
        check([1, 2, 3, 1000], [0x01, 6, 0x84, 1, 0x42, 0x06, 3, 125])
        check([5, 6, 7, 8, 9, 10, 11, 12], [0x01, 5, 0x43, 10, 0x88, 0xc6, 0xfa])
        check((0..<300).map { $0 * 9 }, [0x21, 6, 0x80, 1, 1, 18, 0, 0])
        check([0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0], [0x01, 4, 0x80, 1, 9, 18])
        check(
            (0..<300).map { $0 % 20 == 19 ? 5 : 0 },
            [0x02, 17, 15, 3, 12, 28, 199, 113, 28, 199, 113, 28, 199, 113, 28, 199, 1, 0x40, 10])
    }

    @Test func everySmallColumnComesBack() throws {
        let alphabet: [Int64] = [0, 1, -1, .max, .min]
        func extend(_ column: [Int64]) throws {
            _ = try roundTrip(column)
            if column.count < 4 { for value in alphabet { try extend(column + [value]) } }
        }
        try extend([])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomColumnsComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 2, 63, 127, 128, 129, 255, 256, 300] {
            for width in stride(from: 0, through: 64, by: 3) {
                let mask = width == 64 ? UInt64.max : 1 << UInt64(width) - 1
                let density = Int.random(in: 1...20, using: &random)
                let values = (0..<count).map { _ in
                    Int.random(in: 0..<density, using: &random) == 0 ? Int64(bitPattern: random.next() & mask) : 0
                }
                _ = try roundTrip(values)
                _ = try roundTrip(values.map { ~$0 })
            }
        }
    }

    @Test func columnsOfTheKindsItIsForAreSmall() throws {
        #expect(try roundTrip([Int64](repeating: 0, count: 1440)) == 1)
        #expect(try roundTrip((0..<1440).map { 1_700_000_000_000 + $0 * 5000 }) <= 40)
        #expect(try roundTrip((0..<1440).map { $0 == 700 ? 12 : 0 }) <= 12)
        #expect(try roundTrip((0..<1440).map { $0 % 4 }) <= 2 + 12 * 34)
    }

    @Test func hostileBytesThrowOrDecode() {
        let squares = (0..<200).map { Int64($0 * $0) }
        let scarce = (0..<200).map { Int64($0 % 37 == 0 ? -$0 : 0) }
        var random = SeededGenerator(seed: 12)
        // Rarely over 1000, so that packing is far from the best.
        let skewed = (0..<400).map { _ in
            Int64.random(in: -9...9, using: &random) << Int64(random.next().trailingZeroBitCount)
        }
        for values in [squares, scarce, skewed, [.max, .min, 3], [9, 9]] {
            var writer = ByteWriter()
            IntegerColumn.encode(values, into: &writer)
            if values == skewed { #expect(writer.bytes[0] & 7 == ResidualCoder.huffman.rawValue) }
            forEachDamage(of: writer.bytes) { bytes in
                var reader = ByteReader(bytes)
                if let decoded = try? IntegerColumn.decode(count: values.count, from: &reader) {
                    #expect(decoded.count == values.count)
                }
            }
        }
    }

    @Test func absurdCountsAreRefused() {
        for count in [-1, 1 << 24 + 1, Int.max] {
            var reader = ByteReader([0])
            #expect(throws: CodecError.self) { try IntegerColumn.decode(count: count, from: &reader) }
        }
    }

    @Test func unknownCodersAreRefusedByNumber() {
        var reader = ByteReader([5, 0])
        #expect(throws: CodecError.unknownCoder(position: 0, number: 5)) {
            try IntegerColumn.decode(count: 4, from: &reader)
        }
    }
}

/// Calls `body` with `bytes` cut at each place, and with each bit flipped.
func forEachDamage(of bytes: [UInt8], _ body: ([UInt8]) -> Void) {
    for end in bytes.indices { body(Array(bytes[..<end])) }
    for bit in 0..<bytes.count * 8 {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        body(damaged)
    }
}
