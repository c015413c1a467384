import Model

/// `and`, `or` and `unless`: series are kept by whether the other side has their like at the same step.
struct SetOperation {
    private let operation: BinaryOperation.Operation
    private let signature: MatchSignature
    private let interruption: Interruption

    init(_ operation: BinaryOperation.Operation, _ matching: VectorMatching, _ interruption: Interruption) {
        self.interruption = interruption
        self.operation = operation
        signature = MatchSignature(matching)
    }

    func evaluate(_ lhs: VectorColumns, _ rhs: VectorColumns) throws(QueryError) -> VectorColumns {
        switch operation {
        case .and: return try filter(lhs, by: rhs, keepsMatched: true)
        case .unless: return try filter(lhs, by: rhs, keepsMatched: false)
        case .or:
            let rest = try filter(rhs, by: lhs, keepsMatched: false)
            var result = lhs
            result.labels.append(contentsOf: rest.labels)
            result.values.append(contentsOf: rest.values)
            // A series may be the left one at some steps and the right one at others.
            try result.mergeDuplicates(interruption)
            return result
        case .power, .multiply, .divide, .modulo, .atan2, .add, .subtract, .equal, .notEqual, .lessOrEqual, .less,
            .greaterOrEqual, .greater, .trimUpper, .trimLower:
            preconditionFailure("\(operation.rawValue) is no set operator")
        }
    }

    /// The values of `columns` at the steps where `other` has, or has not, a series of the same signature.
    private func filter(
        _ columns: VectorColumns, by other: VectorColumns, keepsMatched: Bool
    ) throws(QueryError) -> VectorColumns {
        var checkpoint = Checkpoint(interruption)
        let index = try SignatureIndex(other, signature, &checkpoint)
        let steps = columns.steps
        // presence[number * steps + step]: whether any series of that signature has a value there.
        var presence = [Bool](repeating: false, count: index.members.count * steps)
        for (number, members) in index.members.enumerated() {
            for member in members {
                try checkpoint.pass(steps)
                for step in 0..<steps where other.values[member * steps + step].isPresent {
                    presence[number * steps + step] = true
                }
            }
        }
        var result = columns
        for series in 0..<columns.count {
            try checkpoint.pass(Checkpoint.labelsWork + steps)
            let number = index.number(of: signature(columns.labels[series]))
            if number == nil && !keepsMatched { continue }
            for step in 0..<steps {
                let isMatched = number.map { presence[$0 * steps + step] } ?? false
                if isMatched != keepsMatched { result.values[series * steps + step] = .absent }
            }
        }
        try result.removeEmptySeries(interruption)
        return result
    }
}
