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
    /// The moments of evaluation: ``ends`` without `offset`, and the grid's first one under `@`.
    let clock: StepGrid
    private var lower: [Int] = []
    private var upper: [Int] = []
    private let interruption: Interruption

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
        self.lower = lower
        self.upper = upper
    }

    /// How many windows there are.
    var count: Int { ends.count }

    /// When the samples were taken, in milliseconds, ascending.
    @inline(__always) var times: [Int64] { samples.timestamps }

    @inline(__always) var values: [Double] { samples.values }

    /// The samples in the window of a step, as places in ``times`` and ``values``.
    @inline(__always) subscript(step: Int) -> Range<Int> { lower[step]..<upper[step] }

    /// Exchanges the samples it has for those of the next series and finds the windows' ends among them.
    mutating func load(_ next: inout SampleColumn) {
        swap(&samples, &next)
        removeStaleMarkers()
        if lower.count != ends.count {
            lower = [Int](repeating: 0, count: ends.count)
            upper = lower
        }
        let times = samples.timestamps
        Self.findEnds(ends, rangeMilliseconds, among: times.span, &lower, &upper)
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

    /// Whether there is a NaN, as stale markers are; counted without a branch, so that several values are looked at at
    /// once.
    private static func hasNaN(_ values: Span<Double>) -> Bool {
        var count = 0
        // In bounds: all of them, one after the other.
        for place in values.indices { count &+= unsafe values[unchecked: place].isNaN ? 1 : 0 }
        return count > 0
    }

    private mutating func removeStaleMarkers() {
        guard Self.hasNaN(samples.values.span),
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
