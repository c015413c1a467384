package import Model

/// Series that are in memory, under the names of a form: what a ``StoreView`` makes of stored ones, for a page of
/// current values that reads no store. Made once for the labels; each page then only asks for values.
package struct FormedSeries: Sendable {
    /// A series of the form. Of two with equal labels the first that has a value stands.
    package struct Entry: Sendable {
        package let labels: Labels
        /// Place in ``FormedSeries/families``.
        package let family: Int
    }

    /// What the value of a series is made of.
    package struct Source: Sendable {
        /// Place of the series that it is made of, among the labels that were given.
        package let first: Int
        fileprivate let second: Int?
        fileprivate let operation: Formula.Operation?
        fileprivate let scale: Formula.Scale

        /// The value, given those of the sources with their times; nil where they have none.
        package func value(_ current: (Int) -> Sample?) -> Double? {
            guard let first = current(first) else { return nil }
            guard let second, let operation else { return scale.apply(first.value) }
            guard let other = current(second), other.time == first.time else { return nil }
            return scale.apply(operation.apply(first.value, other.value))
        }
    }

    /// In order of names; a name comes once.
    package private(set) var families: [MetricFamily] = []
    /// In order of families, and within one of labels.
    package private(set) var entries: [Entry] = []
    /// Those of the entries, by their places.
    package private(set) var sources: [Source] = []

    /// - Parameters:
    ///   - stored: The series, in any order, each once.
    ///   - family: What is known of a metric of that name.
    package init(
        _ form: NameForm, of stored: [Labels], aliases: AliasTable = .standard,
        family: (String) -> MetricFamily?
    ) {
        var found: [(family: Int, labels: Labels, source: Source)] = []
        var told: [MetricFamily] = []
        var places: [String: Int] = [:]
        func familyPlace(_ name: String) -> Int {
            if let place = places[name] { return place }
            let family =
                (form == .node ? FormedSeries.metadata(of: name, aliases, family) : nil)
                ?? MetricFamily.ofSamples(named: name) { family($0) ?? FormedSeries.metadata(of: $0, aliases, family) }
                ?? MetricFamily(name: name, kind: .unknown, help: "")
            told.append(family)
            places[name] = told.count - 1
            return told.count - 1
        }
        let leftOut = aliases.leftOut(of: form)
        for (place, labels) in stored.enumerated() {
            let name = labels.metricName ?? ""
            if form == .node && !name.utf8.starts(with: "node_".utf8) { continue }
            if leftOut.contains(name) { continue }
            let source = Source(first: place, second: nil, operation: nil, scale: .none)
            found.append((familyPlace(name), labels, source))
        }
        for series in FormedSeries.made(form, of: stored, aliases) {
            let source = Source(
                first: series.first, second: series.second, operation: series.operation, scale: series.scale)
            found.append((familyPlace(series.labels.metricName ?? ""), series.labels, source))
        }
        let ranks = FormedSeries.ranks(of: told)
        // Stored ones first of equals: sorting by place keeps that.
        let order = found.indices.sorted {
            let (rank, other) = (ranks[found[$0].family], ranks[found[$1].family])
            if rank != other { return rank < other }
            return found[$0].labels == found[$1].labels ? $0 < $1 : found[$0].labels < found[$1].labels
        }
        entries.reserveCapacity(order.count)
        sources.reserveCapacity(order.count)
        for place in order {
            let (family, labels, source) = found[place]
            if families.last?.name != told[family].name { families.append(told[family]) }
            entries.append(Entry(labels: labels, family: families.count - 1))
            sources.append(source)
        }
    }

    /// The place of each family among all in order of names; those of one name have the same. So names are compared for
    /// a family, and not whenever two series are.
    private static func ranks(of families: [MetricFamily]) -> [Int] {
        let order = families.indices.sorted { families[$0].name.utf8.lexicographicallyPrecedes(families[$1].name.utf8) }
        var ranks = [Int](repeating: 0, count: families.count)
        for (family, next) in zip(order, order.dropFirst()) {
            ranks[next] = ranks[family] + (families[family].name == families[next].name ? 0 : 1)
        }
        return ranks
    }

    private static func made(_ form: NameForm, of stored: [Labels], _ aliases: AliasTable) -> [AliasedSeries.Series] {
        let asked = aliases.entries(of: form)
        if asked.isEmpty { return [] }
        // Nothing is read, so nothing can fail.
        return (try? AliasJoin([], nil).make(asked, of: stored) {})?.series ?? []
    }

    /// As ``StoreView/aliasMetadata(of:)``.
    private static func metadata(
        of name: String, _ aliases: AliasTable, _ family: (String) -> MetricFamily?
    ) -> MetricFamily? {
        for alias in aliases.named(name) {
            if let source = family(alias.formula.first.metric) { return alias.family(source) }
        }
        return nil
    }
}
