/// Encodes a block of windows (drawn in TierBlock.swift), series by series, so that a block of any size takes the
/// memory of its bytes and of one series.
struct TierBlockWriter {
    private let layer: TierLayer
    private let start: Int64
    private var values = WindowValues()
    private var references = WindowReferences()
    private var ids: [UInt32] = []
    /// Bytes of the distinct shapes, and how many series have each.
    private var shapes: [(bytes: [UInt8], users: Int)] = []
    private var numbers: [[UInt8]: Int] = [:]
    /// Per series: place of its shape, and where its values end in `valueBytes`.
    private var shapeOfSeries: [Int] = []
    private var valueEnds: [Int] = []
    private var valueBytes = ByteWriter()

    /// - Parameter start: of the span, in seconds.
    init(_ layer: TierLayer, start: Int64) {
        self.layer = layer
        self.start = start
    }

    var isEmpty: Bool { ids.isEmpty }

    /// Adds a series with a higher id than all before it. Its windows lie in the span; without any it is left out.
    mutating func add(_ id: UInt32, _ windows: WindowColumns) {
        if windows.count == 0 { return }
        let windowShape = WindowShape(windows)
        let shape = windowShape.encoded(start: start * 1000, length: layer.tier.windowMilliseconds)
        let number = numbers[shape] ?? shapes.count
        if number == shapes.count {
            numbers[shape] = number
            shapes.append((shape, 0))
        }
        shapes[number].users += 1
        ids.append(id)
        shapeOfSeries.append(number)
        var own = ByteWriter()
        values.encode(windows, into: &own)
        // Apart from self while it looks at what self has written.
        var finder = WindowReferences()
        swap(&finder, &references)
        let reference = finder.reference(
            for: windows, at: ids.count - 1, shape: number, byteCount: own.count
        ) { index in
            let begin = index == 0 ? 0 : valueEnds[index - 1]
            return TierBlockWriter.windows(of: windowShape, valueBytes.bytes[begin..<valueEnds[index]])
        }
        swap(&finder, &references)
        valueBytes.append((reference ?? own).bytes)
        valueEnds.append(valueBytes.count)
    }

    /// The windows of a series that was written and follows from none.
    private static func windows(of shape: WindowShape, _ bytes: ArraySlice<UInt8>) -> WindowColumns? {
        // The chunk decoder's wide loads want 16 readable bytes behind a chunk.
        let padded = Array(bytes) + [UInt8](repeating: 0, count: 16)
        var reader = ByteReader(padded, from: 0, to: bytes.count)
        var windows = WindowColumns(shape)
        do throws(CodecError) {
            try WindowValues.decode(&windows, from: &reader) { _ throws(CodecError) in
                throw .malformed(position: 0, reason: "reference to a reference")
            }
        } catch {
            return nil
        }
        return windows
    }

    /// The block's bytes. Shapes that several series have stand in front; one that is alone with its shape carries it,
    /// so that opening a block costs only what is common.
    func finish() -> [UInt8] {
        var shared = [Int](repeating: 0, count: shapes.count)
        var sharedCount = 0
        var shapeBytes = ByteWriter()
        for number in shapes.indices where shapes[number].users > 1 {
            sharedCount += 1
            shared[number] = sharedCount
            shapeBytes.field(shapes[number].bytes)
        }
        var table = ByteWriter()
        table.varint(sharedCount)
        table.append(shapeBytes.bytes)
        var groups = ByteWriter()
        var lengths: [Int64] = []
        var valueStart = 0
        for place in ids.indices {
            let before = groups.count
            let shape = shapeOfSeries[place]
            groups.varint(shared[shape])
            if shared[shape] == 0 { groups.field(shapes[shape].bytes) }
            groups.append(valueBytes.bytes[valueStart..<valueEnds[place]])
            valueStart = valueEnds[place]
            lengths.append(Int64(groups.count - before))
        }
        let (fences, directory) = encodeDirectory(lengths)
        var out = ByteWriter(TierBlock.magic)
        out.u8(TierBlock.version)
        out.u8(layer.tier.rawValue)
        out.zigzag(start)
        out.varint(UInt64(layer.spanSeconds))
        out.varint(ids.count)
        for part in [table, directory] { out.varint(part.count) }
        for part in [fences, table, directory, groups] { out.append(part.bytes) }
        return out.bytes
    }

    private func encodeDirectory(_ lengths: [Int64]) -> (fences: ByteWriter, directory: ByteWriter) {
        var fences = ByteWriter()
        var directory = ByteWriter()
        var offset: Int64 = 0
        for first in stride(from: 0, to: ids.count, by: TierBlock.segmentEntries) {
            let segment = first..<min(first + TierBlock.segmentEntries, ids.count)
            fences.u32le(ids[first])
            fences.u32le(UInt32(directory.count))
            fences.u32le(UInt32(offset))
            var gaps: [Int64] = []
            var next = Int64(ids[first])
            for id in ids[segment] {
                gaps.append(Int64(id) - next)
                next = Int64(id) + 1
            }
            IntegerColumn.encode(gaps, into: &directory)
            IntegerColumn.encode(Array(lengths[segment]), into: &directory)
            offset += lengths[segment].reduce(0, +)
        }
        return (fences, directory)
    }
}
