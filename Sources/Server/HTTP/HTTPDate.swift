import Formats
import Glibc
import Model

/// Moments in HTTP's headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ time: Timestamp) -> String {
        let calendar = CalendarTime(time, offsetSeconds: 0)
        // 1970-01-01 was a Thursday.
        let day = Int((time.milliseconds - (time.milliseconds < 0 ? 86_399_999 : 0)) / 86_400_000)
        let weekday = days[((day % 7) + 7) % 7]
        let date = (calendar.day < 10 ? "0" : "") + "\(calendar.day) \(months[calendar.month - 1]) \(calendar.year)"
        return "\(weekday), \(date) \(calendar.clockText(.seconds)) GMT"
    }

    static func now() -> Timestamp {
        var time = timespec()
        // The pointer is valid for the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
