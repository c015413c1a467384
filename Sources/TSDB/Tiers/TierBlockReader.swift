import LMDB
import Model

/// Reads series out of one block of windows (drawn in TierBlock.swift). Opening it reads the header, the fences and the
/// shapes' bytes; a series costs its directory segment, which is kept, its shape, which is kept where it is shared, and
/// its values.
struct TierBlockReader {
    /// Where one series lies.
    struct Entry {
        var id: UInt32
        /// Its place in the directory.
        var index: Int
        /// Offset in the block's bytes, and length.
        var offset: Int
        var byteCount: Int
    }

    private let layer: TierLayer
    private let start: Int64
    private var source: StripedReader
    private(set) var seriesCount = 0
    private var fences: [(firstID: UInt32, directory: Int, group: Int)] = []
    private var shapeBytes: [[UInt8]] = []
    private var shapes: [Int: WindowShape] = [:]
    private var directoryOffset = 0
    private var directoryBytes = 0
    private var segments: [Int: [Entry]] = [:]

    /// - Parameters:
    ///   - start: of the span, in seconds, as the key has it.
    ///   - record: names the block in messages.
    init(
        _ layer: TierLayer, start: Int64, stripeBytes: Int, record: String, key: @escaping (UInt16) -> [UInt8],
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        self.layer = layer
        self.start = start
        source = StripedReader(stripeBytes: stripeBytes, record: record, key: key)
        var bytes: [UInt8] = []
        try source.read(0, TierBlock.headerBytesMax, into: &bytes, isPartial: true, in: transaction)
        do throws(CodecError) {
            try readHead(bytes, limit: stripeBytes * Int(UInt16.max), in: transaction)
        } catch {
            throw StoreError(error, path: transaction.path, record: record)
        }
    }

    private mutating func readHead(
        _ bytes: [UInt8], limit: Int, in transaction: borrowing ReadTransaction
    ) throws(CodecError) {
        var reader = ByteReader(bytes)
        guard Array(try reader.slice(2)) == TierBlock.magic else { throw .malformed(position: 0, reason: "magic") }
        let version = try reader.u8()
        guard version == TierBlock.version else { throw .unknownVersion(position: 2, number: version) }
        guard try reader.u8() == layer.tier.rawValue, try reader.zigzag() == start,
            try reader.varint() == UInt64(layer.spanSeconds)
        else { throw .malformed(position: 3, reason: "it is of another span or tier than its key says") }
        // What stripe numbers can address; an entry of the directory takes a part of a byte only.
        seriesCount = try reader.count(atMost: limit, "series count")
        let shapesLength = try reader.count(atMost: limit, "bytes of shapes")
        directoryBytes = try reader.count(atMost: limit, "bytes of the directory")
        let fenceCount = (seriesCount + TierBlock.segmentEntries - 1) / TierBlock.segmentEntries
        let headBytes = fenceCount * TierBlock.fenceBytes + shapesLength
        directoryOffset = reader.position + headBytes
        var head: [UInt8] = []
        try source.read(reader.position, headBytes, into: &head, wrapping: transaction)
        var parts = ByteReader(head)
        for _ in 0..<fenceCount {
            fences.append((try parts.u32le(), Int(try parts.u32le()), Int(try parts.u32le())))
        }
        for _ in 0..<(try parts.count(atMost: parts.remaining, "shapes")) {
            shapeBytes.append(Array(try parts.field()))
        }
        try parts.finish()
    }

    // MARK: - Series

    /// Where the series lies; nil where the block has none of that id.
    mutating func entry(of id: UInt32, in transaction: borrowing ReadTransaction) throws(StoreError) -> Entry? {
        let next = fences.indices.partitioned { fences[$0].firstID <= id }
        guard next > 0 else { return nil }
        let entries = try segment(next - 1, in: transaction)
        let place = entries.indices.partitioned { entries[$0].id < id }
        return place < entries.count && entries[place].id == id ? entries[place] : nil
    }

    /// All series of the block in order of ids.
    mutating func allEntries(in transaction: borrowing ReadTransaction) throws(StoreError) -> [Entry] {
        var all: [Entry] = []
        for number in fences.indices { all += try segment(number, in: transaction) }
        return all
    }

