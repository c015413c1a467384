import LMDB
import Model

/// Reads series out of one block (drawn in Block.swift). Opening it reads the header and the presence lists; a series
/// costs its column of times and its directory segment, which are kept, and its chunk.
struct BlockReader {
    /// What decoding needs, for all blocks that one thread reads.
    final class Workspace {
        var huffman = HuffmanDecoder()
    }

    /// Where one series lies.
    struct Entry {
        var id: UInt32
        /// Place in the directory.
        var index: Int
        var timeColumn: Int
        var presence: Int
        /// Offset in the block's bytes, and length.
        var chunkOffset: Int
        var chunkBytes: Int
    }

    private var source: StripedReader
    private(set) var seriesCount = 0
    private var fences: [(firstID: UInt32, directory: Int, chunk: Int)] = []
    private var times = TimeColumns()
    private var presence: [Presence] = []
    private var parameters: [UInt64] = []
    private var directoryOffset = 0
    private var directoryBytes = 0
    /// Where the chunks begin: bytes of all that comes before them.
    private(set) var chunkOffset = 0
    /// Those that were decoded.
    private var segments: [[Entry]?] = []
    private var buffer: [UInt8] = []
    var workspace: Workspace

    /// - Parameter record: names the block in messages.
    init(
        stripeBytes: Int, record: String, workspace: Workspace = Workspace(), key: @escaping (UInt16) -> [UInt8],
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        self.workspace = workspace
        source = StripedReader(stripeBytes: stripeBytes, record: record, key: key)
        var bytes: [UInt8] = []
        try source.read(0, Block.headerBytesMax, into: &bytes, isPartial: true, in: transaction)
        do throws(CodecError) {
            var reader = ByteReader(bytes)
            guard Array(try reader.slice(2)) == Block.magic else { throw .malformed(position: 0, reason: "magic") }
            let version = try reader.u8()
            let flags = try reader.u8()
            guard version == Block.version, flags == 0 else { throw .unknownVersion(position: 2, number: version) }
            let ticks = try reader.count(atMost: CodecLimits.columnValuesMax, "tick count")
            seriesCount = try reader.count(atMost: Int(UInt32.max), "series count")
            let start = try reader.zigzag()
            guard let interval = Int64(exactly: try reader.varint()) else {
                throw .malformed(position: reader.position, reason: "interval")
            }
            // What stripe numbers can address.
            let limit = stripeBytes * Int(UInt16.max)
            let timeBytes = try reader.count(atMost: limit, "bytes of times")
            let presenceBytes = try reader.count(atMost: limit, "bytes of presence")
            let parameterBytes = try reader.count(atMost: limit, "bytes of parameters")
            directoryBytes = try reader.count(atMost: limit, "bytes of the directory")
            let fenceCount = (seriesCount + Block.segmentEntries - 1) / Block.segmentEntries
            guard fenceCount * Block.fenceBytes <= limit else {
                throw .malformed(position: reader.position, reason: "series count")
            }
            let timesOffset = reader.position + fenceCount * Block.fenceBytes
            let headBytes = fenceCount * Block.fenceBytes + timeBytes + presenceBytes + parameterBytes
            var head: [UInt8] = []
            try source.read(reader.position, headBytes, into: &head, wrapping: transaction)
            directoryOffset = timesOffset + timeBytes + presenceBytes + parameterBytes
            chunkOffset = directoryOffset + directoryBytes
            var parts = ByteReader(head)
            for _ in 0..<fenceCount {
                fences.append((try parts.u32le(), Int(try parts.u32le()), Int(try parts.u32le())))
            }
            segments = [[Entry]?](repeating: nil, count: fenceCount)
            times = try TimeColumns(from: &parts, ticks: ticks, start: start, interval: interval)
            presence = try BlockReader.decodePresence(&parts, ticks: ticks)
            parameters = try BlockReader.decodeParameters(&parts)
            try parts.finish()
        } catch {
            throw StoreError(error, path: transaction.path, record: record)
        }
    }

