import Model
import TSDB

/// The windows of one series that hold samples and, for every step, which of them its range touches: what
/// ``Windows`` is for samples.
///
/// A range touches a window when the times of the window's first and last sample say so, not the window's own ends:
/// what lies between them may be in the range. Only the first and the last window that it touches can be cut by it.
struct TierWindows: Sendable {
    private(set) var columns = WindowColumns()
    private var lengths: [Int64] = []
    /// The longest windows among them.
    private(set) var tier = Tier.raw
    private(set) var ends: StepGrid
    let rangeMilliseconds: Int64
    private(set) var clock: StepGrid
    private var lower: [Int] = []
    private var upper: [Int] = []
    /// Whether no range cuts a window.
    private(set) var isUncut = true
    /// How many of the windows come before those that are samples.
    private var windowsBeforeSamples = 0
    private let interruption: Interruption

    init(ends: StepGrid, rangeMilliseconds: Int64, clock: StepGrid, interruption: Interruption = .never) {
        self.ends = ends
        self.rangeMilliseconds = rangeMilliseconds
        self.clock = clock
        self.interruption = interruption
    }

    /// For a kernel that walks whole ranges.
    var checkpoint: Checkpoint { Checkpoint(interruption) }

    /// How many ranges there are.
    var count: Int { ends.count }

    /// The windows that the range of a step touches.
    @inline(__always) subscript(step: Int) -> Range<Int> { lower[step]..<upper[step] }

    /// How many of the ranges touch more than samples; they come first.
    var stepsWithWindows: Int { lower.firstIndex { $0 >= windowsBeforeSamples } ?? count }

    /// Only the first ranges.
    mutating func keep(_ steps: Int) {
        lower.removeLast(count - steps)
        upper.removeLast(count - steps)
        (ends, clock) = (ends.prefix(steps), clock.prefix(steps))
    }

    /// The windows that lie wholly within the range of a step.
    func whole(_ step: Int) -> Range<Int> {
        var range = self[step]
        if isCutAtStart(step) { range = range.dropFirst() }
        if !range.isEmpty, columns.lastTimes[range.upperBound - 1] > ends.time(step) { range = range.dropLast() }
        return range
    }

    /// Whether the range of a step cuts a window.
    func isCut(_ step: Int) -> Bool { !isUncut && (isCutAtStart(step) || isCutAtEnd(step)) }

    func isCutAtStart(_ step: Int) -> Bool {
        !self[step].isEmpty && columns.firstTimes[lower[step]] <= start(step)
    }

    func isCutAtEnd(_ step: Int) -> Bool {
        !self[step].isEmpty && columns.lastTimes[upper[step] - 1] > ends.time(step)
    }

    /// Whether a sample is known to lie in the range of a step, which touches a window: one whose first and last
    /// samples lie on both sides of the range may have none in it.
    func holdsSample(_ step: Int) -> Bool {
        let range = self[step]
        if range.count > 1 { return true }
        return columns.firstTimes[range.lowerBound] > start(step)
            || columns.lastTimes[range.lowerBound] <= ends.time(step)
    }

    /// The open start of the range of a step.
    func start(_ step: Int) -> Int64 { ends.time(step).subtractingClamped(rangeMilliseconds) }

    /// The range of a step, made longer so that it cuts no window.
    func enclosing(_ step: Int) -> (start: Int64, end: Int64) {
        var (start, end) = (start(step), ends.time(step))
        if isCutAtStart(step) { start = columns.ends[lower[step]] - lengths[lower[step]] }
        if isCutAtEnd(step) { end = columns.ends[upper[step] - 1] }
        return (start, end)
    }

    /// Exchanges the windows it has for those of the next series, and finds those that each range touches.
    mutating func load(_ next: inout TieredColumn) {
        tier = next.tier
        windowsBeforeSamples = next.windows.counts[..<next.windowsBeforeSamples].count { $0 > 0 }
        if next.windows.counts.contains(0) {
            columns.removeAll()
            lengths.removeAll(keepingCapacity: true)
            for index in 0..<next.count where next.windows.counts[index] > 0 {
                columns.append(next.windows[index])
                lengths.append(next.lengths[index])
            }
        } else {
            swap(&columns, &next.windows)
            swap(&lengths, &next.lengths)
        }
        lower.removeAll(keepingCapacity: true)
        upper.removeAll(keepingCapacity: true)
        isUncut = true
        var low = 0
        var high = 0
        let (firstTimes, lastTimes) = (columns.firstTimes, columns.lastTimes)
        for step in 0..<ends.count {
            let (start, end) = (start(step), ends.time(step))
            while high < firstTimes.count, firstTimes[high] <= end { high += 1 }
            while low < high, lastTimes[low] <= start { low += 1 }
            lower.append(low)
            upper.append(high)
            if low < high, firstTimes[low] <= start || lastTimes[high - 1] > end { isUncut = false }
        }
    }

    /// One of the columns as samples, each at the time of its window's last one, so that what works on samples works
    /// on windows; with the windows that ranges touch, or only those wholly within.
    func samples(_ values: [Double], wholeOnly: Bool = false) -> Windows {
        var (low, high) = (lower, upper)
        if wholeOnly && !isUncut {
            for step in 0..<count {
                let range = whole(step)
                (low[step], high[step]) = (range.lowerBound, range.upperBound)
            }
        }
        return Windows(
            samples: columns.lastTimes, values, lower: low, upper: high, ends: ends,
            rangeMilliseconds: rangeMilliseconds, clock: clock, interruption: interruption)
    }

    /// The share of a cut window's samples that lies in the range of a step, by its time: samples are taken to be
    /// evenly spread.
    func share(of index: Int, in step: Int) -> Double {
        let (first, last) = (columns.firstTimes[index], columns.lastTimes[index])
        let count = Double(columns.counts[index])
        if first == last { return 1 }
        // A sample stands for the interval before it.
        let interval = Double(last - first) / (count - 1)
        let begin = max(Double(first) - interval, Double(start(step)))
        let end = min(Double(last), Double(ends.time(step)))
        return min(1, max(0, (end - begin) / (interval * count)))
    }
}
