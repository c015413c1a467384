import Model

/// The times of the series that were read last, for the next one: series of one target are sampled together, so that
/// the next one's times are mostly those of one before, and then it gets the same array. That saves reading them, and
/// whoever has found something out about the times of one series knows it of the next (the same array is told by its
/// address).
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

    private struct Known {
        var pieces: [Piece]
        /// Ascending.
        var times: [Int64]
    }

    /// Of series that were read before, the newest last.
    private var known: [Known] = []
    private var range: TimeRange?
    /// Of the series that is being read.
    private var pieces: [Piece] = []
    /// Whose times those of the series may be: all its pieces so far are. They are not in the column then.
    private var followed: Int?
    private var isDamaged = false

    /// Fewer times are not worth it.
    private static let sharedCountMin = 64
    /// Series of some targets come in turns.
    private static let knownMax = 4

    init() {}

    mutating func begin(_ range: TimeRange) {
        if self.range != range { known.removeAll() }
        self.range = range
        pieces.removeAll(keepingCapacity: true)
        followed = nil
        isDamaged = false
    }

    /// Takes note of the next chunk.
    /// - Parameter count: How many samples the series has before the chunk.
    /// - Returns: Whether the chunk's times have to be read into `timestamps`.
    mutating func add(_ piece: Piece, before count: Int, into timestamps: inout [Int64]) -> Bool {
        let place = pieces.count
        pieces.append(piece)
        if place == 0 && count == 0 && !isDamaged {
            followed = known.lastIndex { $0.pieces.first == piece }
            return followed == nil
        }
        if let followed {
            let others = known[followed].pieces
            if place < others.count, others[place] == piece { return false }
            part(count, &timestamps)
        }
        return true
    }

    /// The series has something else than the one it followed, behind its first `count` samples.
    private mutating func part(_ count: Int, _ timestamps: inout [Int64]) {
        guard let followed else { return }
        self.followed = nil
        timestamps.reserveCapacity(known[followed].times.count)
        timestamps.append(contentsOf: known[followed].times[..<count])
    }

    /// A chunk is damaged: of the series remains what was before it. Its times are shared with nobody.
    mutating func forget(after count: Int, _ timestamps: inout [Int64]) {
        part(count, &timestamps)
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
        let rest = recent.timestamps[first..<max(first, last + 1)]
        let count = column.values.count
        column.values.append(contentsOf: recent.values[rest.indices])
        if pieces.isEmpty && !isDamaged { followed = known.lastIndex { $0.pieces.isEmpty && $0.times[...] == rest } }
        if let followed {
            let other = known[followed]
            if pieces.count == other.pieces.count, other.times.count >= count, other.times[count...] == rest {
                column.timestamps = other.times
                return
            }
            part(count, &column.timestamps)
        }
        column.timestamps.append(contentsOf: rest)
        guard column.isAscending else { return column.normalize() }
        guard column.count >= Self.sharedCountMin, !isDamaged else { return }
        if known.count == Self.knownMax { known.removeFirst() }
        known.append(Known(pieces: pieces, times: column.timestamps))
    }
}
