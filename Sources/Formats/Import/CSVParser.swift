import Model

/// Comma-separated values after RFC 4180. The first record names the columns:
///
///     metric,labels,time,value                          what `mon dump` writes: labels as in PromQL, {a="b"}
///     __name__,device,mountpoint,time,value             a column a label: what `mon query --format csv` writes
///
/// `time` is RFC 3339 or seconds since 1970; `timestamp` is another name of it. Where no column is called `__name__`,
/// `metric` is the metric's name. Of several columns called `time` or `value` the last one counts, because a label may
/// be called so. An empty field is no label.
struct CSVParser {
    private enum Role {
        case label([UInt8])
        /// Labels in PromQL's form.
        case labels
        case time
        case value
    }

    private var roles: [Role] = []
    private var fields: [Range<Int>] = []
    private var hasHeader = false
    private var hasNoColumns = false
    /// Whether time and value are the last two columns: then what stands before them is the text of the series.
    private var isSeriesFirst = false

    mutating func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool, _ input: inout ParserInput,
        _ batch: inout ImportBatch
    ) -> Int {
        // Without a header there are no columns.
        if hasNoColumns { return range.upperBound }
        var at = range.lowerBound
        while at < range.upperBound {
            let start = at
            let line = input.line
            do throws(LineFault) {
                if hasHeader && isSeriesFirst, fastRecord(bytes, &at, range.upperBound, &input, &batch) { continue }
                at = start
                guard let lines = try split(bytes, &at, range.upperBound, isLast: isLast) else { return start }
                defer { input.line += lines }
                if fields.isEmpty { continue }
                if hasHeader {
                    try record(bytes, start, &input, &batch)
                } else {
                    try header(bytes)
                    hasHeader = true
                }
            } catch {
                input.add(ImportProblem(line: line, column: error.place - start + 1, reason: error.reason))
                hasNoColumns = !hasHeader
                if hasNoColumns { return range.upperBound }
                if input.isStopped {
                    input.line = line
                    return start
                }
                // A quote that is not closed takes the rest of the file, everything else its record.
                if at == start { at = range.upperBound }
            }
        }
        return at
    }

    // MARK: - Records

    /// Splits the record at `at` into fields, quotes included, and moves behind it.
    /// - Returns: the lines that it has; nil where it is not whole.
    private mutating func split(
        _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, isLast: Bool
    ) throws(LineFault) -> Int? {
        fields.removeAll(keepingCapacity: true)
        let begin = at
        var place = at
        var start = at
        var lines = 1
        var isQuoted = false
        while place < end {
            let byte = bytes[place]
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == 10 && isQuoted {
                lines += 1
            } else if byte == UInt8(ascii: ",") && !isQuoted {
                fields.append(start..<place)
                start = place + 1
            } else if byte == 10 {
                let last = place > start && bytes[place - 1] == 13 ? place - 1 : place
                if !fields.isEmpty || last > start { fields.append(start..<last) }
                at = place + 1
                return lines
            }
            place += 1
        }
        guard isLast else { return nil }
        throw LineFault(begin, "a quote is not closed")
    }

    /// The text of a field without its quotes.
    private func content(_ bytes: Span<UInt8>, _ field: Range<Int>) throws(LineFault) -> [UInt8] {
        var text: [UInt8] = []
        guard let first = field.first, bytes[first] == UInt8(ascii: "\"") else {
            for place in field {
                if bytes[place] == UInt8(ascii: "\"") { throw LineFault(place, "a quote within a field") }
                text.append(bytes[place])
            }
            return text
        }
        var place = first + 1
        while place < field.upperBound {
            if bytes[place] == UInt8(ascii: "\"") {
                if place + 1 == field.upperBound { return text }
                place += 1
                guard bytes[place] == UInt8(ascii: "\"") else { throw LineFault(place, "text behind a quote") }
            }
            text.append(bytes[place])
            place += 1
        }
        throw LineFault(first, "a quote is not closed")
    }

    private mutating func header(_ bytes: Span<UInt8>) throws(LineFault) {
        var names: [String] = []
        for field in fields { names.append(String(decoding: try content(bytes, field), as: UTF8.self)) }
        let start = fields.first?.lowerBound ?? 0
        guard let value = names.lastIndex(of: "value") else { throw LineFault(start, "no column is called value") }
        guard let time = names.lastIndex(where: { $0 == "time" || $0 == "timestamp" }) else {
            throw LineFault(start, "no column is called time")
        }
        let hasName = names.contains(Labels.metricNameLabel)
        roles = names.enumerated().map { place, name in
            if place == value { return .value }
            if place == time { return .time }
            if name == "metric" && !hasName { return .label(Array(Labels.metricNameLabel.utf8)) }
            if name == "labels" && !hasName { return .labels }
            return .label(Array(name.utf8))
        }
        isSeriesFirst = time == names.count - 2 && value == names.count - 1
    }

    /// A record whose series was seen before, a time in seconds and a plain number.
    @inline(__always)
    private func fastRecord(
        _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) -> Bool {
        var place = at
        guard let number = input.expected(bytes, &place), place < end else { return false }
        guard let time = DecimalText.seconds(bytes, &place), place < end, bytes[place] == UInt8(ascii: ",") else {
            return false
        }
        place += 1
        guard let value = DecimalText.fast(bytes, &place), place < end else { return false }
        if bytes[place] == 13 { place += 1 }
        guard place < end, bytes[place] == 10 else { return false }
        batch.append(number, time, value)
        input.line += 1
        at = place + 1
        return true
    }

    private func record(
        _ bytes: Span<UInt8>, _ start: Int, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) throws(LineFault) {
        guard fields.count == roles.count else {
            throw LineFault(start, "\(fields.count) fields where the first line has \(roles.count)")
        }
        var time: Int64 = 0
        var value = 0.0
        for (role, field) in zip(roles, fields) {
            switch role {
            case .time: time = try CSVParser.time(try content(bytes, field), at: field.lowerBound)
            case .value: value = try CSVParser.value(try content(bytes, field), at: field.lowerBound)
            case .label, .labels: break
            }
        }
        // Where the series stands first its text goes up to and with the comma before the time: what follows it in
        // the next record can be read at once.
        let series =
            isSeriesFirst ? start..<fields[fields.count - 2].lowerBound : start..<fields[fields.count - 1].upperBound
        let number = try input.number(of: bytes, series, &batch) { () throws(LineFault) in
            try labels(bytes, start)
        }
        batch.append(number, time, value)
    }

    private func labels(_ bytes: Span<UInt8>, _ start: Int) throws(LineFault) -> Labels {
        var pairs: [(name: [UInt8], value: [UInt8])] = []
        var metricName: [UInt8] = []
        for (role, field) in zip(roles, fields) {
            switch role {
            case .label(let name):
                let value = try content(bytes, field)
                if name.elementsEqual(Labels.metricNameLabel.utf8) { metricName = value }
                if !value.isEmpty { pairs.append((name, value)) }
            case .labels:
                let text = try content(bytes, field)
                if text.isEmpty { continue }
                var scanner = TextScanner(text.span, 0..<text.count)
                do throws(LineFault) {
                    pairs += try scanner.braces()
                } catch {
                    throw LineFault(field.lowerBound + error.place, error.reason)
                }
            case .time, .value: break
            }
        }
        guard !metricName.isEmpty else { throw LineFault(start, "the name of a metric is missing") }
        return try TextScanner.labels(pairs, at: start)
    }

    // MARK: - Times and values

    static func value(_ text: [UInt8], at place: Int) throws(LineFault) -> Double {
        if let value = DecimalText.value(text.span, 0..<text.count) { return value }
        // C's form of a NaN with a payload.
        let prefix = Array("nan(0x".utf8)
        if text.starts(with: prefix), text.last == UInt8(ascii: ")"),
            let value = NaNBits.value(text[prefix.count..<(text.count - 1)])
        {
            return value
        }
        throw LineFault(place, DecimalText.fault(of: String(decoding: text, as: UTF8.self)))
    }

    static func time(_ text: [UInt8], at place: Int) throws(LineFault) -> Int64 {
        var at = 0
        let bytes = text.span
        if let time = DecimalText.seconds(bytes, &at), at == text.count { return time }
        if let time = RFC3339.milliseconds(text) { return time }
        guard let value = DecimalText.value(bytes, 0..<text.count), let time = Timestamp(seconds: value) else {
            throw LineFault(
                place, "\(String(decoding: text, as: UTF8.self)) is no time: RFC 3339 or seconds since 1970")
        }
        return time.milliseconds
    }
}

