import Model
import TSDB

/// What the process that checks a store tells the one that started it, line by line, so that what it had found is known
/// when it dies: a word and fields, with tabs between.
///
///     at       what is looked at next
///     finding  record, reason, costs
///     error    exit code, message
///     sums     numbers in the order of ``CheckTranscript/sums(of:)``
struct CheckTranscript {
    var report = CheckReport()
    /// What was looked at last.
    private(set) var place = "the store"
    /// Why there was nothing to check.
    private(set) var failure: CommandFailure?

    static func line(_ word: String, _ fields: [String]) -> String {
        let clean = fields.map { field in
            String(decoding: field.utf8.map { $0 == 9 || $0 == 10 ? 32 : $0 }, as: UTF8.self)
        }
        return ([word] + clean).joined(separator: "\t") + "\n"
    }

    static func lines(of report: CheckReport) -> String {
        var text = ""
        for finding in report.findings { text += line("finding", [finding.record, finding.reason, finding.costs]) }
        return text + line("sums", sums(of: report).map { "\($0)" })
    }

    private static func sums(of report: CheckReport) -> [Int64] {
        let counts = [
            report.moreFindings, report.pages, report.bytes, report.records, report.series, report.samples,
            report.frames, report.events,
        ]
        // A store without samples has no times.
        return counts.map(Int64.init) + [report.oldest?.milliseconds ?? 0, report.newest?.milliseconds ?? -1]
    }

    mutating func read(_ line: String) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        switch fields.first {
        case "at" where fields.count == 2: place = fields[1]
        case "finding" where fields.count == 4: report.add(fields[1], fields[2], costs: fields[3])
        case "error" where fields.count == 3:
            failure = CommandFailure(Int32(fields[1]).flatMap { CommandStatus(rawValue: $0) } ?? .failure, fields[2])
        case "sums" where fields.count == 11:
            let numbers = fields.dropFirst().map { Int64($0) ?? 0 }
            let counts = numbers.map { Int($0) }
            report.moreFindings = counts[0]
            (report.pages, report.bytes, report.records) = (counts[1], counts[2], counts[3])
            (report.series, report.samples) = (counts[4], counts[5])
            (report.frames, report.events) = (counts[6], counts[7])
            if numbers[9] >= numbers[8] {
                report.oldest = Timestamp(milliseconds: numbers[8])
                report.newest = Timestamp(milliseconds: numbers[9])
            }
        default: break
        }
    }
}
