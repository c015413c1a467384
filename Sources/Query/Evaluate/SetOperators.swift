import Model

/// `and`, `or` and `unless`: series are kept by whether the other side has their like at the same step.
struct SetOperation {
    private let signature: MatchSignature

    init(_ matching: VectorMatching) {
        signature = MatchSignature(matching)
    }

    /// At which steps one side has a series of each signature.
    struct Presence {
        fileprivate let steps: Int
        fileprivate var numbers = LabelNumbers()
        /// Whether any series of the signature has a value: of number `i` at step `s` at `i * steps + s`.
        fileprivate var isPresent: [Bool] = []
        fileprivate var checkpoint: Checkpoint

        init(steps: Int, _ interruption: Interruption) {
            self.steps = steps
            checkpoint = Checkpoint(interruption)
        }
    }

    /// Takes a series of the side that decides.
    func note(_ labels: Labels, _ row: [Double], in presence: inout Presence) throws(QueryError) {
        try presence.checkpoint.pass(Checkpoint.labelsWork + row.count)
        let number = presence.numbers.insert(signature(labels))
        let base = number * presence.steps
        if base == presence.isPresent.count {
            presence.isPresent.append(contentsOf: repeatElement(false, count: presence.steps))
        }
        for step in row.indices where row[step].isPresent { presence.isPresent[base + step] = true }
    }

    /// Makes `kept` the values at the steps where the deciding side has, or has not, a series of the same signature.
    func filter(
        _ labels: Labels, _ row: [Double], into kept: inout [Double], by presence: inout Presence, keepsMatched: Bool
    ) throws(QueryError) {
        try presence.checkpoint.pass(Checkpoint.labelsWork + row.count)
        kept.becomeAbsent(row.count)
        guard let number = presence.numbers.number(of: signature(labels)) else {
            if !keepsMatched { for step in row.indices { kept[step] = row[step] } }
            return
        }
        let base = number * presence.steps
        for step in row.indices where presence.isPresent[base + step] == keepsMatched { kept[step] = row[step] }
    }
}
