import TestSupport
import Testing

@testable import Formats

@Suite struct SnappyTests {
    /// By hand, from the format's description.
    @Test func readsEveryElement() throws {
        func check(_ bytes: [UInt8], _ expected: String) throws {
            #expect(try Snappy.decode(bytes, most: 1000) == Array(expected.utf8))
        }
        try check([0], "")
        try check([3, 2 << 2, 97, 98, 99], "abc")
        // A copy that reaches into itself: offset 1, length 5.
        try check([6, 0, 97, 1 | 1 << 2, 1], "aaaaaa")
        try check([6, 1 << 2, 97, 98, 2 | 3 << 2, 2, 0], "ababab")
        try check([6, 1 << 2, 97, 98, 3 | 3 << 2, 2, 0, 0, 0], "ababab")
        // A length of one byte behind the tag.
        try check([64, 60 << 2, 63] + [UInt8](repeating: 120, count: 64), String(repeating: "x", count: 64))
    }

    @Test(arguments: [1, 2, 3, 4]) func readsWhatItWrites(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for size in [0, 1, 3, 4, 5, 59, 60, 61, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 200_000] {
            var bytes: [UInt8] = []
            while bytes.count < size {
                if bytes.count > 10, Int.random(in: 0..<3, using: &random) > 0 {
                    let start = Int.random(in: 0..<bytes.count, using: &random)
                    bytes += bytes[start..<min(bytes.count, start + Int.random(in: 1...300, using: &random))]
                } else {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            bytes = Array(bytes.prefix(size))
            let packed = Snappy.encode(bytes)
            #expect(try Snappy.decode(packed, most: size) == bytes, "seed \(seed), \(size) bytes")
            if size > 1000 { #expect(packed.count < size) }
        }
    }

    /// Cut short at each byte, each bit flipped: refused or read, never a trap.
    @Test func hostileBytes() throws {
        let whole = Snappy.encode(Array(String(repeating: "remote write, ", count: 30).utf8))
        for end in whole.indices {
            #expect(throws: WireError.self) { try Snappy.decode(Array(whole[..<end]), most: 1 << 20) }
        }
        for place in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[place] ^= 1 << bit
                if let read = try? Snappy.decode(bytes, most: 1 << 20) { #expect(read.count <= 1 << 20) }
            }
        }
    }

    @Test func refusesBombsBeforeTakingMemory() {
        let announced: [UInt8] = [255, 255, 255, 127, 0, 97]
        #expect(throws: WireError.tooLarge(bytes: 268_435_455, most: 1 << 20)) {
            try Snappy.decode(announced, most: 1 << 20)
        }
        // As much as is taken, and not enough bytes for it.
        #expect(throws: WireError.self) { try Snappy.decode(announced, most: .max) }
        #expect(throws: WireError.self) { try Snappy.decode([255, 255, 255, 255, 255, 255], most: .max) }
        #expect(throws: WireError.self) { try Snappy.decode([], most: .max) }
    }
}
