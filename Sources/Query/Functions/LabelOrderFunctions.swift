import Model

// Order by labels: experimental in Prometheus.

extension Function {
    private static let devices = [#"m{d="sd2"} 1"#, #"m{d="sd10"} 2"#]

    static let sortByLabel = order(
        "sort_by_label", "In ascending order of the labels' values, numbers in them as numbers; for instant queries.",
        gives: [#"m{d="sd2"} 1"#, #"m{d="sd10"} 2"#], isDescending: false)

    static let sortByLabelDesc = order(
        "sort_by_label_desc",
        "In descending order of the labels' values, numbers in them as numbers; for instant queries.",
        gives: [#"m{d="sd10"} 2"#, #"m{d="sd2"} 1"#], isDescending: true)

    private static func order(
        _ name: String, _ documentation: String, gives result: [String], isDescending: Bool
    ) -> Function {
        Function(
            FunctionSignature(name, [.instantVector, .string], .repeatedLast, isExperimental: true), documentation,
            example: FunctionExample("\(name)(m, \"d\")", over: devices, gives: result),
            kernel: .whole { call throws(QueryError) in
                let columns = call.vector(0)
                guard columns.steps == 1 else { return .vector(columns) }
                let names = (1..<max(1, call.arguments.count)).map { call.string($0) }
                var checkpoint = Checkpoint(call.interruption)
                var keys: [[String]] = []
                for labels in columns.labels {
                    try checkpoint.pass(2 * Checkpoint.labelsWork)
                    keys.append(names.map { labels[$0] ?? "" })
                }
                let order = try Array(columns.labels.indices).sorted(&checkpoint, work: Checkpoint.labelsWork) { a, b in
                    for (x, y) in zip(keys[a], keys[b]) where x != y {
                        return NaturalOrder.precedes(x, y) != isDescending
                    }
                    // All else equal, the whole label sets decide, so that the order is always the same.
                    return isDescending
                        ? columns.labels[b] < columns.labels[a] : columns.labels[a] < columns.labels[b]
                }
                var result = VectorColumns(steps: 1)
                result.labels = order.map { columns.labels[$0] }
                result.values = order.map { columns.values[$0] }
                return .vector(result)
            })
    }
}

/// The order in which people count: `sd2` before `sd10`. Texts are cut where digits and other characters meet; pieces
/// that are both numbers are compared as such, all others by their bytes.
enum NaturalOrder {
    /// - Parameter a, b: Two different texts.
    static func precedes(_ a: String, _ b: String) -> Bool {
        let left = pieces(Array(a.utf8))
        let right = pieces(Array(b.utf8))
        for index in left.indices {
            guard index < right.count else { return false }
            let (x, y) = (left[index], right[index])
            if let m = number(x), let n = number(y) {
                if m != n { return m < n }
            } else if !x.elementsEqual(y) {
                return x.lexicographicallyPrecedes(y)
            }
            if index == left.count - 1 { return true }
            if index == right.count - 1 { return false }
        }
        return false
    }

    private static func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for place in bytes.indices where place > 0 && isDigit(bytes[place]) != isDigit(bytes[place - 1]) {
            pieces.append(bytes[start..<place])
            start = place
        }
        // An empty text is one empty piece.
        pieces.append(bytes[start...])
        return pieces
    }

    /// Nil for what is no number, and for one too long to be counted.
    private static func number(_ piece: ArraySlice<UInt8>) -> Int64? {
        guard let first = piece.first, isDigit(first) else { return nil }
        return Int64(String(decoding: piece, as: UTF8.self))
    }
}
