import Model

extension Double {
    /// "No value at this step." The stale marker's bits: a stale marker is never a value, and arithmetic cannot make
    /// one, because it quiets every NaN. The two operations that only touch the sign go through ``quieted``.
    static let absent = Double.staleMarker

    /// Compares bits: ordinary NaN is a value.
    @inline(__always) var isAbsent: Bool { bitPattern == Double.staleMarkerBits }

    @inline(__always) var isPresent: Bool { bitPattern != Double.staleMarkerBits }

    /// The same number; any NaN becomes the ordinary one.
    @inline(__always) var quieted: Double { isNaN ? .nan : self }
}

/// An instant vector at every step of a grid: a column of values per series, ``Double/absent`` where it has none.
///
/// The columns lie one behind the other in one array, so memory is series × steps × 8 bytes and nothing per value.
/// Series keep the order in which they came, because the order of series decides the last bits of sums.
struct VectorColumns: Sendable {
    let steps: Int
    var labels: [Labels] = []
    /// The value of series `i` at step `s` stands at `i * steps + s`.
    var values: [Double] = []

    init(steps: Int) { self.steps = steps }

    var count: Int { labels.count }

    /// Where the column of series `index` lies in ``values``.
    @inline(__always) func column(_ index: Int) -> Range<Int> { index * steps..<(index + 1) * steps }

    /// Makes room for so many series, or for the first of very many.
    mutating func reserve(_ count: Int) {
        let (size, overflow) = count.multipliedReportingOverflow(by: steps)
        values.reserveCapacity(overflow ? Self.reservedMax : min(size, Self.reservedMax))
        labels.reserveCapacity(min(count, Self.reservedMax))
    }

    /// 128 MiB, of which the system gives only what is written to. What is larger grows as it comes, and for a moment
    /// takes twice as much.
    private static let reservedMax = 1 << 24

    /// Adds a series, unless it has no value at any step.
    mutating func append(_ labels: Labels, _ column: [Double]) {
        precondition(column.count == steps, "a column has a place for every step")
        if column.hasValue {
            self.labels.append(labels)
            values.append(contentsOf: column)
        }
    }

    /// Adds a series that has one step alone, and a value there.
    mutating func append(_ labels: Labels, _ value: Double) {
        precondition(steps == 1, "one value is a column of one step")
        self.labels.append(labels)
        values.append(value)
    }

    /// Makes `row` the column of a series.
    func copy(_ series: Int, into row: inout [Double]) {
        if row.count != steps { row = [Double](repeating: .absent, count: steps) }
        let column = values.span.extracting(column(series))
        var target = row.mutableSpan
        for step in column.indices { target[step] = column[step] }
    }

    /// Replaces each value that is there; `transform` may answer ``Double/absent``.
    /// - Throws: what ends the query early.
    @inline(__always) mutating func mapValues(
        _ interruption: Interruption, _ transform: (Double) -> Double
    ) throws(QueryError) {
        try mapValues(interruption) { value, _ in transform(value) }
    }

    /// Replaces each value that is there, with the step it stands at.
    /// - Throws: what ends the query early.
    @inline(__always) mutating func mapValues(
        _ interruption: Interruption, _ transform: (Double, _ step: Int) -> Double
    ) throws(QueryError) {
        var checkpoint = Checkpoint(interruption)
        for series in labels.indices {
            try checkpoint.pass(2 * steps)
            let base = series * steps
            for step in 0..<steps where values[base + step].isPresent {
                values[base + step] = transform(values[base + step], step)
            }
        }
    }

    /// Takes out the series that have no value left.
    /// - Throws: what ends the query early.
    mutating func removeEmptySeries(_ interruption: Interruption = .never) throws(QueryError) {
        var checkpoint = Checkpoint(interruption)
        var kept = 0
        for series in labels.indices {
            try checkpoint.pass(10 + steps)
            let column = column(series)
            guard values[column].contains(where: { $0.isPresent }) else { continue }
            if kept != series {
                labels[kept] = labels[series]
                let base = kept * steps
                for step in 0..<steps { values[base + step] = values[column.lowerBound + step] }
            }
            kept += 1
        }
        labels.removeLast(labels.count - kept)
        values.removeLast(values.count - kept * steps)
    }

    /// Drops the metric name of every series, and its type and unit.
    /// - Throws: ``QueryError/duplicateSeries`` where two series become one and both have a value at a step, and what
    ///   ends the query early.
    mutating func dropMetricNames(_ interruption: Interruption = .never) throws(QueryError) {
        var checkpoint = Checkpoint(interruption)
        var first: ArraySlice<UInt8>?
        var sameName = true
        for index in labels.indices {
            try checkpoint.pass(Checkpoint.labelsWork)
            let old = labels[index]
            let name = old.value(of: Labels.metricNameLabel).map { old.bytes[$0] } ?? []
            if let first { sameName = sameName && first == name } else { first = name }
            let rest = old.droppingMetricIdentity()
            let dropped = old.bytes.count - rest.bytes.count
            if dropped == 0 { continue }
            labels[index] = rest
            // Whether that was the name and no more: two lengths and "__name__" are at most 20 bytes.
            if name.isEmpty || dropped > name.count + 20 { sameName = false }
        }
        // Series of one name differ in another label and still do, unless it was their type or unit.
        if !sameName { try mergeDuplicates(interruption) }
    }

    /// Joins series of equal labels, at the place of the first, as long as they take turns in time.
    /// - Throws: ``QueryError/duplicateSeries`` where two of them have a value at the same step, and what ends the
    /// query
    ///   early.
    mutating func mergeDuplicates(_ interruption: Interruption = .never) throws(QueryError) {
        guard labels.count > 1 else { return }
        var checkpoint = Checkpoint(interruption)
        var numbers = LabelNumbers()
        /// Of each label set that came first, its series.
        var firsts: [Int] = []
        var merged = false
        for index in labels.indices {
            try checkpoint.pass(Checkpoint.labelsWork)
            let number = numbers.insert(labels[index])
            if number == firsts.count {
                firsts.append(index)
                continue
            }
            let first = firsts[number]
            merged = true
            let target = first * steps
            let source = index * steps
            for step in 0..<steps where values[source + step].isPresent {
                if values[target + step].isPresent { throw .duplicateSeries }
                values[target + step] = values[source + step]
                values[source + step] = .absent
            }
        }
        if merged { try removeEmptySeries(interruption) }
    }
}

extension [Double] {
    /// Whether there is a value at any step.
    var hasValue: Bool { contains { $0.isPresent } }

    /// Has so many steps, none of which has a value; its memory is used again.
    mutating func becomeAbsent(_ steps: Int) {
        if count != steps {
            self = [Double](repeating: .absent, count: steps)
            return
        }
        var span = mutableSpan
        for step in span.indices { unsafe span[unchecked: step] = .absent }
    }
}

/// What an expression is at every step of a grid.
enum StepValue: Sendable {
    /// One number a step.
    case scalar([Double])
    case vector(VectorColumns)
    case string(LiteralText)
}
