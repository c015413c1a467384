// A block holds the samples that the series of one group have in one span of time (2 h of raw data). It is one byte
// string, kept as stripes (Schema/Stripes.swift):
//
//   header       "MB" version(1) flags(0)
//                tick count, series count, t0 (zigzag ms), interval (ms), and the byte lengths of
//                times, presence, parameters, directory                                       (varints)
//   fences       per 256 directory entries: first series id (u32), offset of the segment in the directory (u32),
//                offset of its first chunk (u32)                                              (little-endian)
//   times        number of columns; per column: number of ticks, integer column of ts - t0 - i · interval
//   presence     number of lists; per list: number of runs, then (gap, length) of each. List 0 is not written: it is
//                "present at every tick of the time column"
//   parameters   number of constants (varint), then each (u64, little-endian): totals that columns are percents of
//   directory    segments of 256 entries, each four integer columns: id gaps, time column, presence list, chunk bytes
//   chunks       one after the other, in the order of the directory, which is that of the ids
//
// A series with identical times shares a column with others; presence says at which of the column's ticks it has a
// sample. An integer column is Codec/IntegerColumn.swift's, a chunk Codec/ChunkEncoder.swift's; a chunk may refer to
// one of an earlier entry (Codec/ColumnRelation.swift), which never does so itself.

/// Numbers that writer and reader of blocks share.
enum Block {
    static let magic = Array("MB".utf8)
    static let version: UInt8 = 1
    static let segmentEntries = 256
    static let fenceBytes = 12
    /// A header is at most 4 bytes and nine varints.
    static let headerBytesMax = 4 + 9 * 10

    /// A block's span in seconds. Two hours: short enough that the head stays small, long enough that a chunk's fixed
    /// bytes do not count (measured in design/storage: longer blocks gain under 2 %).
    static let rawSpanSeconds: Int64 = 7200
    static let daySeconds: Int64 = 86_400

    /// Start of the span of `length` seconds that `milliseconds` lies in, in seconds. A span is (start, start + length]
    /// like the windows of the tiers, so that all windows of a block's samples are made of that block alone.
    static func spanStart(_ milliseconds: Int64, length: Int64 = rawSpanSeconds) -> Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: length * 1000)
        return (remainder > 0 ? quotient : quotient - 1) * length
    }

    /// The day, in seconds, of what a span that starts at `start` seconds holds.
    static func day(of start: Int64) -> Int64 { spanStart(start * 1000 + 1, length: daySeconds) }
}

/// Which ticks of a time column a series has samples at: runs of absence and presence in turn.
struct Presence: Hashable {
    struct Run: Hashable {
        /// Ticks without a sample before the run.
        var gap: Int
        /// Ticks with one.
        var length: Int
    }

    var runs: [Run] = []

    var count: Int { runs.reduce(0) { $0 + $1.length } }

    func isComplete(_ ticks: Int) -> Bool { runs == [Run(gap: 0, length: ticks)] }

    /// Appends the tick `index`, which lies behind all others. `end` is the tick behind the last one appended.
    mutating func append(_ index: Int, end: inout Int) {
        if index == end, !runs.isEmpty {
            runs[runs.count - 1].length += 1
        } else {
            runs.append(Run(gap: index - end, length: 1))
        }
        end = index + 1
    }
}
