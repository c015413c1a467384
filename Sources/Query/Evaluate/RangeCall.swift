import Model
import TSDB

extension Evaluation {
    /// A function over a range vector: each series' windows, one after the other.
    mutating func evaluate(
        _ call: CallPlan, over range: RangePlan, kernel: RangeKernel, keepsName: Bool, on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        let parameters = try parameters(of: call, on: grid)
        var windows = Windows(
            ends: range.shift.moments(of: grid), rangeMilliseconds: range.milliseconds,
            clock: range.shift.clock(of: grid))
        var result = VectorColumns(steps: grid.count)
        var row: [Double] = []
        let isCounterFunction = call.function.name == "rate" || call.function.name == "increase"
        let warnsOfQuantile = call.function.name == "quantile_over_time"
        try forEachSeries(of: range) { evaluation, labels, samples throws(QueryError) in
            windows.load(&samples)
            row.removeAll(keepingCapacity: true)
            row.append(contentsOf: repeatElement(.absent, count: grid.count))
            kernel(windows, parameters, &row)
            let before = result.count
            result.append(labels, row)
            try evaluation.checkSize(result)
            if result.count > before {
                if isCounterFunction { evaluation.informOfGauge(labels, at: call.argumentSpans[0]) }
                if warnsOfQuantile { evaluation.warnOfQuantiles(parameters, row, at: call.argumentSpans[0]) }
            }
        }
        if !keepsName { try result.dropMetricNames() }
        return result
    }

    /// The range vector itself: the answer of an instant query that is one.
    mutating func samples(of range: RangePlan, at grid: StepGrid) throws(QueryError) -> [ResultSeries] {
        var windows = Windows(
            ends: range.shift.moments(of: grid), rangeMilliseconds: range.milliseconds, clock: grid)
        var result: [ResultSeries] = []
        try forEachSeries(of: range) { _, labels, samples throws(QueryError) in
            windows.load(&samples)
            let window = windows[0]
            if window.isEmpty { return }
            var samples: [Sample] = []
            samples.reserveCapacity(window.count)
            for place in window {
                samples.append(
                    Sample(
                        time: Timestamp(milliseconds: windows.times[place]),
                        value: windows.values[place]))
            }
            result.append(ResultSeries(labels: labels, samples: samples))
        }
        return result
    }

    /// Hands out the series of a range vector and their samples, in a column that is used again for each.
    private mutating func forEachSeries(
        of range: RangePlan,
        _ body: (inout Evaluation, Labels, inout SampleColumn) throws(QueryError) -> Void
    ) throws(QueryError) {
        var samples = SampleColumn()
        switch range.source {
        case .samples(let selector):
            let selection = try find(selector)
            for series in selection.labels.indices {
                try read(selection, series, of: selector, into: &samples)
                try body(&self, selection.labels[series], &samples)
            }
        case .subquery(let node, let grid):
            guard case .vector(let columns) = try evaluate(node, on: grid) else {
                preconditionFailure("a subquery is over an instant vector, as the type check knows")
            }
            for series in 0..<columns.count {
                try interruption.check()
                let base = series * columns.steps
                samples.removeAll()
                for step in 0..<columns.steps where columns.values[base + step].isPresent {
                    samples.append(grid.time(step), columns.values[base + step])
                }
                try body(&self, columns.labels[series], &samples)
            }
        }
    }

    /// A counter by any other name may be a gauge, whose rate means nothing.
    private mutating func informOfGauge(_ labels: Labels, at span: SourceSpan) {
        guard let name = labels.metricName, !name.isEmpty else { return }
        if ["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) { return }
        annotations.inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \(Labels.quote(name))",
            at: span)
    }

    private mutating func warnOfQuantiles(_ parameters: Parameters, _ row: [Double], at span: SourceSpan) {
        for step in row.indices where row[step].isPresent && Quantile.isInvalid(parameters[0, at: step]) {
            annotations.warn(
                "quantile value should be between 0 and 1, got \(FloatText.short(parameters[0, at: step]))", at: span)
        }
    }
}
