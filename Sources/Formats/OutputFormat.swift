package import Model
package import Query

/// How an answer is to look; each format heeds what it can show.
package struct FormatOptions: Sendable {
    /// Times in text-like formats.
    package enum TimeStyle: Hashable, Sendable {
        /// `2026-03-29T01:02:03.500+01:00`, in ``FormatOptions/zone``.
        case rfc3339
        /// Seconds since 1970, with up to three decimals.
        case unix
    }

    /// Column names above a table or CSV.
    package var showsHeader = true
    /// Values only, one a line, with every digit: for shell scripts.
    package var isQuiet = false
    package var zone = TimeZoneRule.utc
    package var timeStyle = TimeStyle.rfc3339
    /// The unit of values that carry no metric name; ``DisplayUnit/infer(from:families:)`` finds it in the query.
    package var unit = DisplayUnit.none
    /// What is known of the metrics in the answer, by name.
    package var families: [String: MetricFamily] = [:]
    /// Columns of the terminal: a table that would be wider takes its narrow form.
    package var width = 100
    /// Whether ANSI escapes may be used.
    package var isStyled = false

    package init() {}
}

/// An answer that a format has no way to write.
package struct FormatError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// One way to write the answer of a query; ``OutputFormats`` lists them all.
package struct OutputFormat: Sendable {
    /// As it is asked for: `--format NAME`.
    package let name: String
    /// One line for a help text.
    package let help: String
    /// For HTTP's Content-Type.
    package let mediaType: String
    private let body: @Sendable (QueryResult, FormatOptions, inout TextWriter) throws(FormatError) -> Void

    init(
        name: String, help: String, mediaType: String,
        body: @escaping @Sendable (QueryResult, FormatOptions, inout TextWriter) throws(FormatError) -> Void
    ) {
        self.name = name
        self.help = help
        self.mediaType = mediaType
        self.body = body
    }

    /// Writes a whole answer, line end included. Where `options` ask for bare values, they look alike in all formats.
    package func write(
        _ result: QueryResult, _ options: FormatOptions, into writer: inout TextWriter
    ) throws(FormatError) {
        if options.isQuiet {
            BareValues.write(result, into: &writer)
        } else {
            try body(result, options, &writer)
        }
    }
}
