/// The texts that samples come in and go out as; described in docs/formats.md.
package enum SampleFormat: String, Hashable, Sendable, CaseIterable {
    /// OpenMetrics text 1.0, times in seconds.
    case openmetrics
    /// Prometheus text 0.0.4, times in milliseconds.
    case prometheus
    /// Comma-separated values after RFC 4180.
    case csv
    /// A JSON object a line, as VictoriaMetrics exports them.
    case jsonl
    /// What sysstat's `sadf -j FILE -- -A` prints; is only read.
    case sar

    /// Those that samples are written as.
    package static let written: [SampleFormat] = [.openmetrics, .prometheus, .csv, .jsonl]
}

/// A line that is no sample.
package struct ImportProblem: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    /// In bytes, from 1.
    package var column: Int
    package var reason: String

    package var description: String { "line \(line), column \(column): \(reason)" }
}

/// The lines that were no samples: all of them counted, the first of them kept.
package struct ImportProblems: Hashable, Sendable {
    package static let keptMax = 10

    package private(set) var count = 0
    package private(set) var first: [ImportProblem] = []

    mutating func add(_ problem: ImportProblem) {
        count += 1
        guard first.count < ImportProblems.keptMax else { return }
        // A reason quotes the input, which may hold anything.
        first.append(
            ImportProblem(line: problem.line, column: problem.column, reason: ToldText.line(problem.reason)))
    }
}

/// Why a line is refused, and at which byte of the buffer.
struct LineFault: Error {
    var place: Int
    var reason: String

    init(_ place: Int, _ reason: String) {
        self.place = place
        self.reason = reason
    }
}

/// How the NaNs that text does not tell apart are written: their 64 bits in hexadecimal, under this name. The plain
/// `NaN` is 0x7ff8000000000000. Where each format has it: docs/formats.md.
enum NaNBits {
    static let name = "mon_bits"

    /// The stale marker in OpenMetrics, whose NaN may be spelled in any case: every reader takes this for a NaN, and
    /// nobody else writes it so.
    static let staleText = "nAN"

    /// Bits of a NaN as 16 hexadecimal digits.
    static func text(_ value: Double) -> String {
        let digits = String(value.bitPattern, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The NaN of the digits; nil where they are none of a NaN.
    static func value(_ digits: some Collection<UInt8>) -> Double? {
        guard digits.count == 16, let bits = UInt64(String(decoding: digits, as: UTF8.self), radix: 16) else {
            return nil
        }
        let value = Double(bitPattern: bits)
        return value.isNaN ? value : nil
    }

    /// Whether the plain `NaN` would lose bits of the value.
    static func areNeeded(for value: Double) -> Bool {
        value.isNaN && value.bitPattern != Double.nan.bitPattern
    }
}
