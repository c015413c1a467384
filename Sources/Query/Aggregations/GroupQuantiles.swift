import Model

/// `quantile`: all values of a group at a step in order, and one between two of them.
extension Evaluation {
    mutating func quantiles(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        var phi: [Double] = []
        var result = VectorColumns(steps: grid.count)
        try forEachPart(of: plan.expression, grouped: plan.grouping, on: grid) {
            evaluation, part, groups throws(QueryError) in
            if part.start == 0 {
                phi = try evaluation.quantileParameter(plan, on: grid)
                result.labels = groups.labels
                result.values = [Double](repeating: .absent, count: groups.labels.count * grid.count)
            }
            try evaluation.fill(&result, part, phi)
        }
        return result
    }

    /// Fills the steps of a part with the quantiles of its groups.
    private func fill(_ result: inout VectorColumns, _ part: HeldPart, _ phi: [Double]) throws(QueryError) {
        let members = GroupMembers(part.ofSeries, count: result.labels.count)
        var values: [Double] = []
        var checkpoint = Checkpoint(interruption)
        for group in result.labels.indices {
            let series = members[group]
            for step in 0..<part.steps {
                try checkpoint.pass(10 + series.count)
                values.removeAll(keepingCapacity: true)
                for one in series {
                    let value = part.values[one * part.steps + step]
                    if value.isPresent { values.append(value) }
                }
                if values.isEmpty { continue }
                values = try values.sorted(&checkpoint, by: Quantile.precedes)
                result.values[group * result.steps + part.start + step] = Quantile.value(
                    phi[part.start + step], ofSorted: values[...])
            }
        }
    }

    private mutating func quantileParameter(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> [Double] {
        guard let node = plan.parameter, case .scalar(let phi) = try evaluate(node, on: grid) else {
            preconditionFailure("quantile has a scalar, as the type check knows")
        }
        warnOfQuantiles(phi, at: plan.parameterSpan ?? plan.span)
        return phi
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
}
