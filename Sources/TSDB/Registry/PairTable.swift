/// The distinct label pairs of many series, each once, and which series have which, in flat arrays: a million series
/// take some 20 bytes a label, where a dictionary of pairs and a list for each would take ten times that.
///
/// Pairs are told by their first series and where they lie in its label set, so that their bytes are kept nowhere else.
struct PairTable {
    private struct Place {
        var series: UInt32
        /// Where the pair begins in the label set, with the length of its name.
        var start: UInt32
        var end: UInt32
    }

    private var places: [Place] = []
    /// Open addressing, a power of two; place + 1, 0 where free.
    private var slots = [UInt32](repeating: 0, count: 256)
    /// The pairs of all series, one series after the other.
    private var memberships: [UInt32] = []
    /// Where those of each series begin, and where the last end.
    private var starts: [UInt32] = [0]

    init() {}

    /// Number of distinct pairs.
    var count: Int { places.count }
    var seriesCount: Int { starts.count - 1 }

    /// Adds the next series, whose id is `id`.
    mutating func add(_ labels: ArraySlice<UInt8>, id: Int, _ bytes: (Int) -> ArraySlice<UInt8>) {
        var at = labels.startIndex
        while at < labels.endIndex {
            let start = at
            PairTable.skipField(labels, &at)
            PairTable.skipField(labels, &at)
            let pair = labels[start..<at]
            let offset = UInt32(start - labels.startIndex)
            memberships.append(place(of: pair, id: id, offset: offset, bytes))
        }
        starts.append(UInt32(memberships.count))
    }

    private mutating func place(
        of pair: ArraySlice<UInt8>, id: Int, offset: UInt32, _ bytes: (Int) -> ArraySlice<UInt8>
    ) -> UInt32 {
        var slot = PairTable.hash(pair) & (slots.count - 1)
        while slots[slot] != 0 {
            // Both lengths are part of what is compared, so that no two pairs look alike.
            if isSame(self.bytes(Int(slots[slot]) - 1, bytes), pair) { return slots[slot] - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        places.append(Place(series: UInt32(id), start: offset, end: offset + UInt32(pair.count)))
        slots[slot] = UInt32(places.count)
        if places.count * 2 > slots.count { grow(bytes) }
        return UInt32(places.count - 1)
    }

    private func isSame(_ lhs: ArraySlice<UInt8>, _ rhs: ArraySlice<UInt8>) -> Bool {
        lhs.count == rhs.count && lhs.elementsEqual(rhs)
    }

    private mutating func grow(_ bytes: (Int) -> ArraySlice<UInt8>) {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for place in places.indices {
            var slot = PairTable.hash(self.bytes(place, bytes)) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(place + 1)
        }
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> Int {
        var hash: UInt64 = 0
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15 }
        return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7fff_ffff)
    }

    /// Moves behind a length and as many bytes.
    private static func skipField(_ bytes: ArraySlice<UInt8>, _ at: inout Int) {
        at = field(bytes, from: at).upperBound
    }

    /// Where the field that begins at `at` has its bytes.
    private static func field(_ bytes: ArraySlice<UInt8>, from at: Int) -> Range<Int> {
        var (at, length, shift) = (at, 0, 0)
        while true {
            length |= Int(bytes[at] & 0x7f) << shift
            shift += 7
            at += 1
            if bytes[at - 1] < 0x80 { return at..<at + length }
        }
    }

    // MARK: - Pairs

    private func bytes(_ place: Int, _ bytes: (Int) -> ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let pair = places[place]
        let labels = bytes(Int(pair.series))
        return labels[labels.startIndex + Int(pair.start)..<labels.startIndex + Int(pair.end)]
    }

    /// Name and value of a pair.
    func fields(
        _ place: Int, _ bytes: (Int) -> ArraySlice<UInt8>
    ) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        let pair = self.bytes(place, bytes)
        let name = PairTable.field(pair, from: pair.startIndex)
        let value = PairTable.field(pair, from: name.upperBound)
        return (pair[name], pair[value])
    }

    /// The pairs in order of rank: by name, then value.
    func sorted(_ bytes: (Int) -> ArraySlice<UInt8>) -> [UInt32] {
        var order = Array(0..<UInt32(places.count))
        order.sort { lhs, rhs in
            let (one, other) = (fields(Int(lhs), bytes), fields(Int(rhs), bytes))
            switch PairTable.compare(one.name, other.name) {
            case ..<0: return true
            case 0: return PairTable.compare(one.value, other.value) < 0
            default: return false
            }
        }
        return order
    }

    /// Negative where `lhs` comes first, 0 where both are the same.
    private static func compare(_ lhs: ArraySlice<UInt8>, _ rhs: ArraySlice<UInt8>) -> Int {
        let (one, other) = (lhs.span, rhs.span)
        for place in 0..<min(one.count, other.count) where one[place] != other[place] {
            return one[place] < other[place] ? -1 : 1
        }
        return one.count - other.count
    }

    // MARK: - Series

    /// The pairs of a series, in the order of its labels: those are sorted by name as pairs are, so ranks ascend.
    func places(of id: Int) -> ArraySlice<UInt32> { memberships[Int(starts[id])..<Int(starts[id + 1])] }

    /// The ids that have each pair, ascending, one list after the other in order of rank, and where each begins.
    func members(_ order: [UInt32]) -> (ids: [UInt32], starts: [UInt32]) {
        var ends = [UInt32](repeating: 0, count: places.count)
        for place in memberships { ends[Int(place)] += 1 }
        var listStarts: [UInt32] = [0]
        listStarts.reserveCapacity(order.count + 1)
        var total: UInt32 = 0
        for place in order {
            let count = ends[Int(place)]
            ends[Int(place)] = total
            total += count
            listStarts.append(total)
        }
        var ids = [UInt32](repeating: 0, count: memberships.count)
        for id in 0..<seriesCount {
            for place in places(of: id) {
                ids[Int(ends[Int(place)])] = UInt32(id)
                ends[Int(place)] += 1
            }
        }
        return (ids, listStarts)
    }
}