    private static func decodePresence(_ reader: inout ByteReader, ticks: Int) throws(CodecError) -> [Presence] {
        var lists: [Presence] = []
        for _ in 0..<(try reader.count(atMost: reader.remaining, "presence lists")) {
            var list = Presence()
            var end = 0
            for _ in 0..<(try reader.count(atMost: reader.remaining, "runs")) {
                let gap = try reader.count(atMost: ticks - end, "gap of a run")
                let length = try reader.count(atMost: ticks - end - gap, "length of a run")
                list.runs.append(Presence.Run(gap: gap, length: length))
                end += gap + length
            }
            lists.append(list)
        }
        return lists
    }

    private static func decodeParameters(_ reader: inout ByteReader) throws(CodecError) -> [UInt64] {
        var parameters: [UInt64] = []
        for _ in 0..<(try reader.count(atMost: reader.remaining / 8, "parameters")) {
            parameters.append(try reader.u64le())
        }
        return parameters
    }

    // MARK: - Series

    /// Where the series lies; nil where the block has none of that id.
    mutating func entry(
        of id: UInt32, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Entry? {
        let next = fences.indices.partitioned { fences[$0].firstID <= id }
        guard next > 0 else { return nil }
        let entries = try segment(next - 1, in: transaction)
        let place = entries.indices.partitioned { entries[$0].id < id }
        return place < entries.count && entries[place].id == id ? entries[place] : nil
    }

    /// The lowest and the highest id that the block has; nil where it has no series.
    mutating func idBounds(in transaction: borrowing ReadTransaction) throws(StoreError) -> ClosedRange<UInt32>? {
        guard let first = fences.first?.firstID,
            let last = try segment(fences.count - 1, in: transaction).last?.id, first <= last
        else { return nil }
        return first...last
    }

    /// All series of the block in order of ids.
    mutating func allEntries(in transaction: borrowing ReadTransaction) throws(StoreError) -> [Entry] {
        var all: [Entry] = []
        for number in fences.indices { all += try segment(number, in: transaction) }
        return all
    }

    /// What was decoded so far and is kept, about.
    var decodedBytes: Int {
        let entries = segments.reduce(0) { $0 + ($1?.count ?? 0) } * MemoryLayout<Entry>.stride
        let runs = presence.reduce(0) { $0 + 32 + $1.runs.count * MemoryLayout<Presence.Run>.stride }
        return 1024 + source.checkedBytes + times.decodedBytes + entries + runs + 24 * fences.count
    }

    /// Lets go of the bytes that were read last, and of the workspace.
    mutating func forgetChunks() {
        workspace = Workspace()
        buffer = []
        source.forget()
    }

    /// Number of the directory's segments.
    var segmentCount: Int { fences.count }

    /// Whether the block's bytes end where its last chunk does.
    mutating func endsBehindItsChunks(in transaction: borrowing ReadTransaction) throws(StoreError) -> Bool {
        guard segmentCount > 0, let last = try segment(segmentCount - 1, in: transaction).last else {
            return try !source.hasByte(at: chunkOffset, in: transaction)
        }
        let end = last.chunkOffset + last.chunkBytes
        if try source.hasByte(at: end, in: transaction) { return false }
        return try source.hasByte(at: end - 1, in: transaction)
    }

    /// The entries of one segment of the directory.
    mutating func segment(
        _ number: Int, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [Entry] {
        if let known = segments[number] { return known }
        let fence = fences[number]
        let end = number + 1 < fences.count ? fences[number + 1].directory : directoryBytes
        var entries: [Entry] = []
        do throws(CodecError) {
            guard fence.directory <= end, end <= directoryBytes else {
                throw .malformed(position: 0, reason: "fence of the directory")
            }
            var bytes: [UInt8] = []
            try source.read(
                directoryOffset + fence.directory, end - fence.directory, into: &bytes, wrapping: transaction)
            // The decoder's wide loads want 16 readable bytes behind.
            bytes.append(contentsOf: repeatElement(0, count: 16))
            var reader = ByteReader(bytes, from: 0, to: bytes.count - 16)
            let count = min(Block.segmentEntries, seriesCount - number * Block.segmentEntries)
            let gaps = try IntegerColumn.decode(count: count, from: &reader, using: &workspace.huffman)
            let columns = try IntegerColumn.decode(count: count, from: &reader, using: &workspace.huffman)
            let lists = try IntegerColumn.decode(count: count, from: &reader, using: &workspace.huffman)
            let lengths = try IntegerColumn.decode(count: count, from: &reader, using: &workspace.huffman)
            try reader.finish()
            var id = Int64(fence.firstID) - 1
            var offset = chunkOffset + fence.chunk
            for place in 0..<count {
                id = id &+ gaps[place] &+ 1
                guard let small = UInt32(exactly: id), gaps[place] >= 0,
                    (0..<Int64(times.count)).contains(columns[place]),
                    (0...Int64(presence.count)).contains(lists[place]), (0...Int64(UInt32.max)).contains(lengths[place])
                else { throw .malformed(position: place, reason: "directory entry") }
                entries.append(
                    Entry(
                        id: small, index: number * Block.segmentEntries + place, timeColumn: Int(columns[place]),
                        presence: Int(lists[place]), chunkOffset: offset, chunkBytes: Int(lengths[place])))
                offset += Int(lengths[place])
            }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        segments[number] = entries
        return entries
    }

    /// Appends the samples of one series that lie in [`min`, `max`] to `column`.
    mutating func read(
        _ entry: Entry, from min: Int64, through max: Int64, using decoder: inout ChunkDecoder,
        _ values: inout [Double], into column: inout SampleColumn, in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        try readValues(
            entry, from: min, through: max, using: &decoder, &values, into: &column.values, in: transaction)
        try readTimes(entry, from: min, through: max, into: &column.timestamps, in: transaction)
    }

    /// The values alone of what ``read(_:from:through:using:_:into:in:)`` gives.
    mutating func readValues(
        _ entry: Entry, from min: Int64, through max: Int64, using decoder: inout ChunkDecoder,
        _ room: inout [Double], into values: inout [Double], in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        let times = try times(of: entry, in: transaction)
        guard let first = times.first, let last = times.last, first <= max, last >= min else { return }
        if entry.presence == 0, first >= min, last <= max {
            // A whole chunk goes where it is wanted at once.
            return try decode(entry, count: times.count, using: &decoder, into: &values, in: transaction)
        }
        room.removeAll(keepingCapacity: true)
        try decode(entry, count: sampleCount(entry), using: &decoder, into: &room, in: transaction)
        try forEachRun(of: entry, times, from: min, through: max, path: transaction.path) { ticks, tick, value in
            let start = value + ticks.lowerBound - tick
            values.append(contentsOf: room[start..<start + ticks.count])
        }
    }

    /// The times alone of what ``read(_:from:through:using:_:into:in:)`` gives.
    mutating func readTimes(
        _ entry: Entry, from min: Int64, through max: Int64, into result: inout [Int64],
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        let times = try times(of: entry, in: transaction)
        guard let first = times.first, let last = times.last, first <= max, last >= min else { return }
        if entry.presence == 0, first >= min, last <= max { return result.append(contentsOf: times) }
        try forEachRun(of: entry, times, from: min, through: max, path: transaction.path) { ticks, _, _ in
            result.append(contentsOf: times[ticks])
        }
    }

    /// Hands out the ticks of each run of a series that lie in [`min`, `max`], the tick that the run begins with, and
    /// which value of the chunk that is.
    private func forEachRun(
        of entry: Entry, _ times: [Int64], from min: Int64, through max: Int64, path: String,
        _ body: (_ ticks: Range<Int>, _ tick: Int, _ value: Int) -> Void
    ) throws(StoreError) {
        if entry.presence == 0 {
            return body(BlockReader.indices(of: times, in: 0..<times.count, from: min, through: max), 0, 0)
        }
        var tick = 0
        var value = 0
        for run in presence[entry.presence - 1].runs {
            tick += run.gap
            // A list may belong to a longer column than this one only in damaged bytes.
            guard tick + run.length <= times.count else {
                throw .damaged(path: path, record: source.record, reason: "presence beyond the times")
            }
            body(
                BlockReader.indices(of: times, in: tick..<tick + run.length, from: min, through: max), tick, value)
            tick += run.length
            value += run.length
        }
    }

    private mutating func times(
        of entry: Entry, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [Int64] {
        do throws(CodecError) {
            return try times.column(entry.timeColumn, using: &workspace.huffman)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    /// All columns of times.
    mutating func allTimes(in transaction: borrowing ReadTransaction) throws(StoreError) -> [[Int64]] {
        do throws(CodecError) {
            return try times.all(using: &workspace.huffman)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    /// The bytes of a chunk, and 16 more.
    mutating func chunk(_ entry: Entry, in transaction: borrowing ReadTransaction) throws(StoreError) -> [UInt8] {
        try load(entry, in: transaction)
        return buffer
    }

    /// Number of samples of a series, from the directory alone.
    func sampleCount(_ entry: Entry) -> Int {
        entry.presence == 0 ? times.counts[entry.timeColumn] : presence[entry.presence - 1].count
    }

    /// Appends the whole chunk to `values`.
    private mutating func decode(
        _ entry: Entry, count: Int, using decoder: inout ChunkDecoder, into values: inout [Double],
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        try load(entry, in: transaction)
        do throws(CodecError) {
            guard ColumnRelation.isReference(buffer, count: entry.chunkBytes) else {
                return try decoder.decode(buffer, from: 0, to: entry.chunkBytes, count: count, into: &values)
            }
            var reader = ByteReader(buffer, from: 0, to: entry.chunkBytes)
            let (relation, distance) = try ColumnRelation.decode(from: &reader, parameters: parameters)
            let other = try self.entry(distance, before: entry, in: transaction)
            // The decoder refuses a reference, so that none leads to another.
            let start = values.count
            try decoder.decode(buffer, from: 0, to: other.chunkBytes, count: count, into: &values)
            relation.apply(to: &values, from: start)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    /// The entry that a reference leads to, its chunk in `buffer`.
    private mutating func entry(
        _ distance: Int, before entry: Entry, in transaction: borrowing ReadTransaction
    ) throws(CodecError) -> Entry {
        let index = entry.index - distance
        guard index >= 0 else { throw .malformed(position: 2, reason: "reference to before the first series") }
        do throws(StoreError) {
            let other = try segment(index / Block.segmentEntries, in: transaction)[index % Block.segmentEntries]
            if other.timeColumn == entry.timeColumn, other.presence == entry.presence {
                try load(other, in: transaction)
                return other
            }
        } catch {
            throw .malformed(position: 2, reason: error.description)
        }
        throw .malformed(position: 2, reason: "reference to a series of other times")
    }

    /// Fills `buffer` with a chunk and the 16 readable bytes that the decoder's wide loads want behind it.
    private mutating func load(_ entry: Entry, in transaction: borrowing ReadTransaction) throws(StoreError) {
        buffer.removeAll(keepingCapacity: true)
        buffer.reserveCapacity(entry.chunkBytes + 16)
        try source.read(entry.chunkOffset, entry.chunkBytes, into: &buffer, in: transaction)
        for _ in 0..<16 { buffer.append(0) }
    }

    /// The part of `range` whose times lie in [`min`, `max`].
    private static func indices(
        of times: [Int64], in range: Range<Int>, from min: Int64, through max: Int64
    ) -> Range<Int> {
        let lower = range.partitioned { times[$0] < min }
        let upper = (lower..<range.upperBound).partitioned { times[$0] <= max }
        return lower..<upper
    }
}

extension StripedReader {
    /// As `read`, for use among decoding steps: an error becomes a ``CodecError`` that carries its words.
    mutating func read(
        _ offset: Int, _ count: Int, into buffer: inout [UInt8], wrapping transaction: borrowing ReadTransaction
    ) throws(CodecError) {
        do throws(StoreError) {
            try read(offset, count, into: &buffer, in: transaction)
        } catch {
            throw .malformed(position: offset, reason: error.description)
        }
    }
}
