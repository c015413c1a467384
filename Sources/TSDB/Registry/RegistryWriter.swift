// A registry names the series of one span: a UTC day for raw data. Ids count from 0 in order of arrival and are never
// renumbered. One byte string, striped (Schema/Stripes.swift), searched in place:
//
//   header      "MR" version(2) flags(0)
//               series count, pair count, bytes of pairs, bytes of postings, bytes of series      (varints)
//   fences      a page of 32 pairs each: offset in pairs (u32), offset in postings (u32)          (little-endian)
//               every 32 series each:    offset in series (u32)
//   pairs       every distinct label pair, sorted by name, then value; its place is its rank. An entry:
//               head: bytes shared with the value before × 2, + 1 where a name follows: length and bytes. Else the name
//               is that of the entry before. A page's first entry has a name, and one with a name shares nothing
//               value: length of the rest, bytes
//               number of series × 2, + 1 where their ids follow one another
//               first id - that of the entry before (0 at a page's first), zigzag
//               bytes of its postings, unless the ids follow one another
//   postings    per pair, in order of rank, but for those whose ids follow one another: integer columns
//               (Codec/IntegerColumn.swift) of the ids behind the first, 65,536 a column: each less the one before,
//               less 1
//   series      per id, ranks of its pairs, ascending:
//               0, number of labels, rank of the first, differences of the others
//               or, where the series before on the page has as many labels: a bit for each label whose rank is another
//               one than there (the first is bit 0), then those ranks less the ones there, zigzag
//
//   One series up{job="a"}: pairs (__name__, up) and (job, a), no postings; series entry 00 02 00 01.
//
// Processes make it worth while: three series of each, the same labels but the name, often one id behind the other.
//
// Version 1 is read and no longer written. There a pair's entry is: 0 or name's length + 1 and bytes, bytes shared,
// length, bytes, number of series, bytes of postings; postings are runs of ids, (gap << 1 | more than one)
// [run length - 2]; a series is number of labels, first rank, differences.
//
// New series of the current day stand behind it in tail records (one a commit), each a list of whole label sets, which
// are merged into the string at the next seal:
//
//   tail        version(1) first id, count, then per series a field of Labels' bytes

import Model

/// Makes the byte strings described above.
enum RegistryWriter {
    static let magic = Array("MR".utf8)
    static let version: UInt8 = 2
    /// The version that is read as well.
    static let firstVersion: UInt8 = 1
    static let tailVersion: UInt8 = 1
    static let pageEntries = 32
    /// Ids a column, so that the postings of a million series do not take as many integers several times.
    static let postingsMax = 65_536
    /// A mask of labels has a bit for each.
    static let maskedLabelsMax = 63

    /// - Parameter series: the label set of each id.
    static func encode(_ series: [Labels]) -> [UInt8] {
        encode(count: series.count) { series[$0].bytes[...] }
    }

    /// - Parameter bytes: those of the label set of an id below `count`.
    static func encode(count: Int, _ bytes: (Int) -> ArraySlice<UInt8>) -> [UInt8] {
        var pairs = PairTable()
        for id in 0..<count { pairs.add(bytes(id), id: id, bytes) }
        let order = pairs.sorted(bytes)
        var fences = ByteWriter()
        let (pairBytes, postings) = encodePairs(pairs, order, bytes, &fences)
        let seriesBytes = encodeSeries(pairs, order, &fences)
        var out = ByteWriter(magic)
        out.u8(version)
        out.u8(0)
        for length in [count, pairs.count, pairBytes.count, postings.count, seriesBytes.count] { out.varint(length) }
        for part in [fences, pairBytes, postings, seriesBytes] { out.append(part.bytes) }
        return out.bytes
    }

    static func encodeTail(firstID: Int, _ series: ArraySlice<Labels>) -> [UInt8] {
        var writer = ByteWriter([tailVersion])
        writer.varint(firstID)
        writer.varint(series.count)
        for labels in series { writer.field(labels.bytes) }
        return writer.bytes
    }

    // MARK: - Pairs

    private static func encodePairs(
        _ pairs: PairTable, _ order: [UInt32], _ bytes: (Int) -> ArraySlice<UInt8>, _ fences: inout ByteWriter
    ) -> (pairs: ByteWriter, postings: ByteWriter) {
        let members = pairs.members(order)
        var writer = ByteWriter()
        var postings = ByteWriter()
        var previous: (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>, first: UInt32)?
        for (rank, place) in order.enumerated() {
            if rank % pageEntries == 0 {
                fences.u32le(UInt32(writer.count))
                fences.u32le(UInt32(postings.count))
                previous = nil
            }
            let (name, value) = pairs.fields(Int(place), bytes)
            let ids = members.ids[Int(members.starts[rank])..<Int(members.starts[rank + 1])]
            var shared = 0
            if let previous, previous.name == name {
                shared = zip(previous.value, value).prefix { $0 == $1 }.count
                writer.varint(shared << 1)
            } else {
                writer.varint(1)
                writer.field(name)
            }
            writer.varint(value.count - shared)
            writer.append(value.dropFirst(shared))
            let (first, last) = (ids.first ?? 0, ids.last ?? 0)
            let isRun = Int(last - first) == ids.count - 1
            writer.varint(ids.count << 1 | (isRun ? 1 : 0))
            writer.zigzag(Int64(first) - Int64(previous?.first ?? 0))
            if !isRun {
                let start = postings.count
                appendGaps(ids, to: &postings)
                writer.varint(postings.count - start)
            }
            previous = (name, value, first)
        }
        return (writer, postings)
    }

    private static func appendGaps(_ ids: ArraySlice<UInt32>, to writer: inout ByteWriter) {
        var gaps: [Int64] = []
        gaps.reserveCapacity(min(ids.count, postingsMax))
        for place in ids.indices.dropFirst() {
            gaps.append(Int64(ids[place]) - Int64(ids[place - 1]) - 1)
            if gaps.count == postingsMax {
                IntegerColumn.encode(gaps, orders: 0...0, into: &writer)
                gaps.removeAll(keepingCapacity: true)
            }
        }
        if !gaps.isEmpty { IntegerColumn.encode(gaps, orders: 0...0, into: &writer) }
    }

    // MARK: - Series

    private static func encodeSeries(
        _ pairs: PairTable, _ order: [UInt32], _ fences: inout ByteWriter
    ) -> ByteWriter {
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, place) in order.enumerated() { ranks[Int(place)] = UInt32(rank) }
        var writer = ByteWriter()
        var before: [Int64] = []
        for id in 0..<pairs.seriesCount {
            let own = pairs.places(of: id).map { Int64(ranks[Int($0)]) }
            if id % pageEntries == 0 {
                fences.u32le(UInt32(writer.count))
                before = []
            }
            var mask: UInt64 = 0
            if own.count == before.count, own.count <= maskedLabelsMax {
                for (place, rank) in own.enumerated() where rank != before[place] { mask |= 1 << UInt64(place) }
            }
            writer.varint(mask)
            if mask != 0 {
                for (place, rank) in own.enumerated() where rank != before[place] {
                    writer.zigzag(rank - before[place])
                }
            } else {
                writer.varint(own.count)
                var previous: Int64 = 0
                for rank in own {
                    writer.varint(UInt64(rank - previous))
                    previous = rank
                }
            }
            before = own
        }
        return writer
    }
}
