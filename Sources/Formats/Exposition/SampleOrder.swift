import Model

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
