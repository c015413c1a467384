import Model

/// The texts of series that were seen, so that a line like one before costs a comparison and no parsing.
///
/// In files by series the next line has the same series, in files by time the one that followed it last time; only
/// where neither is so the text is looked up. The cache grows until its owner empties it.
struct SeriesTextCache {
    private struct Entry {
        var start: Int
        var count: Int
        /// What the batch calls the series.
        var number: UInt32
        /// The entry whose text came after this one last time.
        var successor: Int
    }

    /// A wide load may begin at the last byte of a text.
    private static let padding = 8

    private var arena = [UInt8](repeating: 0, count: padding)
    private var entries: [Entry] = []
    /// Open addressing, a power of two; entry + 1, 0 where free.
    private var slots = [UInt32](repeating: 0, count: 1024)
    /// The entry of the last line; -1 where there was none.
    private var last = -1

    /// Bytes of texts.
    var byteCount: Int { arena.count }

    mutating func removeAll() { self = SeriesTextCache() }

    /// The number of the series whose text begins at `at`, if it is that of the line before or the one expected after
    /// it; moves `at` behind the text.
    @inline(__always)
    mutating func expected(_ bytes: Span<UInt8>, _ at: inout Int) -> UInt32? {
        guard last >= 0 else { return nil }
        if matches(last, bytes, at) {
            at += entries[last].count
            return entries[last].number
        }
        let next = entries[last].successor
        guard next >= 0, matches(next, bytes, at) else { return nil }
        last = next
        at += entries[next].count
        return entries[next].number
    }

    /// The number of the series with this text; nil where it is new.
    mutating func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        let slot = slot(of: bytes, range)
        guard slots[slot] != 0 else { return nil }
        arrive(at: Int(slots[slot]) - 1)
        return entries[last].number
    }

    /// Remembers a text that ``find(_:_:)`` does not know.
    mutating func insert(_ bytes: Span<UInt8>, _ range: Range<Int>, number: UInt32) {
        let slot = slot(of: bytes, range)
        let start = arena.count - SeriesTextCache.padding
        arena.removeLast(SeriesTextCache.padding)
        for place in range { arena.append(bytes[place]) }
        arena.append(contentsOf: repeatElement(0, count: SeriesTextCache.padding))
        entries.append(Entry(start: start, count: range.count, number: number, successor: -1))
        slots[slot] = UInt32(entries.count)
        arrive(at: entries.count - 1)
        if entries.count * 2 > slots.count { grow() }
    }

    private mutating func arrive(at entry: Int) {
        if last >= 0 { entries[last].successor = entry }
        last = entry
    }

    @inline(__always)
    private func matches(_ entry: Int, _ bytes: Span<UInt8>, _ at: Int) -> Bool {
        let (start, count) = (entries[entry].start, entries[entry].count)
        guard at + count + SeriesTextCache.padding <= bytes.count else { return matchesSlowly(entry, bytes, at) }
        // Bytes have no padding that could be read.
        let text = unsafe arena.span.bytes
        let input = unsafe bytes.bytes
        var place = 0
        // In bounds: both have 8 bytes behind the text.
        while place + 8 <= count {
            let lhs = unsafe text.unsafeLoadUnaligned(fromByteOffset: start + place, as: UInt64.self)
            let rhs = unsafe input.unsafeLoadUnaligned(fromByteOffset: at + place, as: UInt64.self)
            if lhs != rhs { return false }
            place += 8
        }
        if place == count { return true }
        let lhs = unsafe text.unsafeLoadUnaligned(fromByteOffset: start + place, as: UInt64.self)
        let rhs = unsafe input.unsafeLoadUnaligned(fromByteOffset: at + place, as: UInt64.self)
        // The bytes that count come first in memory.
        let beyond = UInt64(64 - 8 * (count - place))
        return (lhs.littleEndian ^ rhs.littleEndian) << beyond == 0
    }

    private func matchesSlowly(_ entry: Int, _ bytes: Span<UInt8>, _ at: Int) -> Bool {
        let (start, count) = (entries[entry].start, entries[entry].count)
        guard at + count <= bytes.count else { return false }
        for place in 0..<count where arena[start + place] != bytes[at + place] { return false }
        return true
    }

    private func slot(of bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var hash = SeriesTextCache.seed
        for place in range { hash = SeriesTextCache.step(hash, bytes[place]) }
        var slot = SeriesTextCache.finish(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if entries[entry].count == range.count, matches(entry, bytes, range.lowerBound) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        for (number, entry) in entries.enumerated() {
            var hash = SeriesTextCache.seed
            for byte in arena[entry.start..<entry.start + entry.count] { hash = SeriesTextCache.step(hash, byte) }
            var slot = SeriesTextCache.finish(hash) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }

    // FNV-1a (Fowler, Noll and Vo). A file that is made to collide slows its own import.

    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    private static func finish(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7fff_ffff) }
}
