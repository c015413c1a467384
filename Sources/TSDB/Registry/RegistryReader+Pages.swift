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
        for pair in wanted { lists.append(try ids(pair, in: transaction)) }
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
            page = try RegistryReader.decodePage(
                bytes, entries: entries, postingStart: postingsOffset + postingStart, postingEnd: seriesOffset)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        pages[number] = page
        return page
    }

    private static func decodePage(
        _ bytes: [UInt8], entries: Int, postingStart: Int, postingEnd: Int
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
        var reader = ByteReader(bytes)
        var ids: [UInt32] = []
        do throws(CodecError) {
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
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
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
            for _ in 0..<Int(id) % RegistryWriter.pageEntries {
                for _ in 0..<(try entries.count(atMost: entries.remaining, "labels")) { _ = try entries.varint() }
            }
            var rank = 0
            for _ in 0..<(try entries.count(atMost: entries.remaining, "labels")) {
                rank += try entries.count(atMost: pairCount - rank, "rank")
                ranks.append(rank)
            }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        return ranks
    }
}
