import Formats
import Model

/// A moment as people and scripts write it:
///
///     1700001265  1700001302.5  -300        seconds since 1970
///     2026-03-29T01:02:03.5+02:00  …Z       RFC 3339
///     2026-03-29T01:02  2026-03-29 01:02    the same in the local zone
///     2026-03-29                            the start of the day
///     03:12  03:12:30                       the last time that it was so late
///     now  now-1h  -1h5m                    relative to now
enum TimeExpression {
    /// - Parameters:
    ///   - earliest: where a time of day is the end of a span, the first one not before this is meant instead.
    /// - Throws: ``CommandFailure`` that names `option`.
    static func parse(
        _ text: String, option: String, now: Timestamp, zone: TimeZoneRule, notBefore earliest: Timestamp? = nil
    ) throws(CommandFailure) -> Timestamp {
        if let time = relative(text, now) ?? seconds(text) ?? date(text, zone) { return time }
        if let time = timeOfDay(text, now, zone, earliest) { return time }
        throw CommandFailure(
            .usage,
            "\(option): \"\(text)\" is no time; possible are 1700001265, 2026-03-29T01:02, 2026-03-29T01:02:03Z, "
                + "2026-03-29, 03:12, now, now-1h, -1h5m")
    }

    private static func relative(_ text: String, _ now: Timestamp) -> Timestamp? {
        if text == "now" { return now }
        let rest = text.hasPrefix("now") ? text.dropFirst(3) : text[...]
        guard let sign = rest.first, sign == "-" || sign == "+", let length = DurationText.parse(rest.dropFirst()),
            // `-0` and the like are numbers and not durations.
            text.hasPrefix("now") || rest.last?.isLetter == true
        else { return nil }
        let (sum, overflow) = now.milliseconds.addingReportingOverflow(sign == "-" ? -length : length)
        return overflow ? nil : Timestamp(milliseconds: sum)
    }

    private static func seconds(_ text: String) -> Timestamp? {
        // Double reads words and hexadecimals, too.
        guard text.utf8.allSatisfy({ ($0 >= 48 && $0 <= 57) || "+-.eE".utf8.contains($0) }), let number = Double(text)
        else { return nil }
        return Timestamp(seconds: number)
    }

    private static func timeOfDay(
        _ text: String, _ now: Timestamp, _ zone: TimeZoneRule, _ earliest: Timestamp?
    ) -> Timestamp? {
        var reader = TimeTextReader(text)
        guard let clock = reader.clock(), reader.isAtEnd else { return nil }
        let reference = earliest ?? now
        // The day before, this day, the day after: days as the calendar counts them, of 23 to 25 hours.
        let noon = CalendarTime(reference, offsetSeconds: zone.offsetSeconds(reference))
        let moments = [-1, 0, 1].compactMap { shift -> Timestamp? in
            var day = noon
            (day.hour, day.minute, day.second, day.millisecond) = (12, 0, 0, 0)
            let other = Timestamp(milliseconds: day.moment(offsetSeconds: 0).milliseconds + Int64(shift) * 86_400_000)
            var calendar = CalendarTime(other, offsetSeconds: 0)
            (calendar.hour, calendar.minute, calendar.second, calendar.millisecond) = clock
            return calendar.moment(in: zone)
        }
        return earliest == nil ? moments.last { $0 <= now } : moments.first { $0 >= reference }
    }

    private static func date(_ text: String, _ zone: TimeZoneRule) -> Timestamp? {
        var reader = TimeTextReader(text)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2)
        else { return nil }
        if reader.isAtEnd { return CalendarTime(year: year, month: month, day: day)?.moment(in: zone) }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let clock = reader.clock(),
            let calendar = CalendarTime(
                year: year, month: month, day: day, hour: clock.0, minute: clock.1, second: clock.2,
                millisecond: clock.3)
        else { return nil }
        if reader.isAtEnd { return calendar.moment(in: zone) }
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        return calendar.moment(offsetSeconds: offset)
    }
}
