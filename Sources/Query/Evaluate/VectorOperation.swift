import Model

extension Evaluation {
    /// An operation between two vectors. One of them is held; the series of the other come and go one by one.
    mutating func evaluate(
        _ plan: BinaryPlan, _ matching: VectorMatching, on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        if plan.operation.isSetOperation {
            let operation = SetOperation(matching)
            return plan.operation == .or
                ? try either(plan, operation, on: grid) : try filter(plan, operation, on: grid)
        }
        let match = VectorMatch(plan, matching, interruption)
        // What each part takes can be told only where each is evaluated as a whole, and operators that cut histograms
        // have something to say of what they find.
        if nodeTimes != nil || plan.operation == .trimUpper || plan.operation == .trimLower {
            let left = try vector(plan.lhs, on: grid)
            let right = try vector(plan.rhs, on: grid)
            informOfTrimming(plan, left.count > 0 ? right : left)
            return try match.evaluate(left, right)
        }
        let one = try vector(match.one(of: plan), on: grid)
        let ones = try match.index(one)
        guard match.takesRows(one, ones) else {
            let many = try vector(match.many(of: plan), on: grid)
            return try matching.cardinality == .oneToMany ? match.evaluate(one, many) : match.evaluate(many, one)
        }
        var matched = VectorMatch.Matched(steps: grid.count, interruption)
        try forEachRow(of: match.many(of: plan), on: grid) { evaluation, labels, row, count throws(QueryError) in
            matched.reserve(count)
            try match.match(labels, row, one, ones, &matched)
            try evaluation.checkSize(matched.result)
        }
        return try matched.finish(interruption)
    }

    /// `and` and `unless`: of the right side only where it has a value is held.
    private mutating func filter(
        _ plan: BinaryPlan, _ operation: SetOperation, on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        // Parts are told of in their order.
        let left = nodeTimes == nil ? nil : try vector(plan.lhs, on: grid)
        var presence = SetOperation.Presence(steps: grid.count, interruption)
        try forEachRow(of: plan.rhs, on: grid) { _, labels, row, _ throws(QueryError) in
            try operation.note(labels, row, in: &presence)
        }
        var result = VectorColumns(steps: grid.count)
        var kept: [Double] = []
        let filter: (inout Evaluation, Labels, [Double], Int) throws(QueryError) -> Void = {
            evaluation, labels, row, count throws(QueryError) in
            if result.count == 0 { result.reserve(count) }
            try operation.filter(labels, row, into: &kept, by: &presence, keepsMatched: plan.operation == .and)
            result.append(labels, kept)
            try evaluation.checkSize(result)
        }
        if let left { try forEachRow(of: left, filter) } else { try forEachRow(of: plan.lhs, on: grid, filter) }
        return result
    }

    /// `or`: all of the left side, and of the right what it has no like of.
    private mutating func either(
        _ plan: BinaryPlan, _ operation: SetOperation, on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        var result = try vector(plan.lhs, on: grid)
        var presence = SetOperation.Presence(steps: grid.count, interruption)
        var kept: [Double] = []
        for series in 0..<result.count {
            result.copy(series, into: &kept)
            try operation.note(result.labels[series], kept, in: &presence)
        }
        let leftCount = result.count
        try forEachRow(of: plan.rhs, on: grid) { evaluation, labels, row, count throws(QueryError) in
            if result.count == leftCount { result.reserve(leftCount + count) }
            try operation.filter(labels, row, into: &kept, by: &presence, keepsMatched: false)
            result.append(labels, kept)
            try evaluation.checkSize(result)
        }
        // A series may be the left one at some steps and the right one at others.
        try result.mergeDuplicates(interruption)
        return result
    }
}
