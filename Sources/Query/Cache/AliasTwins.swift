import Model
import TSDB

// Parts of a range may each have one series of some labels, and the range as a whole two: a stored one on one side of a
// midnight and an alias on the other, since registries are of days. Then only the whole range decides which of them
// answers, and parts cannot be joined.

extension CachedQuery {
    /// Whether a selector of the query has two series of the same labels at any time of the range, for which nothing is
    /// read but names; false where no alias is asked for.
    func hasTwins(at time: QueryTime) throws(QueryError) -> Bool {
        var planner = Planner(try engine.context(of: time, lookbackDelta: lookbackDelta, options))
        let node = try planner.plan(try engine.parse(text))
        let source = SeriesSource(
            StoreView(snapshot, aliases: engine.aliases), interruption ?? Interruption(timeout: engine.limits.timeout))
        for selector in node.selectors where !engine.aliases.asked(by: selector.matchers).isEmpty {
            // Of windows, too: whoever finds more than is read evaluates the whole, which is never wrong.
            let range = TierChoice.enclosing(selector.reads, .hour)
            if try source.select(selector.matchers, in: range).hasTwins { return true }
        }
        return false
    }
}

extension PlanNode {
    /// All selectors in it.
    fileprivate var selectors: [SelectorPlan] {
        var found = children.flatMap(\.selectors)
        switch self {
        case .select(let selector), .sampleTimes(let selector): found.append(selector)
        case .range(let range): if case .samples(let selector) = range.source { found.append(selector) }
        case .number, .string, .call, .aggregate, .negate, .binary, .once, .shared: break
        }
        return found
    }
}
