import LMDB
import Model

/// What a record is to those who look at a store from outside: check, salvage, statistics. THE list; a new kind of
/// record is one entry here, and one in ``RecordChecks``.
struct RecordKind: Sendable {
    let kind: Key.Kind
    /// Tiers of blocks that this version can decode; nil for records that have none.
    var tiers: ClosedRange<UInt8>?
    /// Plural, for sums: `blocks`.
    let name: String
    /// `block of group 1 from 2026-…`; nil where the key is none of this kind. Stripes of one thing have one name.
    let title: @Sendable (RawSpan) -> String?

    static let all: [RecordKind] = [
        RecordKind(kind: .superblock, name: "superblock") { $0.byteCount == 1 ? "superblock" : nil },
        RecordKind(kind: .registry, name: "registries") { key in
            key.registryKey().map { name in
                let span =
                    switch RegistrySpan(rawValue: name.span) {
                    case .day: "day"
                    case .thirtyDays: "30 days"
                    case nil: "span \(name.span)"
                    }
                return "registry of the \(span) from \(UTCText.format(seconds: name.start))"
            }
        },
        RecordKind(kind: .retentionClass, name: "retention classes") { key in
            key.retentionClassKey().map { "retention class \($0)" }
        },
        RecordKind(kind: .pastChanges, name: "changes of the past") {
            $0.byteCount == 1 ? "changes of the past" : nil
        },
        RecordKind(kind: .group, name: "groups") { key in key.groupKey().map { "group \($0)" } },
        RecordKind(kind: .metadata, name: "metadata") { key in
            "metadata of \(String(decoding: key.array().dropFirst(), as: UTF8.self))"
        },
        RecordKind(kind: .headRow, name: "rows") { key in key.headRowKey().map { HeadScan.record($0) } },
        RecordKind(kind: .lateBatch, name: "late batches") { key in key.lateBatchKey().map { "late batch \($0)" } },
        RecordKind(kind: .event, name: "events") { key in
            key.eventKey().map { "event at \(UTCText.format(Timestamp(milliseconds: $0.time)))" }
        },
        RecordKind(kind: .block, tiers: 0...4, name: "blocks") { key in
            key.blockKey().map { name in
                "\(tier(name.tier)) block of group \(name.group) from \(UTCText.format(seconds: name.start))"
            }
        },
        RecordKind(kind: .frameBlock, tiers: 0...2, name: "process blocks") { key in
            key.frameBlockKey().map { name in
                (name.tier == 0 ? "process block" : "\(tier(name.tier)) process block")
                    + " from \(UTCText.format(seconds: name.start))"
            }
        },
    ]

    static func tier(_ number: UInt8) -> String {
        switch number {
        case 0: "raw"
        case 1: "1-minute"
        case 2: "1-hour"
        case 3: "1-minute slice"
        case 4: "1-hour slice"
        default: "tier-\(number)"
        }
    }

    /// Nil for a key of no known kind.
    static func of(_ key: RawSpan) -> RecordKind? { all.first { key.isKey($0.kind) } }

    /// What a record is called in messages.
    static func title(of key: RawSpan) -> String {
        if let title = of(key)?.title(key) { return title }
        let digits = key.array().prefix(24).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        return "record \(digits.joined()) of an unknown kind"
    }

    static func title(of key: [UInt8]) -> String { unsafe title(of: key.span.bytes) }

    /// What lies between two keys, in words.
    static func range(_ keys: PageFault.Keys) -> String {
        let from = keys.from.isEmpty ? "the first record" : approximate(keys.from)
        guard let to = keys.to else { return "everything from \(from) on" }
        // One record alone.
        if to == keys.from + [0] { return title(of: keys.from) }
        return "everything from \(from) up to \(approximate(to))"
    }

    /// A separator of a branch is a key that was there once.
    private static func approximate(_ key: [UInt8]) -> String { title(of: key) }
}
