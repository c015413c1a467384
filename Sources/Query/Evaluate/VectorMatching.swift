import Model

/// One operation between two instant vectors: which series meet, what comes out and what it is called.
///
/// Who meets whom is decided once for all steps; that partners are unique has to hold at each step, for the series
/// that have a value there.
struct VectorMatch {
    private let matching: VectorMatching
    private let apply: ElementOperation
    private let returnsBool: Bool
    private let signature: MatchSignature
    /// With `group_right` the sides change places, so that the many are always on the left.
    private let isSwapped: Bool
    private let interruption: Interruption

    init(_ plan: BinaryPlan, _ matching: VectorMatching, _ interruption: Interruption) {
        self.interruption = interruption
        self.matching = matching
        apply = ElementOperation(plan)
        returnsBool = plan.returnsBool
        signature = MatchSignature(matching)
        isSwapped = matching.cardinality == .oneToMany
    }

    /// Which operand has the many.
    func many(of plan: BinaryPlan) -> PlanNode { isSwapped ? plan.rhs : plan.lhs }

    /// Which operand has one series of each signature, at any step.
    func one(of plan: BinaryPlan) -> PlanNode { isSwapped ? plan.lhs : plan.rhs }

    /// Whether the series of the many can be matched without knowing the others: not where a partner is made up for
    /// those that have none, and not where it hangs on all of them which partners may stand beside each other.
    func takesRows(_ one: VectorColumns, _ ones: SignatureIndex) -> Bool {
        matching.fillLeft == nil && matching.fillRight == nil && !ones.members.contains { $0.count > 1 }
    }

    func evaluate(_ lhs: VectorColumns, _ rhs: VectorColumns) throws(QueryError) -> VectorColumns {
        var many = isSwapped ? rhs : lhs
        var one = isSwapped ? lhs : rhs
        // Prometheus exchanges the operands for group_right, but not what fills them: `fill_left` is for the many.
        if matching.fillLeft != nil || matching.fillRight != nil {
            MatchFill(signature).fill(&many, with: matching.fillLeft, &one, with: matching.fillRight)
        }
        if many.count == 0 || one.count == 0 { return VectorColumns(steps: lhs.steps) }
        let ones = try index(one)
        try checkUnique(one, ones, whereAny: many)
        var matched = Matched(steps: lhs.steps, interruption)
        var row = [Double](repeating: .absent, count: many.steps)
        for left in 0..<many.count {
            many.copy(left, into: &row)
            try match(many.labels[left], row, one, ones, &matched)
        }
        return try matched.finish(interruption)
    }

    func index(_ one: VectorColumns) throws(QueryError) -> SignatureIndex {
        var checkpoint = Checkpoint(interruption)
        return try SignatureIndex(one, signature, &checkpoint)
    }

    /// What has come of the series of the many so far.
    struct Matched {
        fileprivate(set) var result: VectorColumns
        fileprivate var row: [Double]
        fileprivate var checkpoint: Checkpoint
        fileprivate var claims: Claims

        init(steps: Int, _ interruption: Interruption) {
            result = VectorColumns(steps: steps)
            row = [Double](repeating: .absent, count: steps)
            checkpoint = Checkpoint(interruption)
            claims = Claims(steps: steps)
        }

        /// Makes room for the first series and so many more of its kind, before it comes.
        mutating func reserve(_ count: Int) {
            if result.count == 0 { result.reserve(count) }
        }

        consuming func finish(_ interruption: Interruption) throws(QueryError) -> VectorColumns {
            try result.mergeDuplicates(interruption)
            return result
        }
    }

