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
        write(ExpositionPage(families), as: format, into: &writer)
    }

    /// The whole page: families sorted by name, series by labels.
    package static func write(_ page: ExpositionPage, as format: ExpositionFormat, into writer: inout TextWriter) {
        var others = merged(page.families).map { prepare($0, format) }
        if let (kept, values) = page.kept {
            if kept.mayStand(beside: others, as: format) {
                kept.write(values, between: others, into: &writer)
                if format == .openMetrics { writer.write(end) }
                return
            }
            others = merged(kept.samples(values) + page.families).map { prepare($0, format) }
        }
        writeAll(others, format, into: &writer)
    }

    /// What ends a page of OpenMetrics.
    private static let end = "# EOF\n"

    private static func writeAll(
        _ prepared: [PreparedFamily], _ format: ExpositionFormat, into writer: inout TextWriter
    ) {
        if format == .text {
            // No name is without its suffix here, and none comes twice.
            for family in prepared { write(family, format, into: &writer) }
            return
        }
        var seenNames: Set<String> = []
        // A counter x_total and a gauge x would both be the family x: the counter then keeps its whole name.
        let plainNames = Set(prepared.lazy.filter { $0.suffix.isEmpty }.map(\.name))
        for var family in prepared {
            if !family.suffix.isEmpty && plainNames.contains(family.name) { family.loseKind() }
            guard seenNames.insert(family.name).inserted else { continue }
            write(family, format, into: &writer)
        }
        writer.write(end)
    }

    /// A family ready to be written.
    struct PreparedFamily {
        var family: MetricFamily
        /// What HELP and TYPE call it.
        var name: String
        /// What its samples' names have beyond that by rule: `_total`, `_info`, or nothing.
        var suffix: String
        var samples: [ExpositionSample]

        /// With its kind, under the name that the format gives that kind.
        init(_ family: MetricFamily, _ samples: [ExpositionSample], _ format: ExpositionFormat) {
            self.family = family
            self.samples = samples
            (name, suffix) = (family.name, "")
            guard format == .openMetrics else { return }
            switch family.kind {
            case .counter: suffix = "_total"
            case .info: suffix = "_info"
            case .unknown, .gauge, .histogram, .gaugeHistogram, .summary, .stateSet: return
            }
            name = String(name.dropLast(suffix.count))
        }

        /// Goes on without its kind, under its whole name.
        mutating func loseKind() {
            name = family.name
            suffix = ""
            family.kind = .unknown
        }
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
                sorted[sorted.count - 1].isInOrder = false
            } else {
                sorted.append(merged[place])
            }
        }
        return sorted
    }

    private static func prepare(_ entry: ExpositionFamily, _ format: ExpositionFormat) -> PreparedFamily {
        var family = entry.family
        var samples = entry.samples
        if !entry.isInOrder { SampleOrder.sort(&samples, kind: family.kind) }
        if format == .openMetrics && !ExpositionRules(family).hold(samples) { family.kind = .unknown }
        return PreparedFamily(family, samples, format)
    }

    /// A family: its head and its samples.
    static func write(_ page: PreparedFamily, _ format: ExpositionFormat, into writer: inout TextWriter) {
        writeHead(page, format, into: &writer)
        var previous = 0..<0
        // Field by field: a copy of a sample counts its labels and its text up and down.
        for index in page.samples.indices {
            let start = writer.bytes.count
            if let text = page.samples[index].text {
                writer.write(text)
            } else {
                ExpositionLine.write(page.samples[index].labels, into: &writer)
            }
            let time = page.samples[index].time
            let key = start..<writer.bytes.count
            // Equal names can only come of characters that were replaced; sorted samples have them side by side.
            // With times they are a series' samples and all stand.
            if time == nil, key.count == previous.count,
                writer.bytes[key].elementsEqual(writer.bytes[previous])
            {
                writer.truncate(to: start)
                continue
            }
            previous = key
            writer.write(byte: UInt8(ascii: " "))
            ExpositionLine.write(page.samples[index].value, into: &writer)
            if let time {
                writer.write(byte: UInt8(ascii: " "))
                // Seconds in OpenMetrics, milliseconds in the older text.
                writer.write(format == .openMetrics ? TimeText.unix(time) : String(time.milliseconds))
            }
            writer.write(byte: UInt8(ascii: "\n"))
        }
    }

    /// What stands above a family's samples.
    static func writeHead(_ page: PreparedFamily, _ format: ExpositionFormat, into writer: inout TextWriter) {
        if !page.family.help.isEmpty {
            writeName("# HELP ", page.name, into: &writer)
            escape(page.family.help.utf8, quote: format == .openMetrics, into: &writer)
            writer.write("\n")
        }
        writeName("# TYPE ", page.name, into: &writer)
        writer.write(format.word(for: page.family.kind))
        writer.write("\n")
        if format == .openMetrics, ExpositionRules.mayNameUnit(page.family, as: page.name) {
            writeName("# UNIT ", page.name, into: &writer)
            writer.write(page.family.unit)
            writer.write("\n")
        }
    }

    private static func writeName(_ sign: String, _ name: String, into writer: inout TextWriter) {
        writer.write(sign)
        writer.write(name)
        writer.write(byte: UInt8(ascii: " "))
    }

    /// Text with a backslash before what would end it.
    static func escape(_ text: some Collection<UInt8>, quote: Bool, into writer: inout TextWriter) {
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
