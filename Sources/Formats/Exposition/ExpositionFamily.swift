package import Model

/// One line of a page: a series' full name and its value.
package struct ExpositionSample: Hashable, Sendable {
    /// With `__name__`; of a histogram that is `…_bucket`, `…_sum` or `…_count`.
    package var labels: Labels
    package var value: Double
    /// Nil on a page of current values; set where the moment is part of the answer.
    package var time: Timestamp?
    /// What a line says before the value, for those who keep it: see ``ExpositionLine/text(_:)``.
    package var text: [UInt8]?

    package init(labels: Labels, value: Double, time: Timestamp? = nil, text: [UInt8]? = nil) {
        self.labels = labels
        self.value = value
        self.time = time
        self.text = text
    }
}

/// A metric and its series as a page shows them. Neither the families of a page nor the samples of a family need an
/// order; the writer sorts.
package struct ExpositionFamily: Hashable, Sendable {
    package var family: MetricFamily
    package var samples: [ExpositionSample]
    /// Whether the samples are known to come as they are to stand, so that nobody need compare them.
    package var isInOrder = false

    package init(family: MetricFamily, samples: [ExpositionSample]) {
        self.family = family
        self.samples = samples
    }

    /// Groups samples into families by their names. A name that `families` does not know is looked up without the
    /// suffix of a histogram or summary (`_bucket`, `_sum`, `_count`), and else is a family of unknown kind.
    package static func group(
        _ samples: some Sequence<ExpositionSample>, families: [String: MetricFamily]
    ) -> [ExpositionFamily] {
        var groups: [String: ExpositionFamily] = [:]
        for sample in samples {
            let name = sample.labels.metricName ?? ""
            let family =
                MetricFamily.ofSamples(named: name) { families[$0] }
                ?? MetricFamily(name: name, kind: .unknown, help: "")
            groups[family.name, default: ExpositionFamily(family: family, samples: [])].samples.append(sample)
        }
        return Array(groups.values)
    }
}