    /// Number of the directory's segments.
    var segmentCount: Int { fences.count }

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
            var reader = ByteReader(bytes)
            let count = min(TierBlock.segmentEntries, seriesCount - number * TierBlock.segmentEntries)
            let gaps = try IntegerColumn.decode(count: count, from: &reader)
            let lengths = try IntegerColumn.decode(count: count, from: &reader)
            try reader.finish()
            var id = Int64(fence.firstID)
            var offset = directoryOffset + directoryBytes + fence.group
            for place in 0..<count {
                guard (0...Int64(UInt32.max)).contains(gaps[place]), let small = UInt32(exactly: id + gaps[place]),
                    (0...Int64(UInt32.max)).contains(lengths[place])
                else { throw .malformed(position: place, reason: "directory entry") }
                let index = number * TierBlock.segmentEntries + place
                entries.append(Entry(id: small, index: index, offset: offset, byteCount: Int(lengths[place])))
                id = Int64(small) + 1
                offset += Int(lengths[place])
            }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        segments[number] = entries
        return entries
    }

    /// Time of the first sample that any of the windows know of.
    mutating func firstTime(in transaction: borrowing ReadTransaction) throws(StoreError) -> Int64? {
        var first: Int64?
        for entry in try allEntries(in: transaction) {
            let shape = try group(of: entry, in: transaction).shape
            if let time = shape.firstTimes.first { first = min(first ?? time, time) }
        }
        return first
    }

    /// Time of the last one.
    mutating func lastTime(in transaction: borrowing ReadTransaction) throws(StoreError) -> Int64? {
        var last: Int64?
        for entry in try allEntries(in: transaction) {
            let shape = try group(of: entry, in: transaction).shape
            if let time = shape.lastTimes.last { last = max(last ?? time, time) }
        }
        return last
    }

    /// The windows of one series.
    mutating func windows(
        _ entry: Entry, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> WindowColumns {
        let group = try group(of: entry, in: transaction)
        var other: WindowColumns?
        if WindowValues.isReference(group.form) {
            other = try referenced(by: group, of: entry, in: transaction)
        }
        do throws(CodecError) {
            var (reader, windows) = (group.values, WindowColumns(group.shape))
            try WindowValues.decode(&windows, from: &reader) { _ throws(CodecError) in
                guard let other else { throw .malformed(position: 0, reason: "form of windows") }
                return other
            }
            return windows
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    /// One series' bytes, read up to its values.
    private struct Group {
        var shape: WindowShape
        var form: UInt8
        var values: ByteReader
    }

    private mutating func group(
        of entry: Entry, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Group {
        var bytes: [UInt8] = []
        try source.read(entry.offset, entry.byteCount, into: &bytes, in: transaction)
        // The chunk decoder's wide loads want 16 readable bytes behind a chunk.
        bytes.append(contentsOf: repeatElement(0, count: 16))
        do throws(CodecError) {
            var reader = ByteReader(bytes, from: 0, to: entry.byteCount)
            let number = try reader.count(atMost: shapeBytes.count, "number of the shape")
            let shape: WindowShape
            if number == 0 {
                var own = ByteReader(Array(try reader.field()))
                shape = try WindowShape(from: &own, layer: layer, start: start * 1000)
            } else if let known = shapes[number] {
                shape = known
            } else {
                var common = ByteReader(shapeBytes[number - 1])
                shape = try WindowShape(from: &common, layer: layer, start: start * 1000)
                shapes[number] = shape
            }
            var form = reader
            return Group(shape: shape, form: try form.u8(), values: reader)
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }

    /// The windows of the series that those of `entry` follow from. It follows from none itself.
    private mutating func referenced(
        by group: Group, of entry: Entry, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> WindowColumns {
        var index = -1
        do throws(CodecError) {
            var reader = group.values
            _ = try reader.u8()
            index = entry.index - (try WindowRelation.decode(from: &reader).distance)
            guard index >= 0 else { throw .malformed(position: entry.index, reason: "distance of a reference") }
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
        let entries = try segment(index / TierBlock.segmentEntries, in: transaction)
        let other = try self.group(of: entries[index % TierBlock.segmentEntries], in: transaction)
        do throws(CodecError) {
            var (reader, windows) = (other.values, WindowColumns(other.shape))
            try WindowValues.decode(&windows, from: &reader) { _ throws(CodecError) in
                throw .malformed(position: entry.index, reason: "reference to a reference")
            }
            return windows
        } catch {
            throw StoreError(error, path: transaction.path, record: source.record)
        }
    }
}
