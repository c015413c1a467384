import Model
import Query

/// Comma-separated values after RFC 4180: CR LF ends a record, a field with a comma, a quote or a line break is quoted.
///
/// One record a sample: a column for each label name that occurs (sorted; `__name__` is one of them), then `time` and
/// `value`. Numbers are raw, with every digit that they need. A label that a series lacks is an empty field.
package enum CSV {
    static func write(_ result: QueryResult, _ options: FormatOptions, into writer: inout TextWriter) {
        switch result.value {
        case .scalar(let sample):
            write([ResultSeries(labels: .empty, samples: [sample])], options, into: &writer)
        case .string(let time, let text):
            if options.showsHeader { record(["time", "value"], into: &writer) }
            record([timeText(time, options), text], into: &writer)
        case .vector(let series), .matrix(let series):
            write(series, options, into: &writer)
        }
    }

    /// One record: the fields, quoted where they must be.
    package static func record(_ fields: [String], into writer: inout TextWriter) {
        for (index, field) in fields.enumerated() {
            if index > 0 { writer.write(",") }
            // A lone empty field would be an empty line, which readers skip.
            write(field: field, mustQuote: fields.count == 1 && field.isEmpty, into: &writer)
        }
        writer.write("\r\n")
    }

    private static func write(_ series: [ResultSeries], _ options: FormatOptions, into writer: inout TextWriter) {
        let names = labelNames(of: series)
        if options.showsHeader { record(names + ["time", "value"], into: &writer) }
        for one in series {
            let labels = names.map { one.labels[$0] ?? "" }
            for sample in one.samples {
                let value = FloatText.plain(sample.value)
                record(labels + [timeText(sample.time, options), value], into: &writer)
            }
        }
    }

    private static func timeText(_ time: Timestamp, _ options: FormatOptions) -> String {
        switch options.timeStyle {
        case .rfc3339: TimeText.rfc3339(time, options.zone)
        case .unix: TimeText.unix(time)
        }
    }

    private static func write(field: String, mustQuote: Bool, into writer: inout TextWriter) {
        let special = field.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        guard special || mustQuote else { return writer.write(field) }
        writer.write("\"")
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { writer.write(byte: byte) }
            writer.write(byte: byte)
        }
        writer.write("\"")
    }

    /// All label names of `series`, sorted by bytes.
    static func labelNames(of series: [ResultSeries]) -> [String] {
        var names: Set<String> = []
        for one in series {
            for label in one.labels { names.insert(label.name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
