import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RecordsTests {
    private let superblock = Superblock(stripeBytes: 4080, generation: 258, hostName: "h", machineID: "id")
    private let group = GroupDefinition(intervalMilliseconds: 5000, retentionClass: 2, source: "agent")
    private let family = MetricFamily(name: "m", kind: .counter, unit: "bytes", help: "ü")
    private let event = Event(
        time: Timestamp(milliseconds: 5), kind: .gap, text: "t", labels: Labels([Label("v", "2")]))

    /// The exact bytes of the small records: a change here is another format.
    @Test func writesTheDrawnBytes() {
        #expect(
            superblock.encoded()
                == [0x4d, 0x4f, 0x4e, 0x53, 1, 0, 0, 0, 0, 0, 0xf0, 0x0f, 0, 0]
                + [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x68, 2, 0x69, 0x64])
        #expect(group.encoded() == [1, 0x88, 0x27, 2, 5, 0x61, 0x67, 0x65, 0x6e, 0x74])
        #expect(
            Record.metadata(family) == [1, family.kind.rawValue, 5, 0x62, 0x79, 0x74, 0x65, 0x73, 2, 0xc3, 0xbc])
        #expect(Record.event(event) == [1, 5, 1, 0x74, 4, 1, 0x76, 1, 0x32])
    }

    @Test func sealsWithTheChecksumOfKeyAndValue() {
        // CRC-32C of "123456789" is e3069283 (RFC 3720 has the polynomial, the check value is Koopman's catalogue's).
        var value = Array("6789".utf8)
        Checksum.seal(&value, key: Array("12345".utf8))
        #expect(value == Array("6789".utf8) + [0x83, 0x92, 0x06, 0xe3])
    }

    /// Long strings are done in three parts at once.
    @Test func checksumsOfLongStringsAreThoseOfTheirBytes() {
        var random = SeededGenerator(seed: 5)
        for count in [0, 1, 7, 8, 335, 1007, 1008, 1009, 1015, 2016, 4076, 5000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var register = UInt32.max
            for byte in bytes {
                register ^= UInt32(byte)
                for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 1 ? 0x82f6_3b78 : 0) }
            }
            #expect(Checksum.plain(bytes) == ~register, "\(count) bytes")
        }
    }

    @Test func comeBack() throws {
        #expect(try Superblock.decode(superblock.encoded(), path: "") == superblock)
        #expect(try GroupDefinition.decode(group.encoded()) == group)
        #expect(try Record.metadata(Record.metadata(family), name: "m") == family)
        #expect(try Record.event(Record.event(event), time: event.time) == event)
    }

    @Test func hostileBytesThrowOrDecode() {
        var random = SeededGenerator(seed: 3)
        forEachDamage(of: superblock.encoded(), garbage: 300, &random) { bytes in
            expectAnswerOrRefusal { _ = try Superblock.decode(bytes, path: "") }
        }
        forEachDamage(of: group.encoded(), garbage: 300, &random) { bytes in
            expectAnswerOrRefusal { _ = try GroupDefinition.decode(bytes) }
        }
        forEachDamage(of: Record.metadata(family), garbage: 300, &random) { bytes in
            expectAnswerOrRefusal { _ = try Record.metadata(bytes, name: "m") }
        }
        forEachDamage(of: Record.event(event), garbage: 300, &random) { bytes in
            expectAnswerOrRefusal { _ = try Record.event(bytes, time: Timestamp(milliseconds: 0)) }
        }
    }

    @Test func laterVersionsAreRefusedByNumber() {
        var later = superblock
        later.version = 2
        let error = #expect(throws: StoreError.self) { _ = try Superblock.decode(later.encoded(), path: "p") }
        #expect(error == .unknownFormat(path: "p", record: "superblock", version: 2))
    }

    /// Every bit of a value and of its key takes part in the checksum.
    @Test func anyFlippedBitIsNoticed() {
        let key = Key.group(3)
        var value = group.encoded()
        Checksum.seal(&value, key: key)
        #expect(Checksum.payload(of: value.span.bytes, key: key.span.bytes) == group.encoded())
        for bit in 0..<value.count * 8 {
            var damaged = value
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(Checksum.payload(of: damaged.span.bytes, key: key.span.bytes) == nil)
        }
        for bit in 0..<key.count * 8 {
            var other = key
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(Checksum.payload(of: value.span.bytes, key: other.span.bytes) == nil)
        }
        for count in 0..<value.count {
            #expect(Checksum.payload(of: Array(value.prefix(count)).span.bytes, key: key.span.bytes) == nil)
        }
    }
}
