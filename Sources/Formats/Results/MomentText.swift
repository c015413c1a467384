package import Model

/// Moments as Prometheus' API reads them.
package enum MomentText {
    /// Seconds since 1970, with a fraction or an exponent, or RFC 3339 with a zone. Nil for anything else.
    package static func parse(_ text: String) -> Timestamp? {
        if let seconds = number(text) { return Timestamp(seconds: seconds) }
        return rfc3339(text)
    }

    /// A length of time: seconds, or with units as in PromQL. Nil for anything else, and where it does not fit.
    package static func duration(_ text: String) -> Int64? {
        if let seconds = number(text) { return Int64(exactly: (seconds * 1000).rounded(.towardZero)) }
        return DurationText.parse(text)
    }

    /// A float as Go's strconv reads it, without what it knows beside digits.
    private static func number(_ text: String) -> Double? {
        guard let first = text.utf8.first, (48...57).contains(first) || first == 43 || first == 45 || first == 46 else {
            return nil
        }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// `2026-03-29T01:02:03.5+02:00`
    private static func rfc3339(_ text: String) -> Timestamp? {
        var reader = TimeTextReader(text)
        // Go, whose parser Prometheus uses, reads no small z.
        guard !text.hasSuffix("z"), let year = reader.digits(4), reader.take("-"), let month = reader.digits(2),
            reader.take("-"), let day = reader.digits(2), reader.take("T"),
            let clock = reader.clock(needsSeconds: true), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        return CalendarTime(
            year: year, month: month, day: day, hour: clock.0, minute: clock.1, second: clock.2, millisecond: clock.3)?
            .moment(offsetSeconds: offset)
    }
}
