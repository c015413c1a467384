import Model
import TSDB

/// What aliases make of series whose labels are known: which of them each is made of, and what it is called.
struct AliasJoin {
    private let matchers: [Matcher]
    private let target: Target?

    /// - Parameters:
    ///   - matchers: What the made series have to satisfy.
    ///   - target: What their labels `job` and `instance` say; nil for none.
    init(_ matchers: [Matcher], _ target: Target?) {
        self.matchers = matchers
        self.target = target
    }

    struct Made {
        /// Ascending by labels, each set once.
        var series: [AliasedSeries.Series] = []
        /// Whether two were alike, of which the first stands.
        var hasTwins = false
        /// What made them, for people.
        var formulas: [String] = []
    }

    /// - Parameter countWork: called for each series that is looked at; what it throws ends the work.
    func make(
        _ aliases: [Alias], of stored: [Labels], countWork: () throws(StoreError) -> Void
    ) throws(StoreError) -> Made {
        var places: [String: [Int]] = [:]
        for (place, labels) in stored.enumerated() { places[labels.metricName ?? "", default: []].append(place) }
        var made = Made()
        var seen: Set<Labels> = []
        for alias in aliases {
            let names = AliasLabels(alias, target: target)
            let formula = alias.formula
            let first = try series(called: names, of: formula.first, places, stored, countWork)
            var second: [Labels: Int] = [:]
            if let term = formula.second?.term {
                for (labels, place) in try series(called: names, of: term, places, stored, countWork) {
                    if second[labels] == nil { second[labels] = place } else { made.hasTwins = true }
                }
            }
            let count = made.series.count
            for (labels, place) in first {
                if formula.second != nil && second[labels] == nil { continue }
                guard matchers.allSatisfy({ $0.matches(labels) }) else { continue }
                guard seen.insert(labels).inserted else {
                    made.hasTwins = true
                    continue
                }
                made.series.append(
                    AliasedSeries.Series(
                        labels: labels, operation: formula.second?.operation, scale: formula.scale, first: place,
                        second: second[labels]))
            }
            if made.series.count > count { made.formulas.append(alias.description) }
        }
        made.series.sort { $0.labels < $1.labels }
        return made
    }

    /// What a term's series are called under the alias, in label order of the stored ones.
    private func series(
        called names: AliasLabels, of term: Formula.Term, _ places: [String: [Int]], _ stored: [Labels],
        _ countWork: () throws(StoreError) -> Void
    ) throws(StoreError) -> [(labels: Labels, place: Int)] {
        let conditions = AliasLabels.conditions(term)
        var found: [(labels: Labels, place: Int)] = []
        for place in places[term.metric] ?? [] {
            try countWork()
            guard conditions.allSatisfy({ $0.matches(stored[place]) }),
                let labels = names.labels(of: stored[place], as: term)
            else { continue }
            found.append((labels, place))
        }
        return found
    }
}
