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
            return .matrix(series.sorted { $0.labels < $1.labels })
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
        var columns = VectorColumns(steps: grid.count)
        switch try evaluation.evaluate(node, on: grid) {
        case .string: preconditionFailure("a range query is of a scalar or a vector; the engine has checked it")
        case .scalar(let column): columns.append(.empty, column)
        case .vector(let vector): columns = vector
        }
        var series: [ResultSeries] = []
        series.reserveCapacity(columns.count)
        var checkpoint = Checkpoint(evaluation.interruption)
        for index in 0..<columns.count {
            try checkpoint.pass(5 * grid.count)
            var samples: [Sample] = []
            let values = columns.values.span.extracting(columns.column(index))
            var count = 0
            for step in values.indices { count &+= values[step].isPresent ? 1 : 0 }
            samples.reserveCapacity(count)
            for step in values.indices where values[step].isPresent {
                samples.append(Sample(time: Timestamp(milliseconds: grid.time(step)), value: values[step]))
            }
            if !samples.isEmpty { series.append(ResultSeries(labels: columns.labels[index], samples: samples)) }
        }
        return .matrix(try sorted(series, &checkpoint))
    }

    /// By labels. Of a million series that takes a second, within which the query can be stopped.
    private func sorted(
        _ series: [ResultSeries], _ checkpoint: inout Checkpoint
    ) throws(QueryError) -> [ResultSeries] {
        // Those of a selector come in order.
        if zip(series, series.dropFirst()).allSatisfy({ $0.labels < $1.labels }) { return series }
        // A sort passes on what its comparison throws, whatever it is.
        do {
            return try series.sorted {
                try checkpoint.pass(20)
                return $0.labels < $1.labels
            }
        } catch let error as QueryError {
            throw error
        } catch {
            preconditionFailure("a comparison of labels throws errors of the query alone")
        }
    }
}
