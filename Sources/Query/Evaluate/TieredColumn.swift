import Model
import TSDB

/// What there is of a series where its samples are not read: windows in order of time, of an hour first, then of a
/// minute, and behind them, where windows and samples answer together, samples as windows of one.
struct TieredColumn: Sendable {
    /// Those without a sample are among them: they say that the series ended.
    var windows = WindowColumns()
    /// The length of each window in milliseconds.
    var lengths: [Int64] = []
    /// The longest windows in it.
    private(set) var tier = Tier.raw

    /// How many of them come before those that are samples.
    private(set) var windowsBeforeSamples = 0

    var count: Int { windows.count }

    /// Empties the columns and keeps their memory.
    mutating func removeAll() {
        windows.removeAll()
        lengths.removeAll(keepingCapacity: true)
        tier = .raw
        windowsBeforeSamples = 0
    }

    /// Adds windows that lie behind all others; what is in `next` afterwards is of no use.
    mutating func append(_ next: inout WindowColumns, _ nextTier: Tier) {
        tier = max(tier, nextTier)
        lengths.append(contentsOf: repeatElement(nextTier.windowMilliseconds, count: next.count))
        windowsBeforeSamples = lengths.count
        if windows.count == 0 {
            swap(&windows, &next)
            return
        }
        for index in 0..<next.count { windows.append(next[index]) }
    }

    /// Adds the samples of (after, through], which lie behind all windows.
    mutating func append(_ samples: SampleColumn, after: Int64, through: Int64) {
        for place in samples.timestamps.indices {
            let time = samples.timestamps[place]
            if time <= after { continue }
            if time > through { break }
            var window = Window(end: time)
            let value = samples.values[place]
            if value.isStaleMarker {
                window.isStale = true
            } else {
                window.count = 1
                (window.first, window.last, window.min, window.max, window.sum) = (value, value, value, value, value)
            }
            windows.append(window)
            // A window is left-open: (time − 1, time] is the sample's own.
            lengths.append(1)
        }
    }

    /// Whether a window holds falls whose sum depends on the order in which they are added to what was before: more
    /// than one, or one from a zero whose sign is not kept.
    var hasOrderedFalls: Bool {
        for index in 0..<windows.count {
            let falls = windows.resetCounts[index]
            if falls > 1 || (falls == 1 && windows.resetSums[index] == 0) { return true }
        }
        return false
    }
}

/// What a selector found of one series.
struct SeriesContent: Sendable {
    /// Stale markers are among them.
    var samples = SampleColumn()
    var windows = TieredColumn()
    /// Room for windows that are read, before they are part of the others.
    var next = WindowColumns()
    /// Room for samples that are read, likewise.
    var piece = SampleColumn()
    /// Ranges that begin earlier than this are answered from the windows (and samples behind them), all others from
    /// the samples.
    var seam = Int64.min

    mutating func removeAll() {
        samples.removeAll()
        windows.removeAll()
        seam = .min
    }

    /// How many of the ranges that end at `ends` begin before the seam; they come first.
    func windowedSteps(_ ends: StepGrid, rangeMilliseconds: Int64) -> Int {
        if seam == .min { return 0 }
        if seam == .max { return ends.count }
        let first = ends.start.subtractingClamped(rangeMilliseconds)
        if first >= seam { return 0 }
        if ends.step == 0 { return ends.count }
        // The distance of any two Int64 fits into UInt64; rounded up.
        let steps = UInt64(bitPattern: seam &- first &- 1) / UInt64(ends.step)
        return min(ends.count, Int(clamping: steps).addingClamped(1))
    }

    /// Puts the samples that the windows know before those that are read: the first and the last of each.
    mutating func replaceWindowsBySamples() {
        var known = SampleColumn()
        let columns = windows.windows
        for index in 0..<columns.count where columns.counts[index] > 0 {
            known.append(columns.firstTimes[index], columns.firsts[index])
            if columns.counts[index] > 1 { known.append(columns.lastTimes[index], columns.lasts[index]) }
        }
        known.timestamps += samples.timestamps
        known.values += samples.values
        samples = known
    }

    /// Makes the windows ready for ranges of which the last one ends at `end`.
    mutating func joinSamples(through end: Int64) {
        if seam != .max { windows.append(samples, after: seam, through: end) }
    }
}
