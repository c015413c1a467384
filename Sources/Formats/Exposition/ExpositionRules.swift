import Model

/// What OpenMetrics asks of a family of each kind, as far as a strict parser refuses the whole page over it.
struct ExpositionRules {
    /// What a sample's value may be.
    enum ValueRule: UInt8 {
        case any, notNegative, one, zeroOrOne
        /// The family may not have the series at all.
        case none

        func allows(_ value: Double) -> Bool {
            switch self {
            case .any: true
            case .notNegative: value >= 0
            case .one: value == 1
            case .zeroOrOne: value == 0 || value == 1
            case .none: false
            }
        }
    }

    private let family: MetricFamily
    /// Whether the family is named as its kind asks for.
    private let isNamed: Bool
    /// What samples of a compound kind may be called.
    private var partNames: Set<String> = []
    /// The part that has a bound, in the label of that name.
    private var bounded: (name: String, label: String)?

    init(_ family: MetricFamily) {
        self.family = family
        switch family.kind {
        case .unknown, .gauge, .stateSet: isNamed = true
        case .counter: isNamed = ExpositionRules.isSuffixed(family.name, "_total")
        case .info: isNamed = ExpositionRules.isSuffixed(family.name, "_info")
        case .histogram:
            isNamed = true
            setParts(["_bucket", "_sum", "_count"], bounded: "_bucket", by: "le")
        case .gaugeHistogram:
            isNamed = true
            setParts(["_bucket", "_gsum", "_gcount"], bounded: "_bucket", by: "le")
        case .summary:
            isNamed = true
            setParts(["", "_sum", "_count"], bounded: "", by: "quantile")
        }
    }

    private mutating func setParts(_ suffixes: [String], bounded suffix: String, by label: String) {
        partNames = Set(suffixes.map { family.name + $0 })
        bounded = (family.name + suffix, label)
    }

    /// Whether the family may claim its kind.
    func hold(_ samples: [ExpositionSample]) -> Bool {
        switch family.kind {
        case .unknown, .gauge: true
        case .counter, .info, .stateSet, .histogram, .gaugeHistogram, .summary:
            samples.allSatisfy { rule(of: $0.labels).allows($0.value) }
        }
    }

    /// What the value of a series may be.
    func rule(of labels: Labels) -> ValueRule {
        switch family.kind {
        case .unknown, .gauge: .any
        case .counter: isNamed && isOwnName(labels) ? .notNegative : .none
        case .info: isNamed && isOwnName(labels) ? .one : .none
        case .stateSet: isOwnName(labels) && labels[family.name] != nil ? .zeroOrOne : .none
        case .histogram, .gaugeHistogram, .summary: partRule(labels)
        }
    }

    private func isOwnName(_ labels: Labels) -> Bool {
        if let own = labels.value(of: Labels.metricNameLabel), labels.bytes[own].elementsEqual(family.name.utf8) {
            return true
        }
        return NameText.legacyMetricName(labels.metricName ?? "") == family.name
    }

    /// A part has one of the names, the one with a bound has a right one, and what counts something is not negative.
    private func partRule(_ labels: Labels) -> ValueRule {
        let name = NameText.legacyMetricName(labels.metricName ?? "")
        guard partNames.contains(name), let bounded else { return .none }
        if name == bounded.name {
            guard let bound = labels[bounded.label].flatMap(SampleOrder.number) else { return .none }
            // A quantile of anything may be negative.
            if family.kind == .summary { return bound >= 0 && bound <= 1 ? .any : .none }
        }
        return .notNegative
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
}
