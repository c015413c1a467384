package import Model

/// Writes series with all their samples, one piece at a time, in a form that ``SampleReader`` reads back to the same
/// bits. The caller brings the series metric by metric, because the expositions say what a metric is only once.
///
///     dump.begin(family); dump.write(labels, timestamps, values, into: &writer) …; dump.finish(into: &writer)
///
/// In the expositions families come whole, whatever names their samples have (``ExpositionFamily/group(_:families:)``).
package struct SampleDump {
    private let format: SampleFormat
    /// Of JSON lines: samples a line at most, so that whoever reads it holds little at a time.
    package static let lineSamplesMax = 10_000

    /// - Precondition: `format` is among ``SampleFormat/written``.
    package init(_ format: SampleFormat) {
        precondition(SampleFormat.written.contains(format), "\(format) is only read")
        self.format = format
    }

    /// What stands before everything.
    package func start(into writer: inout TextWriter) {
        if format == .csv { writer.write("metric,labels,time,value\r\n") }
    }

    /// Says what the metric is whose series follow.
    package func begin(_ family: MetricFamily, into writer: inout TextWriter) {
        let isOpenMetrics = format == .openmetrics
        guard isOpenMetrics || format == .prometheus else { return }
        var kind = family.kind
        var name = family.name
        if isOpenMetrics {
            // A counter that is not called so is none to a strict reader.
            switch kind {
            case .counter: if !SampleDump.drop("_total", from: &name) { kind = .unknown }
            case .info: if !SampleDump.drop("_info", from: &name) { kind = .unknown }
            case .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: break
            }
        }
        let shown = Labels.isMetricName(name) ? name : SampleDump.quoted(name)
        if !family.help.isEmpty {
            writer.write("# HELP \(shown) ")
            SampleDump.escape(family.help.utf8, quotes: isOpenMetrics, into: &writer)
            writer.write("\n")
        }
        writer.write("# TYPE \(shown) \((isOpenMetrics ? ExpositionFormat.openMetrics : .text).word(for: kind))\n")
        if isOpenMetrics, !family.unit.isEmpty, name.hasSuffix("_" + family.unit), kind != .info, kind != .stateSet {
            writer.write("# UNIT \(shown) \(family.unit)\n")
        }
    }

    private static func drop(_ suffix: String, from name: inout String) -> Bool {
        guard name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count else { return false }
        name.removeLast(suffix.count)
        return true
    }

    /// The samples of one series in order of time.
    package func write(
        _ labels: Labels, _ timestamps: some RandomAccessCollection<Int64>,
        _ values: some RandomAccessCollection<Double>,
        into writer: inout TextWriter
    ) {
        switch format {
        case .openmetrics, .prometheus: writeText(labels, timestamps, values, into: &writer)
        case .csv: writeCSV(labels, timestamps, values, into: &writer)
        case .jsonl: writeJSON(labels, timestamps, values, into: &writer)
        case .sar: break
        }
    }

    /// What stands behind everything.
    package func finish(into writer: inout TextWriter) {
        if format == .openmetrics { writer.write("# EOF\n") }
    }

    // MARK: - Expositions

    private func writeText(
        _ labels: Labels, _ timestamps: some RandomAccessCollection<Int64>,
        _ values: some RandomAccessCollection<Double>,
        into writer: inout TextWriter
    ) {
        var text = TextWriter()
        SampleDump.series(labels, into: &text)
        let series = text.bytes
        for (time, value) in zip(timestamps, values) {
            let isStale = format == .openmetrics && value.isStaleMarker
            if NaNBits.areNeeded(for: value) && !isStale {
                // Only HELP may say what it likes in OpenMetrics.
                writer.write(format == .openmetrics ? "# HELP \(NaNBits.name) " : "# \(NaNBits.name) ")
                writer.write(NaNBits.text(value) + "\n")
            }
            writer.write(series)
            writer.write(byte: 32)
            if isStale {
                writer.write(NaNBits.staleText)
            } else {
                SampleDump.number(value, into: &writer)
            }
            writer.write(byte: 32)
            if format == .openmetrics {
                SampleDump.seconds(time, into: &writer)
            } else {
                writer.write(time)
            }
            writer.write(byte: 10)
        }
    }

    /// A series as the expositions name it; a metric name of other characters stands quoted among the labels.
    static func series(_ labels: Labels, into writer: inout TextWriter) {
        let name = labels.metricName ?? ""
        let isPlain = Labels.isMetricName(name)
        if isPlain { writer.write(name) }
        var isFirst = true
        func separate(_ writer: inout TextWriter) {
            writer.write(isFirst ? "{" : ",")
            isFirst = false
        }
        if !isPlain && !name.isEmpty {
            separate(&writer)
            writer.write(quoted(name))
        }
        for label in labels where label.name != Labels.metricNameLabel {
            separate(&writer)
            writer.write(Labels.isLabelName(label.name) ? label.name : quoted(label.name))
            writer.write("=")
            writer.write(quoted(label.value))
        }
        if !isFirst { writer.write("}") }
    }

    private static func quoted(_ text: String) -> String {
        var writer = TextWriter()
        writer.write("\"")
        escape(text.utf8, quotes: true, into: &writer)
        writer.write("\"")
        return writer.text
    }

    private static func escape(_ text: String.UTF8View, quotes: Bool, into writer: inout TextWriter) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\\"): writer.write("\\\\")
            case UInt8(ascii: "\n"): writer.write("\\n")
            case UInt8(ascii: "\"") where quotes: writer.write("\\\"")
            default: writer.write(byte: byte)
            }
        }
    }

    // MARK: - CSV

    private func writeCSV(
        _ labels: Labels, _ timestamps: some RandomAccessCollection<Int64>,
        _ values: some RandomAccessCollection<Double>,
        into writer: inout TextWriter
    ) {
        var braces = TextWriter()
        let rest = labels.droppingMetricName()
        if !rest.isEmpty { SampleDump.series(rest, into: &braces) }
        var text = TextWriter()
        CSV.record([labels.metricName ?? "", braces.text], into: &text)
        // The fields without the end of a record.
        let series = text.bytes.dropLast(2)
        for (time, value) in zip(timestamps, values) {
            writer.write(series)
            writer.write(byte: UInt8(ascii: ","))
            SampleDump.seconds(time, into: &writer)
            writer.write(byte: UInt8(ascii: ","))
            if NaNBits.areNeeded(for: value) {
                writer.write("nan(0x\(NaNBits.text(value)))")
            } else {
                SampleDump.number(value, into: &writer)
            }
            writer.write("\r\n")
        }
    }

    // MARK: - JSON lines

    private func writeJSON(
        _ labels: Labels, _ timestamps: some RandomAccessCollection<Int64>,
        _ values: some RandomAccessCollection<Double>,
        into writer: inout TextWriter
    ) {
        var times = timestamps[...]
        var rest = values[...]
        while !times.isEmpty {
            writer.write("{\"metric\":")
            PrometheusJSON.write(labels, into: &writer)
            writer.write(",\"values\":[")
            var exact: [(place: Int, value: Double)] = []
            for (place, value) in rest.prefix(SampleDump.lineSamplesMax).enumerated() {
                if place > 0 { writer.write(byte: UInt8(ascii: ",")) }
                if value.isNaN {
                    writer.write("null")
                    if NaNBits.areNeeded(for: value) { exact.append((place, value)) }
                } else if value.isInfinite {
                    writer.write(value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
                } else {
                    SampleDump.number(value, into: &writer)
                }
            }
            writer.write("],\"timestamps\":[")
            for (place, time) in times.prefix(SampleDump.lineSamplesMax).enumerated() {
                if place > 0 { writer.write(byte: UInt8(ascii: ",")) }
                writer.write(time)
            }
            writer.write("]")
            if !exact.isEmpty {
                writer.write(",\"\(NaNBits.name)\":{")
                for (index, one) in exact.enumerated() {
                    if index > 0 { writer.write(byte: UInt8(ascii: ",")) }
                    writer.write("\"\(one.place)\":\"\(NaNBits.text(one.value))\"")
                }
                writer.write("}")
            }
            writer.write("}\n")
            times = times.dropFirst(SampleDump.lineSamplesMax)
            rest = rest.dropFirst(SampleDump.lineSamplesMax)
        }
    }

    // MARK: - Numbers

    /// The shortest text that reads back to the same bits, but for NaNs.
    private static func number(_ value: Double, into writer: inout TextWriter) {
        // Most values of a host are whole; below 2^53 their digits are the shortest text, and -0 is not among them.
        if value.magnitude < 9_007_199_254_740_992, value == value.rounded(.towardZero),
            value != 0 || value.sign == .plus
        {
            writer.write(Int64(value))
        } else {
            writer.write(FloatText.short(value))
        }
    }

    /// Seconds with as many decimals as needed, at most three.
    private static func seconds(_ milliseconds: Int64, into writer: inout TextWriter) {
        if milliseconds >= 0 && milliseconds % 1000 == 0 {
            writer.write(milliseconds / 1000)
        } else {
            writer.write(TimeText.unix(Timestamp(milliseconds: milliseconds)))
        }
    }
}
