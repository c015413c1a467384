import Model

/// What to do to answer a query: the syntax tree with names looked up, durations and `@` resolved to milliseconds, and
/// nothing left that only matters to a reader. A plain value; evaluating it needs a snapshot and a grid.
indirect enum PlanNode: Sendable {
    case number(Double)
    case string(LiteralText)
    /// An instant vector of the store.
    case select(SelectorPlan)
    /// `timestamp(selector)`: the times of its samples instead of their values.
    case sampleTimes(SelectorPlan)
    /// A range vector: an argument of a call, or the whole of an instant query.
    case range(RangePlan)
    case call(CallPlan)
    case aggregate(AggregationPlan)
    case negate(PlanNode)
    case binary(BinaryPlan)
    /// The same at every step: evaluated at the grid's first one.
    case once(PlanNode)
    /// Said more than once in the query: evaluated once for each grid.
    case shared(SharedPlan)
}

/// Where in time a selector or subquery looks, seen from the moment of evaluation.
struct TimeShift: Hashable, Sendable {
    /// Milliseconds back in time; negative is forward.
    var offset: Int64 = 0
    /// `@`, resolved.
    var at: Int64?

    /// The moments it stands for at the moments of `grid`.
    func moments(of grid: StepGrid) -> StepGrid {
        guard let at else {
            return StepGrid(start: grid.start.subtractingClamped(offset), step: grid.step, count: grid.count)
        }
        return StepGrid(start: at.subtractingClamped(offset), step: 0, count: grid.count)
    }
}

struct SelectorPlan: Sendable {
    var matchers: [Matcher]
    var shift: TimeShift
    /// How far back a sample still counts, in milliseconds; the window is left-open. For a range, its length.
    var windowMilliseconds: Int64
    /// What is read from the store: the union of all windows of the grid that the plan was made for.
    var reads: TimeRange
    var span: SourceSpan
    var tiers = TierChoice()

    /// The same for `timestamp()`. Under `@` Prometheus looks back from that moment whatever the `offset`, at what it
    /// has read for the offset alone (promql/engine.go, rangeEvalTimestampFunctionOverVectorSelector): what both ask
    /// for is left.
    func askedForTimes() -> SelectorPlan {
        guard let at = shift.at, shift.offset != 0 else { return self }
        var plan = self
        plan.shift.offset = max(0, shift.offset)
        plan.windowMilliseconds = windowMilliseconds.subtractingClamped(Int64(clamping: shift.offset.magnitude))
        let end = at.subtractingClamped(plan.shift.offset)
        plan.windowMilliseconds = max(0, plan.windowMilliseconds)
        plan.reads = TimeRange(
            minMilliseconds: min(end, end.subtractingClamped(plan.windowMilliseconds).addingClamped(1)),
            maxMilliseconds: end)
        return plan
    }
}

struct RangePlan: Sendable {
    enum Source: Sendable {
        case samples(SelectorPlan)
        /// Evaluated on a grid of its own, which is aligned to multiples of its step.
        case subquery(PlanNode, StepGrid)
    }

    var source: Source
    var shift: TimeShift
    var milliseconds: Int64
    var span: SourceSpan

    /// Whether the caller chose the resolution.
    var isForced: Bool {
        if case .samples(let selector) = source { selector.tiers.forced != nil } else { false }
    }
}

struct CallPlan: Sendable {
    var function: Function
    var arguments: [PlanNode]
    var argumentSpans: [SourceSpan]
    var span: SourceSpan
    /// Of `absent` and `absent_over_time`: the labels of their answer.
    var absentLabels: Labels = .empty
}

struct AggregationPlan: Sendable {
    var operation: Aggregation.Operation
    var grouping: Aggregation.Grouping
    var parameter: PlanNode?
    var parameterSpan: SourceSpan?
    var expression: PlanNode
    var span: SourceSpan
}

struct BinaryPlan: Sendable {
    var operation: BinaryOperation.Operation
    var lhs: PlanNode
    var rhs: PlanNode
    var lhsType: ValueType
    var rhsType: ValueType
    var returnsBool: Bool
    var matching: VectorMatching?
    var span: SourceSpan
}

extension PlanNode {
    /// What evaluating it yields.
    var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .select, .sampleTimes, .aggregate: .instantVector
        case .range: .rangeVector
        case .call(let call): call.function.signature.returns
        case .negate(let inner), .once(let inner): inner.type
        case .shared(let shared): shared.node.type
        case .binary(let binary):
            binary.lhsType == .scalar && binary.rhsType == .scalar ? .scalar : .instantVector
        }
    }

    /// The parts it is made of, in the order of the text.
    var children: [PlanNode] {
        switch self {
        case .number, .string, .select, .sampleTimes: []
        case .range(let range):
            if case .subquery(let inner, _) = range.source { [inner] } else { [] }
        case .call(let call): call.arguments
        case .aggregate(let aggregation): (aggregation.parameter.map { [$0] } ?? []) + [aggregation.expression]
        case .negate(let inner), .once(let inner): [inner]
        case .shared(let shared): [shared.node]
        case .binary(let binary): [binary.lhs, binary.rhs]
        }
    }

    /// The same node over other parts; `transform` sees each part once, in the order of ``children``.
    func mappingChildren(_ transform: (PlanNode) -> PlanNode) -> PlanNode {
        switch self {
        case .number, .string, .select, .sampleTimes: return self
        case .range(var range):
            if case .subquery(let inner, let grid) = range.source { range.source = .subquery(transform(inner), grid) }
            return .range(range)
        case .call(var call):
            call.arguments = call.arguments.map(transform)
            return .call(call)
        case .aggregate(var aggregation):
            aggregation.parameter = aggregation.parameter.map(transform)
            aggregation.expression = transform(aggregation.expression)
            return .aggregate(aggregation)
        case .negate(let inner): return .negate(transform(inner))
        case .once(let inner): return .once(transform(inner))
        case .shared(var shared):
            shared.node = transform(shared.node)
            return .shared(shared)
        case .binary(var binary):
            binary.lhs = transform(binary.lhs)
            binary.rhs = transform(binary.rhs)
            return .binary(binary)
        }
    }
}
