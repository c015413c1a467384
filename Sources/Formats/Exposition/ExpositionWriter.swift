import Model

/// Writes a page of metrics, as Prometheus and its kin scrape it.
///
///     # HELP disk_io_read_bytes_total Bytes read.
///     # TYPE disk_io_read_bytes_total counter
///     disk_io_read_bytes_total{device="sda"} 1024
///
/// In OpenMetrics a counter's family is named without `_total`, an info's without `_info`; `# UNIT` follows where that
/// name ends in the unit; `# EOF` ends the page, so that a cut-off page is noticed.
///
/// What goes out is always valid: a family that breaks the rules of its kind (a counter that is not named `…_total`, or
/// is NaN; an info that is not 1) is written as one of unknown kind and loses nothing but its type. Characters that a
/// name may not have in these formats become `_`. Of samples that are then alike the first stands.
///
/// Sources: Prometheus "Exposition formats", OpenMetrics 1.0.0.
package enum ExpositionWriter {
    /// The whole page: families sorted by name, series by labels.
    package static func write(
        _ families: [ExpositionFamily], as format: ExpositionFormat, into writer: inout TextWriter
    ) {
        var seenNames: Set<String> = []
        let prepared = merged(families).map { prepare($0, format) }
        // A counter x_total and a gauge x would both be the family x: the counter then keeps its whole name.
        let plainNames = Set(prepared.filter { $0.suffix.isEmpty }.map(\.name))
        for var page in prepared {
            if !page.suffix.isEmpty && plainNames.contains(page.name) {
                page.name += page.suffix
                page.suffix = ""
                page.family.kind = .unknown
            }
            guard seenNames.insert(page.name).inserted else { continue }
            write(page, format, into: &writer)
        }
        if format == .openMetrics { writer.write("# EOF\n") }
    }

    /// A family ready to be written.
    private struct Page {
        var family: MetricFamily
        /// What HELP and TYPE call it.
        var name: String
        /// What its samples' names have beyond that by rule: `_total`, `_info`, or nothing.
        var suffix: String
        var samples: [ExpositionSample]
    }

    /// One entry a name, without samples that cannot stand on a page, in order of names.
    private static func merged(_ families: [ExpositionFamily]) -> [ExpositionFamily] {
        var byName: [String: ExpositionFamily] = [:]
        for entry in families {
            let name = NameText.legacyMetricName(entry.family.name)
            let samples = entry.samples.filter { !$0.value.isStaleMarker }
            if samples.isEmpty { continue }
            if byName[name] == nil {
                byName[name] = ExpositionFamily(family: entry.family, samples: [])
                byName[name]?.family.name = name
            }
            byName[name]?.samples += samples
        }
        return byName.values.sorted { $0.family.name.utf8.lexicographicallyPrecedes($1.family.name.utf8) }
    }

    private static func prepare(_ entry: ExpositionFamily, _ format: ExpositionFormat) -> Page {
        var page = Page(family: entry.family, name: entry.family.name, suffix: "", samples: entry.samples)
        SampleOrder.sort(&page.samples, kind: entry.family.kind)
        guard format == .openMetrics else { return page }
        if !ExpositionRules.holds(entry) { page.family.kind = .unknown }
        switch page.family.kind {
        case .counter: page.suffix = "_total"
        case .info: page.suffix = "_info"
        case .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: break
        }
        page.name = String(page.name.dropLast(page.suffix.count))
        return page
    }

    private static func write(_ page: Page, _ format: ExpositionFormat, into writer: inout TextWriter) {
        if !page.family.help.isEmpty {
            writer.write("# HELP \(page.name) ")
            escape(page.family.help, quote: format == .openMetrics, into: &writer)
            writer.write("\n")
        }
        writer.write("# TYPE \(page.name) \(format.word(for: page.family.kind))\n")
        if format == .openMetrics, ExpositionRules.mayNameUnit(page.family, as: page.name) {
            writer.write("# UNIT \(page.name) \(page.family.unit)\n")
        }
        var previous: [UInt8] = []
        for sample in page.samples {
            var line = TextWriter()
            write(sample.labels, into: &line)
            let key = line.bytes
            // Equal names can only come of characters that were replaced; sorted samples have them side by side.
            // With times they are a series' samples and all stand.
            if sample.time == nil && key == previous { continue }
            previous = key
            writer.write(key)
            writer.write(" ")
            writer.write(FloatText.short(sample.value))
            if let time = sample.time {
                writer.write(" ")
                // Seconds in OpenMetrics, milliseconds in the older text.
                writer.write(format == .openMetrics ? TimeText.unix(time) : String(time.milliseconds))
            }
            writer.write("\n")
        }
    }

    private static func write(_ labels: Labels, into writer: inout TextWriter) {
        writer.write(NameText.legacyMetricName(labels.metricName ?? ""))
        var first = true
        for label in labels where label.name != Labels.metricNameLabel {
            writer.write(first ? "{" : ",")
            first = false
            writer.write(NameText.legacyLabelName(label.name))
            writer.write("=\"")
            escape(label.value, quote: true, into: &writer)
            writer.write("\"")
        }
        if !first { writer.write("}") }
    }

    private static func escape(_ text: String, quote: Bool, into writer: inout TextWriter) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): writer.write("\\\\")
            case UInt8(ascii: "\n"): writer.write("\\n")
            case UInt8(ascii: "\"") where quote: writer.write("\\\"")
            default: writer.write(byte: byte)
            }
        }
    }
}

/// Names in the characters that both formats have always known.
enum NameText {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; each other character becomes `_`.
    static func legacyMetricName(_ name: String) -> String {
        Labels.isMetricName(name) ? name : replaced(name, also: UInt8(ascii: ":"))
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    static func legacyLabelName(_ name: String) -> String {
        Labels.isLabelName(name) ? name : replaced(name, also: UInt8(ascii: "_"))
    }

    private static func replaced(_ name: String, also allowed: UInt8) -> String {
        var bytes: [UInt8] = []
        for scalar in name.unicodeScalars {
            let byte = UInt8(exactly: scalar.value) ?? UInt8(ascii: "_")
            let isLetter = byte | 32 >= 97 && byte | 32 <= 122
            let isDigit = byte >= 48 && byte <= 57
            if isDigit && bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
            bytes.append(isLetter || isDigit || byte == allowed ? byte : UInt8(ascii: "_"))
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
