// What happened to samples that a reader may have seen, so that an answer can be kept as long as it stays right.
//
//   key     05
//   value   version(u8) identity(u64) number(varint) count(varint), then per entry, in order of their numbers:
//           number behind the one before (varint), earliest time concerned (zigzag ms)
//
// Rows that are later than every row before them are not told of: they concern their own times and later ones, and a
// note of each would double what a scrape writes. Everything else is one change with the earliest time that it
// concerns: late samples, a row beside or before the newest one, the first row of an empty head; and, as a change of
// all times, whatever says nothing of itself: seals, imports, deletions, retention.

import LMDB

/// The changes of the past that a store remembers. Notes of old changes are joined, so that there is a bounded number
/// of them: what is told of a change is never less than the truth.
package struct PastChanges: Hashable, Sendable {
    /// Which store this is about: another one in the same folder counts anew. 0 where nothing was ever written.
    package private(set) var identity: UInt64
    /// Number of the last change.
    package private(set) var number: UInt64 = 0
    /// Ascending in both: of changes that a later one with an earlier time hides nothing is left.
    private var entries: [(number: UInt64, from: Int64)] = []

    /// Sixty minutes of a seal's two hours fit a note a minute (guess); 64 notes take some 400 bytes.
    private static let entriesMax = 64
    private static let version: UInt8 = 1

    init(identity: UInt64) { self.identity = identity }

    package static func == (lhs: PastChanges, rhs: PastChanges) -> Bool {
        lhs.identity == rhs.identity && lhs.number == rhs.number
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(identity)
        hasher.combine(number)
    }

    /// The earliest time in milliseconds that a change since the one of `number` concerns; nil where there was none.
    /// `Int64.min` where it is not known, as for a number that this store has not reached.
    package func earliest(since number: UInt64) -> Int64? {
        if number == self.number { return nil }
        guard number < self.number else { return .min }
        return entries.first { $0.number > number }?.from ?? .min
    }

    /// Notes a change of times from `from` on.
    mutating func note(from: Int64) {
        number &+= 1
        while let last = entries.last, last.from >= from { entries.removeLast() }
        entries.append((number, from))
        if entries.count > Self.entriesMax { joinClosest() }
    }

    /// Joins the two neighbours whose times are closest, but for the newest ones: the later change is told as if it
    /// concerned the times of the earlier one, too.
    private mutating func joinClosest() {
        var best = 0
        var distance = UInt64.max
        for place in 0..<entries.count - 2 {
            let next = UInt64(bitPattern: entries[place + 1].from &- entries[place].from)
            if next < distance { (best, distance) = (place, next) }
        }
        entries[best].number = entries[best + 1].number
        entries.remove(at: best + 1)
    }

    // MARK: - The record

    func encoded() -> [UInt8] {
        var writer = ByteWriter([Self.version])
        writer.u64le(identity)
        writer.varint(number)
        writer.varint(entries.count)
        var before: UInt64 = 0
        for entry in entries {
            writer.varint(entry.number - before)
            writer.zigzag(entry.from)
            before = entry.number
        }
        return writer.bytes
    }

    init(_ payload: [UInt8]) throws(CodecError) {
        var reader = ByteReader(payload)
        let version = try reader.u8()
        guard version == Self.version else { throw .unknownVersion(position: 0, number: version) }
        identity = try reader.u64le()
        number = try reader.varint()
        var before: UInt64 = 0
        for _ in 0..<(try reader.count(atMost: Self.entriesMax, "changes")) {
            let (next, overflow) = before.addingReportingOverflow(try reader.varint())
            let from = try reader.zigzag()
            guard !overflow, next > before, next <= number, entries.last.map({ $0.from < from }) ?? true else {
                throw .malformed(position: reader.position, reason: "changes that do not ascend")
            }
            entries.append((next, from))
            before = next
        }
        guard before == number else {
            throw .malformed(position: reader.position, reason: "the last change is missing")
        }
        try reader.finish()
    }
}

extension WriteTransaction {
    /// Notes that this transaction changes what readers may have seen of times from `from` on, in milliseconds.
    func notePastChange(from: Int64) throws(StoreError) {
        var changes: PastChanges?
        // A record that is damaged is begun anew: what was kept by the old one is of another identity then.
        if let payload = try payload(of: Key.pastChanges) { changes = try? PastChanges(payload) }
        var next = changes ?? PastChanges(identity: .random(in: 1 ... .max))
        next.note(from: from)
        try put(Key.pastChanges, payload: next.encoded())
    }

    /// Time of the newest row, in milliseconds; nil where the head is empty.
    func newestRowTime() throws(StoreError) -> Int64? {
        do throws(StorageError) {
            var cursor = try cursor()
            return try cursor.seekBefore([Key.Kind.headRow.rawValue + 1]) ? cursor.key.headRowKey()?.time : nil
        } catch {
            throw StoreError(error)
        }
    }
}

extension Snapshot {
    /// The changes of the past up to this view; nil where none can be told.
    package func pastChanges() throws(StoreError) -> PastChanges? {
        let payload = try transaction.payload(of: Key.pastChanges, record: "changes of the past")
        return payload.flatMap { try? PastChanges($0) }
    }

    /// The latest time in milliseconds of which only ``pastChanges()`` can change anything: rows to come are later.
    package func settledThrough() throws(StoreError) -> Int64 {
        // The first row of an empty head is told of.
        try transaction.lastKey(before: [Key.Kind.headRow.rawValue + 1]) { $0.headRowKey()?.time } ?? .max
    }
}
