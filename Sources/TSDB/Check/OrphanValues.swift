import LMDB

// A leaf page names a hundred stripes, each of which lies on a page of its own. When the leaf is lost the stripes are
// there, nameless. Their checksums cover their keys, so a key can be tried on: CRC-32C is linear, that is
//
//     crc(key, payload) = shift(crc(key), payload length) xor crc(payload)
//
// and one table of shifted key checksums answers for all stripes of full length. Keys are tried only for what the store
// has reason to hold, so that one of 2^32 is not met by chance.

/// Gives keys back to stripes whose leaf page is lost.
struct OrphanValues {
    private let file: PageFile
    private let orphans: [(page: Int, bytes: [UInt8])]
    private let known: Set<[UInt8]>

    /// Stripes of one block that are tried at most, and blocks of one kind.
    private static let keysMax = 1 << 18

    init(_ file: PageFile, _ walk: PageWalk?, known: Set<[UInt8]>) {
        self.file = file
        self.known = known
        var orphans: [(page: Int, bytes: [UInt8])] = []
        file.forEachLostValue(after: walk) { orphans.append(($0, $1)) }
        self.orphans = orphans
    }

    func records() -> [PageRecord] {
        if orphans.isEmpty { return [] }
        let valueBytes = file.pageBytes - 16
        let full = valueBytes - Checksum.byteCount
        let shift = CRCShift(bytes: full)
        var wanted: [UInt32: Int] = [:]
        for (place, orphan) in orphans.enumerated() {
            wanted[OrphanValues.stored(orphan.bytes, full) ^ Checksum.plain(Array(orphan.bytes.prefix(full)))] = place
        }
        var found: [PageRecord] = []
        var used: Set<Int> = []
        var ends: [[UInt8]] = []
        for stripes in candidates() {
            var missed = 0
            for stripe in 0...UInt16.max {
                let key = stripes.key(stripe)
                if known.contains(key) { continue }
                guard let place = wanted[shift.apply(Checksum.plain(key))], !used.contains(place) else {
                    // The first that is not found may be the last of its thing, which is shorter.
                    if missed == 0 { ends.append(key) }
                    missed += 1
                    if missed > 4 { break }
                    continue
                }
                used.insert(place)
                found.append(
                    PageRecord(key: key, valueBytes: valueBytes, page: orphans[place].page, offset: 16))
            }
        }
        return found + shorter(ends, without: used, full)
    }

    /// Stripes of less than full length: one of few keys, at each length that LMDB gives a page of its own. Of several
    /// lengths that fit, the longest.
    ///
    /// What the key's checksum would have to be is worked out from the stripe, so that any number of keys costs one
    /// look-up a length.
    private func shorter(_ keys: [[UInt8]], without used: Set<Int>, _ full: Int) -> [PageRecord] {
        if keys.isEmpty { return [] }
        var places: [UInt32: Int] = [:]
        for (place, key) in keys.enumerated() { places[Checksum.plain(key)] = place }
        let least = full / 3
        var undo = CRCShift(undoing: least)
        let undoByte = CRCShift(undoing: 1)
        var rest = orphans.indices.filter { !used.contains($0) }.map { place in
            (place: place, payload: Checksum.plain(Array(orphans[place].bytes.prefix(least))), record: PageRecord?.none)
        }
        for length in least..<full {
            for index in rest.indices {
                let bytes = orphans[rest[index].place].bytes
                let stored = OrphanValues.stored(bytes, length)
                // What stands behind a value on its page is left from before, or zero; a checksum of 0 is too likely.
                if stored != 0, let key = places[undo.apply(stored ^ rest[index].payload)] {
                    rest[index].record = PageRecord(
                        key: keys[key], valueBytes: length + Checksum.byteCount, page: orphans[rest[index].place].page,
                        offset: 16)
                }
                rest[index].payload = Checksum.plain(after: rest[index].payload, bytes[length])
            }
            undo = undoByte.after(undo)
        }
        return rest.compactMap(\.record)
    }

