import Model

/// The series of an import that there are samples of by day, a bit each, so that a day can name all of them at once:
/// its registry is written whole.
struct SeriesOfDays {
    private var days: [Int64: [UInt64]] = [:]
    /// The day of the last span, which most often is that of the next.
    private var last: (span: Int64, day: Int64)?

    /// - Parameter span: start of a raw span, in seconds.
    mutating func insert(_ series: UInt32, in span: Int64) {
        if last?.span != span {
            let time = TimeRange(span: span).min.milliseconds
            last = (span, Block.spanStart(time, length: Block.daySeconds))
        }
        guard let day = last?.day else { return }
        let word = Int(series / 64)
        let known = days[day]?.count ?? 0
        // Doubled, so that ascending series cost little each.
        if word >= known { days[day, default: []] += Array(repeating: 0, count: max(word + 1 - known, known)) }
        days[day]?[word] |= 1 << UInt64(series % 64)
    }

    /// The series of the day that starts at `day` seconds, ascending.
    func series(of day: Int64) -> [Int] {
        var series: [Int] = []
        for (word, bits) in (days[day] ?? []).enumerated() {
            var rest = bits
            while rest != 0 {
                series.append(word * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return series
    }
}
