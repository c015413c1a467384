import Query

/// THE list of output formats. A new one is a file in Results and a line here; the command line and the API have it
/// at once.
package enum OutputFormats {
    package static let all: [OutputFormat] = [
        OutputFormat(
            name: "table", help: "aligned columns with units, for people", mediaType: "text/plain; charset=utf-8"
        ) { result, options, writer throws(FormatError) in
            TableFormat.write(result, options, into: &writer)
        },
        OutputFormat(
            name: "json", help: "the envelope of Prometheus' HTTP API", mediaType: "application/json"
        ) { result, _, writer throws(FormatError) in
            PrometheusJSON.write(result, into: &writer)
            writer.write("\n")
        },
        OutputFormat(
            name: "jsonl", help: "one JSON object a series and line", mediaType: "application/jsonl"
        ) { result, _, writer throws(FormatError) in
            JSONLines.write(result, into: &writer)
        },
        OutputFormat(
            name: "csv", help: "one row a sample, raw numbers (RFC 4180)", mediaType: "text/csv; charset=utf-8"
        ) { result, options, writer throws(FormatError) in
            CSV.write(result, options, into: &writer)
        },
        OutputFormat(
            name: "openmetrics", help: "OpenMetrics text with timestamps",
            mediaType: ExpositionFormat.openMetrics.mediaType
        ) { result, options, writer throws(FormatError) in
            try ResultExposition.write(result, options, into: &writer)
        },
    ]

    /// The format of that name, exactly as listed.
    package static func named(_ name: String) -> OutputFormat? {
        all.first { $0.name == name }
    }
}
