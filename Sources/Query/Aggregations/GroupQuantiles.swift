import Model

/// `quantile`: all values of a group at a step in order, and one between two of them.
///
/// What is held is bounded: a vector of more values is evaluated again for a few steps at a time, which costs less than
/// the memory of all of it.
extension Evaluation {
    mutating func quantiles(_ plan: AggregationPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        let before = statistics
        var groups = GroupNumbers(plan.grouping)
        var held = VectorColumns(steps: grid.count)
        var ofSeries: [Int] = []
        // What is shared is kept for each grid, and times are told of one evaluation.
        let canRepeat = nodeTimes == nil && grid.count > 1 && !plan.expression.hasSharedParts
        var isHeld = true
        var checkpoint = Checkpoint(interruption)
        try forEachRow(of: plan.expression, on: grid) { evaluation, labels, row, _ throws(QueryError) in
            try checkpoint.pass(Checkpoint.labelsWork + row.count)
            ofSeries.append(groups.number(of: labels))
            if canRepeat, held.values.count + row.count > evaluation.limits.heldValuesMax {
                isHeld = false
                held.values = []
            }
            if isHeld {
                held.values.append(contentsOf: row)
                try evaluation.checkSize(held)
            }
        }
        let phi = try quantileParameter(plan, on: grid)
        var result = VectorColumns(steps: grid.count)
        result.labels = groups.labels
        result.values = [Double](repeating: .absent, count: groups.labels.count * grid.count)
        if isHeld {
            let members = GroupMembers(ofSeries, count: groups.labels.count)
            try fill(&result, from: 0, held, members, phi)
            return result
        }
        let whole = statistics
        let atOnce = max(1, limits.heldValuesMax / ofSeries.count)
        for start in stride(from: 0, to: grid.count, by: atOnce) {
            let part = grid.dropFirst(start).prefix(min(atOnce, grid.count - start))
            statistics = before
            held = VectorColumns(steps: part.count)
            held.values.reserveCapacity(ofSeries.count * part.count)
            var ofSeries: [Int] = []
            try forEachRow(of: plan.expression, on: part) { _, labels, row, _ throws(QueryError) in
                try checkpoint.pass(Checkpoint.labelsWork + row.count)
                ofSeries.append(groups.number(of: labels))
                held.values.append(contentsOf: row)
            }
            try fill(&result, from: start, held, GroupMembers(ofSeries, count: groups.labels.count), phi)
        }
        // The same was read again and again, and counts once.
        statistics = whole
        return result
    }

    /// Fills the steps of `result` from `start` on with the quantiles of a vector of so many steps.
    private func fill(
        _ result: inout VectorColumns, from start: Int, _ columns: VectorColumns, _ members: GroupMembers,
        _ phi: [Double]
    ) throws(QueryError) {
        var values: [Double] = []
        var checkpoint = Checkpoint(interruption)
        for group in result.labels.indices {
            let series = members[group]
            for step in 0..<columns.steps {
                try checkpoint.pass(10 + series.count)
                values.removeAll(keepingCapacity: true)
                for one in series {
                    let value = columns.values[one * columns.steps + step]
                    if value.isPresent { values.append(value) }
                }
                if values.isEmpty { continue }
                values = try values.sorted(&checkpoint, by: Quantile.precedes)
                result.values[group * result.steps + start + step] = Quantile.value(
                    phi[start + step], ofSorted: values[...])
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

extension PlanNode {
    /// Whether a part of it is evaluated once for all places where it stands.
    var hasSharedParts: Bool {
        if case .shared = self { return true }
        return children.contains(where: \.hasSharedParts)
    }
}
