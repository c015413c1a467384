import Model
import TSDB

// Vectors that are handed out series by series: who folds them never holds more than one series of them. Of ten million
// values that is 80 MB that nobody needs.

extension PlanNode {
    /// Whether all its series have the same metric name, or none: they are as different without it as with it.
    fileprivate var hasOneName: Bool {
        switch self {
        case .select(let selector): selector.hasOneName
        case .sampleTimes, .negate: true
        case .call(let call):
            switch call.function.kernel {
            case .map, .mapWithParameters, .timestamp: true
            case .window(_, _, let keepsName):
                !keepsName
                    || call.arguments.contains { argument in
                        if case .range(let range) = argument { range.hasOneName } else { false }
                    }
            case .whole, .absent, .absentOverTime, .ofQuery, .info: false
            }
        case .once(let inner): inner.hasOneName
        case .shared(let shared): shared.node.hasOneName
        case .number, .string, .range, .aggregate, .binary: false
        }
    }
}

extension SelectorPlan {
    fileprivate var hasOneName: Bool {
        matchers.contains { $0.name == Labels.metricNameLabel && $0.operation == .equal && !$0.value.isEmpty }
    }
}

extension RangePlan {
    fileprivate var hasOneName: Bool {
        switch source {
        case .samples(let selector): selector.hasOneName
        case .subquery(let node, _): node.hasOneName
        }
    }
}

extension Evaluation {
    /// Hands out the series of a vector in their order, each with its value at every step, of which there is at least
    /// one; and about how many series there are. The row is the receiver's for the time of the call.
    ///
    /// What can be had series by series is; the rest is evaluated as a whole first. The times of the plan's parts can
    /// be told only where each is evaluated before the next.
    ///
    /// Dynamic, as all that hand out rows: else the compiler makes a copy of it, and of what it calls, for each closure
    /// that it is given, 0.4 MB together.
    dynamic mutating func forEachRow(
        of node: PlanNode, on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        if try streamRows(of: node, on: grid, body) { return }
        try forEachRow(of: vector(node, on: grid), body)
    }

    /// The same of a vector that is there as a whole.
    dynamic mutating func forEachRow(
        of columns: VectorColumns,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        var row = [Double](repeating: .absent, count: columns.steps)
        var checkpoint = Checkpoint(interruption)
        for series in 0..<columns.count {
            try checkpoint.pass(columns.steps)
            columns.copy(series, into: &row)
            try body(&self, columns.labels[series], row, columns.count)
        }
    }

    /// The same, where it can be done without holding the vector as a whole.
    /// - Returns: False where the vector is to be evaluated as a whole; nothing has been done then.
    dynamic mutating func streamRows(
        of node: PlanNode, on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) -> Bool {
        if nodeTimes != nil { return false }
        switch node {
        case .select(let selector):
            try interruption.check()
            try forEachRow(of: selector, on: grid, takingTimes: false, body)
            return true
        case .call(let call): return try forEachRow(of: call, on: grid, body)
        case .binary(let binary): return try forEachRow(of: binary, on: grid, body)
        case .aggregate(let plan) where plan.operation == .countValues:
            try interruption.check()
            try forEachValueCount(plan, on: grid, body)
            return true
        case .number, .string, .sampleTimes, .range, .aggregate, .negate, .once, .shared: return false
        }
    }

    /// - Returns: False where the call is to be evaluated as a whole; nothing has been done then.
    private mutating func forEachRow(
        of call: CallPlan, on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) -> Bool {
        switch call.function.kernel {
        case .window(let kernel, let tiers, let keepsName):
            let range = range(of: call)
            guard keepsName || range.hasOneName else { return false }
            try interruption.check()
            try forEachAnswer(of: call, over: range, kernel, tiers, on: grid) {
                evaluation, labels, row, count throws(QueryError) in
                try body(&evaluation, keepsName ? labels : labels.droppingMetricIdentity(), row, count)
            }
            return true
        case .map(let transform):
            guard call.arguments[0].hasOneName else { return false }
            try forEachRow(
                of: call.arguments[0], on: grid, dropsName: true, transform: { value, _ in transform(value) }, body)
            return true
        case .mapWithParameters, .whole, .timestamp, .absent, .absentOverTime, .ofQuery, .info: return false
        }
    }

    /// An operation of a vector and a number.
    /// - Returns: as above.
    private mutating func forEachRow(
        of binary: BinaryPlan, on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) -> Bool {
        // These have something to say of what they find.
        if binary.operation == .trimUpper || binary.operation == .trimLower { return false }
        let apply = ElementOperation(binary)
        switch (binary.lhs, binary.rhs) {
        case (let vector, .number(let number)) where binary.lhsType == .instantVector:
            guard vector.hasOneName || !apply.dropsName else { return false }
            try forEachRow(
                of: vector, on: grid, dropsName: apply.dropsName,
                transform: { value, _ in apply(value, number, kept: value) }, body)
        case (.number(let number), let vector) where binary.rhsType == .instantVector:
            guard vector.hasOneName || !apply.dropsName else { return false }
            try forEachRow(
                of: vector, on: grid, dropsName: apply.dropsName,
                transform: { value, _ in apply(number, value, kept: value) }, body)
        default: return false
        }
        return true
    }

    /// The rows of a vector, value by value made into others; those without a value then are left out.
    private mutating func forEachRow(
        of node: PlanNode, on grid: StepGrid, dropsName: Bool, transform: (Double, _ step: Int) -> Double,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        var made = [Double](repeating: .absent, count: grid.count)
        var checkpoint = Checkpoint(interruption)
        try forEachRow(of: node, on: grid) { evaluation, labels, row, count throws(QueryError) in
            try checkpoint.pass(Checkpoint.labelsWork + 2 * row.count)
            var isEmpty = true
            for step in row.indices {
                made[step] = row[step].isPresent ? transform(row[step], step) : .absent
                if made[step].isPresent { isEmpty = false }
            }
            if isEmpty { return }
            try body(&evaluation, dropsName ? labels.droppingMetricIdentity() : labels, made, count)
        }
    }
}
