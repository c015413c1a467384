package import Model
package import TSDB

/// When a query is asked: at one moment, or on a grid of moments.
package enum QueryTime: Hashable, Sendable {
    case instant(Timestamp)
    /// Both ends belong to the grid when the step meets them. `stepMilliseconds` > 0.
    case range(start: Timestamp, end: Timestamp, stepMilliseconds: Int64)
}

/// What a caller may want of one query beside its text and time.
package struct QueryOptions: Hashable, Sendable {
    /// The only resolution to answer from: the samples, or windows of one length, whatever else there is. Nil takes
    /// samples as long as they exist, windows where they answer the same, and the finest windows that are left where
    /// samples are gone.
    package var resolution: Tier?
    /// Whether the statistics are to say what each part of the plan took.
    package var timesNodes: Bool

    package init(resolution: Tier? = nil, timesNodes: Bool = false) {
        self.resolution = resolution
        self.timesNodes = timesNodes
    }
}

/// The door to PromQL: text in, an answer out. A value without state; use it from any thread, each with a snapshot of
/// its own.
///
/// A query is parsed, planned and evaluated. Evaluation reads one series at a time, so that memory grows with series
/// times steps and not with samples.
package struct QueryEngine: Sendable {
    /// What one query may take.
    package var limits: QueryLimits
    /// How far an instant selector looks back; the window is left-open. Prometheus' default is 5 minutes.
    package var lookbackDelta: Duration
    /// The step of a subquery that gives none: Prometheus' global evaluation interval, 1 minute.
    package var defaultSubqueryStep: Duration
    /// Whether what Prometheus hides behind feature flags is accepted.
    package var acceptsExperimental: Bool
    /// The names under which stored series answer beside their own.
    package var aliases = AliasTable.standard

    package init(
        limits: QueryLimits = QueryLimits(), lookbackDelta: Duration = .seconds(300),
        defaultSubqueryStep: Duration = .seconds(60), acceptsExperimental: Bool = false
    ) {
        self.limits = limits
        self.lookbackDelta = lookbackDelta
        self.defaultSubqueryStep = defaultSubqueryStep
        self.acceptsExperimental = acceptsExperimental
    }

    /// The answer to `text`.
    ///
    /// - Parameters:
    ///   - interruption: The query's deadline and its caller's word; by default the deadline of ``limits``.
    ///   - lookbackDelta: For this query only.
    ///   - options: What else may differ from query to query.
    /// - Throws: ``QueryError``; see its cases.
    package func evaluate(
        _ text: String, at time: QueryTime, in snapshot: Snapshot, interruption: Interruption? = nil,
        lookbackDelta: Duration? = nil, options: QueryOptions = QueryOptions()
    ) throws(QueryError) -> QueryResult {
        let clock = ContinuousClock()
        let begun = clock.now
        let expression = try parse(text)
        let parsed = clock.now
        let grid = try grid(of: time)
        var planner = Planner(context(time, grid, lookbackDelta, options))
        var sharing = Sharing(text)
        let node = sharing.mark(try planner.plan(expression))
        if case .range = time, node.type == .rangeVector || node.type == .string {
            throw .execution(
                "invalid expression type \"\(node.type == .string ? "string" : "range vector")\" for range query, "
                    + "must be Scalar or instant Vector")
        }
        let interruption = interruption ?? Interruption(timeout: limits.timeout)
        var evaluation = Evaluation(
            source: SeriesSource(StoreView(snapshot, aliases: aliases), interruption), limits: limits,
            interruption: interruption, annotations: planner.annotations)
        if options.timesNodes { evaluation.nodeTimes = NodeTimes() }
        let value = try Answer(time, grid).value(of: node, &evaluation)
        var statistics = evaluation.statistics
        statistics.nodes = evaluation.nodeTimes?.all ?? []
        statistics.parseNanoseconds = (parsed - begun).nanoseconds
        statistics.selectNanoseconds = evaluation.selecting.nanoseconds
        statistics.evaluateNanoseconds = (clock.now - parsed - evaluation.selecting).nanoseconds
        // What is damaged is missing from the answer, which is right but for it.
        let damage = snapshot.damage.losses.map { Annotation(.warning, "store warning: \($0.description)") }
        return QueryResult(
            value: value, annotations: evaluation.annotations.annotations(in: text) + damage, statistics: statistics)
    }

    /// The plan of `text` as a person reads it: a node a line, its parts indented below it, selectors with the span of
    /// time that they read.
    /// - Parameter statistics: Of the query's evaluation: selectors then say what answered them.
    package func explain(
        _ text: String, at time: QueryTime, statistics: QueryStatistics? = nil, options: QueryOptions = QueryOptions()
    ) throws(QueryError) -> String {
        let grid = try grid(of: time)
        var planner = Planner(context(time, grid, nil, options))
        var sharing = Sharing(text)
        return Explain(statistics, aliases).text(sharing.mark(try planner.plan(try parse(text))), on: grid)
    }

    /// The tree of `text`, its types checked against the functions of ``FunctionRegistry``.
    package func parse(_ text: String) throws(QueryError) -> Expression {
        do throws(ParseError) {
            return try Parser.parse(
                text, functions: { FunctionRegistry.function(named: $0)?.signature },
                options: ParserOptions(
                    experimental: acceptsExperimental,
                    functionNames: acceptsExperimental ? FunctionRegistry.names : FunctionRegistry.stableNames,
                    depthMax: limits.depthMax))
        } catch {
            throw .parse(error)
        }
    }

    private func grid(of time: QueryTime) throws(QueryError) -> StepGrid {
        let bounds = -StepGrid.timeMax...StepGrid.timeMax
        switch time {
        case .instant(let moment):
            guard bounds.contains(moment.milliseconds) else { throw .execution("time is out of range") }
            return StepGrid(instant: moment.milliseconds)
        case .range(let start, let end, let step):
            guard bounds.contains(start.milliseconds), bounds.contains(end.milliseconds) else {
                throw .execution("time is out of range")
            }
            guard step > 0 else { throw .execution("zero or negative query resolution step widths are not accepted") }
            let grid = StepGrid(
                start: start.milliseconds, end: end.milliseconds, step: step,
                countMax: limits.valuesMax.addingClamped(1))
            guard grid.count <= limits.valuesMax else {
                throw .limit("query has more than \(limits.valuesMax) steps; ask for a longer step")
            }
            return grid
        }
    }

    /// What the plan of a query at `time` depends on.
    func context(
        of time: QueryTime, lookbackDelta lookback: Duration?, _ options: QueryOptions
    ) throws(QueryError) -> PlanContext {
        context(time, try grid(of: time), lookback, options)
    }

    private func context(
        _ time: QueryTime, _ grid: StepGrid, _ lookback: Duration?, _ options: QueryOptions
    ) -> PlanContext {
        var isRange = false
        if case .range = time { isRange = true }
        return PlanContext(
            query: grid, isRange: isRange, lookbackMilliseconds: (lookback ?? lookbackDelta).milliseconds,
            subqueryStepMilliseconds: max(1, defaultSubqueryStep.milliseconds), limits: limits,
            resolution: options.resolution)
    }
}

extension Duration {
    /// Whole milliseconds, cut off.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// Whole nanoseconds, cut off; of a duration that is not negative.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        // Wraps after five centuries.
        return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}
