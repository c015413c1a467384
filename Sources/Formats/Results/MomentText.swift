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
        var rest = Array(text.utf8)[...]
        func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }
        func digits(_ count: Int) -> Int? {
            let part = rest.prefix(count)
            guard part.count == count, part.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
            rest.removeFirst(count)
            return part.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2), take("T"),
            let hour = digits(2), take(":"), let minute = digits(2), take(":"), let second = digits(2)
        else { return nil }
        var millisecond = 0
        if take(".") {
            var count = 0
            while let digit = digits(1) {
                if count < 3 { millisecond = millisecond * 10 + digit }
                count += 1
            }
            if count == 0 { return nil }
            for _ in count..<max(3, count) { millisecond *= 10 }
        }
        var offset = 0
        if !take("Z") {
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = digits(2), hours < 24, take(":"), let minutes = digits(2), minutes < 60 else {
                return nil
            }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard rest.isEmpty else { return nil }
        return CalendarTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)?
            .moment(offsetSeconds: offset)
    }
}
