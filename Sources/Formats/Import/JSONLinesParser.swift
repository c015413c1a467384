import Model

/// A JSON object a line: a series with some or all of its samples. The field's form is VictoriaMetrics':
///
///     {"metric":{"__name__":"up","job":"a"},"values":[1,null,"Infinity"],"timestamps":[1700000000000,…]}
///
/// Times are in milliseconds; null is NaN. Other members are passed over, but for ours: `"mon_bits":{"1":"7ff0…02"}`
/// tells the bits of the NaN at that place. What `mon query --format jsonl` writes is read as well: `"values"` or
/// `"value"` made of pairs of seconds and text.
struct JSONLinesParser {
    /// What the members of a line say.
    private struct Line {
        var metric: Range<Int>?
        var values: [Double] = []
        var timestamps: [Int64]?
        /// Times that stand beside their values.
        var paired: [Int64] = []
        var bits: [(place: Int, value: Double)] = []
    }

    mutating func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) -> Int {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] != 10 { end -= 1 }
        var at = range.lowerBound
        while at < end {
            var lineEnd = at
            while bytes[lineEnd] != 10 { lineEnd += 1 }
            do throws(LineFault) {
                try line(bytes, at..<lineEnd, &input, &batch)
            } catch {
                input.add(ImportProblem(line: input.line, column: error.place - at + 1, reason: error.reason))
                if input.isStopped { return at }
            }
            input.line += 1
            at = lineEnd + 1
        }
        return at
    }

    private func line(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) throws(LineFault) {
        var scanner = JSONScanner(bytes, range)
        if scanner.peek() == nil { return }
        var line = Line()
        try scanner.expect("{")
        if !scanner.take("}") {
            repeat {
                let name = String(decoding: try scanner.string(), as: UTF8.self)
                try scanner.expect(":")
                try JSONLinesParser.member(name, &scanner, &line)
            } while scanner.take(",")
            try scanner.expect("}")
        }
        if scanner.peek() != nil { throw LineFault(scanner.at, "the end of the line is expected") }
        guard let metric = line.metric else { throw LineFault(range.lowerBound, "\"metric\" is missing") }
        let times = line.paired.isEmpty ? line.timestamps : line.paired
        guard let times else { throw LineFault(range.lowerBound, "\"timestamps\" is missing") }
        guard times.count == line.values.count else {
            throw LineFault(range.lowerBound, "\(line.values.count) values, but \(times.count) timestamps")
        }
        for (place, value) in line.bits {
            guard line.values.indices.contains(place), line.values[place].isNaN else {
                throw LineFault(range.lowerBound, "\(NaNBits.name) of the value \(place), which is no NaN")
            }
            line.values[place] = value
        }
        let number = try input.number(of: bytes, metric, &batch) { () throws(LineFault) in
            try JSONLinesParser.labels(bytes, metric)
        }
        for (place, time) in times.enumerated() { batch.append(number, time, line.values[place]) }
    }

    private static func member(
        _ name: String, _ scanner: inout JSONScanner, _ line: inout Line
    ) throws(LineFault) {
        _ = scanner.peek()
        let start = scanner.at
        switch name {
        case "metric":
            guard scanner.peek() == UInt8(ascii: "{") else { throw LineFault(start, "labels are expected") }
            try scanner.skip()
            line.metric = start..<scanner.at
        case "values":
            try list(&scanner) { scanner throws(LineFault) in
                if scanner.peek() == UInt8(ascii: "[") {
                    try pair(&scanner, &line)
                } else {
                    line.values.append(try scanner.number())
                }
            }
        case "value": try pair(&scanner, &line)
        case "timestamps":
            var timestamps: [Int64] = []
            try list(&scanner) { scanner throws(LineFault) in timestamps.append(try scanner.integer()) }
            line.timestamps = timestamps
        case NaNBits.name:
            try scanner.expect("{")
            if scanner.take("}") { return }
            repeat {
                let place = String(decoding: try scanner.string(), as: UTF8.self)
                try scanner.expect(":")
                guard let place = Int(place), let value = NaNBits.value(try scanner.string()) else {
                    throw LineFault(start, "\(NaNBits.name) has places and the 16 hexadecimal digits of NaNs")
                }
                line.bits.append((place, value))
            } while scanner.take(",")
            try scanner.expect("}")
        default: try scanner.skip()
        }
    }

    @inline(__always)
    private static func list(
        _ scanner: inout JSONScanner, _ element: (inout JSONScanner) throws(LineFault) -> Void
    ) throws(LineFault) {
        try scanner.expect("[")
        if scanner.take("]") { return }
        repeat { try element(&scanner) } while scanner.take(",")
        try scanner.expect("]")
    }

    /// `[seconds,"value"]`
    private static func pair(_ scanner: inout JSONScanner, _ line: inout Line) throws(LineFault) {
        try scanner.expect("[")
        let start = scanner.at
        guard let time = Timestamp(seconds: try scanner.number()) else { throw LineFault(start, "a time is expected") }
        try scanner.expect(",")
        line.values.append(try scanner.number())
        line.paired.append(time.milliseconds)
        try scanner.expect("]")
    }

    private static func labels(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(LineFault) -> Labels {
        var scanner = JSONScanner(bytes, range)
        var fields: [(name: [UInt8], value: [UInt8])] = []
        try scanner.expect("{")
        if !scanner.take("}") {
            repeat {
                let name = try scanner.string()
                try scanner.expect(":")
                fields.append((name, try scanner.string()))
            } while scanner.take(",")
            try scanner.expect("}")
        }
        guard fields.contains(where: { $0.name.elementsEqual(Labels.metricNameLabel.utf8) && !$0.value.isEmpty })
        else { throw LineFault(range.lowerBound, "the name of a metric, __name__, is missing") }
        return try TextScanner.labels(fields, at: range.lowerBound)
    }
}
