import Formats
import Model
import TSDB

/// A check's report for people and for programs.
enum CheckText {
    /// - Parameter isFile: whether it is no folder, but a file that can be made anew from where it came from.
    static func write(
        _ report: CheckReport, path: String, seconds: String, isFile: Bool = false, into writer: inout TextWriter
    ) {
        let sums =
            "\(report.records) records, \(report.series) series, \(report.samples) samples, \(report.frames) process "
            + "frames, \(report.events) events; \(DBText.bytes(report.bytes)) read in \(seconds) s"
        if report.findings.isEmpty {
            writer.write("\(path) is whole: \(sums)\n")
            return
        }
        let count = report.findings.count + report.moreFindings
        writer.write("\(path) is damaged: \(count) finding\(count == 1 ? "" : "s")\n")
        for finding in report.findings {
            writer.write("  \(finding.record): \(finding.reason)\n")
            if !finding.costs.isEmpty { writer.write("    costs \(finding.costs)\n") }
        }
        if report.moreFindings > 0 { writer.write("  and \(report.moreFindings) more\n") }
        writer.write("what answers: \(sums)\n")
        if let oldest = report.oldest, let newest = report.newest {
            writer.write("  from \(TimeText.rfc3339(oldest, .utc)) to \(TimeText.rfc3339(newest, .utc))\n")
        }
        let made = isFile ? "make the snapshot anew, or " : ""
        writer.write("\(made)save it: mon db salvage -o NEW \(isFile ? "--db" : "--data") \(path)\n")
    }

    static func writeJSON(_ report: CheckReport, path: String, seconds: String, into writer: inout TextWriter) {
        writer.write("{\"path\":")
        JSONText.write(string: path, into: &writer)
        writer.write(",\"whole\":\(report.findings.isEmpty),\"findings\":")
        JSONText.write(list: report.findings, into: &writer) { finding, writer in
            DBText.writeObject(
                [("record", finding.record), ("reason", finding.reason), ("costs", finding.costs)], into: &writer)
        }
        let numbers = [
            ("moreFindings", report.moreFindings), ("pages", report.pages), ("bytes", report.bytes),
            ("records", report.records), ("series", report.series), ("samples", report.samples),
            ("frames", report.frames), ("events", report.events),
        ]
        for (name, value) in numbers { writer.write(",\"\(name)\":\(value)") }
        if let oldest = report.oldest, let newest = report.newest {
            writer.write(",\"oldest\":\"\(TimeText.rfc3339(oldest, .utc))\"")
            writer.write(",\"newest\":\"\(TimeText.rfc3339(newest, .utc))\"")
        }
        writer.write(",\"seconds\":\(seconds)}\n")
    }

    /// `1.234`
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let thousandths = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
    }
}

/// What the `db` commands share in how they speak.
enum DBText {
    /// `1.5 MiB`
    static func bytes(_ count: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        if unit == 0 { return "\(count) B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// A metric with its bytes by tier and by day.
    static func write(_ metric: StoreStatistics.Metric, into writer: inout TextWriter) {
        writer.write("{\"name\":")
        JSONText.write(string: metric.name, into: &writer)
        writer.write(",\"bytes\":\(metric.bytes),\"samples\":\(metric.samples),\"series\":\(metric.series)")
        writer.write(",\"tiers\":{")
        for tier in Tier.allCases {
            writer.write("\(tier == .raw ? "" : ",")\"\(tier.name)\":\(metric[tier])")
        }
        writer.write("},\"days\":")
        JSONText.write(list: metric.bytesByDay.sorted { $0.key < $1.key }, into: &writer) { day, writer in
            let date = TimeText.rfc3339(Timestamp(milliseconds: day.key * 1000), .utc).prefix(10)
            writeObject(name: String(date), [("bytes", day.value)], into: &writer)
        }
        writer.write("}")
    }

    /// `{"a":"b"}` of texts.
    static func writeObject(_ fields: [(String, String)], into writer: inout TextWriter) {
        writer.write("{")
        for (index, field) in fields.enumerated() {
            if index > 0 { writer.write(",") }
            JSONText.write(string: field.0, into: &writer)
            writer.write(":")
            JSONText.write(string: field.1, into: &writer)
        }
        writer.write("}")
    }

    /// `{"name":"x","bytes":1}`: a name and numbers.
    static func writeObject(name: String, _ numbers: [(String, Int)], into writer: inout TextWriter) {
        writer.write("{\"name\":")
        JSONText.write(string: name, into: &writer)
        for (field, value) in numbers { writer.write(",\"\(field)\":\(value)") }
        writer.write("}")
    }

    /// Thousandths of a ratio: `0.345`.
    static func ratio(_ numerator: Int, _ denominator: Int) -> String {
        guard denominator > 0 else { return "0" }
        let thousandths = (Double(numerator) / Double(denominator) * 1000).rounded()
        guard let whole = Int(exactly: thousandths) else { return "0" }
        let rest = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }
}
