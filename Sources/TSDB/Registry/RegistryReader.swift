import LMDB
import Model

/// Looks series up in the registry of one span, through the map: a look-up reads the pages it needs and no others.
/// The format is drawn in RegistryWriter.swift.
struct RegistryReader {
    /// One label pair and where its postings lie.
    struct Pair {
        var name: [UInt8]
        var value: [UInt8]
        var seriesCount: Int
        var postings: Range<Int>
        /// The lowest id of its series, and whether the others follow it one by one. Version 1 has all in its postings.
        var firstID: UInt32 = 0
        var isRun = false
    }

    /// Start of the span in seconds.
    let start: Int64
    var source: StripedReader
    private(set) var version = RegistryWriter.version
    var seriesCount = 0
    var pairCount = 0
    var fenceOffset = 0
    var pairsOffset = 0
    var postingsOffset = 0
    var seriesOffset = 0
    var endOffset = 0
    /// Pages that were decoded, by number.
    var pages: [Int: [Pair]] = [:]
    /// Whether a search goes on.
    var stop = StopCheck()
    /// Label sets behind the sorted part: id = seriesCount + place.
    private var tail: [Labels] = []

    var pageCount: Int { (pairCount + RegistryWriter.pageEntries - 1) / RegistryWriter.pageEntries }

    /// Number of tail records.
    private(set) var tailCount = 0

    /// Number of series; ids are below it.
    var count: Int { seriesCount + tail.count }

    /// - Parameter damage: what is damaged is named there, and series whose names are lost get ``lostSeries(_:in:)``;
    ///   without it the damage is thrown. A writer gives ids, so it must not go on from less than all of them.
    /// - Throws: ``StoreError`` where the registry is damaged or of an unknown format.
    init(
        start: Int64, stripeBytes: Int, span: RegistrySpan = .day, tolerating damage: DamageList? = nil,
        stop: StopCheck = StopCheck(), in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        self.start = start
        self.stop = stop
        source = StripedReader(stripeBytes: stripeBytes, record: "registry of \(UTCText.format(seconds: start))") {
            Key.registry(span: span, start: start, stripe: $0)
        }
        do throws(StoreError) {
            try readHeader(transaction)
        } catch {
            guard let damage else { throw error }
            try damage.tolerate(error)
            (seriesCount, pairCount) = (0, 0)
        }
        try readTail(span, damage, transaction)
    }

    /// Stands for the labels of a series whose name is lost, so that its samples are not.
    static func lostSeries(_ id: Int, in start: Int64) -> Labels {
        Labels(name: "lost_series", ["id": "\(id)", "day": UTCText.format(seconds: start)])
    }

