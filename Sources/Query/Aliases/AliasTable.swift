package import Model

/// THE table of names under which stored series answer beside their own; see docs/aliases.md.
///
/// A new entry is a line in one of the lists below. A series of an alias joins a result only where it is asked for by
/// name: by `=`, or by an expression all of whose branches begin with a literal that only aliases have.
package struct AliasTable: Sendable {
    package let lists: [AliasList]

    package init(_ lists: [AliasList]) { self.lists = lists }

    /// What mon itself answers to.
    package static let standard = AliasTable([.node, .nodeProcess, .modern, .old])

    /// No aliases at all.
    package static let none = AliasTable([])

    /// The aliases that the matchers ask for by name.
    ///
    /// Cost: for a name that is none of an alias', a comparison with the few that begin like it.
    package func asked(by matchers: [Matcher]) -> [Alias] {
        var found: [Alias] = []
        var isAsked = false
        // `=` decides; of other conditions on the name only what it leaves matters.
        if let name = matchers.first(where: { $0.operation == .equal && $0.name == Labels.metricNameLabel }) {
            found = named(name.value)
            isAsked = !found.isEmpty
        } else {
            for matcher in matchers where matcher.operation == .matches && matcher.name == Labels.metricNameLabel {
                if RegexpBeginnings.literals(of: matcher.value).allSatisfy(isOfAliasesOnly) { isAsked = true }
            }
            if isAsked { found = lists.flatMap { $0.entries() } }
        }
        if !isAsked { return [] }
        let isTargetGiven = matchers.contains { Target.labelNames.contains($0.name) && !$0.matchesEmpty }
        return found.filter { alias in
            (isTargetGiven || !alias.needsTarget)
                && matchers.allSatisfy { $0.name != Labels.metricNameLabel || $0.matches(alias.name) }
        }
    }

    /// The entries of a name.
    package func named(_ name: String) -> [Alias] {
        var found: [Alias] = []
        for list in lists where name.utf8.starts(with: list.beginning.utf8) {
            for alias in list.entries() where alias.name == name { found.append(alias) }
        }
        return found
    }

    /// Whether `literal` is what only names of aliases begin with, as far as this table knows stored names: those that
    /// its own formulas name. A name that stands for its whole list (`node_`) is the aliases' own.
    func isOfAliasesOnly(_ literal: String) -> Bool {
        if literal.isEmpty { return false }
        var isOfAlias = false
        for list in lists {
            if list.isExclusive, literal.utf8.starts(with: list.beginning.utf8) { isOfAlias = true }
            for alias in list.entries() {
                for term in alias.formula.terms where term.metric.utf8.starts(with: literal.utf8) { return false }
                if alias.name.utf8.starts(with: literal.utf8) {
                    if alias.needsTarget { return false }
                    isOfAlias = true
                }
            }
        }
        return isOfAlias
    }

    /// The entries whose name begins with `prefix`, where that is what only names of aliases begin with.
    package func beginning(with prefix: String) -> [Alias] {
        guard isOfAliasesOnly(prefix) else { return [] }
        return lists.flatMap { $0.entries() }.filter { $0.name.utf8.starts(with: prefix.utf8) }
    }
}

/// Aliases that were given for one purpose.
package struct AliasList: Sendable {
    /// What the names are for.
    package enum Purpose: Hashable, Sendable {
        /// What node_exporter calls it.
        case node
        /// What OpenMetrics would have it called today.
        case modern
        /// What it was called before.
        case old
    }

    package let purpose: Purpose
    /// What all of its names begin with; a look-up of another name does not even make the list.
    let beginning: String
    /// Whether no stored series of mon begins like that.
    let isExclusive: Bool
    package let entries: @Sendable () -> [Alias]

    init(
        _ purpose: Purpose, beginning: String = "", isExclusive: Bool = false,
        _ entries: @escaping @Sendable () -> [Alias]
    ) {
        self.purpose = purpose
        self.beginning = beginning
        self.isExclusive = isExclusive
        self.entries = entries
    }
}

/// Who the series of node_exporter's names say they were scraped from.
package struct Target: Hashable, Sendable {
    /// `job`
    package var job = "node"
    /// `instance`: the host and the port that node_exporter listens on.
    package var instance: String

    /// - Parameter host: The name in the store's identity; empty where it has none, which then is `localhost`: so
    ///   Prometheus calls a host that it is not told the name of.
    package init(host: String) { instance = (host.isEmpty ? "localhost" : host) + ":9100" }

    static let labelNames = ["instance", "job"]

    var labels: [(name: String, value: String)] { [("instance", instance), ("job", job)] }
}