    private static func stored(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        guard offset >= 0, offset + 4 <= bytes.count else { return 0 }
        return (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }

    private struct Stripes {
        var key: (UInt16) -> [UInt8]
    }

    /// The things whose stripes may be among the orphans: blocks and registries of the days around what is known.
    private func candidates() -> [Stripes] {
        var groups: Set<UInt16> = [1]
        var tiers: Set<UInt8> = [0, 1, 2, 3, 4]
        var starts: [Int64] = []
        for key in known {
            let (group, tier, start) = unsafe OrphanValues.place(key.span.bytes)
            if let group, !HeadScan.isFrame(group) { groups.insert(group) }
            if let tier { tiers.insert(tier) }
            if let start { starts.append(start) }
        }
        guard let first = starts.min(), let last = starts.max() else { return [] }
        let margin = 2 * Block.daySeconds
        let from = Block.day(of: first - margin)
        let steps = (last + margin - from) / Block.rawSpanSeconds
        guard steps > 0, Int(steps) * (groups.count + 1) * tiers.count < OrphanValues.keysMax else { return [] }
        var candidates: [Stripes] = []
        for step in 0...steps {
            let start = from + step * Block.rawSpanSeconds
            for tier in tiers {
                candidates.append(Stripes { Key.frameBlock(tier: tier, start: start, stripe: $0) })
                for group in groups {
                    candidates.append(Stripes { Key.block(group: group, tier: tier, start: start, stripe: $0) })
                }
            }
            guard start % Block.daySeconds == 0 else { continue }
            for span in [RegistrySpan.day, .thirtyDays] {
                candidates.append(Stripes { Key.registry(span: span, start: start, stripe: $0) })
            }
        }
        return candidates
    }

    private static func place(_ key: RawSpan) -> (group: UInt16?, tier: UInt8?, start: Int64?) {
        if let name = key.blockKey() { return (name.group, name.tier, name.start) }
        if let name = key.frameBlockKey() { return (nil, name.tier, name.start) }
        if let name = key.registryKey() { return (nil, nil, name.start) }
        if let row = key.headRowKey() { return (row.group, nil, Block.spanStart(row.time)) }
        if let group = key.groupKey() { return (group, nil, nil) }
        return (nil, nil, nil)
    }
}

/// What appending a number of zero bytes does to a CRC-32C (as zlib's crc32_combine does it): a linear map of 32 bits.
struct CRCShift {
    private var columns: [UInt32]

    init(bytes: Int) {
        // One zero bit: the register moves right, the polynomial comes in where a 1 leaves.
        self.init([0x82f6_3b78] + (0..<31).map { UInt32(1) << UInt32($0) }, times: bytes)
    }

    /// What takes the zero bytes back.
    init(undoing bytes: Int) {
        // The polynomial has the highest bit, which tells whether it came in.
        let last: UInt32 = (0x8000_0000 ^ 0x82f6_3b78) << 1 | 1
        self.init((1..<32).map { UInt32(1) << UInt32($0) } + [last], times: bytes)
    }

    private init(_ bit: [UInt32], times bytes: Int) {
        var power = bit
        for _ in 0..<3 { power = CRCShift.product(power, power) }
        var result = (0..<32).map { UInt32(1) << UInt32($0) }
        var rest = bytes
        while rest > 0 {
            if rest & 1 != 0 { result = CRCShift.product(power, result) }
            rest >>= 1
            if rest > 0 { power = CRCShift.product(power, power) }
        }
        columns = result
    }

    /// One shift behind another.
    func after(_ first: CRCShift) -> CRCShift {
        var both = self
        both.columns = CRCShift.product(columns, first.columns)
        return both
    }

    func apply(_ crc: UInt32) -> UInt32 { CRCShift.times(columns, crc) }

    private static func times(_ matrix: [UInt32], _ vector: UInt32) -> UInt32 {
        var (sum, rest) = (UInt32(0), vector)
        while rest != 0 {
            sum ^= matrix[rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return sum
    }

    private static func product(_ lhs: [UInt32], _ rhs: [UInt32]) -> [UInt32] { rhs.map { times(lhs, $0) } }
}
