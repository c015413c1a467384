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
/// Cost: where families and samples come in order, 0.2 µs a sample; what has to be sorted costs more.
///
/// Sources: Prometheus "Exposition formats", OpenMetrics 1.0.0.
package enum ExpositionWriter {
    /// The whole page: families sorted by name, series by labels.
    package static func write(
        _ families: [ExpositionFamily], as format: ExpositionFormat, into writer: inout TextWriter
    ) {
        let prepared = merged(families).map { prepare($0, format) }
        if format == .text {
            // No name is without its suffix here, and none comes twice.
            for page in prepared { write(page, format, into: &writer) }
            return
        }
        var seenNames: Set<String> = []
        // A counter x_total and a gauge x would both be the family x: the counter then keeps its whole name.
        let plainNames = Set(prepared.lazy.filter { $0.suffix.isEmpty }.map(\.name))
        for var page in prepared {
            if !page.suffix.isEmpty && plainNames.contains(page.name) {
                page.name += page.suffix
                page.suffix = ""
                page.family.kind = .unknown
            }
            guard seenNames.insert(page.name).inserted else { continue }
            write(page, format, into: &writer)
        }
        writer.write("# EOF\n")
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
        var merged: [ExpositionFamily] = []
        merged.reserveCapacity(families.count)
        var isInOrder = true
        for var entry in families {
            entry.family.name = NameText.legacyMetricName(entry.family.name)
            if entry.samples.contains(where: \.value.isStaleMarker) {
                entry.samples.removeAll { $0.value.isStaleMarker }
            }
            if entry.samples.isEmpty { continue }
            // Names have ASCII characters only by now, whose order as text is that of their bytes.
            if let last = merged.last, last.family.name >= entry.family.name { isInOrder = false }
            merged.append(entry)
        }
        if isInOrder { return merged }
        // What came first of a name tells what it is.
        let order = merged.indices.sorted { (merged[$0].family.name, $0) < (merged[$1].family.name, $1) }
        var sorted: [ExpositionFamily] = []
        sorted.reserveCapacity(merged.count)
        for place in order {
            if sorted.last?.family.name == merged[place].family.name {
                sorted[sorted.count - 1].samples += merged[place].samples
            } else {
                sorted.append(merged[place])
            }
        }
        return sorted
    }

    private static func prepare(_ entry: ExpositionFamily, _ format: ExpositionFormat) -> Page {
        var page = Page(family: entry.family, name: entry.family.name, suffix: "", samples: entry.samples)
        SampleOrder.sort(&page.samples, kind: entry.family.kind)
        guard format == .openMetrics else { return page }
        if !ExpositionRules.holds(entry) { page.family.kind = .unknown }
        switch page.family.kind {
        case .counter: page.suffix = "_total"
        case .info: page.suffix = "_info"
        case .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: return page
        }
        page.name = String(page.name.dropLast(page.suffix.count))
        return page
    }

    private static func write(_ page: Page, _ format: ExpositionFormat, into writer: inout TextWriter) {
        if !page.family.help.isEmpty {
            writeHead("# HELP ", page.name, into: &writer)
            escape(page.family.help.utf8, quote: format == .openMetrics, into: &writer)
            writer.write("\n")
        }
        writeHead("# TYPE ", page.name, into: &writer)
        writer.write(format.word(for: page.family.kind))
        writer.write("\n")
        if format == .openMetrics, ExpositionRules.mayNameUnit(page.family, as: page.name) {
            writeHead("# UNIT ", page.name, into: &writer)
            writer.write(page.family.unit)
            writer.write("\n")
        }
        var previous = 0..<0
        for sample in page.samples {
            let start = writer.bytes.count
            ExpositionLine.write(sample.labels, into: &writer)
            let key = start..<writer.bytes.count
            // Equal names can only come of characters that were replaced; sorted samples have them side by side.
            // With times they are a series' samples and all stand.
            if sample.time == nil, key.count == previous.count,
                writer.bytes[key].elementsEqual(writer.bytes[previous])
            {
                writer.truncate(to: start)
                continue
            }
            previous = key
            writer.write(byte: UInt8(ascii: " "))
            ExpositionLine.write(sample.value, into: &writer)
            if let time = sample.time {
                writer.write(byte: UInt8(ascii: " "))
                // Seconds in OpenMetrics, milliseconds in the older text.
                writer.write(format == .openMetrics ? TimeText.unix(time) : String(time.milliseconds))
            }
            writer.write(byte: UInt8(ascii: "\n"))
        }
    }

    private static func writeHead(_ sign: String, _ name: String, into writer: inout TextWriter) {
        writer.write(sign)
        writer.write(name)
        writer.write(byte: UInt8(ascii: " "))
    }

    /// Text with a backslash before what would end it.
    fileprivate static func escape(_ text: some Collection<UInt8>, quote: Bool, into writer: inout TextWriter) {
        guard text.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"") })
        else { return writer.write(text) }
        for byte in text {
            switch byte {
            case UInt8(ascii: "\\"): writer.write("\\\\")
            case UInt8(ascii: "\n"): writer.write("\\n")
            case UInt8(ascii: "\"") where quote: writer.write("\\\"")
            default: writer.write(byte: byte)
            }
        }
    }
}

/// A line of a page, made without a string.
private enum ExpositionLine {
    /// `name{label="value",…}`
    static func write(_ labels: Labels, into writer: inout TextWriter) {
        let bytes = labels.bytes
        if let name = labels.value(of: Labels.metricNameLabel) {
            writeName(bytes[name], also: UInt8(ascii: ":"), NameText.legacyMetricName, into: &writer)
        } else {
            writer.write(NameText.legacyMetricName(""))
        }
        var separator = UInt8(ascii: "{")
        labels.forEachField { name, value in
            if name.count == 8, bytes[name].elementsEqual(Labels.metricNameLabel.utf8) { return }
            writer.write(byte: separator)
            separator = UInt8(ascii: ",")
            writeName(bytes[name], also: UInt8(ascii: "_"), NameText.legacyLabelName, into: &writer)
            writer.write(byte: UInt8(ascii: "="))
            writer.write(byte: UInt8(ascii: "\""))
            ExpositionWriter.escape(bytes[value], quote: true, into: &writer)
            writer.write(byte: UInt8(ascii: "\""))
        }
        if separator == UInt8(ascii: ",") { writer.write(byte: UInt8(ascii: "}")) }
    }

    private static func writeName(
        _ name: ArraySlice<UInt8>, also allowed: UInt8, _ replaced: (String) -> String, into writer: inout TextWriter
    ) {
        let isPlain = name.allSatisfy { byte in
            (byte | 32 >= 97 && byte | 32 <= 122) || byte == UInt8(ascii: "_") || byte == allowed
                || (byte >= 48 && byte <= 57)
        }
        if isPlain, let first = name.first, first < 48 || first > 57 {
            writer.write(name)
        } else {
            writer.write(replaced(String(decoding: name, as: UTF8.self)))
        }
    }

    /// As ``FloatText/short(_:)``.
    static func write(_ value: Double, into writer: inout TextWriter) {
        if value == 0 || (value.magnitude >= 1e-4 && value.magnitude < 1e21) {
            let start = writer.bytes.count
            // The text fits into what NumberText asks for.
            unsafe writer.write(capacity: NumberText.bytesMax) { unsafe NumberText.write(plain: value, to: $0) ?? 0 }
            if writer.bytes.count > start { return }
        }
        writer.write(FloatText.short(value))
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
