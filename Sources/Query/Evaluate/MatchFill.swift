import Model

/// `fill`, `fill_left` and `fill_right` (experimental in Prometheus): partners for series that have none.
///
/// A partner is a series of the signature's labels that has the value at the steps where the one side has a series of
/// that signature and the other side has not; matching then goes on as ever.
struct MatchFill {
    private let signature: MatchSignature

    init(_ signature: MatchSignature) { self.signature = signature }

    /// - Parameter left, right: The values; nil where a side stays as it is.
    func fill(
        _ lhs: inout VectorColumns, with left: Double?, _ rhs: inout VectorColumns, with right: Double?
    ) {
        let lefts = presence(of: lhs)
        let rights = presence(of: rhs)
        if let left { add(left, to: &lhs, where: rights, butNot: lefts) }
        if let right { add(right, to: &rhs, where: lefts, butNot: rights) }
    }

    /// For each signature, in order of appearance, at which steps a series of it has a value.
    private func presence(of columns: VectorColumns) -> [(signature: Labels, steps: [Bool])] {
        var places: [Labels: Int] = [:]
        var result: [(signature: Labels, steps: [Bool])] = []
        for series in 0..<columns.count {
            let key = signature(columns.labels[series])
            let place = places[key] ?? result.count
            if place == result.count {
                places[key] = place
                result.append((key, [Bool](repeating: false, count: columns.steps)))
            }
            for step in 0..<columns.steps where columns.values[series * columns.steps + step].isPresent {
                result[place].steps[step] = true
            }
        }
        return result
    }

    private func add(
        _ value: Double, to columns: inout VectorColumns, where wanted: [(signature: Labels, steps: [Bool])],
        butNot present: [(signature: Labels, steps: [Bool])]
    ) {
        let known = Dictionary(uniqueKeysWithValues: present.map { ($0.signature, $0.steps) })
        for (key, steps) in wanted {
            let there = known[key]
            let row = steps.indices.map { step in
                steps[step] && there?[step] != true ? value : Double.absent
            }
            columns.append(key, row)
        }
    }
}
