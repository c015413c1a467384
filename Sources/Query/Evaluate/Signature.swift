import Model

/// Which labels two series have to share to meet: `on (…)` or `ignoring (…)`.
struct MatchSignature: Sendable {
    private let names: [[UInt8]]
    private let isOn: Bool

    init(_ matching: VectorMatching) {
        isOn = matching.isOn
        // The metric name takes part only where it is asked for.
        names = matching.labels.map { Array($0.utf8) } + (isOn ? [] : [Array(Labels.metricNameLabel.utf8)])
    }

    func callAsFunction(_ labels: Labels) -> Labels {
        labels.filter { name in names.contains { $0.elementsEqual(name) } == isOn }
    }
}

/// The series of a vector by signature; each signature has a number.
struct SignatureIndex: Sendable {
    private var numbers = LabelNumbers()
    /// The series of each signature, in order.
    private(set) var members: [[Int]] = []

    init(
        _ columns: VectorColumns, _ signature: MatchSignature, _ checkpoint: inout Checkpoint
    ) throws(QueryError) {
        for series in 0..<columns.count {
            try checkpoint.pass(Checkpoint.labelsWork)
            let number = numbers.insert(signature(columns.labels[series]))
            if number < members.count {
                members[number].append(series)
            } else {
                members.append([series])
            }
        }
    }

    func number(of signature: Labels) -> Int? { numbers.number(of: signature) }
}
