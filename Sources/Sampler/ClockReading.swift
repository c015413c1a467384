import Glibc
package import Model

/// The three clocks at one moment. Together they tell a step of the wall clock from a suspend.
package struct ClockReading: Hashable, Sendable {
    /// CLOCK_REALTIME; may be set.
    package var wall: Timestamp
    /// CLOCK_MONOTONIC: never set, stands still while the machine is suspended.
    package var monotonicNanoseconds: UInt64
    /// CLOCK_BOOTTIME: never set, goes on while the machine is suspended.
    package var bootNanoseconds: UInt64

    package init(wall: Timestamp, monotonicNanoseconds: UInt64, bootNanoseconds: UInt64) {
        self.wall = wall
        self.monotonicNanoseconds = monotonicNanoseconds
        self.bootNanoseconds = bootNanoseconds
    }

    /// This machine's clocks. Milliseconds of the wall clock are cut, not rounded: the reading is never in the future.
    package static func now() -> ClockReading {
        let wall = nanoseconds(of: CLOCK_REALTIME) / 1_000_000
        return ClockReading(
            wall: Timestamp(milliseconds: Int64(clamping: wall)),
            monotonicNanoseconds: nanoseconds(of: CLOCK_MONOTONIC), bootNanoseconds: nanoseconds(of: CLOCK_BOOTTIME))
    }

    /// Sleeps until CLOCK_MONOTONIC shows `nanoseconds`; false where a signal ended the sleep before.
    package static func sleep(untilMonotonicNanoseconds nanoseconds: UInt64) -> Bool {
        var end = timespec(
            tv_sec: Int(clamping: nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        // The kernel reads `end` during the call only.
        return unsafe clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &end, nil) == 0
    }

    /// CPU time that this process has used.
    package static func processCPUNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }

    /// CPU time that the calling thread has used.
    package static func threadCPUNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }

    static func nanoseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        // The kernel fills `time`; it fails only for a clock that does not exist.
        unsafe clock_gettime(clock, &time)
        return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
    }
}
