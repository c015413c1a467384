import Formats
import Glibc
import Model

/// The time of day.
enum WallClock {
    static func now() -> Timestamp {
        var time = timespec()
        // The kernel fills `time`; it fails only for a clock that does not exist.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// The zone of the machine, or of the variable TZ.
enum LocalZone {
    static func rule() -> TimeZoneRule {
        tzset()
        return TimeZoneRule { time in
            // Whole seconds, rounded down; a time that the C library cannot tell has no offset.
            var seconds = Int(time.milliseconds.quotientAndRemainder(dividingBy: 1000).quotient)
            if time.milliseconds % 1000 < 0 { seconds -= 1 }
            var parts = unsafe tm()
            // localtime_r reads and fills the two values during the call only.
            guard unsafe localtime_r(&seconds, &parts) != nil else { return 0 }
            return unsafe parts.tm_gmtoff
        }
    }
}
