import Model

extension Evaluation {
    /// An aggregation: its vector, its parameter, then the operation, each in a file of its own.
    mutating func evaluate(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        guard case .vector(let columns) = try evaluate(plan.expression, on: grid) else {
            preconditionFailure("an aggregation is over an instant vector, as the type check knows")
        }
        var parameter: [Double] = []
        var label = ""
        if let node = plan.parameter {
            switch try evaluate(node, on: grid) {
            case .scalar(let column): parameter = column
            case .string(let text): label = text
            case .vector: preconditionFailure("a parameter is a scalar or a string, as the type check knows")
            }
        }
        let span = plan.parameterSpan ?? plan.span
        let groups = try Groups(columns, plan.grouping, interruption)
        switch plan.operation {
        case .sum: return try Totals.sum(columns, groups)
        case .avg: return try Totals.mean(columns, groups)
        case .count: return try Totals.count(columns, groups)
        case .group: return try Totals.group(columns, groups)
        case .min: return try Totals.extreme(columns, groups) { $0 < $1 }
        case .max: return try Totals.extreme(columns, groups) { $0 > $1 }
        case .stddev: return try Totals.variance(columns, groups) { $0.squareRoot() }
        case .stdvar: return try Totals.variance(columns, groups) { $0 }
        case .quantile:
            warnOfQuantiles(parameter, at: span)
            return try groupQuantiles(parameter, of: columns, groups)
        case .topk: return try BestSeries.select(columns, groups, counts: parameter, takesGreatest: true)
        case .bottomk: return try BestSeries.select(columns, groups, counts: parameter, takesGreatest: false)
        case .countValues: return try ValueCounts.count(columns, groups, label: label, plan.grouping)
        case .limitK: return try SeriesSample.first(columns, groups, counts: parameter)
        case .limitRatio:
            warnOfRatios(parameter, at: span)
            return try SeriesSample.share(columns, ratios: parameter)
        }
    }

    /// One warning each for what lies above, below and beside the numbers, whether or not there is data.
    private mutating func warnOfQuantiles(_ parameter: [Double], at span: SourceSpan) {
        let numbers = parameter.filter { !$0.isNaN }
        var wrong: [Double] = numbers.count < parameter.count ? [.nan] : []
        if let greatest = numbers.max(), greatest > 1 { wrong.append(greatest) }
        if let least = numbers.min(), least < 0 { wrong.append(least) }
        for value in wrong {
            annotations.warn("quantile value should be between 0 and 1, got \(FloatText.short(value))", at: span)
        }
    }

    private mutating func warnOfRatios(_ parameter: [Double], at span: SourceSpan) {
        if let greatest = parameter.max(), greatest > 1 {
            annotations.warn(
                "ratio value should be between -1 and 1, got \(FloatText.short(greatest)), capping to 1", at: span)
        }
        if let least = parameter.min(), least < -1 {
            annotations.warn(
                "ratio value should be between -1 and 1, got \(FloatText.short(least)), capping to -1", at: span)
        }
    }

    private func groupQuantiles(
        _ parameter: [Double], of columns: VectorColumns, _ groups: Groups
    ) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: columns.steps)
        var values: [Double] = []
        var checkpoint = groups.checkpoint
        for (group, members) in groups.members.enumerated() {
            var row = [Double](repeating: .absent, count: columns.steps)
            for step in row.indices {
                try checkpoint.pass(10 * members.count)
                values.removeAll(keepingCapacity: true)
                for series in members {
                    let value = columns.values[series * columns.steps + step]
                    if value.isPresent { values.append(value) }
                }
                if values.isEmpty { continue }
                values.sort(by: Quantile.precedes)
                row[step] = Quantile.value(parameter[step], ofSorted: values[...])
            }
            result.append(groups.labels[group], row)
        }
        return result
    }
}
