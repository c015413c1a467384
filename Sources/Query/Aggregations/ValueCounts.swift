import Model

/// `count_values`: how many series of a group have each value, the value being a label of the answer.
///
/// There may be as many values as samples, each at one step: what is held is a list of the steps of each, and not a
/// column.
struct ValueCounts {
    private struct Entry {
        var step: UInt32
        var count: UInt32
        /// The next entry of the same label set, 0 where there is none.
        var next: UInt32
    }

    /// A group's labels with a value, made once: few values recur at many steps.
    private struct Key: Hashable {
        var group: Int
        var bits: UInt64
    }

    private let steps: Int
    /// The label sets of the answer; the value is written as Go's 'f' format has it.
    private var places = LabelNumbers()
    /// Behind one that is none.
    private var entries = [Entry(step: 0, count: 0, next: 0)]
    /// The first and the last entry of each label set.
    private var ends: [(first: Int, last: Int)] = []

    init(
        _ columns: VectorColumns, _ groups: Groups, label: String
    ) throws(QueryError) {
        if label.isEmpty { throw .execution("invalid label name \(label)") }
        steps = columns.steps
        var known: [Key: Int] = [:]
        // The label is there before series are grouped, so that grouping may take it again.
        let isDropped = groups.drops(label)
        var checkpoint = groups.checkpoint
        for step in 0..<steps {
            for series in 0..<columns.count {
                try checkpoint.pass(4)
                let value = columns.values[series * steps + step]
                guard value.isPresent else { continue }
                let key = Key(group: groups.ofSeries[series], bits: value.quieted.bitPattern)
                if let place = known[key] {
                    count(place, at: step)
                    continue
                }
                try checkpoint.pass(2 * Checkpoint.labelsWork)
                let labels = groups.labels[key.group]
                let place = places.insert(isDropped ? labels : labels.setting(label, to: FloatText.plain(value)))
                known[key] = place
                count(place, at: step)
            }
        }
    }

    private mutating func count(_ place: Int, at step: Int) {
        if place < ends.count, entries[ends[place].last].step == step {
            entries[ends[place].last].count += 1
            return
        }
        entries.append(Entry(step: UInt32(step), count: 1, next: 0))
        let last = entries.count - 1
        if place == ends.count {
            ends.append((last, last))
        } else {
            entries[ends[place].last].next = UInt32(last)
            ends[place].last = last
        }
    }

    /// Hands out the series of the answer, in the order in which they appeared.
    func forEachRow(
        _ interruption: Interruption, _ body: (Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        var checkpoint = Checkpoint(interruption)
        var row: [Double] = []
        for (place, labels) in places.labels.enumerated() {
            try checkpoint.pass(Checkpoint.labelsWork + steps)
            row.becomeAbsent(steps)
            var entry = ends[place].first
            while entry > 0 {
                row[Int(entries[entry].step)] = Double(entries[entry].count)
                entry = Int(entries[entry].next)
            }
            try body(labels, row, places.count)
        }
    }
}

extension Evaluation {
    /// See ``forEachRow(of:on:_:)``.
    dynamic mutating func forEachValueCount(
        _ plan: AggregationPlan, on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        guard case .vector(let columns) = try evaluate(plan.expression, on: grid) else {
            preconditionFailure("an aggregation is over an instant vector, as the type check knows")
        }
        guard let node = plan.parameter, case .string(let label) = try evaluate(node, on: grid) else {
            preconditionFailure("count_values has a string, as the type check knows")
        }
        let groups = try Groups(columns, plan.grouping, interruption)
        let counts = try ValueCounts(columns, groups, label: label)
        let interruption = interruption
        try counts.forEachRow(interruption) { labels, row, count throws(QueryError) in
            try body(&self, labels, row, count)
        }
    }

    /// The same as a whole.
    mutating func valueCounts(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: grid.count)
        try forEachValueCount(plan, on: grid) { evaluation, labels, row, _ throws(QueryError) in
            result.append(labels, row)
            try evaluation.checkSize(result)
        }
        return result
    }
}
