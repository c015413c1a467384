import Model

/// What OpenMetrics asks of a family of each kind, as far as a strict parser refuses the whole page over it.
enum ExpositionRules {
    /// Whether the family may claim its kind.
    static func holds(_ entry: ExpositionFamily) -> Bool {
        let name = entry.family.name
        switch entry.family.kind {
        case .unknown, .gauge: return true
        case .counter:
            return isSuffixed(name, "_total") && entry.samples.allSatisfy { $0.value >= 0 && isNamed($0, name) }
        case .info:
            return isSuffixed(name, "_info") && entry.samples.allSatisfy { $0.value == 1 && isNamed($0, name) }
        case .stateSet:
            return entry.samples.allSatisfy {
                ($0.value == 0 || $0.value == 1) && isNamed($0, name) && $0.labels[name] != nil
            }
        case .histogram: return isCompound(entry, ["_bucket", "_sum", "_count"], boundary: "le", "_bucket")
        case .gaugeHistogram: return isCompound(entry, ["_bucket", "_gsum", "_gcount"], boundary: "le", "_bucket")
        case .summary: return isCompound(entry, ["", "_sum", "_count"], boundary: "quantile", "")
        }
    }

    /// `# UNIT` may only repeat what the name ends in, and infos and state sets have none.
    static func mayNameUnit(_ family: MetricFamily, as name: String) -> Bool {
        switch family.kind {
        case .info, .stateSet: false
        case .unknown, .counter, .gauge, .histogram, .gaugeHistogram, .summary:
            !family.unit.isEmpty && isSuffixed(name, "_" + family.unit)
        }
    }

    private static func isSuffixed(_ name: String, _ suffix: String) -> Bool {
        name.utf8.count > suffix.utf8.count && name.hasSuffix(suffix)
    }

    private static func isNamed(_ sample: ExpositionSample, _ name: String) -> Bool {
        if let own = sample.labels.value(of: Labels.metricNameLabel),
            sample.labels.bytes[own].elementsEqual(name.utf8)
        {
            return true
        }
        return NameText.legacyMetricName(sample.labels.metricName ?? "") == name
    }

    /// Whether all names are the family's with one of the suffixes, those with `boundarySuffix` have a bound, and no
    /// value is NaN or negative where it counts something.
    private static func isCompound(
        _ entry: ExpositionFamily, _ suffixes: [String], boundary: String, _ boundarySuffix: String
    ) -> Bool {
        let names = Set(suffixes.map { entry.family.name + $0 })
        let bounded = entry.family.name + boundarySuffix
        return entry.samples.allSatisfy { sample in
            let name = NameText.legacyMetricName(sample.labels.metricName ?? "")
            guard names.contains(name) else { return false }
            if name == bounded {
                guard let bound = sample.labels[boundary].flatMap(SampleOrder.number) else { return false }
                if boundary == "quantile" { return bound >= 0 && bound <= 1 }
            }
            return sample.value >= 0
        }
    }
}

/// The order of a family's samples on a page: by labels, and the parts of a histogram or summary together.
enum SampleOrder {
    static func sort(_ samples: inout [ExpositionSample], kind: MetricFamily.Kind) {
        switch kind {
        case .unknown, .counter, .gauge, .info, .stateSet:
            if isInOrder(samples) { return }
            samples.sort { ($0.labels, $0.time ?? .zero) < ($1.labels, $1.time ?? .zero) }
        case .histogram, .gaugeHistogram, .summary:
            let keyed = samples.map { (key: Key($0), sample: $0) }
            samples = keyed.sorted { $0.key < $1.key }.map(\.sample)
        }
    }

    /// Whether the samples come as they are to stand: what keeps them in order pays no sorting.
    private static func isInOrder(_ samples: [ExpositionSample]) -> Bool {
        for place in samples.indices.dropFirst() where !(samples[place - 1].labels < samples[place].labels) {
            return false
        }
        return true
    }

    /// Orders by whose sample it is, then its time, then bounds from small to large, then `_count` and `_sum`.
    private struct Key: Comparable {
        let owner: Labels
        let time: Timestamp
        let bound: Double
        let name: String

        init(_ sample: ExpositionSample) {
            owner = sample.labels.filter { name in
                !name.elementsEqual("le".utf8) && !name.elementsEqual("quantile".utf8)
                    && !name.elementsEqual(Labels.metricNameLabel.utf8)
            }
            time = sample.time ?? .zero
            let text = sample.labels["le"] ?? sample.labels["quantile"]
            bound = text.flatMap(SampleOrder.number) ?? .infinity
            // A bucket without limit stands before the sum and count that have no bound at all.
            name = (text == nil ? "1" : "0") + (sample.labels.metricName ?? "")
        }

        static func < (lhs: Key, rhs: Key) -> Bool {
            if lhs.owner != rhs.owner { return lhs.owner < rhs.owner }
            return (lhs.time, lhs.bound, lhs.name) < (rhs.time, rhs.bound, rhs.name)
        }
    }

    /// A bound as written: `0.5`, `+Inf`.
    static func number(_ text: String) -> Double? {
        guard let number = Double(text), !number.isNaN else { return nil }
        return number
    }
}

extension Timestamp {
    fileprivate static let zero = Timestamp(milliseconds: 0)
}
