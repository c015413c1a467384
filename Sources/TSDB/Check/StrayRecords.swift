import LMDB

/// Finds the records of pages that a broken tree does not lead to any more. A record is believed when its checksum,
/// which covers its key, is right.
///
/// Pages of the past hold records, too. Where the free list can be read they are known and left out. Where it cannot,
/// a record may be found in several versions: stripes of different versions of one block must never be mixed, so a
/// block or registry of which a stripe has two versions, or of which some stripes are reachable and others only of
/// such pages, is not touched.
struct StrayRecords {
    private let file: PageFile
    private let walk: PageWalk?
    private let known: Set<[UInt8]>
    /// Things of which some stripes are reachable.
    private let knownTitles: Set<String>
    private let knowsFreePages: Bool
    private(set) var ambiguities: [String] = []

    init(_ file: PageFile, _ walk: PageWalk?, reachable: [PageRecord]) {
        self.file = file
        self.walk = walk
        known = Set(reachable.map(\.key))
        knownTitles = Set(reachable.map { RecordKind.title(of: $0.key) })
        knowsFreePages = walk.map(\.knowsFreePages) ?? false
    }

    /// The records that are not reachable, one version of each.
    mutating func records() -> [PageRecord] {
        var found: [[UInt8]: PageRecord] = [:]
        var values: [[UInt8]: [UInt8]] = [:]
        var ambiguous: Set<String> = []
        var generation: UInt64 = 0
        let (file, known) = (file, known)
        file.forEachLostRecord(after: walk) { record in
            guard !known.contains(record.key), unsafe RecordKind.of(record.key.span.bytes) != nil,
                let value = file.value(of: record),
                unsafe Checksum.payloadCount(of: value.span.bytes, key: record.key.span.bytes) != nil
            else { return }
            if record.key == Key.superblock {
                // The one record that tells its age.
                let payload = Array(value.dropLast(Checksum.byteCount))
                guard let one = try? Superblock.decode(payload, path: ""), one.generation >= generation else { return }
                generation = one.generation
            } else if let other = values[record.key], other != value {
                ambiguous.insert(RecordKind.title(of: record.key))
            }
            found[record.key] = record
            values[record.key] = value
        }
        if !knowsFreePages {
            for key in found.keys where StrayRecords.isStriped(key) {
                let title = RecordKind.title(of: key)
                if knownTitles.contains(title) { ambiguous.insert(title) }
            }
        }
        let lost = OrphanValues(file, walk, known: known.union(found.keys)).records()
        ambiguities = ambiguous.sorted()
        return found.values.filter { !ambiguous.contains(RecordKind.title(of: $0.key)) } + (knowsFreePages ? lost : [])
    }

    private static func isStriped(_ key: [UInt8]) -> Bool {
        [Key.Kind.registry, .block, .frameBlock].contains { $0.rawValue == key.first }
    }
}
