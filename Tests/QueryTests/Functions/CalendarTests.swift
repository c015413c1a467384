import Testing

@testable import Query

struct CalendarTests {
    @Test func knownMoments() {
        func check(_ seconds: Int64, _ text: String, weekday: Int64, dayOfYear: Int64, daysInMonth: Int64) {
            let date = CalendarDate(seconds: seconds)
            #expect(date.text == text)
            #expect(date.weekday == weekday)
            #expect(date.dayOfYear == dayOfYear)
            #expect(date.daysInMonth == daysInMonth)
        }
        check(0, "1970-01-01T00:00:00Z", weekday: 4, dayOfYear: 1, daysInMonth: 31)
        check(-1, "1969-12-31T23:59:59Z", weekday: 3, dayOfYear: 365, daysInMonth: 31)
        check(951_782_400, "2000-02-29T00:00:00Z", weekday: 2, dayOfYear: 60, daysInMonth: 29)
        check(1_700_000_000, "2023-11-14T22:13:20Z", weekday: 2, dayOfYear: 318, daysInMonth: 30)
        check(4_107_542_399, "2100-02-28T23:59:59Z", weekday: 0, dayOfYear: 59, daysInMonth: 28)
        check(-62_135_596_800, "0001-01-01T00:00:00Z", weekday: 1, dayOfYear: 1, daysInMonth: 31)
        // Go's time package has the same far end for what no calendar can name.
        check(.min, "292277026596-12-04T15:30:08Z", weekday: 0, dayOfYear: 339, daysInMonth: 31)
    }

    /// Day after day through two leap cycles: each is the day after the one before.
    @Test func daysFollowEachOther() {
        var before = CalendarDate(seconds: -500 * 365 * 86_400)
        for day in Int64(-500 * 365 + 1)...Int64(500 * 365) {
            let date = CalendarDate(seconds: day * 86_400)
            let isNewMonth = before.day == before.daysInMonth
            let isNewYear = isNewMonth && before.month == 12
            #expect(date.day == (isNewMonth ? 1 : before.day + 1))
            #expect(date.month == (isNewYear ? 1 : isNewMonth ? before.month + 1 : before.month))
            #expect(date.year == (isNewYear ? before.year + 1 : before.year))
            #expect(date.dayOfYear == (isNewYear ? 1 : before.dayOfYear + 1))
            #expect(date.weekday == (before.weekday + 1) % 7)
            before = date
        }
    }
}
