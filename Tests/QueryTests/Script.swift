import Model

/// A PromQL test script: `load`, `clear` and `eval` commands in the form of Prometheus' own.
///
/// A block ends at an empty line or a comment. Values are `1`, `1+2x3`, `5x3`, `_`, `_x3`, `stale`, `NaN`, `Inf`;
/// native histograms (`{{…}}`) are recognised and left out.
struct Script {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A series and its values by step; nil where there is none. No values at all where it is a native histogram.
    struct Series {
        var labels: Labels
        var values: [Double?]?
    }

    struct Expectation {
        enum Text {
            case any
            case exact(String)
            case pattern(RegularExpression)
        }

        /// `fail`, `warn`, `no_warn`, `info`, `no_info`.
        var kind: String
        var text: Text
    }

    struct Evaluation {
        var line: Int
        var query: String
        /// Nil for an instant query.
        var step: Int64?
        var start: Int64
        var end: Int64
        var isOrdered = false
        var expectations: [Expectation] = []
        var scalar: Double?
        var string: String?
        /// The grid of `expect range vector`.
        var rangeVector: (start: Int64, step: Int64)?
        var rows: [Series] = []

        var fails: Bool { expectations.contains { $0.kind == "fail" } }
    }

    enum Command {
        case clear
        case load(stepMilliseconds: Int64, [Series])
        case evaluate(Evaluation)
    }

    private(set) var commands: [Command] = []

    init(_ text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = Script.trim(String(line))
            return trimmed.hasPrefix("#") ? "" : trimmed
        }
        var at = 0
        while at < lines.count {
            let head = lines[at]
            let number = at + 1
            at += 1
            if head.isEmpty { continue }
            if head == "clear" {
                commands.append(.clear)
                continue
            }
            var block: [String] = []
            while at < lines.count, !lines[at].isEmpty {
                block.append(lines[at])
                at += 1
            }
            do {
                commands.append(try Script.command(head, block, line: number))
            } catch {
                throw Failure(description: "line \(number): \(head): \(error)")
            }
        }
    }

    private static func command(_ head: String, _ block: [String], line: Int) throws -> Command {
        let words = head.split(maxSplits: 1, whereSeparator: isBlank).map(String.init)
        if words[0] == "load" {
            return .load(stepMilliseconds: try duration(words[1]), try block.map(series))
        }
        guard words[0].hasPrefix("eval") else { throw Failure(description: "unknown command") }
        var evaluation: Evaluation
        var parts = words[1].split(maxSplits: 3, whereSeparator: isBlank).map(String.init)
        if parts[0] == "instant" {
            // eval instant at 5m expression
            parts = words[1].split(maxSplits: 3, whereSeparator: isBlank).map(String.init)
            let time = try duration(parts[2])
            evaluation = Evaluation(line: line, query: parts[3], step: nil, start: time, end: time)
        } else {
            // eval range from 0 to 5m step 1m expression
            parts = words[1].split(maxSplits: 7, whereSeparator: isBlank).map(String.init)
            evaluation = Evaluation(
                line: line, query: parts[7], step: try duration(parts[6]), start: try duration(parts[2]),
                end: try duration(parts[4]))
        }
        let suffix = words[0].split(separator: "_").dropFirst().first.map(String.init) ?? ""
        if suffix == "ordered" { evaluation.isOrdered = true }
        if ["fail", "warn", "info"].contains(suffix) {
            evaluation.expectations.append(Expectation(kind: suffix, text: .any))
        }
        for row in block { try read(row, into: &evaluation) }
        return .evaluate(evaluation)
    }

    private static func read(_ row: String, into evaluation: inout Evaluation) throws {
        let words = row.split(whereSeparator: isBlank).map(String.init)
        if words[0] == "expected_fail_message" {
            let text = trim(String(row.dropFirst(words[0].count)))
            evaluation.expectations = [Expectation(kind: "fail", text: .exact(text))]
        } else if words[0] == "expect", words.count > 1 {
            switch words[1] {
            case "string": evaluation.string = try unquote(trim(String(row.dropFirst("expect string".count))))
            case "ordered": evaluation.isOrdered = true
            case "range":
                // expect range vector from 10s to 1m step 10s
                evaluation.rangeVector = (try duration(words[4]), try duration(words[8]))
            default: evaluation.expectations.append(try expectation(row, kind: words[1]))
            }
        } else if words.count == 1, let value = number(words[0]) {
            evaluation.scalar = value
        } else {
            evaluation.rows.append(try series(row))
        }
    }

    private static func expectation(_ row: String, kind: String) throws -> Expectation {
        let rest = trim(String(row.dropFirst("expect ".count + kind.count)))
        if rest.hasPrefix("msg:") { return Expectation(kind: kind, text: .exact(trim(String(rest.dropFirst(4))))) }
        if rest.hasPrefix("regex:") {
            // Found anywhere in the text, while the type is anchored.
            return Expectation(
                kind: kind, text: .pattern(try RegularExpression(".*(?:\(trim(String(rest.dropFirst(6))))).*")))
        }
        return Expectation(kind: kind, text: .any)
    }

    // MARK: - Words

    static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }

    static func trim(_ text: String) -> String {
        var rest = Substring(text)
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return String(rest)
    }

    static func duration(_ text: String) throws -> Int64 {
        guard let milliseconds = DurationText.parse(text) else {
            throw Failure(description: "no duration: \(text)")
        }
        return milliseconds
    }

    static func number(_ text: String) -> Double? {
        let lower = text.lowercased()
        let unsigned = lower.hasPrefix("+") || lower.hasPrefix("-") ? String(lower.dropFirst()) : lower
        let sign: Double = lower.hasPrefix("-") ? -1 : 1
        if unsigned == "inf" { return sign * .infinity }
        if unsigned == "nan" { return .nan }
        if unsigned.hasPrefix("0x") { return Int(unsigned.dropFirst(2), radix: 16).map { sign * Double($0) } }
        guard let first = unsigned.first, first.isNumber || first == "." else { return nil }
        return Double(unsigned.hasPrefix(".") ? "0" + unsigned : unsigned).map { sign * $0 }
            ?? (unsigned.hasSuffix(".") ? Double(unsigned.dropLast()).map { sign * $0 } : nil)
    }
}
