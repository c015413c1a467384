import Model

/// `topk` and `bottomk` of one group: the best of each step are kept while the series go by, the others forgotten.
struct BestRows {
    private let limit: Int
    /// Of each step.
    private var heaps: [BestSeries.Heap]
    /// The labels of those that were among the best of a step when they came.
    private var labels: [Int: Labels] = [:]
    private var count = 0

    /// Few enough for the best of all steps to be less than the vector.
    static let limitMax = 64

    init(limit: Int, takesGreatest: Bool, steps: Int) {
        self.limit = limit
        heaps = (0..<steps).map { _ in BestSeries.Heap(limit: limit, takesGreatest: takesGreatest) }
    }

    mutating func offer(_ labels: Labels, _ row: [Double]) {
        var isTaken = false
        for step in row.indices where row[step].isPresent {
            if heaps[step].offer(row[step], count) { isTaken = true }
        }
        if isTaken { self.labels[count] = labels }
        count += 1
    }

    /// The best, in the order of their series.
    func columns() -> VectorColumns {
        let steps = heaps.count
        var result = VectorColumns(steps: steps)
        var places: [Int: Int] = [:]
        for series in Set(heaps.flatMap { $0.items.map(\.series) }).sorted() {
            places[series] = result.count
            result.labels.append(labels[series] ?? .empty)
        }
        result.values = [Double](repeating: .absent, count: result.count * steps)
        for (step, heap) in heaps.enumerated() {
            for (value, series) in heap.items {
                if let place = places[series] { result.values[place * steps + step] = value }
            }
        }
        return result
    }
}

extension Evaluation {
    /// Nil where the vector has to be seen as a whole: an instant answer comes in order, a group for each series is as
    /// much as the series, and how many are wanted may depend on the step.
    mutating func bestRows(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns? {
        guard grid.count > 1, case .by(let names) = plan.grouping, names.isEmpty,
            case .number(let number) = plan.parameter, number >= 1, number < Double(BestRows.limitMax)
        else { return nil }
        var best = BestRows(limit: Int(number), takesGreatest: plan.operation == .topk, steps: grid.count)
        var checkpoint = Checkpoint(interruption)
        try forEachRow(of: plan.expression, on: grid) { _, labels, row, _ throws(QueryError) in
            try checkpoint.pass(2 * row.count)
            best.offer(labels, row)
        }
        return best.columns()
    }
}