    /// Lets one series of the many meet its partners.
    func match(
        _ labels: Labels, _ values: [Double], _ one: VectorColumns, _ ones: SignatureIndex, _ matched: inout Matched
    ) throws(QueryError) {
        try matched.checkpoint.pass(20)
        guard let number = ones.number(of: signature(labels)) else { return }
        let isGrouped = matching.cardinality != .oneToOne
        for partner in ones.members[number] {
            try matched.checkpoint.pass(20 + values.count)
            let labels = resultLabels(labels, one.labels[partner])
            let claim = matched.claims.place(of: Claims.Key(signature: number, labels: isGrouped ? labels : nil))
            let oneBase = partner * one.steps
            for step in values.indices {
                matched.row[step] = .absent
                let x = values[step]
                let y = one.values[oneBase + step]
                guard x.isPresent, y.isPresent else { continue }
                // Also where a filter then leaves one of them only.
                guard matched.claims.take(claim, step) else { throw ambiguous(isGrouped) }
                matched.row[step] = isSwapped ? apply(y, x, kept: y) : apply(x, y, kept: x)
            }
            matched.result.append(labels, matched.row)
        }
    }

    /// At most one series of each signature may have a value at a step, on the side that is one.
    private func checkUnique(
        _ one: VectorColumns, _ ones: SignatureIndex, whereAny many: VectorColumns
    ) throws(QueryError) {
        guard ones.members.contains(where: { $0.count > 1 }) else { return }
        for step in 0..<one.steps {
            let isAsked = (0..<many.count).contains { many.values[$0 * many.steps + step].isPresent }
            guard isAsked else { continue }
            for members in ones.members where members.count > 1 {
                let present = members.filter { one.values[$0 * one.steps + step].isPresent }
                if present.count > 1 { throw duplicate(one.labels[present[1]], one.labels[present[0]]) }
            }
        }
    }

    private func duplicate(_ later: Labels, _ earlier: Labels) -> QueryError {
        let side = isSwapped ? "left" : "right"
        return .execution(
            "found duplicate series for the match group \(Self.text(signature(later))) on the \(side) hand-side of "
                + "the operation: [\(Self.text(later)), \(Self.text(earlier))];many-to-many matching not allowed: "
                + "matching labels must be unique on one side")
    }

    private func ambiguous(_ isGrouped: Bool) -> QueryError {
        .execution(
            isGrouped
                ? "multiple matches for labels: grouping labels must ensure unique matches"
                : "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
    }

    private func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = many
        if apply.dropsName { labels = labels.droppingMetricIdentity() }
        if matching.cardinality == .oneToOne {
            let names = matching.labels.map { Array($0.utf8) }
            labels = labels.filter { name in names.contains { $0.elementsEqual(name) } == matching.isOn }
        }
        guard !matching.include.isEmpty else { return labels }
        var builder = LabelsBuilder(labels)
        for name in matching.include { builder.set(name, one[name] ?? "") }
        labels = builder.labels()
        return returnsBool ? labels.droppingMetricIdentity() : labels
    }

    /// As Go writes labels: the metric name among the others.
    private static func text(_ labels: Labels) -> String {
        let pairs = labels.map { label in
            "\(Labels.isLabelName(label.name) ? label.name : Labels.quote(label.name))=\(Labels.quote(label.value))"
        }
        return "{\(pairs.joined(separator: ", "))}"
    }
}

/// Which results have been given out at which steps.
fileprivate struct Claims {
    struct Key: Hashable {
        var signature: Int
        /// Nil where a signature may have one result only.
        var labels: Labels?
    }

    /// The words of a key, a bit for each step.
    private let wordCount: Int
    private var places: [Key: Int] = [:]
    private var taken: [UInt64] = []

    init(steps: Int) { wordCount = (steps + 63) / 64 }

    /// Where the words of a key begin.
    mutating func place(of key: Key) -> Int {
        if let known = places[key] { return known }
        let place = taken.count
        places[key] = place
        taken.append(contentsOf: repeatElement(0, count: wordCount))
        return place
    }

    /// False where it was taken before.
    @inline(__always) mutating func take(_ place: Int, _ step: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(step & 63)
        if taken[place + (step >> 6)] & bit != 0 { return false }
        taken[place + (step >> 6)] |= bit
        return true
    }
}
