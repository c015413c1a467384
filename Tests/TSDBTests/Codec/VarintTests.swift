import TestSupport
import Testing

@testable import TSDB

@Suite struct VarintTests {
    @Test func writesTheDrawnBytes() throws {
        func check(_ value: UInt64, _ bytes: [UInt8]) throws {
            var writer = ByteWriter()
            writer.varint(value)
            #expect(writer.bytes == bytes)
            #expect(ByteWriter.varintByteCount(value) == bytes.count)
            var reader = ByteReader(bytes)
            #expect(try reader.varint() == value)
            #expect(reader.isAtEnd)
        }
        try check(0, [0])
        try check(127, [127])
        try check(128, [128, 1])
        try check(300, [0xac, 2])
        try check(1 << 56 - 1, [255, 255, 255, 255, 255, 255, 255, 127])
        try check(1 << 63, [128, 128, 128, 128, 128, 128, 128, 128, 128, 1])
        try check(.max, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1])
    }

    @Test func zigzagKeepsSmallNumbersSmall() throws {
        for (value, mapped) in [(0, 0), (-1, 1), (1, 2), (-3, 5), (Int64.max, UInt64.max - 1), (.min, .max)]
            as [(Int64, UInt64)]
        {
            #expect(value.zigzagged == mapped)
            #expect(mapped.unzigzagged == value)
        }
    }

    @Test func refusesWhatIsNoVarint() {
        func check(_ bytes: [UInt8], _ expected: CodecError) {
            var reader = ByteReader(bytes)
            #expect(throws: expected) { try reader.varint() }
        }
        check([], .cutShort(position: 0))
        check([128, 128], .cutShort(position: 0))
        check([255, 255, 255, 255, 255, 255, 255, 255, 255, 2], .malformed(position: 0, reason: "varint over 64 bits"))
        check([UInt8](repeating: 128, count: 20), .malformed(position: 0, reason: "varint over 64 bits"))
    }

    @Test func fixedNumbersComeBack() throws {
        var writer = ByteWriter()
        writer.u8(1)
        writer.u16le(0x0203)
        writer.u32le(0x0405_0607)
        writer.u64le(0x0809_0a0b_0c0d_0e0f)
        writer.u16be(0x0203)
        writer.u32be(0x0405_0607)
        writer.u64be(0x0809_0a0b_0c0d_0e0f)
        writer.field([7, 8, 9])
        #expect(Array(writer.bytes[..<7]) == [1, 3, 2, 7, 6, 5, 4])
        #expect(Array(writer.bytes[15..<17]) == [2, 3])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.u8() == 1)
        #expect(try reader.u16le() == 0x0203)
        #expect(try reader.u32le() == 0x0405_0607)
        #expect(try reader.u64le() == 0x0809_0a0b_0c0d_0e0f)
        #expect(try reader.u16be() == 0x0203)
        #expect(try reader.u32be() == 0x0405_0607)
        #expect(try reader.u64be() == 0x0809_0a0b_0c0d_0e0f)
        #expect(Array(try reader.field()) == [7, 8, 9])
        try reader.finish()
    }

    @Test func readsOnlyWithinItsBounds() {
        var inside = ByteReader([1, 2, 3, 4], from: 1, to: 3)
        #expect(throws: CodecError.cutShort(position: 1)) { try inside.u32le() }
        #expect(throws: CodecError.cutShort(position: 1)) { try inside.slice(3) }
        #expect(throws: CodecError.cutShort(position: 1)) { try inside.skip(-1) }
        var outside = ByteReader([1, 2], from: 9, to: -4)
        #expect(throws: CodecError.cutShort(position: 0)) { try outside.u8() }
        var longField = ByteReader([255, 255, 255, 255, 255, 255, 255, 255, 255, 1])
        #expect(throws: CodecError.cutShort(position: 0)) { try longField.field() }
    }
}
