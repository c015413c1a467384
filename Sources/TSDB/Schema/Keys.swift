// The keys of the one LMDB database. Integers are big-endian, signed ones with the sign bit flipped, so that the order
// of bytes is the order of numbers, times before 1970 included. The first byte is the record's type.
//
//   00                                                     superblock
//   01 span(u8) start(i64 s) stripe(u16)                   registry of a span: 0 = UTC day, 1 = 30 days
//   02 group(u16)                                          what a group is
//   03 metric name                                         TYPE, HELP, UNIT
//   04 class(u8)                                           retention class: which series, how long kept; FF = frames
//   05                                                     changes of the past: PastChanges
//   10 time(i64 ms) group(u16)                             head row; group FFFF = process frame, FFFE = late one
//   11 sequence(u64)                                       late batch
//   12 time(i64 ms) sequence(u16)                          event
//   20 group(u16) tier(u8) start(i64 s) stripe(u16)        block stripes; tier 0 = raw, others: TierLayer
//   21 tier(u8) start(i64 s) stripe(u16)                   process frame block; tier 0 = all frames, 1 = one a minute,
//                                                          2 = one an hour
//
// Example: the head row of group 1 at 1970-01-01T00:00:00.005Z is 10 80 00 00 00 00 00 00 05 00 01.

import LMDB

/// A key under construction, and the constructors of every kind of key.
enum Key {
    static let superblock: [UInt8] = [0x00]
    static let pastChanges: [UInt8] = [0x05]

    /// The longest key that LMDB takes as it is built everywhere (MDB_MAXKEYSIZE).
    static let bytesMax = 511

    enum Kind: UInt8 {
        case superblock = 0x00
        case registry = 0x01
        case group = 0x02
        case metadata = 0x03
        case retentionClass = 0x04
        case pastChanges = 0x05
        case headRow = 0x10
        case lateBatch = 0x11
        case event = 0x12
        case block = 0x20
        case frameBlock = 0x21
    }

    /// Stripes of a registry's sorted part come before this number, its tail records from it on.
    static let firstTailStripe: UInt16 = 0xf000

    static func registry(span: RegistrySpan, start: Int64, stripe: UInt16) -> [UInt8] {
        bytes(.registry) {
            $0.append(span.rawValue)
            $0.append(signed: start)
            $0.append(big: stripe)
        }
    }

    static func group(_ group: UInt16) -> [UInt8] { bytes(.group) { $0.append(big: group) } }

    static func metadata(_ metric: String) -> [UInt8] { bytes(.metadata) { $0.append(contentsOf: metric.utf8) } }

    static func retentionClass(_ number: UInt8) -> [UInt8] { bytes(.retentionClass) { $0.append(number) } }

    static func headRow(time: Int64, group: UInt16) -> [UInt8] {
        bytes(.headRow) {
            $0.append(signed: time)
            $0.append(big: group)
        }
    }

    static func lateBatch(_ sequence: UInt64) -> [UInt8] { bytes(.lateBatch) { $0.append(big: sequence) } }

    static func event(time: Int64, sequence: UInt16) -> [UInt8] {
        bytes(.event) {
            $0.append(signed: time)
            $0.append(big: sequence)
        }
    }

    static func block(group: UInt16, tier: UInt8, start: Int64, stripe: UInt16) -> [UInt8] {
        bytes(.block) {
            $0.append(big: group)
            $0.append(tier)
            $0.append(signed: start)
            $0.append(big: stripe)
        }
    }

    static func tierBlock(_ reference: TierReference, stripe: UInt16) -> [UInt8] {
        block(group: reference.group, tier: reference.layer.rawValue, start: reference.start, stripe: stripe)
    }

    static func frameBlock(tier: UInt8, start: Int64, stripe: UInt16) -> [UInt8] {
        bytes(.frameBlock) {
            $0.append(tier)
            $0.append(signed: start)
            $0.append(big: stripe)
        }
    }

    private static func bytes(_ kind: Kind, _ fill: (inout [UInt8]) -> Void) -> [UInt8] {
        var key: [UInt8] = [kind.rawValue]
        key.reserveCapacity(16)
        fill(&key)
        return key
    }
}

/// The span of time that a registry names series for.
enum RegistrySpan: UInt8 {
    case day = 0
    case thirtyDays = 1

    var seconds: Int64 { (self == .day ? 1 : 30) * Block.daySeconds }
}

/// Reading keys back: nil where the bytes are no key of that kind.
extension RawSpan {
    func isKey(_ kind: Key.Kind) -> Bool {
        byteCount > 0 && byte(0) == kind.rawValue
    }

    /// (time, group) of a head row's key.
    func headRowKey() -> (time: Int64, group: UInt16)? {
        guard isKey(.headRow), byteCount == 11 else { return nil }
        // A time beyond those that a recorder takes is damage, which the value's checksum tells; until that is looked
        // at, it is to be reckoned with.
        return (min(max(signed(1), Recorder.times.lowerBound), Recorder.times.upperBound), big16(9))
    }

    /// (time, sequence) of an event's key.
    func eventKey() -> (time: Int64, sequence: UInt16)? {
        guard isKey(.event), byteCount == 11 else { return nil }
        return (signed(1), big16(9))
    }

    func lateBatchKey() -> UInt64? {
        guard isKey(.lateBatch), byteCount == 9 else { return nil }
        return big64(1)
    }

    func groupKey() -> UInt16? {
        guard isKey(.group), byteCount == 3 else { return nil }
        return big16(1)
    }

    func retentionClassKey() -> UInt8? {
        guard isKey(.retentionClass), byteCount == 2 else { return nil }
        return byte(1)
    }

    func registryKey() -> (span: UInt8, start: Int64, stripe: UInt16)? {
        guard isKey(.registry), byteCount == 12, let start = start(2) else { return nil }
        return (byte(1), start, big16(10))
    }

    func blockKey() -> (group: UInt16, tier: UInt8, start: Int64, stripe: UInt16)? {
        guard isKey(.block), byteCount == 14, let start = start(4) else { return nil }
        return (big16(1), byte(3), start, big16(12))
    }

    func frameBlockKey() -> (tier: UInt8, start: Int64, stripe: UInt16)? {
        guard isKey(.frameBlock), byteCount == 12, let start = start(2) else { return nil }
        return (byte(1), start, big16(10))
    }

    // Every caller has checked the length of the key.

    private func byte(_ offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    private func big16(_ offset: Int) -> UInt16 {
        unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    private func big64(_ offset: Int) -> UInt64 {
        unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The start of a span in seconds; nil where its milliseconds do not fit, which no writer writes.
    private func start(_ offset: Int) -> Int64? {
        let start = signed(offset)
        return abs(start / 1000) < Int64.max / 1_000_000 - Block.daySeconds ? start : nil
    }

    private func signed(_ offset: Int) -> Int64 {
        Int64(bitPattern: big64(offset) ^ (1 << 63))
    }
}

extension [UInt8] {
    fileprivate mutating func append(big value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    fileprivate mutating func append(big value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    fileprivate mutating func append(signed value: Int64) {
        append(big: UInt64(bitPattern: value) ^ (1 << 63))
    }
}
