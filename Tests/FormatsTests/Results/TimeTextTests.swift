import Formats
import Model
import TestSupport
import Testing

@Suite struct TimeTextTests {
    @Test func unixSeconds() {
        func check(_ milliseconds: Int64, _ expected: String) {
            #expect(TimeText.unix(Timestamp(milliseconds: milliseconds)) == expected)
        }
        check(0, "0")
        check(1, "0.001")
        check(10, "0.01")
        check(-1, "-0.001")
        check(-1500, "-1.5")
        check(1_700_001_265_000, "1700001265")
        check(1_700_001_302_500, "1700001302.5")
        check(.max, "9223372036854775.807")
        check(.min, "-9223372036854775.808")
    }

    @Test func rfc3339() {
        func check(_ milliseconds: Int64, _ zone: TimeZoneRule, _ expected: String) {
            #expect(TimeText.rfc3339(Timestamp(milliseconds: milliseconds), zone) == expected)
        }
        check(0, .utc, "1970-01-01T00:00:00Z")
        check(-1, .utc, "1969-12-31T23:59:59.999Z")
        check(951_782_400_000, .utc, "2000-02-29T00:00:00Z")
        check(1_774_746_000_050, .fixed(offsetSeconds: 7200), "2026-03-29T03:00:00.050+02:00")
        check(0, .fixed(offsetSeconds: 0), "1970-01-01T00:00:00+00:00")
        check(0, .fixed(offsetSeconds: -34_200), "1969-12-31T14:30:00-09:30")
        check(-62_167_219_200_000, .utc, "0000-01-01T00:00:00Z")
        check(-62_167_219_200_001, .utc, "-0001-12-31T23:59:59.999Z")
        check(253_402_300_800_000, .utc, "10000-01-01T00:00:00Z")
    }

    @Test func extremesDoNotTrap() {
        for milliseconds in [Int64.min, .min + 1, .max - 1, .max] {
            for offset in [-86_400, 0, 86_400] {
                #expect(
                    !TimeText.rfc3339(Timestamp(milliseconds: milliseconds), .fixed(offsetSeconds: offset)).isEmpty)
            }
        }
    }

    /// Dates walk on by one day each day, with Gregorian month lengths.
    @Test func everyDayOfFourCenturies() {
        var (year, month, day) = (1900, 1, 1)
        var time = Int64(-2_208_988_800_000)
        while year < 2300 {
            let calendar = CalendarTime(Timestamp(milliseconds: time), offsetSeconds: 0)
            guard (calendar.year, calendar.month, calendar.day) == (year, month, day) else {
                Issue.record("\(calendar.dateText) should be \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
            time += 86_400_000
        }
    }

    @Test func precisionIsTheLeastThatLosesNothing() {
        func precision(_ milliseconds: Int64...) -> TimeText.Precision {
            TimeText.Precision(for: milliseconds.map { Timestamp(milliseconds: $0) })
        }
        #expect(precision() == .minutes)
        #expect(precision(0, 60_000) == .minutes)
        #expect(precision(0, 61_000) == .seconds)
        #expect(precision(0, 61_000, 1) == .milliseconds)
    }
}
