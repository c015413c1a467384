import Model

/// Aggregations that fold the values of a group into one: series after series, each over all steps, so that the
/// columns are read in the order in which they lie and values are added in the order of series.
enum Totals {
    static func sum(_ columns: VectorColumns, _ groups: Groups) throws(QueryError) -> VectorColumns {
        try fold(columns, groups, from: { CompensatedSum($0) }, add: { $0.add($1) }, result: { $0.sum + $0.error })
    }

    static func mean(_ columns: VectorColumns, _ groups: Groups) throws(QueryError) -> VectorColumns {
        try fold(columns, groups, from: { CompensatedMean(first: $0) }, add: { $0.add($1) }, result: { $0.value })
    }

    static func count(_ columns: VectorColumns, _ groups: Groups) throws(QueryError) -> VectorColumns {
        try fold(columns, groups, from: { _ in 1.0 }, add: { count, _ in count += 1 }, result: { $0 })
    }

    static func group(_ columns: VectorColumns, _ groups: Groups) throws(QueryError) -> VectorColumns {
        try fold(columns, groups, from: { _ in 1.0 }, add: { _, _ in }, result: { $0 })
    }

    /// The first of the best values; NaN only where there is nothing else.
    static func extreme(
        _ columns: VectorColumns, _ groups: Groups, by isBetter: (Double, Double) -> Bool
    ) throws(QueryError) -> VectorColumns {
        try fold(
            columns, groups, from: { $0 },
            add: { best, value in if isBetter(value, best) || best.isNaN { best = value } }, result: { $0 })
    }

    /// Population variance by Welford's recurrence, through `result`.
    static func variance(
        _ columns: VectorColumns, _ groups: Groups, result: (Double) -> Double
    ) throws(QueryError) -> VectorColumns {
        try fold(
            columns, groups, from: { Spread(first: $0) }, add: { $0.add($1) },
            result: { result($0.squares / $0.count) })
    }

    private struct Spread {
        var count = 1.0
        var mean: Double
        /// Sum of squared differences from the mean.
        var squares: Double

        init(first: Double) {
            mean = first
            // A mean that is no number makes every difference from it none.
            squares = first.isFinite ? 0 : .nan
        }

        mutating func add(_ value: Double) {
            count += 1
            let difference = value - mean
            mean += difference / count
            squares += difference * (value - mean)
        }
    }

    @inline(__always)
    private static func fold<State>(
        _ columns: VectorColumns, _ groups: Groups, from start: (Double) -> State,
        add: (inout State, Double) -> Void, result: (State) -> Double
    ) throws(QueryError) -> VectorColumns {
        let steps = columns.steps
        // Nil where the group has had no value yet.
        var states = [State?](repeating: nil, count: groups.count * steps)
        var checkpoint = groups.checkpoint
        for series in 0..<columns.count {
            try checkpoint.pass(steps)
            let values = columns.values.span.extracting(columns.column(series))
            let target = groups.ofSeries[series] * steps
            var span = states.mutableSpan
            for step in values.indices {
                let value = values[step]
                guard value.isPresent else { continue }
                if var state = span[target + step] {
                    add(&state, value)
                    span[target + step] = state
                } else {
                    span[target + step] = start(value)
                }
            }
        }
        var totals = VectorColumns(steps: steps)
        for group in 0..<groups.count {
            totals.append(
                groups.labels[group],
                states[group * steps..<(group + 1) * steps].map { state in
                    state.map(result) ?? .absent
                })
        }
        return totals
    }
}
