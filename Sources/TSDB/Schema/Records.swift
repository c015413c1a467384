// The small records of the store: one value each, checksum behind it (see Checksum.swift).
//
//   superblock   "MONS" version(u16) flags(u32) stripeBytes(u32) generation(u64) state(u8) field(host)
//                field(machine id)
//   group        version(u8) interval(varint ms) retentionClass(u8) field(source); version 2: its series have no tiers
//   metadata     version(u8) kind(u8) field(unit) field(help)
//   event        version(u8) kind(u8) field(text) field(labels)
//
// Fixed integers are little-endian; field = varint length and bytes.

import Model

/// The record that says what the store is. The first to be read, the only one whose version covers all others.
package struct Superblock: Hashable, Sendable {
    package static let currentVersion: UInt16 = 1

    /// Whether the file is the store.
    package enum State: UInt8, Sendable {
        case live = 0
        /// Its data went on in a folder of a higher number.
        case moved = 1
        /// Being made of the folder below it; live as soon as that one says moved.
        case copy = 2
        /// One file with a slice of a store, complete and never written again.
        case snapshot = 3
        /// A copy that is complete: live as soon as the folder below it says moved, or is gone.
        case successor = 4
    }

    package var version: UInt16 = Superblock.currentVersion
    /// Features that a reader must know; none yet.
    package var flags: UInt32 = 0
    /// Size of a full stripe's value: the LMDB page of the host where the store was made, less its header.
    package var stripeBytes: Int
    /// Raised by each write transaction that changes what writers cache: registries, groups.
    package var generation: UInt64 = 0
    package var state: State = .live
    /// Whose data it is, wherever the file is read.
    package var hostName: String
    package var machineID: String

    static let magic = Array("MONS".utf8)

    func encoded() -> [UInt8] {
        var writer = ByteWriter(Superblock.magic)
        writer.u16le(version)
        writer.u32le(flags)
        writer.u32le(UInt32(stripeBytes))
        writer.u64le(generation)
        writer.u8(state.rawValue)
        writer.field(hostName.utf8)
        writer.field(machineID.utf8)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], path: String) throws(StoreError) -> Superblock {
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            guard Array(try reader.slice(magic.count)) == magic else {
                throw .malformed(position: 0, reason: "no store of mon")
            }
            let version = try reader.u16le()
            let flags = try reader.u32le()
            guard version == currentVersion, flags == 0 else {
                throw .unknownVersion(position: magic.count, number: UInt8(clamping: version))
            }
            let stripeBytes = Int(try reader.u32le())
            // LMDB pages are 512 B to 64 KiB.
            guard (256...65_536).contains(stripeBytes) else {
                throw .malformed(position: reader.position, reason: "stripe size \(stripeBytes)")
            }
            let generation = try reader.u64le()
            guard let state = State(rawValue: try reader.u8()) else {
                throw .malformed(position: reader.position, reason: "unknown state")
            }
            let host = String(decoding: try reader.field(), as: UTF8.self)
            let machine = String(decoding: try reader.field(), as: UTF8.self)
            try reader.finish()
            return Superblock(
                version: version, flags: flags, stripeBytes: stripeBytes, generation: generation, state: state,
                hostName: host, machineID: machine)
        } catch {
            throw StoreError(error, path: path, record: "superblock")
        }
    }
}

/// What a group's series have in common: they are due together, age together and come from one source.
package struct GroupDefinition: Hashable, Sendable {
    /// Who wrote the samples; one recorder writes `.agent`, everything from outside has groups of its own.
    package static let agentSource = "agent"

    package var intervalMilliseconds: Int64
    /// 0 is the store's default retention.
    package var retentionClass: UInt8
    package var source: String
    /// Whether windows are made of its samples when they are sealed.
    package var buildsTiers: Bool

    package init(
        intervalMilliseconds: Int64, retentionClass: UInt8 = 0, source: String = GroupDefinition.agentSource,
        buildsTiers: Bool = true
    ) {
        self.intervalMilliseconds = intervalMilliseconds
        self.retentionClass = retentionClass
        self.source = source
        self.buildsTiers = buildsTiers
    }

    /// Whether the group is of samples that were taken here, scrape by scrape.
    var isOfAgent: Bool { source == GroupDefinition.agentSource }

    func encoded() -> [UInt8] {
        var writer = ByteWriter([buildsTiers ? 1 : 2])
        writer.varint(UInt64(intervalMilliseconds))
        writer.u8(retentionClass)
        writer.field(source.utf8)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(CodecError) -> GroupDefinition {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard (1...2).contains(version) else { throw .unknownVersion(position: 0, number: version) }
        guard let interval = Int64(exactly: try reader.varint()) else {
            throw .malformed(position: reader.position, reason: "interval")
        }
        let retentionClass = try reader.u8()
        let source = String(decoding: try reader.field(), as: UTF8.self)
        try reader.finish()
        return GroupDefinition(
            intervalMilliseconds: interval, retentionClass: retentionClass, source: source, buildsTiers: version == 1)
    }
}

/// The versioned records that are made of Model's values.
enum Record {
    static func metadata(_ family: MetricFamily) -> [UInt8] {
        var writer = ByteWriter([1, family.kind.rawValue])
        writer.field(family.unit.utf8)
        writer.field(family.help.utf8)
        return writer.bytes
    }

    static func metadata(_ bytes: [UInt8], name: String) throws(CodecError) -> MetricFamily {
        var reader = try reader(bytes)
        // A kind that a later version knows is shown as unknown: metadata never decides an answer.
        let kind = MetricFamily.Kind(rawValue: try reader.u8()) ?? .unknown
        let unit = String(decoding: try reader.field(), as: UTF8.self)
        let help = String(decoding: try reader.field(), as: UTF8.self)
        try reader.finish()
        return MetricFamily(name: name, kind: kind, unit: unit, help: help)
    }

    static func event(_ event: Event) -> [UInt8] {
        var writer = ByteWriter([1, event.kind.rawValue])
        writer.field(event.text.utf8)
        writer.field(event.labels.bytes)
        return writer.bytes
    }

    static func event(_ bytes: [UInt8], time: Timestamp) throws(CodecError) -> Event {
        var reader = try reader(bytes)
        let number = try reader.u8()
        guard let kind = Event.Kind(rawValue: number) else {
            throw .malformed(position: 1, reason: "event kind \(number)")
        }
        let text = String(decoding: try reader.field(), as: UTF8.self)
        guard let labels = Labels(bytes: Array(try reader.field())) else {
            throw .malformed(position: reader.position, reason: "labels")
        }
        try reader.finish()
        return Event(time: time, kind: kind, text: text, labels: labels)
    }

    /// A reader behind the version byte, which must be 1.
    fileprivate static func reader(_ bytes: [UInt8]) throws(CodecError) -> ByteReader {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == 1 else { throw .unknownVersion(position: 0, number: version) }
        return reader
    }
}
