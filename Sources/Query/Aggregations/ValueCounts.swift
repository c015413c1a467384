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

    private var known: [Key: Int] = [:]
    private let label: String
    private let interruption: Interruption

    init(steps: Int, label: LiteralText, _ interruption: Interruption) throws(QueryError) {
        if !label.isLabelName { throw .execution("invalid label name \(label.quoted)") }
        self.label = label.text
        self.steps = steps
        self.interruption = interruption
    }

    /// Counts the values at later steps than those before.
    mutating func add(_ part: HeldPart, _ groups: GroupNumbers) throws(QueryError) {
        // The label is there before series are grouped, so that grouping may take it again.
        let isDropped = groups.drops(label)
        let labelsOfGroups = groups.labels
        var checkpoint = Checkpoint(interruption)
        for step in 0..<part.steps {
            for series in part.ofSeries.indices {
                try checkpoint.pass(4)
                let value = part.values[series * part.steps + step]
                guard value.isPresent else { continue }
                let key = Key(group: part.ofSeries[series], bits: value.quieted.bitPattern)
                if let place = known[key] {
                    count(place, at: part.start + step)
                    continue
                }
                try checkpoint.pass(2 * Checkpoint.labelsWork)
                let labels = labelsOfGroups[key.group]
                let place = places.insert(isDropped ? labels : labels.setting(label, to: FloatText.plain(value)))
                known[key] = place
                count(place, at: part.start + step)
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
        _ body: (Labels, [Double], _ count: Int) throws(QueryError) -> Void
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
        guard let node = plan.parameter, case .string(let label) = try evaluate(node, on: grid) else {
            preconditionFailure("count_values has a string, as the type check knows")
        }
        var counts = try ValueCounts(steps: grid.count, label: label, interruption)
        try forEachPart(of: plan.expression, grouped: plan.grouping, on: grid) { _, part, groups throws(QueryError) in
            try counts.add(part, groups)
        }
        try counts.forEachRow { labels, row, count throws(QueryError) in
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
