import Model

extension Evaluation {
    /// A function call: its arguments, then its kernel.
    mutating func evaluate(_ call: CallPlan, on grid: StepGrid) throws(QueryError) -> StepValue {
        switch call.function.kernel {
        case .map(let transform):
            var columns = try vector(call.arguments[0], on: grid)
            try columns.mapValues(interruption, transform)
            try columns.dropMetricNames(interruption)
            return .vector(columns)
        case .mapWithParameters(let transform):
            var columns = try vector(call.arguments[0], on: grid)
            let parameters = try parameters(of: call, on: grid)
            try columns.mapValues(interruption) { value, step in transform(value, parameters, step) }
            try columns.removeEmptySeries(interruption)
            try columns.dropMetricNames(interruption)
            return .vector(columns)
        case .window(let kernel, let tiers, let keepsName):
            let range = range(of: call)
            return .vector(
                try evaluate(call, over: range, kernel: kernel, tiers: tiers, keepsName: keepsName, on: grid))
        case .whole(let kernel):
            var evaluated = FunctionCall(
                name: call.function.name, grid: grid, arguments: [], argumentSpans: call.argumentSpans,
                annotations: AnnotationList(), interruption: interruption)
            for argument in call.arguments { evaluated.arguments.append(try evaluate(argument, on: grid)) }
            // After the arguments, which may have something to say themselves.
            evaluated.annotations = annotations
            let result = try kernel(&evaluated)
            annotations = evaluated.annotations
            return result
        case .timestamp:
            var columns = try vector(call.arguments[0], on: grid)
            try columns.mapValues(interruption) { _, step in Double(grid.time(step)) / 1000 }
            try columns.dropMetricNames(interruption)
            return .vector(columns)
        case .absent:
            return .vector(absence(of: try vector(call.arguments[0], on: grid), labels: call.absentLabels))
        case .ofQuery: preconditionFailure("\(call.function.name) is planned as a number")
        case .info: return .vector(try enrich(call, on: grid))
        case .absentOverTime:
            guard case .window(let kernel, let tiers, _) = Function.presentOverTime.kernel else {
                preconditionFailure("present_over_time works on windows")
            }
            // Names stay on, so that series of different names cannot collide on the way.
            let present = try evaluate(
                call, over: range(of: call), kernel: kernel, tiers: tiers, keepsName: true, on: grid)
            return .vector(absence(of: present, labels: call.absentLabels))
        }
    }

    mutating func vector(_ node: PlanNode, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        guard case .vector(let columns) = try evaluate(node, on: grid) else {
            preconditionFailure("an argument is an instant vector, as the type check knows")
        }
        return columns
    }

    /// The scalar arguments of a call.
    mutating func parameters(of call: CallPlan, on grid: StepGrid) throws(QueryError) -> Parameters {
        var columns: [[Double]] = []
        for argument in call.arguments where argument.type == .scalar {
            if case .scalar(let column) = try evaluate(argument, on: grid) { columns.append(column) }
        }
        return Parameters(columns)
    }

    func range(of call: CallPlan) -> RangePlan {
        for argument in call.arguments {
            if case .range(let range) = argument { return range }
        }
        preconditionFailure("\(call.function.name) has a range vector, as the type check knows")
    }

    /// 1 at the steps where no series has a value.
    private func absence(of columns: VectorColumns, labels: Labels) -> VectorColumns {
        var row = [Double](repeating: 1, count: columns.steps)
        for series in 0..<columns.count {
            for step in row.indices where columns.values[series * columns.steps + step].isPresent {
                row[step] = .absent
            }
        }
        var result = VectorColumns(steps: columns.steps)
        result.append(labels, row)
        return result
    }
}
