import Model

/// What sysstat has recorded, as `sadf -j FILE -- -A` prints it: one object, whose `statistics` have an element a
/// moment. Each element is a record here, however long the whole is.
///
///     {"sysstat":{"hosts":[{…,"statistics":[{"timestamp":{…},"cpu-load":[…],…}, …]}]}}
///
/// sar knows rates and shares where the agent keeps counters. A counter is made of a rate by adding it up over the
/// intervals, from 0 at the start of the input, so that `rate(…)` gives back what sar has measured.
struct SarParser {
    /// Brackets open around an element of `statistics`.
    private static let elementDepth = 6

    private var depth = 0
    private var numbers: [Labels: UInt32] = [:]
    private var totals: [UInt32: Double] = [:]
    private var skipped: Set<String> = []

    mutating func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool, _ input: inout ParserInput,
        _ batch: inout ImportBatch
    ) -> Int {
        var at = range.lowerBound
        var consumed = at
        var element = at
        var lines = 0
        scan: while at < range.upperBound {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                // A string: brackets in it count for nothing.
                var end = at + 1
                while end < range.upperBound, bytes[end] != UInt8(ascii: "\"") {
                    end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
                }
                // Cut in two: read again with its end.
                if end >= range.upperBound { break scan }
                at = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == SarParser.elementDepth - 1 { element = at }
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == SarParser.elementDepth - 1 {
                    read(bytes, element..<at + 1, &input, &batch)
                    if input.isStopped { return consumed }
                }
                if depth < SarParser.elementDepth { consumed = at + 1 }
            case 10: lines += 1
            default: break
            }
            at += 1
            if depth < SarParser.elementDepth {
                consumed = max(consumed, at)
                input.line += lines
                lines = 0
            }
        }
        // Read again from the element's start, with what follows it.
        if depth >= SarParser.elementDepth { depth = SarParser.elementDepth - 1 }
        let rest = consumed
        if isLast && rest < range.upperBound {
            input.addCut("the output of sadf is cut short")
        }
        if isLast && !skipped.isEmpty {
            input.note("sar's \(skipped.sorted().joined(separator: ", ")): no series of ours, skipped")
        }
        return rest
    }

    private mutating func read(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ input: inout ParserInput, _ batch: inout ImportBatch
    ) {
        do throws(LineFault) {
            var scanner = JSONScanner(bytes, range)
            let element = try scanner.value()
            guard let stamp = element["timestamp"] else { return }
            guard let date = stamp["date"]?.text, let clock = stamp["time"]?.text,
                let time = RFC3339.milliseconds(Array("\(date)T\(clock)Z".utf8))
            else { throw LineFault(range.lowerBound, "a timestamp without date and time") }
            guard stamp["utc"]?.number != 0 else {
                throw LineFault(range.lowerBound, "times of a local zone; have sadf print UTC: sadf -j FILE -- -A")
            }
            let seconds = stamp["interval"]?.number ?? 0
            for sample in SarMapping.samples(of: element, &skipped) {
                add(sample, time, seconds: seconds, &input, &batch)
            }
        } catch {
            input.add(ImportProblem(line: input.line, column: 1, reason: error.reason))
        }
    }

    private mutating func add(
        _ sample: SarMapping.Sample, _ time: Int64, seconds: Double, _ input: inout ParserInput,
        _ batch: inout ImportBatch
    ) {
        let number = numbers[sample.labels] ?? input.newNumber(sample.labels, &batch)
        numbers[sample.labels] = number
        guard sample.isRate else { return batch.append(number, time, sample.value) }
        let total = totals[number, default: 0] + sample.value * seconds
        totals[number] = total
        batch.append(number, time, total)
    }
}
