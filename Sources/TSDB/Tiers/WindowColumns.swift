import Model

// What a series did in one window (end - length, end] after the other.
//
// A window knows nothing of those around it. It says what its own samples were, so that it can be made from a part of
// the series, replaced alone, and joined with a neighbour; what happened between two windows is read from the last
// sample of the one and the first of the other:
//
//     samples    3   5 | 1   4 | 6   2        windows    first 3  last 5   no reset
//                  \__/    \______/                      first 1  last 4   no reset
//            fall at an edge, fall inside                first 6  last 2   1 reset, Σ before resets 6
//
//     increase over all three = last - first + Σ before resets = 2 - 3 + (5 at the edge + 6 inside) = 10
//
// That is exactly what Prometheus adds up from the samples, and in the same order but for sums within a window: equal
// bit for bit where no counter fell, or values are integers.

/// One window. Stale markers are no samples: they show in ``isStale`` only.
package struct Window: Hashable, Sendable {
    /// The window's closed end in milliseconds.
    package var end: Int64
    /// Number of samples. 0 where the series only ended in the window; then all values are 0 and both times the end.
    package var count = 0
    package var first = 0.0
    package var last = 0.0
    /// As `min_over_time` gives it: NaNs do not count beside numbers, and of equals (-0.0 and 0.0) the earlier stays.
    package var min = 0.0
    /// As `max_over_time` gives it.
    package var max = 0.0
    /// Compensated (Neumaier). NaN where a sample is NaN or infinities cancel each other; infinite where the sum is.
    package var sum = 0.0
    /// Time of the first sample in milliseconds.
    package var firstTime: Int64
    /// Time of the last sample in milliseconds.
    package var lastTime: Int64
    /// Samples lower than the sample before them in the same window. What fell at the left edge is not among them.
    package var resets = 0
    /// Sum of the samples before those.
    package var resetSum = 0.0
    /// Whether the last thing in the window is a stale marker: the series had ended at the window's end.
    package var isStale = false

    /// A window without samples.
    package init(end: Int64) {
        self.end = end
        firstTime = end
        lastTime = end
    }

    /// Adds what happened behind all that the window knows of, within the same or a longer window.
    package mutating func append(_ later: Window) {
        if later.count > 0 {
            if count == 0 {
                let end = end
                self = later
                self.end = end
                return
            }
            if later.first < last {
                resets += 1
                resetSum += last
            }
            resets += later.resets
            if later.resets > 0 { resetSum += later.resetSum }
            min = Window.lower(min, later.min)
            max = Window.higher(max, later.max)
            sum += later.sum
            count += later.count
            last = later.last
            lastTime = later.lastTime
            isStale = later.isStale
        } else if later.isStale {
            isStale = true
        }
    }

    /// Adds windows of other samples of the same series that may lie among those known: late ones, whose neighbours
    /// are forgotten. Exact but for falls between the two, which nobody can tell any more.
    package mutating func mix(_ other: Window) {
        guard count > 0, other.count > 0, firstTime <= other.lastTime, other.firstTime <= lastTime else {
            let isFirst = other.count == 0 || (count > 0 && lastTime < other.firstTime)
            var (earlier, later) = isFirst ? (self, other) : (other, self)
            earlier.end = end
            later.end = end
            earlier.append(later)
            self = earlier
            return
        }
        min = Window.lower(min, other.min)
        max = Window.higher(max, other.max)
        sum += other.sum
        count += other.count
        resets += other.resets
        if other.resets > 0 { resetSum += other.resetSum }
        if other.firstTime < firstTime { (first, firstTime) = (other.first, other.firstTime) }
        if other.lastTime >= lastTime {
            (last, lastTime) = (other.last, other.lastTime)
            isStale = other.isStale
        }
    }

    /// One step of `min_over_time`.
    @inline(__always) static func lower(_ known: Double, _ next: Double) -> Double {
        next < known || known.isNaN ? next : known
    }

    /// One step of `max_over_time`.
    @inline(__always) static func higher(_ known: Double, _ next: Double) -> Double {
        next > known || known.isNaN ? next : known
    }
}

