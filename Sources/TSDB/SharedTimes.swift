import Model

/// The times of the series that was read last, for the next one: series of one target are sampled together, so that the
/// next one's times are mostly the same, and then it gets the same array. That saves reading them, and whoever has
/// found something out about the times of one series knows it of the next (the same array is told by its address).
///
/// One series is a call of ``begin(_:)``, one of ``add(_:before:into:)`` for each chunk, and ``finish(_:_:_:)``.
struct SharedTimes {
    /// Where the times of a chunk come from. Within one range they are told by that.
    struct Piece: Equatable {
        /// Place in the selection's blocks.
        var block: Int
        var column: Int
        var presence: Int
    }

    /// Of the series that was read last: its chunks, and its times, which ascend. None where there is nothing to share.
    private var known: [Piece] = []
    private var times: [Int64] = []
    private var range: TimeRange?
    /// Of the series that is being read.
    private var pieces: [Piece] = []
    /// Whether all pieces so far are those of the series before; its times are not in the column then.
    private var isShared = false
    private var isDamaged = false

    /// Fewer times are not worth it.
    private static let sharedCountMin = 64

    init() {}

    mutating func begin(_ range: TimeRange) {
        pieces.removeAll(keepingCapacity: true)
        isShared = self.range == range && !times.isEmpty
        isDamaged = false
    }

    /// Takes note of the next chunk.
    /// - Parameter count: How many samples the series has before the chunk.
    /// - Returns: Whether the chunk's times have to be read into `timestamps`.
    mutating func add(_ piece: Piece, before count: Int, into timestamps: inout [Int64]) -> Bool {
        let place = pieces.count
        pieces.append(piece)
        if isShared {
            if place < known.count, known[place] == piece { return false }
            part(count, &timestamps)
        }
        return true
    }

    /// The series has something else than the one before, behind its first `count` samples.
    private mutating func part(_ count: Int, _ timestamps: inout [Int64]) {
        isShared = false
        timestamps.reserveCapacity(times.count)
        timestamps.append(contentsOf: times[..<count])
    }

    /// A chunk is damaged: of the series remains what was before it. Its times are shared with nobody.
    mutating func forget(after count: Int, _ timestamps: inout [Int64]) {
        if isShared { part(count, &timestamps) }
        timestamps.removeLast(timestamps.count - count)
        isDamaged = true
    }

    /// Adds the samples of `recent` that lie in the range, and puts all in order of time.
    mutating func finish(_ recent: SampleColumn, _ range: TimeRange, _ column: inout SampleColumn) {
        var recent = recent
        // Of samples at one time the last one stays, here as among all below.
        recent.normalize()
        let first = recent.timestamps.firstIndex { $0 >= range.min.milliseconds } ?? recent.count
        let last = recent.timestamps.lastIndex { $0 <= range.max.milliseconds } ?? -1
        let rest = first..<max(first, last + 1)
        let count = column.values.count
        column.values.append(contentsOf: recent.values[rest])
        if isShared {
            if pieces.count == known.count, times.count >= count, times[count...] == recent.timestamps[rest] {
                column.timestamps = times
                return
            }
            part(count, &column.timestamps)
        }
        column.timestamps.append(contentsOf: recent.timestamps[rest])
        guard column.isAscending else {
            times = []
            return column.normalize()
        }
        guard column.count >= Self.sharedCountMin, !isDamaged else {
            times = []
            return
        }
        times = column.timestamps
        swap(&known, &pieces)
        self.range = range
    }
}
