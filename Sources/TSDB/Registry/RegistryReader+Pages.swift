import LMDB
import Model

// How the sorted part of a registry is read: pages of label pairs, postings, series entries.

extension RegistryReader {
    /// The union of the postings of the pairs named `name` whose value satisfies `isWanted`.
    /// - Parameter exact: the only value that can satisfy it, where there is one.
    mutating func postings(
        of name: String, exact: String?, in transaction: borrowing ReadTransaction,
        where isWanted: (ArraySlice<UInt8>) -> Bool
    ) throws(StoreError) -> [UInt32] {
        let value = exact.map { Array($0.utf8) }
        var wanted: [Pair] = []
        try forEachPair(named: Array(name.utf8), from: value ?? [], in: transaction) { pair throws(StoreError) in
            if let value, pair.value != value { return false }
            if isWanted(pair.value[...]) { wanted.append(pair) }
            return true
        }
        var lists: [[UInt32]] = []
        for pair in wanted {
            try stop.pass(1 + pair.seriesCount / 16)
            lists.append(try ids(pair, in: transaction))
        }
        return Postings.union(lists)
    }

    /// Calls `body` with the pairs named `name` whose value is not before `value`, in order, until it returns false.
    mutating func forEachPair(
        named name: [UInt8], from value: [UInt8], in transaction: borrowing ReadTransaction,
        _ body: (Pair) throws(StoreError) -> Bool
    ) throws(StoreError) {
        // The last page that does not begin behind the first pair wanted may hold it.
        var number = try firstPage(name, value, in: transaction)
        while number < pageCount {
            try stop.pass(RegistryWriter.pageEntries / 4)
            for pair in try page(number, in: transaction) {
                if pair.name.lexicographicallyPrecedes(name) { continue }
                if pair.name != name { return }
                if pair.value.lexicographicallyPrecedes(value) { continue }
                if try !body(pair) { return }
            }
            number += 1
        }
    }

