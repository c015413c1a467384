extension Rewrite {
    /// Evaluates once what is the same at every step, because everything in it is fixed by `@`.
    static let hoisting = Rewrite(name: "hoisting") { node in
        isInvariant(node) && isWorthwhile(node) ? .once(node) : hoistWithin(node)
    }

    private static func hoistWithin(_ node: PlanNode) -> PlanNode {
        node.mappingChildren { child in
            if isInvariant(child) && isWorthwhile(child) { return .once(child) }
            return hoistWithin(child)
        }
    }

    /// Whether the node answers the same at all steps of its grid.
    private static func isInvariant(_ node: PlanNode) -> Bool {
        switch node {
        case .number, .string: true
        case .select(let selector), .sampleTimes(let selector): selector.shift.at != nil
        // A subquery under `@` has a grid of its own that does not move; what it does inside is its own matter.
        case .range(let range): range.shift.at != nil
        case .call(let call):
            switch call.function.kernel {
            case .timestamp: false
            case .whole where call.function.name == "time": false
            // It looks from each step, wherever its range lies.
            case .window where call.function.name == "predict_linear": false
            case .map, .mapWithParameters, .window, .whole, .absent, .absentOverTime, .ofQuery, .info:
                call.arguments.allSatisfy(isInvariant)
            }
        // Of Prometheus' making: a parameter that changes from step to step counts as it is at the first.
        case .aggregate(let plan): isInvariant(plan.expression)
        case .negate, .once, .binary, .shared: node.children.allSatisfy(isInvariant)
        }
    }

    /// Constants cost nothing, a range vector is no value of its own, and what is hoisted need not be again.
    private static func isWorthwhile(_ node: PlanNode) -> Bool {
        switch node {
        case .number, .string, .range, .once, .shared: false
        case .select, .sampleTimes, .call, .aggregate, .negate, .binary: true
        }
    }
}
