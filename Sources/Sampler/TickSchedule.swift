package import Model

/// When ticks happen: at wall-clock multiples of the collectors' intervals, so that the samples of any two runs, hosts
/// and collectors lie on one grid.
///
/// The wait is on the monotonic clock and is planned anew after each tick: a slow drift between the clocks is followed,
/// a tick that could not happen is skipped and never made up for.
///
/// **The time of a tick's samples** is the aligned time while the tick begins at most 5 % of the interval after it,
/// and the true time beyond. On the grid the time column of a block costs nothing; the error of a rate over a minute
/// stays under 0.5 % at 5 s.
package struct TickSchedule: Hashable, Sendable {
    /// A tick to come.
    package struct Tick: Hashable, Sendable {
        /// The multiple of an interval that it is for.
        package var time: Timestamp
        /// When to wake, on CLOCK_MONOTONIC.
        package var monotonicNanoseconds: UInt64
    }

    /// Where a moment lies.
    struct Place: Hashable {
        /// The multiple of an interval that the moment belongs to.
        var aligned: Timestamp
        /// What samples taken at the moment are dated.
        var sampleTime: Timestamp
    }

    /// Distinct and ascending, in milliseconds.
    private let intervals: [Int64]

    /// - Parameter intervals: Of all collectors, in milliseconds; those below 1 are left out. 5 s where none is left.
    package init(intervals: some Sequence<Int64>) {
        let sorted = Set(intervals).filter { $0 > 0 }.sorted()
        self.intervals = sorted.isEmpty ? [5000] : sorted
    }

    /// The interval of the fastest collector, in milliseconds.
    package var shortest: Int64 { intervals[0] }

    /// How far from its time a tick may be and still count as punctual, in milliseconds.
    private var slack: Int64 { shortest / 20 }

    /// The tick to wait for at `reading`.
    /// - Parameter last: The aligned time of the tick before. It does not come a second time because the wall clock
    ///   went back by less than an interval; when it went back further, its new time is followed.
    package func next(after reading: ClockReading, last: Timestamp?) -> Tick {
        var after = reading.wall.milliseconds
        if let last, last.milliseconds >= after, last.milliseconds - after <= shortest { after = last.milliseconds }
        let time = intervals.map { TickSchedule.floor(after, to: $0) + $0 }.min() ?? after
        let wait = max(0, time - reading.wall.milliseconds)
        return Tick(
            time: Timestamp(milliseconds: time),
            monotonicNanoseconds: reading.monotonicNanoseconds + UInt64(wait) * 1_000_000)
    }

    func place(of wall: Timestamp) -> Place {
        // A wake-up may be a little early by the wall clock when that was slewed during the sleep.
        let aligned = intervals.map { TickSchedule.floor(wall.milliseconds + slack, to: $0) }.max() ?? 0
        let isPunctual = abs(wall.milliseconds - aligned) <= slack
        let time = Timestamp(milliseconds: aligned)
        return Place(aligned: time, sampleTime: isPunctual ? time : wall)
    }

    /// How many ticks of the fastest collector lie between two aligned times, neither counted.
    func ticksMissed(from last: Timestamp, to now: Timestamp) -> UInt64 {
        let between = (now.milliseconds - 1) / shortest - last.milliseconds / shortest
        return between > 0 ? UInt64(between) : 0
    }

    /// The largest multiple of `interval` that is not after `time`.
    private static func floor(_ time: Int64, to interval: Int64) -> Int64 {
        let rest = time % interval
        return time - (rest < 0 ? rest + interval : rest)
    }
}
