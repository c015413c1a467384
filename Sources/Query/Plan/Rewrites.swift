/// A change to a plan that keeps its answer and saves work.
struct Rewrite: Sendable {
    let name: String
    let apply: @Sendable (PlanNode) -> PlanNode

    func apply(to node: PlanNode) -> PlanNode { apply(node) }
}

/// The rewrites of every plan, in the order in which they run.
enum Rewrites {
    static let all: [Rewrite] = [.constantFolding, .hoisting]
}
