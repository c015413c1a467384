package import Model

/// Families whose series are the same on page after page: made text once, but for the values.
package struct KeptFamilies: Sendable {
    private struct Family {
        /// Its whole name, by which the families of a page are sorted.
        var name: String
        /// In the order in which they stand.
        var lines: Range<Int>
        /// Where its head lies in ``heads``.
        var head: Range<Int>
        /// The head of the family without its kind, for values that break the kind's rules.
        var plainHead: Range<Int>
    }

    private struct Line {
        /// Place of the value that it shows.
        var place: Int
        /// Where its text lies in ``texts``: all before its value.
        var text: Range<Int>
        var rule: ExpositionRules.ValueRule
    }

    /// Those that were given.
    private let entries: [(family: MetricFamily, labels: [Labels])]
    private let format: ExpositionFormat
    private var families: [Family] = []
    private var heads: [UInt8] = []
    private var lines: [Line] = []
    private var texts: [UInt8] = []
    /// What the families and their heads are called.
    private var names: Set<String> = []
    /// Whether the families can be written from their texts. Not where two of them share a name in OpenMetrics, or
    /// series are alike once characters are replaced.
    private var isPlain = true

    /// - Parameter entries: Families in order of their names, each once, with their series. The series' places, counted
    ///   through, are those of the values.
    package init(_ entries: [(family: MetricFamily, labels: [Labels])], as format: ExpositionFormat) {
        self.entries = entries
        self.format = format
        var place = 0
        for (family, labels) in entries {
            add(family, labels, from: place)
            place += labels.count
        }
    }

    private mutating func add(_ told: MetricFamily, _ labels: [Labels], from place: Int) {
        var family = told
        family.name = NameText.legacyMetricName(family.name)
        if let last = families.last, last.name >= family.name { isPlain = false }
        var samples = labels.enumerated().map { offset, labels in
            // The place goes through the sorting as the value.
            ExpositionSample(labels: labels, value: Double(place + offset))
        }
        SampleOrder.sort(&samples, kind: family.kind)
        let rules = ExpositionRules(family)
        let first = lines.count
        for sample in samples { add(sample, format == .text ? .any : rules.rule(of: sample.labels)) }
        for (line, next) in zip(lines[first...], lines[first...].dropFirst()) {
            if texts[line.text].elementsEqual(texts[next.text]) { isPlain = false }
        }
        add(family, first..<lines.count)
    }

    private mutating func add(_ sample: ExpositionSample, _ rule: ExpositionRules.ValueRule) {
        let start = texts.count
        texts += ExpositionLine.text(sample.labels) + [UInt8(ascii: " ")]
        lines.append(Line(place: Int(sample.value), text: start..<texts.count, rule: rule))
    }

    private mutating func add(_ family: MetricFamily, _ range: Range<Int>) {
        var prepared = ExpositionWriter.PreparedFamily(family, [], format)
        for name in Set([prepared.name, family.name]) where !names.insert(name).inserted { isPlain = false }
        let head = appendHead(prepared)
        prepared.loseKind()
        let plainHead = lines[range].allSatisfy { $0.rule == .any } ? head : appendHead(prepared)
        families.append(Family(name: family.name, lines: range, head: head, plainHead: plainHead))
    }

    private mutating func appendHead(_ family: ExpositionWriter.PreparedFamily) -> Range<Int> {
        var writer = TextWriter()
        ExpositionWriter.writeHead(family, format, into: &writer)
        let start = heads.count
        heads += writer.bytes
        return start..<heads.count
    }

    /// Whether the page can be put together of these texts and others: no name is both here and there.
    func mayStand(beside others: [ExpositionWriter.PreparedFamily], as format: ExpositionFormat) -> Bool {
        guard isPlain && format == self.format else { return false }
        var seen: Set<String> = []
        return others.allSatisfy { other in
            Set([other.name, other.family.name]).allSatisfy { !names.contains($0) && seen.insert($0).inserted }
        }
    }

    /// Writes them in order of names, with `others`, which are in that order, between them.
    func write(
        _ values: [Double], between others: [ExpositionWriter.PreparedFamily], into writer: inout TextWriter
    ) {
        var others = others[...]
        for family in families {
            while let other = others.first, other.family.name < family.name {
                ExpositionWriter.write(other, format, into: &writer)
                others.removeFirst()
            }
            write(family, values, into: &writer)
        }
        for other in others { ExpositionWriter.write(other, format, into: &writer) }
    }

    private func write(_ family: Family, _ values: [Double], into writer: inout TextWriter) {
        var isShown = false
        var keepsRules = true
        for line in lines[family.lines] where !values[line.place].isStaleMarker {
            isShown = true
            if !line.rule.allows(values[line.place]) { keepsRules = false }
        }
        guard isShown else { return }
        writer.write(heads[keepsRules ? family.head : family.plainHead])
        for line in lines[family.lines] where !values[line.place].isStaleMarker {
            writer.write(texts[line.text])
            ExpositionLine.write(values[line.place], into: &writer)
            writer.write(byte: UInt8(ascii: "\n"))
        }
    }

    /// As samples, for a page that cannot be put together of texts.
    package func samples(_ values: [Double]) -> [ExpositionFamily] {
        var place = 0
        return entries.map { family, labels in
            defer { place += labels.count }
            let samples = zip(labels, values[place...]).map { ExpositionSample(labels: $0, value: $1) }
            return ExpositionFamily(family: family, samples: samples)
        }
    }
}
