import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ChunkTests {
    private func encode(_ values: [Double]) -> [UInt8] {
        var encoder = ChunkEncoder()
        var writer = ByteWriter()
        let length = encoder.encode(values, into: &writer)
        #expect(length == writer.count)
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8], count: Int) throws(CodecError) -> [Double] {
        var decoder = ChunkDecoder()
        var values: [Double] = []
        try decoder.decode(bytes, from: 0, to: bytes.count, count: count, into: &values)
        return values
    }

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesTheDrawnBytes() throws {
        func check(_ values: [Double], _ bytes: [UInt8]) throws {
            #expect(encode(values) == bytes, "\(values)")
            #expect(sameBits(try decode(bytes, count: values.count), values))
        }
        try check([], [])
        try check([0, 0, 0], [])
        try check([-0.0, -0.0], [1, 255, 0, 0, 0, 0, 0, 0, 0, 0x80])
        try check([12.5, 12.5], [1, 1, 0xfa, 1])
        try check([25_276_502_016, 25_276_502_016], [1, 128 + 12, 0x9a, 0xa6, 0xf1, 0x05])
        try check([-0x1p62], [1, 128 + 62, 1])
        try check([3 * 0x1p51], [1, 128 + 51, 6])
        try check([0x1p63], [1, 255, 0, 0, 0, 0, 0, 0, 0xe0, 0x43])
        try check([.staleMarker], [1, 255, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f])
        try check([1.5, 2.5, 3.5], [2, 0x02, 1, 30, 20])
        try check([1, 3, 5, 7, 9], [2, 0x02, 0, 2, 4])
        try check([0, 1, 4, 9, 16, 25], [2, 0x36, 0, 0, 2, 2, 2])
        try check([0, 1, 4, 9, 16, 26], [2, 0x12, 0, 0, 2, 0x03, 0x24, 0x0d])
        try check([4096, 8192, 4096, 12288], [2, 0x14, 0, 0x80, 0x40, 0x80, 0x20, 0x03, 0x10, 8])
        try check([1 / 2048, 3 / 2048, 9 / 2048], [2, 0x15, 32 + 11, 2, 2, 3, 0x32])
        try check([0.1, 0.30000000000000004, 0.5], [2, 0x0a, 1, 2, 4, 1, 2, 2, 0x08])
        try check(
            [1, 2, .staleMarker],
            [
                2, 0x18, 0, 2, 9, 11, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xf8, 0x3f, 0x02, 0x20, 0x02, 0x28,
            ])
        let (a, b) = (Double.pi, 1e-300)
        try check(
            [a, b, a, a, b, a, a, a, b, b, a, b],
            [
                3, 0x10, 2, 255, 0x01, 17, 0x3f, 0x30, 0x5a, 0x88, 0xa8, 0xf6, 0x43, 0x12, 0x80, 0xb2, 0xe6, 0xf1, 0x85,
                0x3f, 0xdc, 0x4a, 0x03, 0x02, 0x08, 0x02, 0x8a,
            ])
        try check(
            [.pi, -1e300, 1e-300],
            [
                4, 0x10, 0x3f, 0x30, 0x5a, 0x88, 0xa8, 0xf6, 0x43, 0x12, 0x80, 0xc7, 0x14, 0xff, 0xef, 0x86, 0x37, 0x90,
                3, 0xb2, 0xe6, 0xf1, 0x85, 0x3f, 0xdc, 0x4a, 3,
            ])
    }

    @Test(arguments: ColumnShape.allCases)
    func everyShapeComesBackBitForBit(shape: ColumnShape) throws {
        let seed = UInt64(ColumnShape.allCases.firstIndex(of: shape)!) + 1
        var random = SeededGenerator(seed: seed)
        var encoder = ChunkEncoder()
        var decoder = ChunkDecoder()
        // Every small size, and the sizes around the groups of 128.
        for count in Array(0...40) + [63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 258, 300, 1440] {
            let values = shape.column(count: count, using: &random)
            var writer = ByteWriter([0xaa, 0xbb])
            let length = encoder.encode(values, into: &writer)
            #expect(writer.count == length + 2)
            var decoded: [Double] = [42]
            try decoder.decode(writer.bytes, from: 2, to: 2 + length, count: count, into: &decoded)
            #expect(sameBits(decoded, [42] + values), "\(shape) \(count) seed \(seed)")
        }
    }

    @Test func specialValuesComeBackAtEveryPlace() throws {
        for special in ColumnShape.specialValues {
            for place in 0..<9 {
                var values = (0..<9).map { Double($0 * $0) / 10 }
                values[place] = special
                #expect(sameBits(try decode(encode(values), count: 9), values), "\(special) at \(place)")
            }
        }
        let all = ColumnShape.specialValues
        #expect(sameBits(try decode(encode(all), count: all.count), all))
    }

    @Test func aFewIrregularValuesCostLittle() {
        var random = SeededGenerator(seed: 5)
        let regular = ColumnShape.decimals.column(count: 1440, using: &random)
        var irregular = regular
        for i in stride(from: 100, to: 1440, by: 130) { irregular[i] = i % 4 == 0 ? .staleMarker : .nan }
        #expect(encode(irregular).count < encode(regular).count + 11 * 12 + 20)
    }

    @Test func hostCountersAndGaugesAreSmall() {
        var random = SeededGenerator(seed: 6)
        func bytes(_ shape: ColumnShape) -> Int { encode(shape.column(count: 1440, using: &random)).count }
        #expect(bytes(.steadyCounter) < 16)
        #expect(bytes(.jitteryCounter) < 1440 + 60)
        #expect(bytes(.scarceCounter) < 1440 / 5)
        #expect(bytes(.loadAverages) < 1440 * 2)
        #expect(bytes(.doublyRounded) < 1440 * 2)
        #expect(bytes(.anyBits) < 1440 * 8 + 30)
    }

    @Test func hostileBytesThrowOrDecode() {
        var random = SeededGenerator(seed: 7)
        for shape in ColumnShape.allCases {
            for count in [2, 21] {
                let bytes = encode(shape.column(count: count, using: &random))
                forEachDamage(of: bytes) { damaged in
                    var decoder = ChunkDecoder()
                    var values: [Double] = [1]
                    do {
                        try decoder.decode(damaged, from: 0, to: damaged.count, count: count, into: &values)
                        #expect(values.count == count + 1)
                    } catch {
                        #expect(values == [1])
                    }
                }
            }
        }
    }

    @Test func randomBytesThrowOrDecode() {
        var random = SeededGenerator(seed: 9)
        var decoder = ChunkDecoder()
        var values: [Double] = []
        for _ in 0..<4000 {
            var bytes = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                UInt8(truncatingIfNeeded: random.next() >> UInt64(Int.random(in: 0...7, using: &random)))
            }
            bytes[0] = UInt8.random(in: 0...5, using: &random)
            values.removeAll(keepingCapacity: true)
            let count = Int.random(in: 0...300, using: &random)
            try? decoder.decode(bytes, from: 0, to: bytes.count, count: count, into: &values)
            #expect(values.isEmpty || values.count == count)
        }
    }

    @Test func refusesUnknownNumbersReservedBitsAndLeftovers() {
        func check(_ bytes: [UInt8], count: Int = 3, _ expected: CodecError) {
            #expect(throws: expected) { try decode(bytes, count: count) }
        }
        check([0, 0], .unknownCoder(position: 0, number: 0))
        check([6, 0], .unknownCoder(position: 0, number: 6))
        check([5, 0, 1], .malformed(position: 0, reason: "reference that leads to no column"))
        check([2, 0x50, 0, 0], .unknownCoder(position: 1, number: 5))
        check([2, 0x70, 0, 0], .unknownCoder(position: 1, number: 7))
        check([2, 0x80, 0, 0], .malformed(position: 1, reason: "reserved chunk flags 128"))
        check([2, 0x03, 0, 0], .malformed(position: 1, reason: "reserved chunk flags 3"))
        check([4, 0x06], .malformed(position: 1, reason: "flags of another coder"))
        check([1, 23, 0], .malformed(position: 1, reason: "unknown scale 23"))
        check([1, 191, 0], .malformed(position: 1, reason: "unknown scale 191"))
        check([1, 0, 2, 9], .malformed(position: 3, reason: "1 bytes too many"))
        check([2, 2, 0, 0, 0], count: 1, .malformed(position: 1, reason: "order above sample count"))
        check([1, 0, 2], count: -1, .malformed(position: 0, reason: "chunk of -1 samples"))
        check([], count: .max, .malformed(position: 0, reason: "chunk of \(Int.max) samples"))
    }

    @Test func offsetsOutsideTheArrayAreRefused() {
        var decoder = ChunkDecoder()
        var values: [Double] = []
        for (from, to) in [(-1, 2), (2, 1), (0, 4), (5, 9)] {
            #expect(throws: CodecError.self) {
                try decoder.decode([1, 0, 2], from: from, to: to, count: 2, into: &values)
            }
        }
        #expect(values.isEmpty)
    }
}