    private mutating func readHeader(_ transaction: borrowing ReadTransaction) throws(StoreError) {
        var bytes: [UInt8] = []
        // The header is at most 4 + 5 · 10 bytes; a smaller registry is shorter than that.
        try source.read(0, 54, into: &bytes, isPartial: true, in: transaction)
        // A day that has only tail records so far has no sorted part.
        if bytes.isEmpty { return }
        var reader = ByteReader(bytes)
        do throws(CodecError) {
            guard Array(try reader.slice(2)) == RegistryWriter.magic else {
                throw .malformed(position: 0, reason: "magic")
            }
            version = try reader.u8()
            let flags = try reader.u8()
            guard RegistryWriter.firstVersion...RegistryWriter.version ~= version, flags == 0 else {
                throw .unknownVersion(position: 2, number: version)
            }
            // Offsets within a registry are 32-bit.
            let limit = Int(UInt32.max)
            seriesCount = try reader.count(atMost: limit, "series count")
            pairCount = try reader.count(atMost: limit, "pair count")
            let pairBytes = try reader.count(atMost: limit, "bytes of pairs")
            let postingBytes = try reader.count(atMost: limit, "bytes of postings")
            let seriesBytes = try reader.count(atMost: limit, "bytes of series")
            fenceOffset = reader.position
            let seriesFences = (seriesCount + RegistryWriter.pageEntries - 1) / RegistryWriter.pageEntries
            pairsOffset = fenceOffset + 8 * pageCount + 4 * seriesFences
            postingsOffset = pairsOffset + pairBytes
            seriesOffset = postingsOffset + postingBytes
            endOffset = seriesOffset + seriesBytes
            // A pair takes four bytes at least, a series one, and what is promised is there: no count is believed that
            // memory would be taken for.
            guard pairCount <= pairBytes / 4, seriesCount <= seriesBytes else {
                throw .malformed(position: 4, reason: "more entries than bytes")
            }
            do throws(StoreError) {
                guard try source.hasByte(at: endOffset - 1, in: transaction) else {
                    throw .damaged(path: transaction.path, record: source.record, reason: "it is cut short")
                }
            } catch {
                throw .malformed(position: 4, reason: error.description)
            }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    private mutating func readTail(
        _ span: RegistrySpan, _ damage: DamageList?, _ transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        let first = Key.registry(span: span, start: start, stripe: Key.firstTailStripe)
        let path = transaction.path
        let record = source.record
        var found: [Labels] = []
        var records = 0
        let sortedCount = seriesCount
        let start = self.start
        var stop = stop
        try transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.registryKey(), name.span == span.rawValue, name.start == start else { return .stop }
            records += 1
            var isComplete = true
            do throws(CodecError) {
                guard let payload = Checksum.payload(of: value, key: key) else {
                    throw .malformed(position: 0, reason: "wrong checksum of a tail record")
                }
                if damage != nil, let first = RegistryReader.firstID(ofTail: payload) {
                    // What lies before it is lost: its ids get names all the same.
                    while sortedCount + found.count < first {
                        found.append(RegistryReader.lostSeries(sortedCount + found.count, in: start))
                    }
                }
                isComplete = try RegistryReader.decodeTail(
                    payload, nextID: sortedCount + found.count, into: &found, &stop)
            } catch {
                let error = StoreError(error, path: path, record: record)
                guard let damage else { throw error }
                try damage.tolerate(error)
            }
            if !isComplete { throw StopCheck.stopped }
            return .next
        }
        tailCount = records
        tail = found
    }

    /// The first id of a tail record; nil where it makes no sense.
    private static func firstID(ofTail payload: [UInt8]) -> Int? {
        var reader = ByteReader(payload)
        guard (try? reader.u8()) == RegistryWriter.tailVersion else { return nil }
        return try? reader.count(atMost: 1 << 24, "first id")
    }

    /// - Returns: False where the caller has given up.
    private static func decodeTail(
        _ payload: [UInt8], nextID: Int, into found: inout [Labels], _ stop: inout StopCheck
    ) throws(CodecError) -> Bool {
        var reader = ByteReader(payload)
        let version = try reader.u8()
        guard version == RegistryWriter.tailVersion else { throw .unknownVersion(position: 0, number: version) }
        let firstID = try reader.varint()
        guard firstID == UInt64(nextID) else { throw .malformed(position: 1, reason: "ids do not follow") }
        let count = try reader.count(atMost: reader.remaining, "series count")
        for _ in 0..<count {
            if !stop.goesOn() { return false }
            guard let labels = Labels(bytes: Array(try reader.field())) else {
                throw .malformed(position: reader.position, reason: "labels")
            }
            found.append(labels)
        }
        try reader.finish()
        return true
    }

    // MARK: - Looking up

    /// The ids of the series that satisfy all matchers, ascending.
    mutating func ids(
        matching matchers: [Matcher], in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [UInt32] {
        var result: [UInt32]?
        for matcher in matchers where !matcher.matchesEmpty {
            let exact = matcher.operation == .equal ? matcher.value : nil
            let matched = try postings(of: matcher.name, exact: exact, in: transaction) { matcher.matches($0) }
            result = result.map { Postings.intersection($0, matched) } ?? matched
            if result?.isEmpty == true { break }
        }
        var ids = result ?? Array(0..<UInt32(seriesCount))
        for matcher in matchers where matcher.matchesEmpty && !ids.isEmpty {
            // A series without the label satisfies it, so only the values that do not are taken away.
            let exact = matcher.operation == .notEqual ? matcher.value : nil
            let refused = try postings(of: matcher.name, exact: exact, in: transaction) { !matcher.matches($0) }
            ids = Postings.subtracting(ids, refused)
        }
        for (place, labels) in tail.enumerated() {
            try stop.pass()
            if matchers.allSatisfy({ $0.matches(labels) }) { ids.append(UInt32(seriesCount + place)) }
        }
        return ids
    }

    /// The label set of a series.
    mutating func labels(of id: UInt32, in transaction: borrowing ReadTransaction) throws(StoreError) -> Labels {
        if Int(id) >= seriesCount {
            guard Int(id) - seriesCount < tail.count else {
                throw .damaged(path: transaction.path, record: source.record, reason: "no series \(id)")
            }
            return tail[Int(id) - seriesCount]
        }
        var bytes: [UInt8] = []
        for rank in try ranks(of: id, in: transaction) {
            let pair = try pair(rank, in: transaction)
            Labels.append(name: pair.name, value: pair.value, to: &bytes)
        }
        return Labels(uncheckedBytes: bytes)
    }

    /// All labels in order of id.
    /// - Parameter damage: series whose names are damaged are named there and become ``lostSeries(_:in:)``; without it
    ///   the damage is thrown.
    mutating func allLabels(
        tolerating damage: DamageList? = nil, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [Labels] {
        var all: [Labels] = []
        for id in 0..<UInt32(count) {
            do throws(StoreError) {
                all.append(try labels(of: id, in: transaction))
            } catch {
                guard let damage else { throw error }
                try damage.tolerate(error, series: true)
                all.append(RegistryReader.lostSeries(Int(id), in: start))
            }
        }
        return all
    }

    /// The distinct names of labels.
    mutating func labelNames(in transaction: borrowing ReadTransaction) throws(StoreError) -> Set<[UInt8]> {
        var names: Set<[UInt8]> = []
        for number in 0..<pageCount {
            for pair in try page(number, in: transaction) { names.insert(pair.name) }
        }
        for labels in tail { labels.forEachField { name, _ in names.insert(Array(labels.bytes[name])) } }
        return names
    }

    /// The distinct values of the label `name`.
    mutating func labelValues(
        of name: String, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Set<[UInt8]> {
        var values: Set<[UInt8]> = []
        try forEachPair(named: Array(name.utf8), from: [], in: transaction) { pair throws(StoreError) in
            values.insert(pair.value)
            return true
        }
        for labels in tail {
            if let value = labels.value(of: name) { values.insert(Array(labels.bytes[value])) }
        }
        return values
    }
}