/// The windows of one series in order of time, as columns of equal length. A window in which nothing happened is left
/// out. What the columns hold is said at ``Window``.
package struct WindowColumns: Sendable {
    /// Milliseconds, strictly ascending multiples of the window's length.
    package private(set) var ends: [Int64] = []
    package private(set) var counts: [Int] = []
    package private(set) var firsts: [Double] = []
    package private(set) var lasts: [Double] = []
    package private(set) var minima: [Double] = []
    package private(set) var maxima: [Double] = []
    package private(set) var sums: [Double] = []
    package private(set) var firstTimes: [Int64] = []
    package private(set) var lastTimes: [Int64] = []
    package private(set) var resetCounts: [Int] = []
    package private(set) var resetSums: [Double] = []
    package private(set) var isStale: [Bool] = []

    /// No windows.
    package init() {}

    /// Windows without values.
    init(_ shape: WindowShape) {
        ends = shape.ends
        counts = shape.counts
        firstTimes = shape.firstTimes
        lastTimes = shape.lastTimes
        isStale = shape.isStale
        firsts = [Double](repeating: 0, count: ends.count)
        lasts = firsts
        minima = firsts
        maxima = firsts
        sums = firsts
        resetSums = firsts
        resetCounts = [Int](repeating: 0, count: ends.count)
    }

    /// Number of windows.
    package var count: Int { ends.count }

    /// One window.
    package subscript(index: Int) -> Window {
        get {
            var window = Window(end: ends[index])
            window.count = counts[index]
            window.first = firsts[index]
            window.last = lasts[index]
            window.min = minima[index]
            window.max = maxima[index]
            window.sum = sums[index]
            window.firstTime = firstTimes[index]
            window.lastTime = lastTimes[index]
            window.resets = resetCounts[index]
            window.resetSum = resetSums[index]
            window.isStale = isStale[index]
            return window
        }
        set {
            ends[index] = newValue.end
            counts[index] = newValue.count
            firsts[index] = newValue.first
            lasts[index] = newValue.last
            minima[index] = newValue.min
            maxima[index] = newValue.max
            sums[index] = newValue.sum
            firstTimes[index] = newValue.firstTime
            lastTimes[index] = newValue.lastTime
            resetCounts[index] = newValue.resets
            resetSums[index] = newValue.resetSum
            isStale[index] = newValue.isStale
        }
    }

    /// Adds a window behind the others.
    package mutating func append(_ window: Window) {
        ends.append(window.end)
        counts.append(window.count)
        firsts.append(window.first)
        lasts.append(window.last)
        minima.append(window.min)
        maxima.append(window.max)
        sums.append(window.sum)
        firstTimes.append(window.firstTime)
        lastTimes.append(window.lastTime)
        resetCounts.append(window.resets)
        resetSums.append(window.resetSum)
        isStale.append(window.isStale)
    }

    mutating func setValues(_ index: Int, first: Double, last: Double, min: Double, max: Double, sum: Double) {
        firsts[index] = first
        lasts[index] = last
        minima[index] = min
        maxima[index] = max
        sums[index] = sum
    }

    mutating func setResets(_ index: Int, _ count: Int, sum: Double) {
        resetCounts[index] = count
        resetSums[index] = sum
    }

    /// Adds windows that lie behind the others.
    mutating func append(_ windows: WindowColumns, _ range: Range<Int>) {
        ends += windows.ends[range]
        counts += windows.counts[range]
        firsts += windows.firsts[range]
        lasts += windows.lasts[range]
        minima += windows.minima[range]
        maxima += windows.maxima[range]
        sums += windows.sums[range]
        firstTimes += windows.firstTimes[range]
        lastTimes += windows.lastTimes[range]
        resetCounts += windows.resetCounts[range]
        resetSums += windows.resetSums[range]
        isStale += windows.isStale[range]
    }

    /// Puts `part`, whose windows end in (`start`, `end`], in the place of those that do here.
    mutating func replace(after start: Int64, through end: Int64, with part: WindowColumns) {
        if let last = ends.last, last > start {
            var result = WindowColumns()
            result.append(self, 0..<firstIndex(endingAfter: start))
            result.append(part, 0..<part.count)
            result.append(self, firstIndex(endingAfter: end)..<count)
            self = result
        } else {
            append(part, 0..<part.count)
        }
    }

    /// Adds windows of other samples of the series, wherever they lie; see ``Window/mix(_:)``.
    mutating func mix(_ others: WindowColumns) {
        if others.count == 0 { return }
        guard let last = ends.last, let next = others.ends.first, next <= last else {
            append(others, 0..<others.count)
            return
        }
        var merged = WindowColumns()
        var (mine, its) = (0, 0)
        while mine < count || its < others.count {
            if its == others.count || (mine < count && ends[mine] < others.ends[its]) {
                merged.append(self[mine])
                mine += 1
            } else if mine == count || others.ends[its] < ends[mine] {
                merged.append(others[its])
                its += 1
            } else {
                var window = self[mine]
                window.mix(others[its])
                merged.append(window)
                mine += 1
                its += 1
            }
        }
        self = merged
    }

    /// Empties the columns and keeps their memory.
    package mutating func removeAll() {
        ends.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        firsts.removeAll(keepingCapacity: true)
        lasts.removeAll(keepingCapacity: true)
        minima.removeAll(keepingCapacity: true)
        maxima.removeAll(keepingCapacity: true)
        sums.removeAll(keepingCapacity: true)
        firstTimes.removeAll(keepingCapacity: true)
        lastTimes.removeAll(keepingCapacity: true)
        resetCounts.removeAll(keepingCapacity: true)
        resetSums.removeAll(keepingCapacity: true)
        isStale.removeAll(keepingCapacity: true)
    }

    /// The place of the first window whose end is later than `time`; `count` where there is none.
    package func firstIndex(endingAfter time: Int64) -> Int {
        ends.indices.partitioned { ends[$0] <= time }
    }

    /// All windows of `range` joined to one, which ends where the last of them does; nil for an empty range.
    ///
    /// `last - first + resetSum` of it is the increase over the range, falls at the windows' edges among them.
    package func joined(_ range: Range<Int>) -> Window? {
        guard let place = range.last else { return nil }
        var window = Window(end: ends[place])
        var total = NeumaierSum()
        for index in range {
            window.append(self[index])
            if counts[index] > 0 { total.add(sums[index]) }
        }
        if window.count > 0 { window.sum = total.value }
        return window
    }
}

/// A sum whose rounding error is kept beside it (Neumaier, 1974), as Prometheus adds.
struct NeumaierSum {
    private var sum = 0.0
    private var error = 0.0

    init() {}

    @inline(__always) mutating func add(_ x: Double) {
        let total = sum + x
        if total.isInfinite {
            error = 0
        } else if sum.magnitude >= x.magnitude {
            error += (sum - total) + x
        } else {
            error += (x - total) + sum
        }
        sum = total
    }

    var value: Double { sum.isInfinite ? sum : sum + error }
}
