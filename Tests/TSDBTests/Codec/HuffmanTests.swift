import TestSupport
import Testing

@testable import TSDB

@Suite struct HuffmanTests {
    private func encode(_ values: [Int64]) -> [UInt8]? {
        var encoder = Huffman.Encoder()
        guard let expected = encoder.byteCount(of: values.span, below: .max) else { return nil }
        var writer = ByteWriter()
        encoder.encode(values.span, into: &writer)
        #expect(writer.count == expected)
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8], to end: Int? = nil, count: Int) throws -> [Int64] {
        var reader = ByteReader(bytes, from: 0, to: end ?? bytes.count)
        var values = [Int64](repeating: -99, count: count + 2)
        var span = values.mutableSpan
        var decoder = HuffmanDecoder()
        try decoder.decode(count: count, from: &reader, into: &span, at: 1)
        try reader.finish()
        #expect(values.first == -99 && values.last == -99)
        return Array(values[1...count])
    }

    private func expectComesBack(_ values: [Int64], _ comment: Comment) throws {
        guard let bytes = encode(values) else { return }
        #expect(try decode(bytes, count: values.count) == values, comment)
        let padded = bytes + [UInt8](repeating: 0xa5, count: 16)
        #expect(try decode(padded, to: bytes.count, count: values.count) == values, comment)
    }

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesAndReadsTheDrawnBytes() throws {
        #expect(try decode([0x08, 0x00, 0x32, 0xe3, 0x00], count: 6) == [1, 0, 0, 0, 1, -1])
        let values: [Int64] = (0..<32).map { (i: Int) -> Int64 in i % 4 == 3 ? Int64(i) - 40 : Int64(i % 2) }
        #expect(encode(values) == HuffmanTests.golden)
        #expect(try decode(HuffmanTests.golden, count: 32) == values)
    }

    private static let golden: [UInt8] =
        // Highest bucket 24, mode 0; the lengths; the codes.
        [0x60] + [0, 2, 0, 0, 1, 0, 16, 0, 0, 254, 63, 0, 8, 0, 4, 0, 1, 128, 0, 224, 5]
        + [50, 41, 19, 242, 35, 47, 114, 35, 39, 178, 147, 21]

    @Test func everyBucketHoldsItsNumbers() {
        for bucket in UInt8.min...UInt8.max {
            let first = MagnitudeBucket.first(of: bucket)
            let extra = MagnitudeBucket.extraBits(of: bucket)
            let last = first + (1 << UInt64(extra) - 1)
            #expect(MagnitudeBucket.of(first) == bucket)
            #expect(MagnitudeBucket.of(last) == bucket)
            #expect(bucket == 255 ? last == .max : MagnitudeBucket.first(of: bucket + 1) == last + 1)
        }
    }

    /// Counts that ask for codes as long as can be, under every limit that leaves room for all symbols.
    @Test(arguments: 1...HuffmanCode.lengthMax) func everyLengthLimitGivesACode(limit: Int) throws {
        var random = SeededGenerator(seed: UInt64(limit))
        for symbols in 2...min(256, 1 << limit) {
            var counts = [UInt32](repeating: 0, count: MagnitudeBucket.count)
            var (a, b): (UInt32, UInt32) = (1, 1)
            for symbol in 0..<symbols {
                counts[symbols < 100 ? symbol * 2 : symbol] = a
                (a, b) = (b, min(a + b, 1 << 20))
            }
            if symbols % 3 == 0 { counts.shuffle(using: &random) }
            var code = HuffmanCode()
            let isFound = code.fit(counts, limit: limit)
            #expect(isFound)
            let lengths = code.lengths
            #expect(zip(lengths, counts).allSatisfy { ($0 == 0) == ($1 == 0) && $0 <= limit })
            #expect(lengths.reduce(0) { $0 + ($1 == 0 ? 0 : 1 << (11 - Int($1))) } == 1 << 11)
            var writer = ByteWriter()
            code.encodeLengths(into: &writer)
            #expect(writer.count == code.byteCount)
            var back = HuffmanCode()
            var bits = BitReader(writer.bytes, from: 0, to: writer.count)
            try back.decodeLengths(to: code.highest, from: &bits)
            #expect(back.lengths == lengths && bits.position == writer.count)
            var seen = Set<[UInt64]>()
            back.forEachCode { _, code, length in
                #expect(code < 1 << UInt64(length))
                for shorter in 1...length {
                    #expect(!seen.contains([code & (1 << UInt64(shorter) - 1), UInt64(shorter)]))
                }
                seen.insert([code, UInt64(length)])
            }
            #expect(seen.count == symbols)
        }
    }

    /// Against the plain algorithm that knows no limit.
    @Test func codesAreTheShortestThereAre() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            var counts = [UInt32](repeating: 0, count: MagnitudeBucket.count)
            let symbols = Int.random(in: 2...40, using: &random)
            for symbol in 0..<symbols { counts[symbol] = UInt32.random(in: 1...60, using: &random) }
            var code = HuffmanCode()
            let isFound = code.fit(counts)
            #expect(isFound)
            var weights = counts.filter { $0 > 0 }.map(Int.init)
            var cost = 0
            while weights.count > 1 {
                weights.sort(by: >)
                let sum = weights.removeLast() + weights.removeLast()
                cost += sum
                weights.append(sum)
            }
            let found = zip(code.lengths, counts).reduce(0) { $0 + Int($1.0) * Int($1.1) }
            #expect(found == cost)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func columnsOfEveryKindComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for count in Array(32...40) + [127, 128, 254, 255, 256, 257, 258, 259, 260, 261, 1439, 1440, 5000] {
            let base = Int64(bitPattern: random.next() >> UInt64(random.next() % 64))
            let noise = Int.random(in: 1...14, using: &random)
            func small() -> Int64 { Int64.random(in: 0..<1 << Int64(noise), using: &random) }
            /// A geometric width, up to all 64 bits: one number in some has more than 29 extra bits.
            func heavy() -> Int64 {
                let width = UInt64(min(64, random.next().trailingZeroBitCount * Int.random(in: 1...12, using: &random)))
                let number = Int64(bitPattern: width == 64 ? random.next() : random.next() & (1 << width - 1))
                return random.next() & 1 == 0 ? number : 0 &- number
            }
            let kinds: [(String, () -> Int64)] = [
                ("signed", { small() - small() }), ("above", { base &+ small() }),
                ("around", { base &+ small() &- small() }), ("heavy", heavy), ("heavy around", { base &+ heavy() }),
                ("any", { Int64(bitPattern: random.next()) }), ("rarely", { small() == 0 ? heavy() : 0 }),
                ("two", { small() & 1 == 0 ? .min : .max }),
            ]
            for (kind, next) in kinds {
                try expectComesBack((0..<count).map { _ in next() }, "\(kind), \(count) numbers, seed \(seed)")
            }
        }
    }

    /// The widths around the one that leaves the fast path, alone in a column of small numbers and at every place of a
    /// stream's end.
    @Test func everyWidthComesBack() throws {
        var random = SeededGenerator(seed: 8)
        for width in 0...63 {
            for count in [40, 256, 300] {
                var values = (0..<count).map { _ in Int64.random(in: -3...3, using: &random) }
                let large = Int64(bitPattern: (random.next() | 1 << 63) >> UInt64(63 - width))
                values[count - 1] = large
                values[(count + 3) / 4 - 1] = 0 &- large
                values[Int.random(in: 0..<count, using: &random)] = large
                try expectComesBack(values, "width \(width) of \(count)")
            }
        }
    }

    @Test func columnsWithoutACodeAreLeftToOthers() {
        #expect(encode([Int64](repeating: 1, count: 31) + [2, 3]) != nil)
        #expect(encode([1, 2, 3]) == nil)
        #expect(encode([Int64](repeating: 5, count: 100)) == nil)
        var encoder = Huffman.Encoder()
        let values = (0..<64).map { Int64($0 % 5) }
        let bytes = encoder.byteCount(of: values.span, below: .max) ?? 0
        let (same, above) = (
            encoder.byteCount(of: values.span, below: bytes), encoder.byteCount(of: values.span, below: bytes + 1)
        )
        #expect(same == nil && above == bytes)
    }

    @Test func hostileBytesThrowOrDecode() throws {
        var random = SeededGenerator(seed: 9)
        for count in [33, 257] {
            let values = (0..<count).map { i in
                i % 50 == 7 ? Int64(bitPattern: random.next()) : Int64.random(in: -20...20, using: &random)
            }
            let bytes = try #require(encode(values))
            forEachDamage(of: bytes) { damaged in
                if let back = try? decode(damaged, count: count) { #expect(back.count == count) }
            }
            for wrong in [0, 1, 32, count - 1, count + 1, 255, 256, 100_000] where wrong != count {
                _ = try? decode(bytes, count: wrong)
            }
        }
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8(truncatingIfNeeded: random.next() >> UInt64(random.next() % 8))
            }
            _ = try? decode(bytes, count: Int.random(in: 0...600, using: &random))
        }
    }

    @Test func refusesWhatIsNoCode() {
        func check(_ bytes: [UInt8], count: Int = 6, _ reason: String) {
            let error = #expect(throws: CodecError.self) { try decode(bytes, count: count) }
            #expect(error?.description.contains(reason) == true, "\(error as Any)")
        }
        check([0x0b, 0x00, 0x32, 0xe3, 0x00], "head of a Huffman column")
        check([0x80, 0x08, 0x00, 0x32, 0xe3, 0x00], "head of a Huffman column")
        // Lengths 1 and 2 alone leave a sequence of bits without a meaning; 1, 1 and 1 are too many; 0 and 13 are none.
        check([0x04, 0x00, 0x12, 0xe3, 0x00], "Huffman codes that are none")
        check([0x08, 0x00, 0x0e, 0xe3, 0x00], "Huffman codes that are none")
        check([0x04, 0x00, 0x18, 0xe3, 0x00], "length of a Huffman code")
        check([0x08, 0x00, 0x32, 0xe3], "stream of another length")
        check([0x08, 0x00, 0x32, 0xe3, 0x00, 0x00], "stream of another length")
        check([0x08, 0x00, 0x32, 5, 0, 0, 0, 0, 0, 0], count: 256, "lengths of streams")
    }
}
