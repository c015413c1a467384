import Formats
import Model
import Query
import TSDB

/// Why a query found nothing: a name that nothing is called, or a time without samples. A query whose series were
/// there and were filtered away has an answer, the empty one.
struct EmptyAnswer {
    let expression: Query.Expression
    let time: QueryTime
    let zone: TimeZoneRule
    /// The only tier that may answer; nil for the best that there is.
    let resolution: Tier?

    func applies(to result: QueryResult) -> Bool {
        guard result.statistics.samples == 0, result.statistics.windows == 0 else { return false }
        return result.value.isEmpty
    }

    /// What the query's user is told.
    struct Finding {
        let status: CommandStatus
        let reason: String
    }

    /// Nil where the query asks for no series at all.
    func finding(in snapshot: Snapshot) throws -> Finding? {
        var hasSelector = false
        expression.forEachSelector { _ in hasSelector = true }
        guard hasSelector else { return nil }
        // What the query itself met; what the search for a reason meets may have nothing to do with it.
        let hasMetDamage = !snapshot.damage.isEmpty
        let known = try snapshot.labelValues(of: Labels.metricNameLabel, matching: [], in: .all)
        if hasMetDamage || known.isEmpty && !snapshot.damage.isEmpty {
            return Finding(
                status: .store,
                reason: "what there may be to answer from is damaged; `mon db check` tells what it costs, and "
                    + "`mon db salvage` copies the rest")
        }
        return Finding(status: .noData, reason: try reason(known, snapshot))
    }

    /// The name in the query that nothing is called; nil where all are known.
    func mistake(in snapshot: Snapshot) throws -> String? {
        try mistake(try snapshot.labelValues(of: Labels.metricNameLabel, matching: [], in: .all), snapshot)
    }

    private func mistake(_ known: [String], _ snapshot: Snapshot) throws -> String? {
        let view = StoreView(snapshot)
        for name in expression.metricNames where !known.contains(name) {
            let meant = view.aliases.named(name)
            if !meant.isEmpty {
                let sources = meant.flatMap { $0.formula.terms.map(\.metric) }
                guard let missing = sources.first(where: { !known.contains($0) }) else { continue }
                return "\(meant[0]), and \(missing) is not recorded here; `mon metrics` lists what there is"
            }
            let near = Suggestions.nearest(to: name, among: known + (try view.aliasNames()))
            let hint =
                near.isEmpty ? "`mon metrics` lists what there is" : "did you mean \(near.joined(separator: ", "))?"
            return "no metric is called \(name); \(hint)"
        }
        return nil
    }

    /// - Parameter known: the names of all metrics.
    private func reason(_ known: [String], _ snapshot: Snapshot) throws -> String {
        if known.isEmpty { return "the store is empty: nothing has been recorded yet" }
        if let mistake = try mistake(known, snapshot) { return mistake }
        var reason = "no series matches"
        switch time {
        case .instant(let moment): reason += " at \(text(moment))"
        case .range(let start, let end, _): reason += " from \(text(start)) to \(text(end))"
        }
        if let resolution { reason += " at --resolution \(resolution.name); without it others may answer" }
        guard let oldest = try snapshot.oldestSampleTime(), let newest = try snapshot.newestSampleTime() else {
            return reason
        }
        return reason + "; the store has samples from \(text(oldest)) to \(text(newest))"
    }

    private func text(_ time: Timestamp) -> String { TimeText.rfc3339(time, zone) }
}