/// Moments as RFC 3339 writes them: `2026-03-29T01:02:03.5+01:00`.
enum RFC3339 {
    /// Milliseconds since 1970; further decimals are cut off. Nil for what is no such text.
    static func milliseconds(_ text: [UInt8]) -> Int64? {
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= text.count else { return nil }
            var value: Int64 = 0
            for byte in text[start..<start + count] {
                guard byte &- 48 < 10 else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        func has(_ byte: Character, _ place: Int) -> Bool { place < text.count && text[place] == byte.asciiValue }
        guard let year = number(0, 4), has("-", 4), let month = number(5, 2), has("-", 7), let day = number(8, 2),
            has("T", 10) || has("t", 10) || has(" ", 10), let hour = number(11, 2), has(":", 13),
            let minute = number(14, 2), has(":", 16), let second = number(17, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var at = 19
        var milliseconds: Int64 = 0
        if has(".", at) {
            at += 1
            let point = at
            var unit: Int64 = 100
            while at < text.count, text[at] &- 48 < 10 {
                milliseconds += Int64(text[at] - 48) * unit
                unit /= 10
                at += 1
            }
            if at == point { return nil }
        }
        var offset: Int64 = 0
        if has("Z", at) || has("z", at) {
            at += 1
        } else {
            guard has("+", at) || has("-", at), let hours = number(at + 1, 2), has(":", at + 3),
                let minutes = number(at + 4, 2)
            else { return nil }
            offset = (hours * 60 + minutes) * (has("-", at) ? -60 : 60)
            at += 6
        }
        guard at == text.count else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds * 1000 + milliseconds
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar; the year begins in March, so that the leap day is last
    /// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
