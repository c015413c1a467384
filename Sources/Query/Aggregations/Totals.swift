import Model

/// What an aggregation makes of the values of a group, one after the other in the order of series, which decides the
/// last bits.
protocol Total {
    init(first: Double)

    mutating func add(_ value: Double)

    var result: Double { get }
}

/// Aggregations that fold the values of a group into one: series after series, each over all steps. A series is not
/// needed any more once it is added, so that what is held is groups times steps, however many series there are.
struct GroupTotals<State: Total> {
    private var groups: GroupNumbers
    /// The first value of each group at each step.
    private var columns: VectorColumns
    /// Of groups of more than one series: which of the states are theirs; -1 of others.
    private var places: [Int] = []
    /// The states of so many groups a piece. A value that stands in ``columns`` alone has none yet, or what is there
    /// says nothing.
    private var pieces: [[State]] = []
    private var placeCount = 0
    private let groupsPerPiece: Int
    private var checkpoint: Checkpoint

    /// States that lie together: to grow costs no copy of what is there.
    private static var pieceStates: Int { 1 << 14 }

    init(_ grouping: Aggregation.Grouping, steps: Int, _ interruption: Interruption) {
        groups = GroupNumbers(grouping)
        columns = VectorColumns(steps: steps)
        groupsPerPiece = max(1, Self.pieceStates / max(1, steps))
        checkpoint = Checkpoint(interruption)
    }

    /// Adds the values of the next series.
    mutating func add(_ labels: Labels, _ row: [Double]) throws(QueryError) {
        try checkpoint.pass(Checkpoint.labelsWork + row.count)
        let group = groups.number(of: labels)
        if group == columns.count {
            columns.labels.append(groups.labels[group])
            columns.values.append(contentsOf: row)
            places.append(-1)
            return
        }
        let place = place(of: group)
        let (piece, base) = (place / groupsPerPiece, place % groupsPerPiece * columns.steps)
        let target = columns.column(group).lowerBound
        Self.add(row, &columns.values, target, &pieces[piece], base)
    }

    private static func add(
        _ row: [Double], _ firsts: inout [Double], _ target: Int, _ states: inout [State], _ base: Int
    ) {
        let values = row.span
        var firsts = firsts.mutableSpan
        var states = states.mutableSpan
        for step in values.indices {
            let value = values[step]
            guard value.isPresent else { continue }
            if firsts[target &+ step].isPresent {
                states[base &+ step].add(value)
            } else {
                firsts[target &+ step] = value
                states[base &+ step] = State(first: value)
            }
        }
    }

    /// Where the states of a group are; made of its first values where it had none.
    private mutating func place(of group: Int) -> Int {
        if places[group] >= 0 { return places[group] }
        let place = placeCount
        placeCount += 1
        places[group] = place
        if place / groupsPerPiece == pieces.count {
            pieces.append([])
            if place > 0 { pieces[pieces.count - 1].reserveCapacity(groupsPerPiece * columns.steps) }
        }
        let column = columns.column(group)
        pieces[place / groupsPerPiece].append(contentsOf: columns.values[column].lazy.map { State(first: $0) })
        return place
    }

    /// The value of each group, in order of appearance.
    mutating func finish() throws(QueryError) -> VectorColumns {
        for group in 0..<columns.count {
            try checkpoint.pass(columns.steps)
            let place = places[group]
            let column = columns.column(group)
            for (step, index) in column.enumerated() where columns.values[index].isPresent {
                columns.values[index] =
                    place < 0
                    ? State(first: columns.values[index]).result
                    : pieces[place / groupsPerPiece][place % groupsPerPiece * columns.steps + step].result
            }
        }
        return columns
    }
}

extension Evaluation {
    /// An aggregation that folds, over a vector that is not held as a whole.
    mutating func fold<State: Total>(
        _ plan: AggregationPlan, _: State.Type, on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        var totals = GroupTotals<State>(plan.grouping, steps: grid.count, interruption)
        try forEachRow(of: plan.expression, on: grid) { _, labels, row, _ throws(QueryError) in
            try totals.add(labels, row)
        }
        return try totals.finish()
    }
}

extension CompensatedSum: Total {
    init(first: Double) { self.init(first) }

    var result: Double { sum + error }
}

extension CompensatedMean: Total {
    var result: Double { value }
}

/// How many values there are.
struct ValueCount: Total {
    private(set) var result = 1.0

    init(first: Double) {}

    mutating func add(_ value: Double) { result += 1 }
}

/// That there is a value.
struct Existence: Total {
    var result: Double { 1 }

    init(first: Double) {}

    mutating func add(_ value: Double) {}
}

/// The first of the least values; NaN only where there is nothing else.
struct LowestValue: Total {
    private(set) var result: Double

    init(first: Double) { result = first }

    mutating func add(_ value: Double) { if value < result || result.isNaN { result = value } }
}

/// The first of the greatest values; NaN only where there is nothing else.
struct HighestValue: Total {
    private(set) var result: Double

    init(first: Double) { result = first }

    mutating func add(_ value: Double) { if value > result || result.isNaN { result = value } }
}

/// Population variance by Welford's recurrence.
struct Variance: Total {
    private var count = 1.0
    private var mean: Double
    /// Sum of squared differences from the mean.
    private var squares: Double

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

    var result: Double { squares / count }
}

/// Population standard deviation.
struct Deviation: Total {
    private var variance: Variance

    init(first: Double) { variance = Variance(first: first) }

    mutating func add(_ value: Double) { variance.add(value) }

    var result: Double { variance.result.squareRoot() }
}
