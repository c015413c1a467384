package import Model
package import TSDB

/// The names under which a page shows the current values.
package enum NameForm: String, CaseIterable, Sendable {
    /// As they are stored.
    case native
    /// The modern form where there is one, else as stored.
    case modern
    /// As stored, and the modern forms beside.
    case both
    /// node_exporter's names alone, without the labels `job` and `instance`: whoever scrapes the page gives them.
    case node
}

extension NameForm {
    /// What node_exporter calls collectors that have another name here: theirs, and ours.
    package static let nodeCollectors = Dictionary(uniqueKeysWithValues: NodeNames.collectorNames.map { ($1, $0) })
}

extension StoreView {
    /// The series of a page in the form. For ``NameForm/node`` a view whose series name no target.
    package func select(_ form: NameForm, in range: TimeRange) throws(StoreError) -> ViewSelection {
        let all = [Matcher.compiled(Labels.metricNameLabel, .notEqual, "")]
        switch form {
        case .native: return try select(all, [], in: range)
        case .both, .modern: return try select(all, aliases.entries(of: form), by: [], in: range)
        case .node:
            // What another program wrote under such a name.
            let written = [Matcher.compiled(Labels.metricNameLabel, .matches, "node_.*")]
            return try select(written, aliases.entries(of: form), by: [], in: range)
        }
    }

    /// Whether a page in the form leaves the series out, because it shows another name of it.
    package func leavesOut(_ metric: String, _ form: NameForm) -> Bool {
        form == .modern && aliases.leftOut(of: form).contains(metric)
    }

    /// The stored metric that a name on a page is made of: itself, or that of the alias.
    package func origin(of metric: String) -> String {
        aliases.named(metric).first { !$0.needsTarget }?.formula.first.metric ?? metric
    }
}

extension AliasTable {
    /// The aliases that a page in the form shows.
    func entries(of form: NameForm) -> [Alias] {
        switch form {
        case .native: []
        case .both, .modern: entries(.modern)
        case .node: entries(.node)
        }
    }

    /// The metrics that a page in the form leaves out, because it shows another name of them.
    func leftOut(of form: NameForm) -> Set<String> {
        guard form == .modern else { return [] }
        return Set(entries(.modern).filter { $0.formula.terms.count == 1 }.map(\.formula.first.metric))
    }

    private func entries(_ purpose: AliasList.Purpose) -> [Alias] {
        lists.filter { $0.purpose == purpose }.flatMap { $0.entries() }
    }
}
