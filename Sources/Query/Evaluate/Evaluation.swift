import Model
import TSDB

/// One run of a plan over one snapshot. Series are read one by one: decoded, evaluated for all steps, forgotten.
struct Evaluation {
    let source: SeriesSource
    let limits: QueryLimits
    let interruption: Interruption
    var annotations: AnnotationList
    var statistics = QueryStatistics()
    /// Time spent on finding and decoding series.
    var selecting = Duration.zero
    let clock = ContinuousClock()
    var sharedAnswers = SharedAnswers()
    /// Nil where nobody asks what each part takes.
    var nodeTimes: NodeTimes?

    init(
        source: SeriesSource, limits: QueryLimits, interruption: Interruption, annotations: AnnotationList = .init()
    ) {
        self.source = source
        self.limits = limits
        self.interruption = interruption
        self.annotations = annotations
    }

    /// The only switch over plan nodes.
    mutating func evaluateNode(_ node: PlanNode, on grid: StepGrid) throws(QueryError) -> StepValue {
        try interruption.check()
        switch node {
        case .number(let value): return .scalar([Double](repeating: value, count: grid.count))
        case .string(let text): return .string(text)
        case .select(let selector): return .vector(try select(selector, on: grid, takingTimes: false))
        case .sampleTimes(let selector):
            var columns = try select(selector, on: grid, takingTimes: true)
            try columns.dropMetricNames(interruption)
            return .vector(columns)
        case .range: preconditionFailure("a range vector is an argument or the whole query, as the type check knows")
        case .call(let call): return try evaluate(call, on: grid)
        case .aggregate(let aggregation): return .vector(try evaluate(aggregation, on: grid))
        case .negate(let inner): return try negate(try evaluate(inner, on: grid))
        case .binary(let binary): return try evaluate(binary, on: grid)
        case .shared(let shared): return try evaluate(shared, on: grid)
        case .once(let inner): return spread(try evaluate(inner, on: grid.first), over: grid)
        }
    }

    /// What holds at the first step, at every step.
    private func spread(_ value: StepValue, over grid: StepGrid) -> StepValue {
        switch value {
        case .string: return value
        case .scalar(let column): return .scalar([Double](repeating: column.first ?? .nan, count: grid.count))
        case .vector(let columns):
            var result = VectorColumns(steps: grid.count)
            for series in 0..<columns.count {
                result.append(
                    columns.labels[series], [Double](repeating: columns.values[series], count: grid.count))
            }
            return .vector(result)
        }
    }

    mutating func account(series count: Int) throws(QueryError) {
        statistics.series += count
        guard statistics.series <= limits.seriesMax else {
            throw .limit("query processing would read more than \(limits.seriesMax) series; narrow its selectors")
        }
    }

    mutating func account(samples: Int, windows: Int) throws(QueryError) {
        statistics.samples += samples
        statistics.windows += windows
        guard statistics.samples + statistics.windows <= limits.samplesMax else {
            throw .limit(
                "query processing would load too many samples into memory in query execution: more than "
                    + "\(limits.samplesMax); ask for fewer series or less time")
        }
    }

    /// Makes sure that a vector may have another series.
    func checkSize(_ columns: VectorColumns) throws(QueryError) { try checkSize(columns.values.count) }

    /// The same of so many values, series times steps.
    func checkSize(_ valueCount: Int) throws(QueryError) {
        guard valueCount <= limits.valuesMax else {
            throw .limit(
                "an intermediate result of the query has more than \(limits.valuesMax) values; "
                    + "ask for fewer series, less time or a longer step")
        }
    }
}
