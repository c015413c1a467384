/// What one part of a plan took, and the parts within it.
package struct NodeTime: Hashable, Sendable {
    /// As the plan has it: `call rate`.
    package var name: String
    /// How deep it lies: 0 for the whole.
    package var depth: Int
    /// How often it was evaluated: a part of a subquery, or one that is asked on two grids, more than once.
    package var evaluations: Int
    /// Wall time of all evaluations, that of the parts within it included.
    package var nanoseconds: UInt64
}

/// Takes the time of each part of a plan while it is evaluated. A query that does not ask for it has none.
struct NodeTimes: Sendable {
    private struct Node {
        var name: String
        var evaluations = 0
        var time = Duration.zero
        var children: [Int] = []
    }

    private var nodes = [Node(name: "")]
    /// The parts that are being evaluated, the innermost last; the first is none.
    private var open = [0]
    private let explain = Explain(nil)

    init() {}

    /// A part begins. Of one name within one part there is one entry.
    mutating func begin(_ node: PlanNode) { begin(explain.describe(node)) }

    /// The part that began last ends.
    mutating func end(after time: Duration) {
        guard let place = open.popLast() else { return }
        nodes[place].evaluations += 1
        nodes[place].time += time
    }

    /// Time within the part that began last.
    mutating func add(_ name: String, _ time: Duration) {
        begin(name)
        end(after: time)
    }

    private mutating func begin(_ name: String) {
        let outer = open[open.count - 1]
        if let known = nodes[outer].children.first(where: { nodes[$0].name == name }) {
            open.append(known)
            return
        }
        nodes[outer].children.append(nodes.count)
        open.append(nodes.count)
        nodes.append(Node(name: name))
    }

    /// Every part before the parts within it.
    var all: [NodeTime] {
        var list: [NodeTime] = []
        for child in nodes[0].children { collect(child, depth: 0, into: &list) }
        return list
    }

    private func collect(_ place: Int, depth: Int, into list: inout [NodeTime]) {
        let node = nodes[place]
        list.append(
            NodeTime(
                name: node.name, depth: depth, evaluations: node.evaluations, nanoseconds: node.time.nanoseconds))
        for child in node.children { collect(child, depth: depth + 1, into: &list) }
    }
}

extension Evaluation {
    /// As ``evaluateNode(_:on:)``, timed where that is asked for.
    mutating func evaluate(_ node: PlanNode, on grid: StepGrid) throws(QueryError) -> StepValue {
        if nodeTimes == nil { return try evaluateNode(node, on: grid) }
        nodeTimes?.begin(node)
        let begun = clock.now
        let value = try evaluateNode(node, on: grid)
        let time = clock.now - begun
        nodeTimes?.end(after: time)
        return value
    }

    /// Time that went to finding and decoding series.
    mutating func select(_ time: Duration) {
        selecting += time
        nodeTimes?.add("find and decode series", time)
    }
}
