/// Reads the rows of a chain in order (drawn in HeadRow.swift).
struct HeadRowDecoder {
    /// Id of each slot in the day's registry.
    private(set) var ids: [UInt32] = []
    /// What each slot holds at the row read last; a slot that is not present has no sample there.
    private(set) var slots: [HeadState] = []
    private var lastID: Int64 = 0
    private var changed: [Int] = []
    /// Slots that held a stale marker in the row before.
    private var ended: [Int] = []

    /// What a row says of itself before it is decoded.
    enum Kind: Hashable {
        case key
        /// Milliseconds and rows since the chain's key row.
        case delta(age: Int64, place: Int)
    }

    static func kind(of row: [UInt8]) throws(CodecError) -> Kind {
        var reader = ByteReader(row)
        return try kind(from: &reader)
    }

    private static func kind(from reader: inout ByteReader) throws(CodecError) -> Kind {
        switch try reader.u8() {
        case 1: return .key
        case 3:
            guard let age = Int64(exactly: try reader.varint()), age > 0 else {
                throw .malformed(position: 1, reason: "age of a row")
            }
            return .delta(age: age, place: try reader.count(atMost: Int(Int32.max), "place of a row"))
        case let kind: throw .unknownVersion(position: 0, number: kind)
        }
    }

    /// Whether a row brings slots of ids that satisfy `isWanted`, found without reading any values on the way: a reader
    /// of few series leaves out the chains of the groups that have none of them.
    static func names(_ row: [UInt8], where isWanted: (UInt32) -> Bool) throws(CodecError) -> Bool {
        var reader = ByteReader(row)
        let isKey = try kind(from: &reader) == .key
        var id: Int64 = 0
        for _ in 0..<(try reader.count(atMost: reader.remaining, "number of slots")) {
            id &+= try reader.zigzag()
            // The ids of a delta row's new slots count from the last slot of the row before: only that there are some
            // is known here.
            if !isKey || isWanted(UInt32(truncatingIfNeeded: id)) { return true }
            try HeadState.skip(in: &reader)
        }
        return false
    }

    /// Applies the next row; the first has to be a key row.
    mutating func decode(_ row: [UInt8]) throws(CodecError) {
        var reader = ByteReader(row)
        switch try HeadRowDecoder.kind(from: &reader) {
        case .key: try decodeKeyRow(&reader)
        case .delta: try decodeDeltaRow(&reader)
        }
        try reader.finish()
    }

    private mutating func decodeKeyRow(_ reader: inout ByteReader) throws(CodecError) {
        ids.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        ended.removeAll(keepingCapacity: true)
        lastID = 0
        // A slot takes two bytes at least.
        let count = try reader.count(atMost: reader.remaining / 2, "number of slots")
        for slot in 0..<count {
            try addSlot(&reader)
            slots[slot] = try HeadState(from: &reader)
            if slots[slot].tag == HeadState.staleTag { ended.append(slot) }
        }
    }

    private mutating func decodeDeltaRow(_ reader: inout ByteReader) throws(CodecError) {
        for slot in ended { slots[slot] = .absent }
        ended.removeAll(keepingCapacity: true)
        let added = try reader.count(atMost: reader.remaining, "number of new slots")
        for _ in 0..<added { try addSlot(&reader) }
        try readChanged(&reader)
        for slot in changed {
            let old = slots[slot]
            if old.isScaled {
                let difference = try reader.zigzag()
                if difference != 0 {
                    let scaled = old.scaled &+ difference
                    slots[slot] = HeadState(
                        tag: old.tag, scaled: scaled, bits: HeadState.scales[Int(old.tag)].value(scaled).bitPattern)
                    continue
                }
            } else if old.isPresent {
                guard try reader.u8() == 0 else { throw .malformed(position: reader.position, reason: "escape") }
            }
            slots[slot] = try HeadState(from: &reader)
            if slots[slot].tag == HeadState.staleTag { ended.append(slot) }
        }
    }

    private mutating func addSlot(_ reader: inout ByteReader) throws(CodecError) {
        let (id, overflow) = lastID.addingReportingOverflow(try reader.zigzag())
        guard !overflow, let small = UInt32(exactly: id) else {
            throw .malformed(position: reader.position, reason: "series id")
        }
        lastID = id
        ids.append(small)
        slots.append(.absent)
    }

    private mutating func readChanged(_ reader: inout ByteReader) throws(CodecError) {
        changed.removeAll(keepingCapacity: true)
        switch try reader.u8() {
        case 0:
            let bits = try reader.slice((slots.count + 7) / 8)
            for (place, byte) in bits.enumerated() {
                var rest = byte
                while rest != 0 {
                    let slot = 8 * place + rest.trailingZeroBitCount
                    guard slot < slots.count else {
                        throw .malformed(position: reader.position, reason: "changed slot")
                    }
                    changed.append(slot)
                    rest &= rest - 1
                }
            }
        case 1:
            var next = 0
            for _ in 0..<(try reader.count(atMost: slots.count, "number of changed slots")) {
                let slot = next + (try reader.count(atMost: slots.count, "gap"))
                guard slot < slots.count else { throw .malformed(position: reader.position, reason: "changed slot") }
                changed.append(slot)
                next = slot + 1
            }
        case let form: throw .malformed(position: reader.position, reason: "form \(form) of the changed slots")
        }
    }
}