    private mutating func firstPage(
        _ name: [UInt8], _ value: [UInt8], in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Int {
        var low = 0
        var high = pageCount
        while high - low > 1 {
            let middle = (low + high) / 2
            guard let first = try page(middle, in: transaction).first else { break }
            let isBefore =
                first.name == name
                ? first.value.lexicographicallyPrecedes(value) || first.value == value
                : first.name.lexicographicallyPrecedes(name)
            if isBefore { low = middle } else { high = middle }
        }
        return low
    }

    mutating func pair(_ rank: Int, in transaction: borrowing ReadTransaction) throws(StoreError) -> Pair {
        let page = try page(rank / RegistryWriter.pageEntries, in: transaction)
        let place = rank % RegistryWriter.pageEntries
        guard place < page.count else {
            throw .damaged(path: transaction.path, record: source.record, reason: "no label pair \(rank)")
        }
        return page[place]
    }

    mutating func page(_ number: Int, in transaction: borrowing ReadTransaction) throws(StoreError) -> [Pair] {
        if let known = pages[number] { return known }
        guard number >= 0, number < pageCount else {
            throw .damaged(path: transaction.path, record: source.record, reason: "no page \(number) of label pairs")
        }
        let isLast = number == pageCount - 1
        var fence: [UInt8] = []
        try source.read(fenceOffset + 8 * number, isLast ? 8 : 16, into: &fence, in: transaction)
        var bytes: [UInt8] = []
        let page: [Pair]
        do throws(CodecError) {
            var reader = ByteReader(fence)
            let start = Int(try reader.u32le())
            let postingStart = Int(try reader.u32le())
            let end = isLast ? postingsOffset - pairsOffset : Int(try reader.u32le())
            guard start <= end, end <= postingsOffset - pairsOffset else {
                throw .malformed(position: 0, reason: "fence of page \(number)")
            }
            do throws(StoreError) {
                try source.read(pairsOffset + start, end - start, into: &bytes, in: transaction)
            } catch {
                throw .malformed(position: 0, reason: error.description)
            }
            let entries = isLast ? pairCount - number * RegistryWriter.pageEntries : RegistryWriter.pageEntries
            let decode =
                version == RegistryWriter.firstVersion ? RegistryReader.decodeFirstPage : RegistryReader.decodePage
            page = try decode(bytes, entries, postingsOffset + postingStart, seriesOffset)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        pages[number] = page
        return page
    }

    private static func decodePage(
        _ bytes: [UInt8], _ entries: Int, _ postingStart: Int, _ postingEnd: Int
    ) throws(CodecError) -> [Pair] {
        var reader = ByteReader(bytes)
        var page: [Pair] = []
        var postings = postingStart
        var firstID: Int64 = 0
        for _ in 0..<entries {
            let start = reader.position
            let head = try reader.varint()
            let name: [UInt8]
            if head & 1 == 1 {
                name = Array(try reader.field())
            } else {
                guard let previous = page.last else { throw .malformed(position: start, reason: "page without a name") }
                name = previous.name
            }
            guard head & 1 == 0 || head == 1, let shared = Int(exactly: head >> 1),
                shared <= page.last?.value.count ?? 0
            else { throw .malformed(position: start, reason: "shared bytes of a value") }
            let value = (page.last?.value.prefix(shared) ?? []) + (try reader.field())
            let count = try reader.count(atMost: 2 * Int(UInt32.max), "number of series")
            firstID = firstID &+ (try reader.zigzag())
            guard let first = UInt32(exactly: firstID) else {
                throw .malformed(position: reader.position, reason: "first id of a label pair")
            }
            let isRun = count & 1 == 1
            let length = isRun ? 0 : try reader.count(atMost: postingEnd - postings, "bytes of postings")
            page.append(
                Pair(
                    name: name, value: Array(value), seriesCount: count >> 1, postings: postings..<postings + length,
                    firstID: first, isRun: isRun))
            postings += length
        }
        return page
    }

    private static func decodeFirstPage(
        _ bytes: [UInt8], _ entries: Int, _ postingStart: Int, _ postingEnd: Int
    ) throws(CodecError) -> [Pair] {
        var reader = ByteReader(bytes)
        var page: [Pair] = []
        var postings = postingStart
        for _ in 0..<entries {
            let nameLength = try reader.count(atMost: reader.remaining, "name length")
            let name: [UInt8]
            if nameLength == 0 {
                guard let previous = page.last else { throw .malformed(position: 0, reason: "page without a name") }
                name = previous.name
            } else {
                name = Array(try reader.slice(nameLength - 1))
            }
            let shared = try reader.count(atMost: page.last?.value.count ?? 0, "shared bytes")
            let rest = try reader.slice(try reader.count(atMost: reader.remaining, "value length"))
            let value = (page.last?.value.prefix(shared) ?? []) + rest
            let seriesCount = try reader.count(atMost: Int(UInt32.max), "number of series")
            let length = try reader.count(atMost: postingEnd - postings, "bytes of postings")
            page.append(
                Pair(
                    name: name, value: Array(value), seriesCount: seriesCount, postings: postings..<postings + length))
            postings += length
        }
        return page
    }

    mutating func ids(_ pair: Pair, in transaction: borrowing ReadTransaction) throws(StoreError) -> [UInt32] {
        var bytes: [UInt8] = []
        try source.read(pair.postings.lowerBound, pair.postings.count, into: &bytes, in: transaction)
        do throws(CodecError) {
            return version == RegistryWriter.firstVersion ? try runs(bytes, pair) : try gaps(bytes, pair)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    private func gaps(_ bytes: [UInt8], _ pair: Pair) throws(CodecError) -> [UInt32] {
        guard pair.seriesCount > 0, pair.seriesCount <= seriesCount, Int(pair.firstID) <= seriesCount - pair.seriesCount
        else { throw .malformed(position: 0, reason: "postings out of bounds") }
        if pair.isRun { return Array(pair.firstID..<pair.firstID + UInt32(pair.seriesCount)) }
        var reader = ByteReader(bytes)
        var ids = [pair.firstID]
        ids.reserveCapacity(pair.seriesCount)
        var id = Int64(pair.firstID)
        while ids.count < pair.seriesCount {
            let count = min(RegistryWriter.postingsMax, pair.seriesCount - ids.count)
            for gap in try IntegerColumn.decode(count: count, from: &reader) {
                guard gap >= 0, gap < Int64(seriesCount) - 1 - id else {
                    throw .malformed(position: reader.position, reason: "postings out of bounds")
                }
                id += gap + 1
                ids.append(UInt32(id))
            }
        }
        try reader.finish()
        return ids
    }

    private func runs(_ bytes: [UInt8], _ pair: Pair) throws(CodecError) -> [UInt32] {
        var reader = ByteReader(bytes)
        var ids: [UInt32] = []
        var next: UInt64 = 0
        while !reader.isAtEnd {
            let head = try reader.varint()
            let run = head & 1 == 0 ? 1 : Int(clamping: try reader.varint()) &+ 2
            let (first, overflow) = next.addingReportingOverflow(head >> 1)
            guard !overflow, run > 0, run <= pair.seriesCount - ids.count, first < seriesCount,
                run <= seriesCount - Int(first)
            else { throw .malformed(position: reader.position, reason: "postings out of bounds") }
            for id in first..<first + UInt64(run) { ids.append(UInt32(id)) }
            next = first + UInt64(run)
        }
        return ids
    }

    mutating func ranks(of id: UInt32, in transaction: borrowing ReadTransaction) throws(StoreError) -> [Int] {
        let page = Int(id) / RegistryWriter.pageEntries
        let lastPage = (seriesCount - 1) / RegistryWriter.pageEntries
        var fence: [UInt8] = []
        try source.read(
            fenceOffset + 8 * pageCount + 4 * page, page == lastPage ? 4 : 8, into: &fence, in: transaction)
        var bytes: [UInt8] = []
        var ranks: [Int] = []
        do throws(CodecError) {
            var reader = ByteReader(fence)
            let start = Int(try reader.u32le())
            let end = page == lastPage ? endOffset - seriesOffset : Int(try reader.u32le())
            guard start <= end, end <= endOffset - seriesOffset else {
                throw .malformed(position: 0, reason: "fence of series \(id)")
            }
            do throws(StoreError) {
                try source.read(seriesOffset + start, end - start, into: &bytes, in: transaction)
            } catch {
                throw .malformed(position: 0, reason: error.description)
            }
            var entries = ByteReader(bytes)
            let place = Int(id) % RegistryWriter.pageEntries
            if version == RegistryWriter.firstVersion {
                for _ in 0..<place {
                    for _ in 0..<(try entries.count(atMost: entries.remaining, "labels")) { _ = try entries.varint() }
                }
                try readRanks(&ranks, from: &entries)
            } else {
                for _ in 0...place { try readNextRanks(&ranks, from: &entries) }
            }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        return ranks
    }

    /// Ranks that are written whole.
    private func readRanks(_ ranks: inout [Int], from reader: inout ByteReader) throws(CodecError) {
        ranks.removeAll(keepingCapacity: true)
        var rank = 0
        for _ in 0..<(try reader.count(atMost: reader.remaining, "labels")) {
            rank += try reader.count(atMost: pairCount - rank, "rank")
            ranks.append(rank)
        }
    }

    /// Makes the ranks of the next series of a page out of those of the series before it.
    private func readNextRanks(_ ranks: inout [Int], from reader: inout ByteReader) throws(CodecError) {
        let start = reader.position
        var mask = try reader.varint()
        if mask == 0 { return try readRanks(&ranks, from: &reader) }
        while mask != 0 {
            let place = mask.trailingZeroBitCount
            mask &= mask - 1
            guard place < ranks.count, let rank = Int(exactly: Int64(ranks[place]) &+ (try reader.zigzag())),
                (0...pairCount).contains(rank)
            else { throw .malformed(position: start, reason: "rank") }
            ranks[place] = rank
        }
    }
}
