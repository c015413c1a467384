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
        return try join(possible, sources)
    }

    private func join(_ aliases: [Alias], _ sources: SeriesSelection) throws(StoreError) -> AliasedSeries? {
        var places: [String: [Int]] = [:]
        for (place, labels) in sources.labels.enumerated() {
            places[labels.metricName ?? "", default: []].append(place)
        }
        var found = AliasedSeries(sources: sources)
        var seen: Set<Labels> = []
        for alias in aliases {
            let labels = AliasLabels(alias, target: target)
            let formula = alias.formula
            let first = try made(by: labels, of: formula.first, places, sources)
            var second: [Labels: Int] = [:]
            if let term = formula.second?.term {
                for (labels, place) in try made(by: labels, of: term, places, sources) {
                    if second[labels] == nil { second[labels] = place } else { found.hasTwins = true }
                }
            }
            let count = found.series.count
            for (labels, place) in first {
                if formula.second != nil && second[labels] == nil { continue }
                guard matchers.allSatisfy({ $0.matches(labels) }) else { continue }
                guard seen.insert(labels).inserted else {
                    found.hasTwins = true
                    continue
                }
                found.series.append(
                    AliasedSeries.Series(
                        labels: labels, operation: formula.second?.operation, scale: formula.scale, first: place,
                        second: second[labels]))
            }
            if found.series.count > count { found.formulas.append(alias.description) }
        }
        found.series.sort { $0.labels < $1.labels }
        return found.series.isEmpty ? nil : found
    }

    /// What a term's stored series are called under the alias, in label order of the stored ones.
    private func made(
        by labels: AliasLabels, of term: Formula.Term, _ places: [String: [Int]], _ sources: SeriesSelection
    ) throws(StoreError) -> [(labels: Labels, place: Int)] {
        let conditions = AliasLabels.conditions(term)
        var made: [(labels: Labels, place: Int)] = []
        for place in places[term.metric] ?? [] {
            // Labels are taken apart and put together again, which takes twice the time of finding them.
            try snapshot.countWork(2)
            let stored = sources.labels[place]
            guard conditions.allSatisfy({ $0.matches(stored) }), let name = labels.labels(of: stored, as: term) else {
                continue
            }
            made.append((name, place))
        }
        return made
    }
}
