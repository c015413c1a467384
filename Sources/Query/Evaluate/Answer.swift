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
        case .string(let text): return .string(time: moment, value: text)
        case .scalar(let column): return .scalar(Sample(time: moment, value: column[0]))
        case .vector(let columns):
            var series: [ResultSeries] = []
            series.reserveCapacity(columns.count)
            var checkpoint = Checkpoint(evaluation.interruption)
            for index in 0..<columns.count where columns.values[index].isPresent {
                try checkpoint.pass(40)
                series.append(
                    ResultSeries(
                        labels: columns.labels[index], samples: [Sample(time: moment, value: columns.values[index])]))
            }
            return .vector(series)
        }
    }

    private func range(_ node: PlanNode, _ evaluation: inout Evaluation) throws(QueryError) -> QueryValue {
        var checkpoint = Checkpoint(evaluation.interruption)
        var series: [ResultSeries] = []
        if node.type == .scalar {
            guard case .scalar(let column) = try evaluation.evaluate(node, on: grid) else {
                preconditionFailure("a scalar is what its type says")
            }
            let samples = samples(of: column)
            if !samples.isEmpty { series.append(ResultSeries(labels: .empty, samples: samples)) }
            return .matrix(series)
        }
        var valueCount = 0
        try evaluation.forEachRow(of: node, on: grid) { evaluation, labels, row, _ throws(QueryError) in
            try checkpoint.pass(5 * grid.count)
            valueCount += grid.count
            try evaluation.checkSize(valueCount)
            series.append(ResultSeries(labels: labels, samples: samples(of: row)))
        }
        return .matrix(try sorted(series, &checkpoint))
    }

    /// The values that there are, with their moments.
    private func samples(of row: [Double]) -> [Sample] {
        let values = row.span
        var count = 0
        for step in values.indices { count &+= values[step].isPresent ? 1 : 0 }
        var samples: [Sample] = []
        samples.reserveCapacity(count)
        for step in values.indices where values[step].isPresent {
            samples.append(Sample(time: Timestamp(milliseconds: grid.time(step)), value: values[step]))
        }
        return samples
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
