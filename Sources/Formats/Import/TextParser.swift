import Model

/// OpenMetrics text 1.0 and Prometheus text 0.0.4, a line at a time.
///
///     # TYPE disk_io_read_bytes counter
///     disk_io_read_bytes_total{device="sda"} 1024 1700000000.5
///
/// A line whose series was seen before, with a plain number and a time, takes the fast path: a comparison, two numbers,
/// the end of the line. All others are read with care, and only there faults are found. Names may be quoted, as in
/// Prometheus 3: `{"my.metric","my.label"="x"}`.
///
/// Sources: OpenMetrics 1.0.0; Prometheus "Exposition formats" and its UTF-8 extension.
struct TextParser {
    private let isOpenMetrics: Bool
    private var family: MetricFamily?
    /// What a comment has told of the NaN of the next sample.
    private var nextNaN: Double?
    private var hasEnded = false

    init(isOpenMetrics: Bool) { self.isOpenMetrics = isOpenMetrics }

    mutating func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool, _ input: inout ParserInput,
        _ batch: inout ImportBatch
    ) -> Int {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] != 10 { end -= 1 }
        var at = range.lowerBound
        while at < end {
            if nextNaN == nil, !hasEnded, fastLine(bytes, &at, &input, &batch) { continue }
            var lineEnd = at
            while bytes[lineEnd] != 10 { lineEnd += 1 }
            do throws(LineFault) {
                try line(bytes, at..<TextParser.trimmed(bytes, at..<lineEnd), &input, &batch)
            } catch {
                let column = error.place - at + 1
                input.add(ImportProblem(line: input.line, column: column, reason: error.reason))
                if input.isStopped { break }
            }
            input.line += 1
            at = lineEnd + 1
        }
        if let family { batch.families.append(family) }
        if isLast && isOpenMetrics && !hasEnded && !input.isStopped {
            input.addCut("no # EOF at the end; the file may be cut short")
        }
        return at
    }

    /// Where the line ends without blanks and CR.
    private static func trimmed(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
        var end = line.upperBound
        while end > line.lowerBound, bytes[end - 1] == 13 || isBlank(bytes[end - 1]) { end -= 1 }
        return end
    }

    /// Reads the line at `at` and moves behind it; false, with nothing changed, where it needs care.
    @inline(__always)
    private func fastLine(
        _ bytes: Span<UInt8>, _ at: inout Int, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) -> Bool {
        var place = at
        guard let number = input.expected(bytes, &place), place < bytes.count, bytes[place] == 32 else { return false }
        place += 1
        guard let value = DecimalText.fast(bytes, &place), bytes[place] == 32 else { return false }
        place += 1
        let time = isOpenMetrics ? DecimalText.seconds(bytes, &place) : DecimalText.milliseconds(bytes, &place)
        guard let time, place < bytes.count else { return false }
        if bytes[place] == 13 { place += 1 }
        guard place < bytes.count, bytes[place] == 10 else { return false }
        batch.append(number, time, value)
        input.line += 1
        at = place + 1
        return true
    }

    // MARK: - With care

    private mutating func line(
        _ bytes: Span<UInt8>, _ line: Range<Int>, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) throws(LineFault) {
        var scanner = TextScanner(bytes, line)
        if !isOpenMetrics { scanner.skipBlanks() }
        guard let first = scanner.next else { return }
        if hasEnded { throw LineFault(line.lowerBound, "the input goes on behind # EOF") }
        if first == UInt8(ascii: "#") {
            try comment(&scanner, &batch)
            return
        }
        let series = try scanner.passSeries()
        scanner.skipBlanks()
        guard let token = scanner.word() else { throw LineFault(scanner.at, "a value is missing") }
        guard var value = DecimalText.value(bytes, token) else {
            throw LineFault(token.lowerBound, DecimalText.fault(of: scanner.text(token)))
        }
        scanner.skipBlanks()
        var time = input.now
        if let next = scanner.next, next != UInt8(ascii: "#") { time = try timestamp(&scanner) }
        scanner.skipBlanks()
        if scanner.next == UInt8(ascii: "#"), isOpenMetrics {
            try scanner.exemplar()
        } else if !scanner.isAtEnd {
            throw LineFault(scanner.at, "the end of the line is expected")
        }
        if isOpenMetrics, scanner.text(token) == NaNBits.staleText { value = .staleMarker }
        if let exact = nextNaN, value.isNaN { value = exact }
        nextNaN = nil
        // Last, so that only series that have a sample are named.
        let number = try input.number(of: bytes, series, &batch) { () throws(LineFault) in
            var names = TextScanner(bytes, series)
            return try names.labels()
        }
        batch.append(number, time, value)
    }

    private func timestamp(_ scanner: inout TextScanner) throws(LineFault) -> Int64 {
        guard let token = scanner.word() else { throw LineFault(scanner.at, "a time is missing") }
        let text = scanner.text(token)
        let bytes = scanner.bytes
        var at = token.lowerBound
        if let time = isOpenMetrics ? DecimalText.seconds(bytes, &at) : DecimalText.milliseconds(bytes, &at),
            at == token.upperBound
        {
            return time
        }
        if !isOpenMetrics, let time = Int64(text) { return time }
        // With an exponent, or more digits than any time has.
        guard isOpenMetrics, let value = DecimalText.value(bytes, token), let time = Timestamp(seconds: value) else {
            let unit = isOpenMetrics ? "seconds" : "milliseconds"
            throw LineFault(token.lowerBound, "\(text) is no time in \(unit) since 1970")
        }
        return time.milliseconds
    }

    private mutating func comment(_ scanner: inout TextScanner, _ batch: inout ImportBatch) throws(LineFault) {
        let start = scanner.at
        scanner.advance()
        scanner.skipBlanks()
        guard let word = scanner.word() else { return }
        switch scanner.text(word) {
        case "EOF" where isOpenMetrics: hasEnded = true
        case "HELP":
            let name = try scanner.metricName()
            scanner.skipBlanks()
            if isOpenMetrics && name == NaNBits.name { return try bits(&scanner, at: start) }
            tell(name, &batch) { $0.help = scanner.unescapedRest() }
        case "TYPE":
            let name = try scanner.metricName()
            scanner.skipBlanks()
            let place = scanner.at
            let kind = scanner.word().map { scanner.text($0) } ?? ""
            guard let kind = TextParser.kind(kind) else { throw LineFault(place, "\(kind) is no type of a metric") }
            tell(name, &batch) { $0.kind = kind }
        case "UNIT" where isOpenMetrics:
            let name = try scanner.metricName()
            scanner.skipBlanks()
            tell(name, &batch) { $0.unit = scanner.unescapedRest() }
        case NaNBits.name where !isOpenMetrics:
            scanner.skipBlanks()
            try bits(&scanner, at: start)
        default: break
        }
    }

    /// The bits of the NaN that follows.
    private mutating func bits(_ scanner: inout TextScanner, at start: Int) throws(LineFault) {
        let digits = scanner.word().map { Array(scanner.text($0).utf8) } ?? []
        guard let value = NaNBits.value(digits) else {
            throw LineFault(start, "\(NaNBits.name) is followed by the 16 hexadecimal digits of a NaN")
        }
        nextNaN = value
    }

    /// Adds to what is known of a family; told on when another begins.
    private mutating func tell(_ name: String, _ batch: inout ImportBatch, _ change: (inout MetricFamily) -> Void) {
        if family.map({ TextParser.plainName($0, isOpenMetrics) }) != name {
            if let family { batch.families.append(family) }
            family = MetricFamily(name: name, kind: .unknown, help: "")
        }
        guard var known = family else { return }
        known.name = name
        change(&known)
        known.name = TextParser.sampleName(name, known.kind, isOpenMetrics)
        family = known
    }

    /// What the samples of a family are called: OpenMetrics names counters and infos without their suffix.
    private static func sampleName(_ name: String, _ kind: MetricFamily.Kind, _ isOpenMetrics: Bool) -> String {
        switch kind {
        case .counter where isOpenMetrics: name + "_total"
        case .info where isOpenMetrics: name + "_info"
        case .counter, .info, .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: name
        }
    }

    private static func plainName(_ family: MetricFamily, _ isOpenMetrics: Bool) -> String {
        switch family.kind {
        case .counter where isOpenMetrics: String(family.name.dropLast("_total".count))
        case .info where isOpenMetrics: String(family.name.dropLast("_info".count))
        case .counter, .info, .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: family.name
        }
    }

    private static func kind(_ word: String) -> MetricFamily.Kind? {
        switch word {
        case "unknown", "untyped": .unknown
        case "counter": .counter
        case "gauge": .gauge
        case "histogram": .histogram
        case "gaugehistogram": .gaugeHistogram
        case "summary": .summary
        case "info": .info
        case "stateset": .stateSet
        default: nil
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}
