package import Model
package import TSDB

/// A snapshot as those who ask see it: its series, and beside them those that aliases make of them once they are asked
/// for by name (``AliasTable/asked(by:)``). A stored series with the same labels wins.
///
/// Where no alias is asked for it is the snapshot and costs nothing. Belongs to one thread, as its snapshot does.
package struct StoreView {
    package let snapshot: Snapshot
    package let aliases: AliasTable
    private let target: Target?

    /// - Parameter namesTarget: Whether series of node_exporter's names have the labels `job` and `instance`. On a page
    ///   that is scraped they have none: the scraper gives them its own.
    package init(_ snapshot: Snapshot, aliases: AliasTable = .standard, namesTarget: Bool = true) {
        self.snapshot = snapshot
        self.aliases = aliases
        target = namesTarget ? Target(host: snapshot.host.name) : nil
    }

    /// The series that satisfy all matchers, in label order; see ``Snapshot/select(_:in:)``.
    package func select(_ matchers: [Matcher], in range: TimeRange) throws(StoreError) -> ViewSelection {
        try select(matchers, aliases.asked(by: matchers), in: range)
    }

    /// The stored series that satisfy the matchers, and the series of `asked` that satisfy them, or others.
    func select(
        _ matchers: [Matcher], _ asked: [Alias], by others: [Matcher]? = nil, in range: TimeRange
    ) throws(StoreError) -> ViewSelection {
        let stored = try snapshot.select(matchers, in: range)
        guard !asked.isEmpty else { return ViewSelection(stored, nil, in: range) }
        let search = AliasSearch(others ?? matchers, target, snapshot, range)
        return ViewSelection(stored, try search.find(asked), in: range)
    }

    /// The names of the labels that the selected series have, sorted. No matchers select all stored series.
    package func labelNames(matching matchers: [Matcher], in range: TimeRange) throws(StoreError) -> [String] {
        guard !aliases.asked(by: matchers).isEmpty else {
            return try snapshot.labelNames(matching: matchers, in: range)
        }
        var names: Set<String> = []
        for labels in try select(matchers, in: range).labels { names.formUnion(labels.map(\.name)) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The values that the label `name` has among the selected series, sorted. No matchers select all stored series.
    package func labelValues(
        of name: String, matching matchers: [Matcher], in range: TimeRange
    ) throws(StoreError) -> [String] {
        guard !aliases.asked(by: matchers).isEmpty else {
            return try snapshot.labelValues(of: name, matching: matchers, in: range)
        }
        var values: Set<String> = []
        for labels in try select(matchers, in: range).labels { if let value = labels[name] { values.insert(value) } }
        return values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// TYPE, HELP and UNIT of a metric, stored or of an alias; nil where nothing told them.
    package func metadata(of metric: String) throws(StoreError) -> MetricFamily? {
        if let stored = try snapshot.metadata(of: metric) { return stored }
        return try aliasMetadata(of: metric)
    }

    /// TYPE, HELP and UNIT of an alias; nil where no alias is called so, or nothing is known of what it is made of.
    package func aliasMetadata(of metric: String) throws(StoreError) -> MetricFamily? {
        for alias in aliases.named(metric) {
            if let source = try snapshot.metadata(of: alias.formula.first.metric) { return alias.family(source) }
        }
        return nil
    }

    /// The names under which stored series answer that begin with `prefix`, where that is what only names of aliases
    /// begin with; ascending.
    package func aliasNames(beginningWith prefix: String) throws(StoreError) -> [String] {
        let candidates = aliases.beginning(with: prefix)
        guard !candidates.isEmpty else { return [] }
        return try answering(candidates)
    }

    /// All names under which stored series answer beside their own, ascending, for those who look for a name.
    package func aliasNames() throws(StoreError) -> [String] {
        try answering(aliases.lists.flatMap { $0.entries() }.filter { !$0.needsTarget })
    }

    private func answering(_ candidates: [Alias]) throws(StoreError) -> [String] {
        let stored = Set(try snapshot.labelValues(of: Labels.metricNameLabel, matching: [], in: .all))
        var names: Set<String> = []
        for alias in candidates where alias.formula.terms.allSatisfy({ stored.contains($0.metric) }) {
            names.insert(alias.name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
