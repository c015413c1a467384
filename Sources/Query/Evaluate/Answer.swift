import Model

/// Turns the value of a plan into the four shapes of Prometheus' API.
struct Answer {
    private let time: QueryTime
    private let grid: StepGrid

    init(_ time: QueryTime, _ grid: StepGrid) {
        self.time = time
        self.grid = grid
    }

    func value(of node: PlanNode, _ evaluation: inout Evaluation) throws(QueryError) -> QueryValue {
        switch time {
        case .instant(let moment): return try instant(node, moment, &evaluation)
        case .range: return try range(node, &evaluation)
        }
    }

    private func instant(
        _ node: PlanNode, _ moment: Timestamp, _ evaluation: inout Evaluation
    ) throws(QueryError) -> QueryValue {
        if case .range(let range) = node {
            let series = try evaluation.samples(of: range, at: grid)
            var checkpoint = Checkpoint(evaluation.interruption)
            return .matrix(try sorted(series, &checkpoint))
        }
        switch try evaluation.evaluate(node, on: grid) {
        case .string(let text): return .string(time: moment, value: text.text)
        case .scalar(let column): return .scalar(Sample(time: moment, value: column[0]))
        case .vector(let columns):
            var rows = RowMaker(StepGrid(instant: moment.milliseconds), evaluation.limits)
            var checkpoint = Checkpoint(evaluation.interruption)
            return .vector(try series(of: columns, &rows, &checkpoint))
        }
    }

    private func range(_ node: PlanNode, _ evaluation: inout Evaluation) throws(QueryError) -> QueryValue {
        var checkpoint = Checkpoint(evaluation.interruption)
        var rows = RowMaker(grid, evaluation.limits)
        var series: [ResultSeries] = []
        if node.type == .scalar {
            guard case .scalar(let column) = try evaluation.evaluate(node, on: grid) else {
                preconditionFailure("a scalar is what its type says")
            }
            let samples = rows.row(of: column[...], isKept: true)
            if !samples.isEmpty { series.append(ResultSeries(labels: .empty, samples: samples)) }
            return .matrix(series)
        }
        var valueCount = 0
        let isStreamed = try evaluation.streamRows(of: node, on: grid) {
            evaluation, labels, row, _ throws(QueryError) in
            try checkpoint.pass(5 * grid.count)
            valueCount += grid.count
            try evaluation.checkSize(valueCount)
            series.append(ResultSeries(labels: labels, samples: rows.row(of: row[...], isKept: false)))
        }
        if !isStreamed {
            let columns = try evaluation.vector(node, on: grid)
            try evaluation.checkSize(columns)
            series = try self.series(of: columns, &rows, &checkpoint)
        }
        return .matrix(try sorted(series, &checkpoint))
    }

    /// The series that have a value at any step.
    private func series(
        of columns: VectorColumns, _ rows: inout RowMaker, _ checkpoint: inout Checkpoint
    ) throws(QueryError) -> [ResultSeries] {
        // What is mostly gaps is not held for the sake of its values.
        var count = 0
        let values = columns.values.span
        for place in values.indices { count &+= values[place].isPresent ? 1 : 0 }
        let isKept = 2 * count >= values.count
        var series: [ResultSeries] = []
        series.reserveCapacity(columns.count)
        for (place, labels) in columns.labels.enumerated() {
            try checkpoint.pass(40 + columns.steps)
            let samples = rows.row(of: columns.values[columns.column(place)], isKept: isKept)
            if !samples.isEmpty { series.append(ResultSeries(labels: labels, samples: samples)) }
        }
        return series
    }

    /// By labels. Of a million series that takes a second, within which the query can be stopped.
    private func sorted(
        _ series: [ResultSeries], _ checkpoint: inout Checkpoint
    ) throws(QueryError) -> [ResultSeries] {
        // Those of a selector come in order.
        var isSorted = true
        var place = 1
        while isSorted, place < series.count {
            try checkpoint.pass(20)
            isSorted = series[place - 1].labels < series[place].labels
            place += 1
        }
        return isSorted ? series : try series.sorted(&checkpoint, work: 20) { $0.labels < $1.labels }
    }
}
