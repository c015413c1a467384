import Model

/// The series of a vector by the labels that an aggregation keeps: `by (…)` or `without (…)`.
struct Groups: Sendable {
    /// The labels of each group, in order of appearance.
    private(set) var labels: [Labels] = []
    /// The group of each series.
    private(set) var ofSeries: [Int] = []
    private let interruption: Interruption

    /// - Throws: what ends the query early.
    init(
        _ columns: VectorColumns, _ grouping: Aggregation.Grouping, _ interruption: Interruption
    ) throws(QueryError) {
        self.interruption = interruption
        let names: [[UInt8]]
        let keepsNamed: Bool
        switch grouping {
        case .by(let kept):
            names = kept.map { Array($0.utf8) }
            keepsNamed = true
        case .without(let dropped):
            names = dropped.map { Array($0.utf8) } + [Array(Labels.metricNameLabel.utf8)]
            keepsNamed = false
        }
        var places: [Labels: Int] = [:]
        ofSeries.reserveCapacity(columns.count)
        var checkpoint = Checkpoint(interruption)
        for series in columns.labels {
            // Labels cost as much as some twenty values.
            try checkpoint.pass(20)
            let key = series.filter { name in names.contains { $0.elementsEqual(name) } == keepsNamed }
            let place = places[key] ?? labels.count
            if place == labels.count {
                places[key] = place
                labels.append(key)
            }
            ofSeries.append(place)
        }
    }

    var count: Int { labels.count }

    /// For those who go over the values of the groups.
    var checkpoint: Checkpoint { Checkpoint(interruption) }

    /// The series of each group, in order.
    var members: [[Int]] {
        var members = [[Int]](repeating: [], count: count)
        for (series, group) in ofSeries.enumerated() { members[group].append(series) }
        return members
    }
}
