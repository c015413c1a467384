import Model

/// What the clocks did between two ticks beyond going on.
struct ClockChange: Hashable {
    /// How long the machine was suspended, in milliseconds; 0 where it was not.
    var suspendedMilliseconds: Int64
    /// How far the wall clock was set, in milliseconds: forward positive, back negative; 0 where it was not.
    var steppedMilliseconds: Int64

    /// Below this the boot and the monotonic clock differ by reading them one after the other. A guess.
    private static let suspendMin: Int64 = 1000
    /// NTP slews by at most 500 ppm and steps from 128 ms on; a step this small moves no sample by a tick.
    private static let stepMin: Int64 = 500

    init(from before: ClockReading, to now: ClockReading) {
        let wall = now.wall.milliseconds - before.wall.milliseconds
        let boot = ClockChange.milliseconds(from: before.bootNanoseconds, to: now.bootNanoseconds)
        let monotonic = ClockChange.milliseconds(
            from: before.monotonicNanoseconds, to: now.monotonicNanoseconds)
        suspendedMilliseconds = boot - monotonic >= ClockChange.suspendMin ? boot - monotonic : 0
        steppedMilliseconds = abs(wall - boot) >= ClockChange.stepMin ? wall - boot : 0
    }

    private static func milliseconds(from before: UInt64, to now: UInt64) -> Int64 {
        now >= before ? Int64(clamping: (now - before) / 1_000_000) : 0
    }
}
