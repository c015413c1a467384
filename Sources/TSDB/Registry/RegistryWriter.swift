// A registry names the series of one span: a UTC day for raw data. Ids count from 0 in order of arrival and are never
// renumbered. One byte string, striped (Schema/Stripes.swift), searched in place:
//
//   header      "MR" version(1) flags(0)
//               series count, pair count, bytes of pairs, bytes of postings, bytes of series      (varints)
//   fences      a page of 32 pairs each: offset in pairs (u32), offset in postings (u32)          (little-endian)
//               every 32 series each:    offset in series (u32)
//   pairs       every distinct label pair, sorted by name, then value; its place is its rank. An entry:
//               name: 0 = that of the entry before, else length + 1 and bytes (always so at a page's first entry)
//               value: bytes shared with the value before (0 at a page's first entry or a new name), length, bytes
//               number of series, bytes of its postings
//   postings    per pair, in order of rank: runs of ids: (gap << 1 | more than one) [run length - 2]
//   series      per id: number of labels, rank of the first, differences of the others
//
//   One series up{job="a"}: pairs (__name__, up) and (job, a); both postings are one run "00"; series entry 02 00 01.
//
// New series of the current day stand behind it in tail records (one a commit), each a list of whole label sets, which
// are merged into the string at the next seal:
//
//   tail        version(1) first id, count, then per series a field of Labels' bytes

import Model

/// Makes the byte strings described above.
enum RegistryWriter {
    static let magic = Array("MR".utf8)
    static let version: UInt8 = 1
    static let pageEntries = 32

    /// - Parameter series: the label set of each id.
    static func encode(_ series: [Labels]) -> [UInt8] {
        let (pairs, memberships) = collectPairs(series)
        var pairBytes = ByteWriter()
        var postings = ByteWriter()
        var fences = ByteWriter()
        for (rank, pair) in pairs.enumerated() {
            if rank % pageEntries == 0 {
                fences.u32le(UInt32(pairBytes.count))
                fences.u32le(UInt32(postings.count))
            }
            let start = postings.count
            appendRuns(pair.ids, to: &postings)
            append(
                pair, after: rank % pageEntries == 0 ? nil : pairs[rank - 1], postingBytes: postings.count - start,
                to: &pairBytes)
        }
        var seriesBytes = ByteWriter()
        for (id, ranks) in memberships.enumerated() {
            if id % pageEntries == 0 { fences.u32le(UInt32(seriesBytes.count)) }
            seriesBytes.varint(ranks.count)
            var previous = 0
            for rank in ranks {
                seriesBytes.varint(rank - previous)
                previous = rank
            }
        }
        var out = ByteWriter(magic)
        out.u8(version)
        out.u8(0)
        for count in [series.count, pairs.count, pairBytes.count, postings.count, seriesBytes.count] {
            out.varint(count)
        }
        out.append(fences.bytes)
        out.append(pairBytes.bytes)
        out.append(postings.bytes)
        out.append(seriesBytes.bytes)
        return out.bytes
    }

    static func encodeTail(firstID: Int, _ series: ArraySlice<Labels>) -> [UInt8] {
        var writer = ByteWriter([version])
        writer.varint(firstID)
        writer.varint(series.count)
        for labels in series { writer.field(labels.bytes) }
        return writer.bytes
    }

    private struct Pair {
        var name: ArraySlice<UInt8>
        var value: ArraySlice<UInt8>
        var ids: [UInt32] = []
    }

    /// The distinct pairs in order of rank, and the ranks of each series in ascending order.
    private static func collectPairs(_ series: [Labels]) -> (pairs: [Pair], memberships: [[Int]]) {
        var places: [ArraySlice<UInt8>: Int] = [:]
        var pairs: [Pair] = []
        var memberships: [[Int]] = []
        memberships.reserveCapacity(series.count)
        for (id, labels) in series.enumerated() {
            var members: [Int] = []
            var start = 0
            labels.forEachField { name, value in
                // Both lengths are part of the key, so that no two pairs look alike.
                let key = labels.bytes[start..<value.upperBound]
                start = value.upperBound
                let place = places[key] ?? pairs.count
                if place == pairs.count {
                    places[key] = place
                    pairs.append(Pair(name: labels.bytes[name], value: labels.bytes[value]))
                }
                pairs[place].ids.append(UInt32(id))
                members.append(place)
            }
            memberships.append(members)
        }
        let order = pairs.indices.sorted { precedes(pairs[$0], pairs[$1]) }
        var ranks = [Int](repeating: 0, count: pairs.count)
        for (rank, place) in order.enumerated() { ranks[place] = rank }
        // Labels are sorted by name and pairs by name first, so the ranks of a series ascend.
        return (order.map { pairs[$0] }, memberships.map { $0.map { ranks[$0] } })
    }

    private static func precedes(_ lhs: Pair, _ rhs: Pair) -> Bool {
        if lhs.name != rhs.name { return lhs.name.lexicographicallyPrecedes(rhs.name) }
        return lhs.value.lexicographicallyPrecedes(rhs.value)
    }

    private static func append(_ pair: Pair, after previous: Pair?, postingBytes: Int, to writer: inout ByteWriter) {
        var shared = 0
        if let previous, previous.name == pair.name {
            writer.varint(0)
            shared = zip(previous.value, pair.value).prefix { $0 == $1 }.count
        } else {
            writer.varint(pair.name.count + 1)
            writer.append(pair.name)
        }
        writer.varint(shared)
        writer.varint(pair.value.count - shared)
        writer.append(pair.value.dropFirst(shared))
        writer.varint(pair.ids.count)
        writer.varint(postingBytes)
    }

    private static func appendRuns(_ ids: [UInt32], to writer: inout ByteWriter) {
        var at = 0
        var next: UInt32 = 0
        while at < ids.count {
            var end = at + 1
            while end < ids.count, ids[end] == ids[end - 1] + 1 { end += 1 }
            writer.varint(UInt64(ids[at] - next) << 1 | (end - at > 1 ? 1 : 0))
            if end - at > 1 { writer.varint(end - at - 2) }
            next = ids[end - 1] + 1
            at = end
        }
    }
}
