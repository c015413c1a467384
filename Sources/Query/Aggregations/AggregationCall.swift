import Model

extension Evaluation {
    /// An aggregation: its vector, its parameter, then the operation, each in a file of its own.
    mutating func evaluate(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        switch plan.operation {
        case .sum: return try fold(plan, CompensatedSum.self, on: grid)
        case .avg: return try fold(plan, CompensatedMean.self, on: grid)
        case .count: return try fold(plan, ValueCount.self, on: grid)
        case .group: return try fold(plan, Existence.self, on: grid)
        case .min: return try fold(plan, LowestValue.self, on: grid)
        case .max: return try fold(plan, HighestValue.self, on: grid)
        case .stddev: return try fold(plan, Deviation.self, on: grid)
        case .stdvar: return try fold(plan, Variance.self, on: grid)
        case .quantile: return try quantiles(plan, on: grid)
        case .countValues: return try valueCounts(plan, on: grid)
        case .topk, .bottomk:
            if let best = try bestRows(plan, on: grid) { return best }
            return try select(plan, on: grid)
        case .limitK, .limitRatio: return try select(plan, on: grid)
        }
    }

    /// An aggregation that has to see all values of a step at once, or whose answer is some of the series.
    private mutating func select(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        guard case .vector(let columns) = try evaluate(plan.expression, on: grid) else {
            preconditionFailure("an aggregation is over an instant vector, as the type check knows")
        }
        var parameter: [Double] = []
        if let node = plan.parameter {
            switch try evaluate(node, on: grid) {
            case .scalar(let column): parameter = column
            case .string, .vector: preconditionFailure("this parameter is a scalar, as the type check knows")
            }
        }
        let span = plan.parameterSpan ?? plan.span
        let groups = try Groups(columns, plan.grouping, interruption)
        switch plan.operation {
        case .sum, .avg, .count, .group, .min, .max, .stddev, .stdvar, .quantile, .countValues:
            preconditionFailure("\(plan.operation) has a way of its own")
        case .topk: return try BestSeries.select(columns, groups, counts: parameter, takesGreatest: true)
        case .bottomk: return try BestSeries.select(columns, groups, counts: parameter, takesGreatest: false)
        case .limitK: return try SeriesSample.first(columns, groups, counts: parameter)
        case .limitRatio:
            warnOfRatios(parameter, at: span)
            return try SeriesSample.share(columns, ratios: parameter, interruption)
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
}
