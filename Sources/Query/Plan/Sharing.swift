import Model

/// A part of a query that stands in it more than once, word for word: it is evaluated where it comes first, and its
/// answer taken at the other places.
struct SharedPlan: Sendable {
    /// The same for the same words.
    var number: Int
    /// Where this one begins in the query's text.
    var start: Int
    /// Whether it is not the first.
    var isRepeated: Bool
    var node: PlanNode
}

/// Finds the parts that a query says more than once: `(a - b) / a`, or `rate(x[5m])` on both sides of `or`.
///
/// The same words mean the same wherever they stand, but for the grid, by which answers are kept apart. Only what reads
/// the store is worth keeping. Annotations are told at each place, as Prometheus tells them.
struct Sharing {
    private let text: [UInt8]
    private var places: [Key: [Int]] = [:]
    private var seen: Set<Key> = []

    private struct Key: Hashable {
        /// One text may have several nodes: `hour()` is planned as `hour(vector(time()))`.
        var kind: String
        var text: ArraySlice<UInt8>
    }

    init(_ text: String) { self.text = Array(text.utf8) }

    /// The plan with its repeated parts marked.
    mutating func mark(_ node: PlanNode) -> PlanNode {
        count(node)
        guard places.values.contains(where: { $0.count > 1 }) else { return node }
        return mark(node, within: 1)
    }

    private mutating func count(_ node: PlanNode) {
        if let key = key(of: node) { places[key, default: []].append(places.count) }
        for child in node.children { count(child) }
    }

    /// - Parameter outer: How often the part around it occurs: what is in there no more often needs no mark of its own.
    private mutating func mark(_ node: PlanNode, within outer: Int) -> PlanNode {
        var occurrences = outer
        var found: (key: Key, span: SourceSpan)?
        if let key = key(of: node), let span = node.span, let list = places[key], list.count > outer,
            node.readsTheStore
        {
            occurrences = list.count
            found = (key, span)
        }
        let isRepeated = found.map { !seen.insert($0.key).inserted } ?? false
        let inner = markingChildren(of: node, within: occurrences)
        guard let found, let number = places[found.key]?.first else { return inner }
        return .shared(SharedPlan(number: number, start: found.span.start, isRepeated: isRepeated, node: inner))
    }

    private mutating func markingChildren(of node: PlanNode, within outer: Int) -> PlanNode {
        var sharing = self
        let marked = node.mappingChildren { sharing.mark($0, within: outer) }
        self = sharing
        return marked
    }

    private func key(of node: PlanNode) -> Key? {
        guard let span = node.span, span.start >= 0, span.start < span.end, span.end <= text.count else { return nil }
        let kind: String
        switch node {
        case .select: kind = "select"
        case .sampleTimes: kind = "times"
        case .call(let call): kind = call.function.name + "()"
        case .aggregate: kind = "aggregate"
        case .number, .string, .range, .negate, .binary, .once, .shared: return nil
        }
        return Key(kind: kind, text: text[span.start..<span.end])
    }
}

extension PlanNode {
    /// Where the part stands in the query's text; nil where that is not known.
    fileprivate var span: SourceSpan? {
        switch self {
        case .select(let selector), .sampleTimes(let selector): selector.span
        case .call(let call): call.span
        case .aggregate(let aggregation): aggregation.span
        case .number, .string, .range, .negate, .binary, .once, .shared: nil
        }
    }

    fileprivate var readsTheStore: Bool {
        switch self {
        case .select, .sampleTimes: true
        case .range(let range):
            if case .samples = range.source { true } else { children.contains(where: \.readsTheStore) }
        case .number, .string, .call, .aggregate, .negate, .binary, .once, .shared:
            children.contains(where: \.readsTheStore)
        }
    }
}

/// The answers of shared parts that are known.
struct SharedAnswers {
    struct Key: Hashable {
        var number: Int
        var grid: StepGrid
    }

    struct Known {
        var value: StepValue
        var remarks: ArraySlice<AnnotationList.Remark>
        var start: Int
    }

    var known: [Key: Known] = [:]
}

extension Evaluation {
    mutating func evaluate(_ shared: SharedPlan, on grid: StepGrid) throws(QueryError) -> StepValue {
        let key = SharedAnswers.Key(number: shared.number, grid: grid)
        if let known = sharedAnswers.known[key] {
            annotations.repeat(known.remarks, movedBy: shared.start - known.start)
            return known.value
        }
        let before = annotations.count
        let value = try evaluate(shared.node, on: grid)
        sharedAnswers.known[key] = SharedAnswers.Known(
            value: value, remarks: annotations.remarks(from: before), start: shared.start)
        return value
    }
}
