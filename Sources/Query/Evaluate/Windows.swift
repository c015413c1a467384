import CLanes
import Model
import TSDB

/// The samples of one series and, for every step, which of them its range selector's window holds.
/// One value is used for series after series, so that its memory is allocated once.
struct Windows: Sendable {
    /// Without stale markers.
    private var samples = SampleColumn()
    /// The moments at which the windows end; each is (end − range, end].
    let ends: StepGrid
    let rangeMilliseconds: Int64
    /// The moments of evaluation: ``ends`` without `offset` and `@`.
    let clock: StepGrid
    /// What hangs on the samples' times alone.
    private struct Placement: Sendable {
        /// Of each window the place of its first sample, and that behind its last one.
        var lower: [Int] = []
        var upper: [Int] = []
        /// What rates make of the times of each window; empty where nobody has asked.
        var stretches: [Stretch] = []
    }

    private var placement = Placement()
    private var memory = TimesMemory<Placement>()
    private let interruption: Interruption
    /// What windows are walked with where they are walked side by side.
    var instructions = mon_best_instructions()

    init(ends: StepGrid, rangeMilliseconds: Int64, clock: StepGrid, interruption: Interruption = .never) {
        self.ends = ends
        self.rangeMilliseconds = rangeMilliseconds
        self.clock = clock
        self.interruption = interruption
    }

    /// For a kernel that walks whole windows.
    var checkpoint: Checkpoint { Checkpoint(interruption) }

    /// Samples and the place of each step's windows among them, both known.
    init(
        samples times: [Int64], _ values: [Double], lower: [Int], upper: [Int], ends: StepGrid,
        rangeMilliseconds: Int64, clock: StepGrid, interruption: Interruption = .never
    ) {
        self.init(ends: ends, rangeMilliseconds: rangeMilliseconds, clock: clock, interruption: interruption)
        samples.timestamps = times
        samples.values = values
        placement = Placement(lower: lower, upper: upper)
    }

    /// How many windows there are.
    var count: Int { ends.count }

    /// When the samples were taken, in milliseconds, ascending.
    @inline(__always) var times: [Int64] { samples.timestamps }

    @inline(__always) var values: [Double] { samples.values }

    /// The samples in the window of a step, as places in ``times`` and ``values``.
    @inline(__always) subscript(step: Int) -> Range<Int> { placement.lower[step]..<placement.upper[step] }

    @inline(__always) var lower: [Int] { placement.lower }

    @inline(__always) var upper: [Int] { placement.upper }

    /// Exchanges the samples it has for those of the next series and finds the windows' ends among them. A series with
    /// the same array of times as one before has them where that has its.
    mutating func load(_ next: inout SampleColumn) {
        swap(&samples, &next)
        removeStaleMarkers()
        if placement.lower.count == ends.count, samples.timestamps.isSameArray(as: next.timestamps) { return }
        if let known = memory.exchange(placement, of: next.timestamps, for: samples.timestamps) {
            placement = known
            return
        }
        // What the memory has is not written to.
        var lower = [Int](repeating: 0, count: ends.count)
        var upper = lower
        Self.findEnds(ends, rangeMilliseconds, among: samples.timestamps.span, &lower, &upper)
        placement = Placement(lower: lower, upper: upper)
    }

    /// What rates make of the times of each window.
    mutating func stretches(perSecond: Bool) -> [Stretch] {
        if placement.stretches.count != count {
            var stretches: [Stretch] = []
            stretches.reserveCapacity(count)
            for step in 0..<count {
                let window = self[step]
                guard window.count >= 2 else {
                    stretches.append(Stretch())
                    continue
                }
                let end = ends.time(step)
                stretches.append(
                    Stretch(
                        first: samples.timestamps[window.lowerBound], last: samples.timestamps[window.upperBound - 1],
                        count: window.count, window: (end.subtractingClamped(rangeMilliseconds), end),
                        perSecond: perSecond))
            }
            placement.stretches = stretches
        }
        return placement.stretches
    }

    private static func findEnds(
        _ ends: StepGrid, _ rangeMilliseconds: Int64, among times: Span<Int64>, _ lower: inout [Int],
        _ upper: inout [Int]
    ) {
        var lowers = lower.mutableSpan
        var uppers = upper.mutableSpan
        var low = 0
        var high = 0
        for step in 0..<min(lowers.count, uppers.count) {
            let end = ends.time(step)
            let start = end.subtractingClamped(rangeMilliseconds)
            // In bounds: both are compared with the count before they are used.
            while high < times.count, unsafe times[unchecked: high] <= end { high &+= 1 }
            while low < high, unsafe times[unchecked: low] <= start { low &+= 1 }
            lowers[step] = low
            uppers[step] = high
        }
    }

    private mutating func removeStaleMarkers() {
        guard ColumnScan.mayHaveNaN(samples.values.span),
            let first = samples.values.firstIndex(where: { $0.isStaleMarker })
        else { return }
        var kept = first
        for place in first..<samples.count where !samples.values[place].isStaleMarker {
            samples.values[kept] = samples.values[place]
            samples.timestamps[kept] = samples.timestamps[place]
            kept += 1
        }
        samples.values.removeLast(samples.count - kept)
        samples.timestamps.removeLast(samples.timestamps.count - kept)
    }
}
