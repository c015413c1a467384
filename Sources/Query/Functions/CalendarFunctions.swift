// Parts of a date. The argument is seconds since 1970; without one it is the evaluation time.

extension Function {
    static let minute = calendar("minute", "Minute of the hour, 0 to 59, in UTC.", gives: 30) { $0.minute }
    static let hour = calendar("hour", "Hour of the day, 0 to 23, in UTC.", gives: 23) { $0.hour }
    static let dayOfWeek = calendar("day_of_week", "Day of the week, 0 (Sunday) to 6, in UTC.", gives: 5) {
        $0.weekday
    }
    static let dayOfMonth = calendar("day_of_month", "Day of the month, 1 to 31, in UTC.", gives: 13) { $0.day }
    static let dayOfYear = calendar("day_of_year", "Day of the year, 1 to 366, in UTC.", gives: 44) { $0.dayOfYear }
    static let daysInMonth = calendar("days_in_month", "Days of the month, 28 to 31, in UTC.", gives: 28) {
        $0.daysInMonth
    }
    static let month = calendar("month", "Month of the year, 1 to 12, in UTC.", gives: 2) { $0.month }
    static let year = calendar("year", "Year, in UTC.", gives: 2009) { $0.year }

    /// The example is 2009-02-13 23:30 UTC, near the second 1234567890.
    private static func calendar(
        _ name: String, _ documentation: String, gives part: Int, _ extract: @escaping @Sendable (CalendarDate) -> Int64
    ) -> Function {
        Function(
            FunctionSignature(name, [.instantVector], .optionalLast), documentation,
            example: FunctionExample("\(name)(vector(1234567800))", gives: ["{} \(part)"]),
            kernel: .map { Double(extract(CalendarDate(seconds: wholeSeconds($0)))) })
    }

    /// Truncated toward zero; what does not fit, and NaN, is Int64's least, as amd64 converts it.
    private static func wholeSeconds(_ seconds: Double) -> Int64 {
        Int64(exactly: seconds.rounded(.towardZero)) ?? .min
    }
}
