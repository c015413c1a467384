import Model

/// Gives series their groups, one after the other: those with the same labels of what an aggregation keeps, `by (…)` or
/// `without (…)`.
struct GroupNumbers: Sendable {
    private let names: [[UInt8]]
    private let keepsNamed: Bool
    private var known = LabelNumbers()

    init(_ grouping: Aggregation.Grouping) {
        switch grouping {
        case .by(let kept):
            names = kept.map { Array($0.utf8) }
            keepsNamed = true
        case .without(let dropped):
            names = dropped.map { Array($0.utf8) } + [Array(Labels.metricNameLabel.utf8)]
            keepsNamed = false
        }
    }

    /// The labels of each group, in order of appearance.
    var labels: [Labels] { known.labels }

    /// Whether `without (…)`, which takes the metric name as well, takes a label of that name.
    func drops(_ label: String) -> Bool {
        !keepsNamed && names.contains { $0.elementsEqual(label.utf8) }
    }

    /// The group of a series: one that is known, or the next.
    mutating func number(of series: Labels) -> Int {
        if keepsNamed && names.isEmpty { return known.insert(.empty) }
        return known.insert(
            series.filter { name in names.contains { $0.elementsEqual(name) } == keepsNamed })
    }
}

/// The series of a vector by group.
struct Groups: Sendable {
    private var numbers: GroupNumbers
    /// The group of each series.
    private(set) var ofSeries: [Int] = []
    let interruption: Interruption

    /// - Throws: what ends the query early.
    init(
        _ columns: VectorColumns, _ grouping: Aggregation.Grouping, _ interruption: Interruption
    ) throws(QueryError) {
        self.interruption = interruption
        numbers = GroupNumbers(grouping)
        ofSeries.reserveCapacity(columns.count)
        var checkpoint = Checkpoint(interruption)
        for series in columns.labels {
            try checkpoint.pass(Checkpoint.labelsWork)
            ofSeries.append(numbers.number(of: series))
        }
    }

    /// The labels of each group, in order of appearance.
    var labels: [Labels] { numbers.labels }

    var count: Int { labels.count }

    /// For those who go over the values of the groups.
    var checkpoint: Checkpoint { Checkpoint(interruption) }

    /// The series of each group, in order.
    func members() -> GroupMembers { GroupMembers(ofSeries, count: count) }
}

/// The series of each group, in order: all in one array, since there may be as many groups as series.
struct GroupMembers: Sendable {
    private var list: [Int]
    private var starts: [Int]

    init(_ groups: [Int], count: Int) {
        starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[group + 1] += 1 }
        for group in 0..<count { starts[group + 1] += starts[group] }
        list = [Int](repeating: 0, count: groups.count)
        var next = starts
        for (series, group) in groups.enumerated() {
            list[next[group]] = series
            next[group] += 1
        }
    }

    subscript(group: Int) -> ArraySlice<Int> { list[starts[group]..<starts[group + 1]] }
}
