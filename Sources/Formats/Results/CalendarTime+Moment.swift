package import Model

extension CalendarTime {
    /// Nil where there is no such date or no such time of day.
    package init?(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        // Years beyond these do not fit into a timestamp together with their days.
        guard (-200_000...200_000).contains(year), (1...12).contains(month), day >= 1, (0...23).contains(hour),
            (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.millisecond = millisecond
        // A day that the month does not have comes back as one of the next month.
        let back = CalendarTime(moment(offsetSeconds: 0), offsetSeconds: 0)
        guard back.day == day && back.month == month else { return nil }
    }

    /// The moment at which a clock `offsetSeconds` east of UTC shows this.
    package func moment(offsetSeconds: Int) -> Timestamp {
        let seconds = dayNumber * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds
        return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(millisecond))
    }

    /// The moment at which a clock of the zone shows this.
    ///
    /// When clocks are set back it shows some times twice: the first moment is meant. When they are set forward it
    /// never shows some: the moment is meant that a clock would have called so that had not been set.
    package func moment(in zone: TimeZoneRule) -> Timestamp {
        let naive = moment(offsetSeconds: 0).milliseconds
        // No offset is larger than a day, so these two lie before and after whatever change is near.
        let before = zone.offsetSeconds(Timestamp(milliseconds: naive - 86_400_000))
        let after = zone.offsetSeconds(Timestamp(milliseconds: naive + 86_400_000))
        let moments = [before, after].map { moment(offsetSeconds: $0) }
        let shown = zip(moments, [before, after]).filter { zone.offsetSeconds($0.0) == $0.1 }.map(\.0)
        return shown.min() ?? moments[0]
    }

    /// Days since 1970-01-01; the inverse of the arithmetic of ``init(_:offsetSeconds:)``.
    private var dayNumber: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
