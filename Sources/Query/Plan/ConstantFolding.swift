extension Rewrite {
    /// Computes what has the same value in every query: `2 ^ 10`, `-5`, `pi() / 3`.
    static let constantFolding = Rewrite(name: "constant folding") { fold($0) }

    private static func fold(_ node: PlanNode) -> PlanNode {
        let node = node.mappingChildren(fold)
        switch node {
        case .negate(.number(let value)): return .number((-value).quieted)
        case .call(let call) where call.function.name == "pi": return .number(.exactPi)
        case .binary(let binary):
            guard case .number(let lhs) = binary.lhs, case .number(let rhs) = binary.rhs,
                let value = ScalarArithmetic.value(of: binary.operation, lhs, rhs)
            else { return node }
            return .number(value)
        case .number, .string, .select, .sampleTimes, .range, .call, .aggregate, .negate, .once, .shared: return node
        }
    }
}
