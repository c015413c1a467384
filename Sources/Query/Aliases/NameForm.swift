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

extension StoreView {
    /// The series of a page in the form. For ``NameForm/node`` a view whose series name no target.
    package func select(_ form: NameForm, in range: TimeRange) throws(StoreError) -> ViewSelection {
        let all = [Matcher.compiled(Labels.metricNameLabel, .notEqual, "")]
        switch form {
        case .native: return try select(all, [], in: range)
        case .both, .modern: return try select(all, entries(.modern), by: [], in: range)
        case .node:
            // What another program wrote under such a name.
            let written = [Matcher.compiled(Labels.metricNameLabel, .matches, "node_.*")]
            return try select(written, entries(.node), by: [], in: range)
        }
    }

    /// Whether a page in the form leaves the series out, because it shows another name of it.
    package func leavesOut(_ metric: String, _ form: NameForm) -> Bool {
        guard form == .modern else { return false }
        return entries(.modern).contains { $0.formula.terms.map(\.metric) == [metric] }
    }

    private func entries(_ purpose: AliasList.Purpose) -> [Alias] {
        aliases.lists.filter { $0.purpose == purpose }.flatMap { $0.entries() }
    }
}
