/// A moment as the proleptic Gregorian calendar names it, in UTC.
struct CalendarDate: Hashable, Sendable {
    var year: Int64
    /// 1 to 12.
    var month: Int64
    /// 1 to 31.
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64
    /// 0 is Sunday.
    var weekday: Int64
    /// 1 to 366.
    var dayOfYear: Int64

    /// Days of one 400-year cycle, after which the calendar repeats.
    private static let cycleDays: UInt64 = 146_097
    /// Cycles between the year 0 and the beginning of the count below, which lies before any Int64 second but the
    /// first few thousand years' worth; those wrap to the far end, as they do in Go's package time.
    private static let cyclesBefore: Int64 = 730_692_556
    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysToEpoch: Int64 = 719_468

    /// - Parameter seconds: Since 1970; any value.
    init(seconds: Int64) {
        let shift = (CalendarDate.cyclesBefore * Int64(CalendarDate.cycleDays) + CalendarDate.daysToEpoch) * 86_400
        // Wraps for the earliest seconds only; see above.
        let absolute = UInt64(bitPattern: seconds &+ shift)
        let days = absolute / 86_400
        let clock = Int64(absolute % 86_400)
        hour = clock / 3600
        minute = clock / 60 % 60
        second = clock % 60
        // The count begins on a Wednesday: 0000-03-01 was one, and a cycle is a whole number of weeks.
        weekday = Int64((days + 3) % 7)

        // Years that begin in March have their leap day last, so months have a closed form.
        let cycle = Int64(days / CalendarDate.cycleDays)
        let dayOfCycle = Int64(days % CalendarDate.cycleDays)
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let marchDay = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * marchDay + 2) / 153
        day = marchDay - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = (cycle - CalendarDate.cyclesBefore) * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
        dayOfYear = month <= 2 ? marchDay - 305 : marchDay + 60 + (CalendarDate.isLeap(year) ? 1 : 0)
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    var daysInMonth: Int64 {
        switch month {
        case 2: CalendarDate.isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// `2006-01-02T15:04:05Z`
    var text: String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let plainYear = String(year)
        let year = String(repeating: "0", count: max(0, 4 - plainYear.count)) + plainYear
        return "\(year)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z"
    }
}
