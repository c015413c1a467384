import Model
import TSDB

/// What a plan depends on beside the text.
struct PlanContext: Sendable {
    /// The query's own grid, which `@ start()`, `step()` and their like mean even inside a subquery.
    var query: StepGrid
    var isRange: Bool
    var lookbackMilliseconds: Int64
    /// The step of a subquery that gives none.
    var subqueryStepMilliseconds: Int64
    var limits: QueryLimits
    /// The only resolution to answer from; nil for the best that is there.
    var resolution: Tier?
}

/// Turns a type-checked syntax tree into a plan.
struct Planner {
    private let context: PlanContext
    private(set) var annotations = AnnotationList()

    init(_ context: PlanContext) { self.context = context }

    /// The plan of a whole query, rewritten.
    /// - Throws: ``QueryError/execution(_:)`` for durations that come out wrong, ``QueryError/limit(_:)`` for a
    ///   subquery of too many steps.
    mutating func plan(_ expression: Expression) throws(QueryError) -> PlanNode {
        var node = try plan(expression, on: context.query)
        for rewrite in Rewrites.all { node = rewrite.apply(to: node) }
        return node
    }

    private mutating func plan(
        _ expression: Expression, on grid: StepGrid
    ) throws(QueryError) -> PlanNode {
        switch expression {
        case .number(let value, _): return .number(value)
        case .string(let text, _): return .string(text)
        case .parenthesized(let inner, _): return try plan(inner, on: grid)
        case .selector(let selector):
            var planned = try plan(selector, window: context.lookbackMilliseconds, on: grid)
            // The newest sample before a window's end is the window's last one, however far it looks back.
            planned.tiers.aligned = TierChoice.aligned(planned.shift.moments(of: grid), milliseconds: 0)
            return .select(planned)
        case .range(let range): return .range(try plan(range, on: grid))
        case .subquery(let subquery): return .range(try plan(subquery, on: grid))
        case .call(let call): return try plan(call, on: grid)
        case .aggregation(let aggregation):
            var parameter: PlanNode?
            if let expression = aggregation.parameter {
                parameter = try plan(expression, on: grid)
            }
            return .aggregate(
                AggregationPlan(
                    operation: aggregation.operation, grouping: aggregation.grouping, parameter: parameter,
                    parameterSpan: aggregation.parameter?.span,
                    expression: try plan(aggregation.expression, on: grid), span: aggregation.span))
        case .unary(let unary):
            let inner = try plan(unary.expression, on: grid)
            // Unary plus changes nothing, not even the name.
            return unary.sign == .minus ? .negate(inner) : inner
        case .binary(let binary):
            let lhs = try plan(binary.lhs, on: grid)
            let rhs = try plan(binary.rhs, on: grid)
            return .binary(
                BinaryPlan(
                    operation: binary.operation, lhs: lhs, rhs: rhs, lhsType: lhs.type, rhsType: rhs.type,
                    returnsBool: binary.returnsBool, matching: binary.matching, span: binary.span))
        }
    }

    private func plan(
        _ selector: VectorSelector, window: Int64, on grid: StepGrid
    ) throws(QueryError) -> SelectorPlan {
        let shift = try resolve(selector.modifiers)
        let moments = shift.moments(of: grid)
        return SelectorPlan(
            matchers: selector.matchers, shift: shift, windowMilliseconds: window,
            reads: TimeRange(
                minMilliseconds: moments.start.subtractingClamped(window).addingClamped(1),
                maxMilliseconds: moments.end),
            span: selector.span, tiers: TierChoice(forced: context.resolution))
    }

    private func plan(_ range: RangeSelector, on grid: StepGrid) throws(QueryError) -> RangePlan {
        let length = try DurationResolution(context).positive(range.duration)
        let selector = try plan(range.selector, window: length, on: grid)
        return RangePlan(
            source: .samples(selector), shift: selector.shift, milliseconds: length, span: range.span)
    }

    private mutating func plan(
        _ subquery: Subquery, on grid: StepGrid
    ) throws(QueryError) -> RangePlan {
        let durations = DurationResolution(context)
        let length = try durations.positive(subquery.range)
        var step = context.subqueryStepMilliseconds
        if let written = subquery.step { step = try durations.positive(written) }
        let shift = try resolve(subquery.modifiers)
        let moments = shift.moments(of: grid)
        // The first multiple of the step after the first window's open end. Rounding is toward minus infinity.
        let open = moments.start.subtractingClamped(length)
        let below = open / step * step - (open % step < 0 ? step : 0)
        let inner = StepGrid(
            start: below.addingClamped(step), end: moments.end, step: step,
            countMax: context.limits.valuesMax.addingClamped(1))
        guard inner.count <= context.limits.valuesMax else {
            throw .limit("subquery has more than \(context.limits.valuesMax) steps; give it a longer step")
        }
        let node = try plan(subquery.expression, on: inner)
        return RangePlan(
            source: .subquery(node, inner), shift: shift, milliseconds: length, span: subquery.span)
    }

