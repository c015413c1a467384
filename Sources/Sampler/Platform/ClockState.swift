import CLinux
import Glibc
import Model

/// What adjtimex(2) tells of the clock, in its units.
package struct ClockState: Hashable, Sendable {
    package var isSynchronised: Bool
    package var status: Int64
    /// Nanoseconds or microseconds, as `countsNanoseconds` says.
    package var offset: Int64
    /// Parts per million with 16 fractional bits; the pulse source's numbers too.
    package var frequency: Int64
    package var maximumErrorMicroseconds: Int64
    package var estimatedErrorMicroseconds: Int64
    package var timeConstant: Int64
    package var tickMicroseconds: Int64
    package var pulseFrequency: Int64
    package var pulseJitter: Int64
    package var pulseShiftSeconds: Int64
    package var pulseStability: Int64
    package var pulseJitterCount: Int64
    package var pulseCalibrationCount: Int64
    package var pulseErrorCount: Int64
    package var pulseUnstableCount: Int64
    package var taiOffsetSeconds: Int64

    /// STA_NANO of linux/timex.h.
    var countsNanoseconds: Bool { status & 0x2000 != 0 }

    /// From the sixteen numbers that the C side fills.
    package init(isSynchronised: Bool, numbers: [Int64]) {
        self.isSynchronised = isSynchronised
        status = numbers[0]
        offset = numbers[1]
        frequency = numbers[2]
        maximumErrorMicroseconds = numbers[3]
        estimatedErrorMicroseconds = numbers[4]
        timeConstant = numbers[5]
        tickMicroseconds = numbers[6]
        pulseFrequency = numbers[7]
        pulseJitter = numbers[8]
        pulseShiftSeconds = numbers[9]
        pulseStability = numbers[10]
        pulseJitterCount = numbers[11]
        pulseCalibrationCount = numbers[12]
        pulseErrorCount = numbers[13]
        pulseUnstableCount = numbers[14]
        taiOffsetSeconds = numbers[15]
    }

    /// This machine's clock; nil where the call is refused (some containers' filters).
    static func read() -> ClockState? {
        var numbers = [Int64](repeating: 0, count: Int(MON_CLOCK_NUMBERS))
        // The C side fills exactly that many.
        let state = unsafe numbers.withUnsafeMutableBufferPointer { unsafe mon_read_clock($0.baseAddress) }
        guard state >= 0 else { return nil }
        // TIME_ERROR: not synchronised.
        return ClockState(isSynchronised: state != 5, numbers: numbers)
    }
}

/// The local zone at a moment.
package struct TimeZoneState: Hashable, Sendable {
    /// Short name, as `CET`.
    package var name: String
    package var offsetSeconds: Int64

    package init(name: String, offsetSeconds: Int64) {
        self.name = name
        self.offsetSeconds = offsetSeconds
    }

    /// This process's zone (tzset(3)).
    static func local(at time: Timestamp) -> TimeZoneState {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = unsafe tm()
        // Both structures live here; tm_zone points to static memory of the C library.
        guard unsafe localtime_r(&seconds, &parts) != nil, let zone = unsafe parts.tm_zone else {
            return TimeZoneState(name: "UTC", offsetSeconds: 0)
        }
        return unsafe TimeZoneState(name: String(cString: zone), offsetSeconds: Int64(parts.tm_gmtoff))
    }
}
