import Model
import TSDB

/// The series that aliases make of stored ones, and where those are.
struct AliasedSeries {
    /// Ascending by labels, each set once.
    var series: [Series] = []
    /// The stored series that they are made of.
    var sources: SeriesSelection
    /// Whether two were alike, of which the first stands.
    var hasTwins = false
    /// What made them, for people.
    var formulas: [String] = []

    struct Series {
        var labels: Labels
        var operation: Formula.Operation?
        var scale: Formula.Scale
        /// Places in ``sources``.
        var first: Int
        var second: Int?
    }
}

/// Finds what aliases make of stored series: one selection of these, whatever the number of aliases.
struct AliasSearch {
    private let matchers: [Matcher]
    private let target: Target?
    private let snapshot: Snapshot
    private let range: TimeRange

    init(_ matchers: [Matcher], _ target: Target?, _ snapshot: Snapshot, _ range: TimeRange) {
        self.matchers = matchers
        self.target = target
        self.snapshot = snapshot
        self.range = range
    }

    /// Nil where no stored series is behind any of the aliases.
    func find(_ asked: [Alias]) throws(StoreError) -> AliasedSeries? {
        var names: Set<String> = []
        var common: [Matcher]?
        var possible: [Alias] = []
        for alias in asked {
            let labels = AliasLabels(alias, target: target)
            let questions = alias.formula.terms.map { labels.stored(matchers, as: $0) }
            // Of a sum both have to be there.
            guard !questions.contains(where: { $0 == nil }) else { continue }
            possible.append(alias)
            names.formUnion(alias.formula.terms.map(\.metric))
            for question in questions {
                let question = question ?? []
                // What all of them ask, in one selection; the rest is looked at series by series.
                common = common.map { $0.filter(question.contains) } ?? question
            }
        }
        guard !possible.isEmpty, let common else { return nil }
        let name = Matcher.oneOf(names.sorted(), Labels.metricNameLabel)
        let sources = try snapshot.select([name] + common, in: range)
        if sources.count == 0 { return nil }
        let join = AliasJoin(matchers, target)
        // Labels are taken apart and put together again, which takes twice the time of finding them.
        let made = try join.make(possible, of: sources.labels) { () throws(StoreError) in try snapshot.countWork(2) }
        if made.series.isEmpty { return nil }
        return AliasedSeries(
            series: made.series, sources: sources, hasTwins: made.hasTwins, formulas: made.formulas)
    }
}