    private mutating func plan(_ call: Call, on grid: StepGrid) throws(QueryError) -> PlanNode {
        guard let function = FunctionRegistry.function(named: call.function) else {
            preconditionFailure("\(call.function) passed the type check as a function")
        }
        if case .ofQuery(let value) = function.kernel { return .number(value(context)) }
        if case .info = function.kernel { return try planInfo(call, function, on: grid) }
        var arguments: [PlanNode] = []
        for argument in call.arguments { arguments.append(try plan(argument, on: grid)) }
        var planned = CallPlan(
            function: function, arguments: arguments, argumentSpans: call.arguments.map(\.span), span: call.span)
        switch function.kernel {
        case .timestamp:
            // Only of a selector itself: `+m` plans as `m` does, and is not one.
            if Self.isSelector(call.arguments.first), case .select(let selector)? = arguments.first {
                return .sampleTimes(selector.askedForTimes())
            }
        case .absent, .absentOverTime:
            planned.absentLabels = Absence.labels(of: call.arguments.first)
        case .map where arguments.isEmpty:
            // A calendar function without an argument is about the evaluation time.
            let now = PlanNode.call(CallPlan(function: .time, arguments: [], argumentSpans: [], span: call.span))
            planned.arguments = [
                .call(CallPlan(function: .vector, arguments: [now], argumentSpans: [call.span], span: call.span))
            ]
            planned.argumentSpans = [call.span]
        case .whole:
            if context.isRange, function.name.hasPrefix("sort") {
                annotations.warn(
                    "sort is ineffective for range queries since results are always ordered by labels", at: call.span)
            }
        case .map, .mapWithParameters, .window, .ofQuery, .info: break
        }
        planned.arguments = answerable(planned, on: grid)
        return .call(planned)
    }

    /// `info(v)` and `info(v, {…})`: the info metrics are `target_info` where the braces name none, and all of `…_info`
    /// where they only say which names they are not.
    private mutating func planInfo(
        _ call: Call, _ function: Function, on grid: StepGrid
    ) throws(QueryError) -> PlanNode {
        var selector = VectorSelector(matchers: [], modifiers: .none, span: call.span)
        if call.arguments.count > 1, case .selector(let written) = call.arguments[1] { selector = written }
        let ofNames = selector.matchers.filter { $0.name == Labels.metricNameLabel }
        if ofNames.isEmpty {
            selector.matchers.append(Matcher(Labels.metricNameLabel, equals: "target_info"))
        } else if !ofNames.contains(where: { $0.operation == .equal || $0.operation == .matches }),
            let named = try? Matcher(Labels.metricNameLabel, .matches, ".+_info")
        {
            selector.matchers.append(named)
        }
        let infos = try plan(Expression.selector(selector), on: grid)
        return .call(
            CallPlan(
                function: function, arguments: [try plan(call.arguments[0], on: grid), infos],
                argumentSpans: [call.arguments[0].span, selector.span], span: call.span))
    }

    /// The arguments of a call; a range vector of samples knows whether the function can be answered from windows.
    private func answerable(_ call: CallPlan, on grid: StepGrid) -> [PlanNode] {
        let fidelity: TierAnswer.Fidelity
        switch call.function.kernel {
        case .window(_, let tiers, _): fidelity = tiers.fidelity
        case .absentOverTime: fidelity = TierAnswer.present.fidelity
        case .map, .mapWithParameters, .whole, .timestamp, .absent, .ofQuery, .info: return call.arguments
        }
        guard fidelity == .exact || fidelity == .exactInOrder else { return call.arguments }
        return call.arguments.map { argument in
            guard case .range(var range) = argument, case .samples(var selector) = range.source else { return argument }
            selector.tiers.aligned = TierChoice.aligned(
                range.shift.moments(of: grid), milliseconds: range.milliseconds)
            selector.tiers.dependsOnFalls = fidelity == .exactInOrder
            selector.tiers.readsFalls = fidelity == .exactInOrder || call.function.name == "resets"
            range.source = .samples(selector)
            return .range(range)
        }
    }

    private static func isSelector(_ expression: Expression?) -> Bool {
        switch expression {
        case .selector?: true
        case .parenthesized(let inner, _)?: isSelector(inner)
        case .number?, .string?, .range?, .subquery?, .call?, .aggregation?, .unary?, .binary?, nil: false
        }
    }

    private func resolve(_ modifiers: TimeModifiers) throws(QueryError) -> TimeShift {
        var shift = TimeShift()
        if let offset = modifiers.offset { shift.offset = try DurationResolution(context).milliseconds(offset) }
        shift.at =
            switch modifiers.at {
            // Nothing was ever recorded so far away, so the bound says the same.
            case .time(let time)?: min(max(time.milliseconds, -StepGrid.timeMax), StepGrid.timeMax)
            case .start?: context.query.start
            case .end?: context.query.end
            case nil: nil
            }
        return shift
    }
}
