package import Model

/// What a wall clock shows at a moment: the offset from UTC as a function of time, because it changes twice a year.
package struct TimeZoneRule: Sendable {
    /// Seconds east of UTC at a moment.
    package let offsetSeconds: @Sendable (Timestamp) -> Int
    /// Whether the zone is UTC by definition, so that `Z` is written and not `+00:00`.
    package let isUTC: Bool

    package init(offsetSeconds: @escaping @Sendable (Timestamp) -> Int) {
        self.offsetSeconds = offsetSeconds
        isUTC = false
    }

    private init() {
        offsetSeconds = { _ in 0 }
        isUTC = true
    }

    package static let utc = TimeZoneRule()

    /// A zone that never changes its offset.
    package static func fixed(offsetSeconds: Int) -> TimeZoneRule {
        TimeZoneRule { _ in offsetSeconds }
    }
}

/// A moment as a calendar and a clock show it, in the proleptic Gregorian calendar.
package struct CalendarTime: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int

    /// The moment as seen `offsetSeconds` east of UTC.
    package init(_ time: Timestamp, offsetSeconds: Int) {
        let (shifted, overflow) = time.milliseconds.addingReportingOverflow(Int64(offsetSeconds) * 1000)
        let local = overflow ? time.milliseconds : shifted
        let dayMilliseconds: Int64 = 86_400_000
        var days = local / dayMilliseconds
        var rest = local % dayMilliseconds
        if rest < 0 {
            rest += dayMilliseconds
            days -= 1
        }
        (year, month, day) = CalendarTime.date(ofDay: Int(days))
        hour = Int(rest / 3_600_000)
        minute = Int(rest / 60_000 % 60)
        second = Int(rest / 1000 % 60)
        millisecond = Int(rest % 1000)
    }

    /// The date of a day counted from 1970-01-01. Years run from March in the arithmetic, so that the leap day is last;
    /// 146,097 days are 400 years (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    /// `2026-03-29`
    package var dateText: String {
        let digits = String(year.magnitude)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return (year < 0 ? "-" : "") + "\(padded)-\(two(month))-\(two(day))"
    }

    /// `01:02`, `01:02:03` or `01:02:03.500`.
    package func clockText(_ precision: TimeText.Precision) -> String {
        var text = "\(two(hour)):\(two(minute))"
        if precision >= .seconds { text += ":\(two(second))" }
        if precision >= .milliseconds { text += "." + (millisecond < 100 ? "0" : "") + two(millisecond) }
        return text
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// Moments as text.
package enum TimeText {
    /// The smallest unit that is written.
    package enum Precision: Int, Comparable, Sendable {
        case minutes, seconds, milliseconds

        package static func < (lhs: Precision, rhs: Precision) -> Bool { lhs.rawValue < rhs.rawValue }

        /// The least that tells `times` without loss.
        package init(for times: some Sequence<Timestamp>) {
            self = .minutes
            for time in times where time.milliseconds % 60_000 != 0 {
                self = .seconds
                if time.milliseconds % 1000 != 0 {
                    self = .milliseconds
                    return
                }
            }
        }
    }

    /// `2026-03-29T01:02:03+01:00`, with milliseconds where there are some.
    package static func rfc3339(_ time: Timestamp, _ zone: TimeZoneRule) -> String {
        let offset = zone.offsetSeconds(time)
        let calendar = CalendarTime(time, offsetSeconds: offset)
        let precision: Precision = calendar.millisecond == 0 ? .seconds : .milliseconds
        return calendar.dateText + "T" + calendar.clockText(precision) + offsetText(offset, zone)
    }

    /// `2026-03-29 01:02:03`, for people.
    package static func local(_ time: Timestamp, _ zone: TimeZoneRule, _ precision: Precision) -> String {
        let calendar = CalendarTime(time, offsetSeconds: zone.offsetSeconds(time))
        return calendar.dateText + " " + calendar.clockText(precision)
    }

    /// Seconds since 1970 with as many decimals as needed, at most three: `1700001302.5`.
    package static func unix(_ time: Timestamp) -> String {
        let magnitude = time.milliseconds.magnitude
        var text = (time.milliseconds < 0 ? "-" : "") + String(magnitude / 1000)
        var rest = magnitude % 1000
        if rest != 0 {
            var digits = 3
            while rest % 10 == 0 {
                rest /= 10
                digits -= 1
            }
            let decimals = String(rest)
            text += "." + String(repeating: "0", count: digits - decimals.count) + decimals
        }
        return text
    }

    /// `+01:00`; `Z` for UTC.
    package static func offsetText(_ offsetSeconds: Int, _ zone: TimeZoneRule) -> String {
        if zone.isUTC { return "Z" }
        // RFC 3339 has no seconds in an offset; zones of before 1970 that had some are rounded down to the minute.
        let minutes = Int(offsetSeconds.magnitude) / 60
        let hour = minutes / 60
        let minute = minutes % 60
        return (offsetSeconds < 0 ? "-" : "+") + (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "")
            + "\(minute)"
    }
}
