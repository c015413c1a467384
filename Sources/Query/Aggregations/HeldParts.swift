import Model

/// The values of a vector at some steps, for an aggregation that has to see all of a step at once.
struct HeldPart {
    /// The first of the steps.
    let start: Int
    let steps: Int
    /// One series after the other.
    var values: [Double] = []
    /// The group of each series.
    var ofSeries: [Int] = []

    init(start: Int, steps: Int) {
        self.start = start
        self.steps = steps
    }
}

extension Evaluation {
    /// Hands out a vector, all of its steps or a few at a time, in order.
    ///
    /// What is held is bounded: a vector of more values is evaluated again for each part, which costs less than the
    /// memory of all of it. The groups of the whole vector are known before the first part.
    dynamic mutating func forEachPart(
        of expression: PlanNode, grouped grouping: Aggregation.Grouping, on grid: StepGrid,
        _ body: (inout Evaluation, HeldPart, _ groups: GroupNumbers) throws(QueryError) -> Void
    ) throws(QueryError) {
        let before = statistics
        var groups = GroupNumbers(grouping)
        var held = HeldPart(start: 0, steps: grid.count)
        // What is shared is kept for each grid, and times are told of one evaluation.
        let canRepeat = nodeTimes == nil && grid.count > 1 && !expression.hasSharedParts
        var isHeld = true
        var checkpoint = Checkpoint(interruption)
        try forEachRow(of: expression, on: grid) { evaluation, labels, row, _ throws(QueryError) in
            try checkpoint.pass(Checkpoint.labelsWork + row.count)
            held.ofSeries.append(groups.number(of: labels))
            if canRepeat, held.values.count + row.count > evaluation.limits.heldValuesMax {
                isHeld = false
                held.values = []
            }
            if isHeld {
                held.values.append(contentsOf: row)
                try evaluation.checkSize(held.values.count)
            }
        }
        if isHeld { return try body(&self, held, groups) }
        let whole = statistics
        let atOnce = max(1, limits.heldValuesMax / held.ofSeries.count)
        for start in stride(from: 0, to: grid.count, by: atOnce) {
            let part = grid.dropFirst(start).prefix(min(atOnce, grid.count - start))
            statistics = before
            let seriesCount = held.ofSeries.count
            held = HeldPart(start: start, steps: part.count)
            held.ofSeries.reserveCapacity(seriesCount)
            held.values.reserveCapacity(seriesCount * part.count)
            try forEachRow(of: expression, on: part) { _, labels, row, _ throws(QueryError) in
                try checkpoint.pass(Checkpoint.labelsWork + row.count)
                held.ofSeries.append(groups.number(of: labels))
                held.values.append(contentsOf: row)
            }
            try body(&self, held, groups)
        }
        // The same was read again and again, and counts once.
        statistics = whole
    }
}

extension PlanNode {
    /// Whether a part of it is evaluated once for all places where it stands.
    fileprivate var hasSharedParts: Bool {
        if case .shared = self { return true }
        return children.contains(where: \.hasSharedParts)
    }
}
