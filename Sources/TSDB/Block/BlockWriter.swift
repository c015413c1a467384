/// The samples of one series within a block.
struct BlockSeries {
    var id: UInt32
    /// Which of the block's time columns it uses.
    var timeColumn: Int
    var presence: Presence
    /// One per tick it is present at.
    var values: [Double]
}

/// Encodes blocks (drawn in Block.swift). Keeps its buffers, so one writer serves many blocks.
struct BlockWriter {
    private var chunks = ChunkEncoder()

    init() {}

    /// - Parameters:
    ///   - times: the time columns, each strictly ascending, in milliseconds.
    ///   - interval: what the ticks are apart when none is late; any value is right, a good one is small.
    ///   - series: in order of ids, each id once, each with at least one sample.
    mutating func encode(times: [[Int64]], interval: Int64, series: [BlockSeries]) -> [UInt8] {
        let start = times.compactMap(\.first).min() ?? 0
        var timeBytes = ByteWriter()
        timeBytes.varint(times.count)
        for column in times {
            timeBytes.varint(column.count)
            var deviations: [Int64] = []
            deviations.reserveCapacity(column.count)
            for (index, time) in column.enumerated() { deviations.append(time &- start &- Int64(index) &* interval) }
            IntegerColumn.encode(deviations, into: &timeBytes)
        }
        let (presenceBytes, lists) = encodePresence(series, times)
        var chunkBytes = ByteWriter()
        var lengths: [Int64] = []
        lengths.reserveCapacity(series.count)
        var references = ReferenceFinder()
        for (index, one) in series.enumerated() {
            let length = chunks.encode(one.values, into: &chunkBytes)
            let ticks = ColumnFingerprint.mixed(UInt64(one.timeColumn), UInt64(lists[index]))
            let reference = references.reference(
                for: index, in: series, times: ticks, scale: chunks.scale, chunkBytes: length)
            if let reference {
                chunkBytes.bytes.removeLast(length)
                chunkBytes.append(reference)
            }
            lengths.append(Int64(reference?.count ?? length))
        }
        let (fences, directory) = encodeDirectory(series, lists, lengths)
        var parameters = ByteWriter()
        parameters.varint(references.parameters.count)
        for parameter in references.parameters { parameters.u64le(parameter) }

        var out = ByteWriter(Block.magic)
        out.u8(Block.version)
        out.u8(0)
        out.varint(times.map(\.count).max() ?? 0)
        out.varint(series.count)
        out.zigzag(start)
        out.varint(UInt64(interval))
        for part in [timeBytes, presenceBytes, parameters, directory] { out.varint(part.count) }
        for part in [fences, timeBytes, presenceBytes, parameters, directory, chunkBytes] { out.append(part.bytes) }
        return out.bytes
    }

    /// The distinct lists, and which of them each series has.
    private func encodePresence(_ series: [BlockSeries], _ times: [[Int64]]) -> (ByteWriter, [Int64]) {
        var numbers: [Presence: Int64] = [:]
        var lists: [Presence] = []
        var chosen: [Int64] = []
        for one in series {
            if one.presence.isComplete(times[one.timeColumn].count) {
                chosen.append(0)
            } else if let number = numbers[one.presence] {
                chosen.append(number)
            } else {
                lists.append(one.presence)
                numbers[one.presence] = Int64(lists.count)
                chosen.append(Int64(lists.count))
            }
        }
        var writer = ByteWriter()
        writer.varint(lists.count)
        for list in lists {
            writer.varint(list.runs.count)
            for run in list.runs {
                writer.varint(run.gap)
                writer.varint(run.length)
            }
        }
        return (writer, chosen)
    }

    private func encodeDirectory(
        _ series: [BlockSeries], _ lists: [Int64], _ lengths: [Int64]
    ) -> (fences: ByteWriter, directory: ByteWriter) {
        var fences = ByteWriter()
        var directory = ByteWriter()
        var chunkOffset: Int64 = 0
        for first in stride(from: 0, to: series.count, by: Block.segmentEntries) {
            let segment = first..<min(first + Block.segmentEntries, series.count)
            fences.u32le(series[first].id)
            fences.u32le(UInt32(directory.count))
            fences.u32le(UInt32(chunkOffset))
            var gaps: [Int64] = []
            var previous = Int64(series[first].id) - 1
            for one in series[segment] {
                gaps.append(Int64(one.id) - previous - 1)
                previous = Int64(one.id)
            }
            IntegerColumn.encode(gaps, into: &directory)
            IntegerColumn.encode(series[segment].map { Int64($0.timeColumn) }, into: &directory)
            IntegerColumn.encode(Array(lists[segment]), into: &directory)
            IntegerColumn.encode(Array(lengths[segment]), into: &directory)
            chunkOffset += lengths[segment].reduce(0, +)
        }
        return (fences, directory)
    }
}
