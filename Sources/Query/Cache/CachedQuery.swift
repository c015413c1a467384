import Model
import TSDB

/// A range query that a ``ResultCache`` is asked.
struct CachedQuery {
    let text: String
    let engine: QueryEngine
    let snapshot: Snapshot
    let interruption: Interruption?
    let lookbackDelta: Duration?
    let options: QueryOptions

    /// How a view of the store is told from a later one.
    struct View {
        var changes: PastChanges
        var settledThrough: Int64
    }

    /// What of a kept answer was of use, and what it has become.
    struct Found {
        var result: QueryResult
        var answer: KeptAnswer
        var use: ResultCache.Use
    }

    /// Nil where the store cannot tell what changes, as one that was never written to.
    var view: View? {
        guard let changes = try? snapshot.pastChanges(), let settled = try? snapshot.settledThrough() else {
            return nil
        }
        return View(changes: changes, settledThrough: settled)
    }

    /// See ``StepLocality``; nil where nothing can be kept.
    func lookahead(at time: QueryTime) throws(QueryError) -> Int64? {
        let expression = try engine.parse(text)
        return StepLocality(try engine.context(of: time, lookbackDelta: lookbackDelta, options)).lookahead(
            of: expression)
    }

    func evaluate(at time: QueryTime) throws(QueryError) -> QueryResult {
        try engine.evaluate(
            text, at: time, in: snapshot, interruption: interruption, lookbackDelta: lookbackDelta, options: options)
    }

    /// The answer at the steps `asked`, as far as it is kept, and evaluated for the rest; nil where nothing of it is of
    /// use.
    func answer(
        _ asked: ClosedRange<Int64>, step: Int64, from kept: KeptAnswer, _ view: View
    ) throws(QueryError) -> Found? {
        let first = max(asked.lowerBound, kept.first)
        let last = min(asked.upperBound, kept.lastStep(through: kept.validThrough(view), step))
        guard first <= last else { return nil }
        let isWhole = kept.first == asked.lowerBound && kept.last == asked.upperBound && last == kept.last
        guard kept.isDivisible || isWhole else { return nil }
        var answer = kept
        var result = QueryResult(value: .matrix(kept.part(first, through: last)), annotations: kept.annotations)
        if first == asked.lowerBound && last == asked.upperBound {
            return Found(result: result, answer: answer, use: .hit)
        }
        let whole = QueryTime.range(
            start: Timestamp(milliseconds: asked.lowerBound), end: Timestamp(milliseconds: asked.upperBound),
            stepMilliseconds: step)
        if try hasTwins(at: whole) { return nil }
        var parts: [[ResultSeries]] = []
        if first > asked.lowerBound {
            guard let part = try evaluate(asked.lowerBound, first - step, step, &result.statistics) else { return nil }
            parts.append(part)
        }
        if case .matrix(let part) = result.value { parts.append(part) }
        if last < asked.upperBound {
            guard let part = try evaluate(last + step, asked.upperBound, step, &result.statistics) else { return nil }
            parts.append(part)
        }
        answer.series = parts.reduce([]) { KeptAnswer.join($0, $1) }
        (answer.first, answer.last) = (asked.lowerBound, asked.upperBound)
        (answer.changes, answer.settledThrough) = (view.changes, view.settledThrough)
        result.value = .matrix(answer.series)
        return Found(result: result, answer: answer, use: .partial)
    }

    /// The answer at some steps; nil where it cannot be a part of one.
    private func evaluate(
        _ first: Int64, _ last: Int64, _ step: Int64, _ statistics: inout QueryStatistics
    ) throws(QueryError) -> [ResultSeries]? {
        let part = try evaluate(
            at: .range(
                start: Timestamp(milliseconds: first), end: Timestamp(milliseconds: last), stepMilliseconds: step))
        guard KeptAnswer.isDivisible(part), case .matrix(let series) = part.value else { return nil }
        statistics.add(part.statistics)
        return series
    }
}

extension KeptAnswer {
    /// Windows reach an hour beyond a step.
    private static let windowMilliseconds: Int64 = 3_600_000

    /// Nil where the answer is not one of a range, or says that the store is damaged.
    init?(_ result: QueryResult, _ asked: ClosedRange<Int64>, lookahead: Int64, _ view: CachedQuery.View) {
        guard case .matrix(let series) = result.value else { return nil }
        if result.annotations.contains(where: { $0.message.hasPrefix("store warning") }) { return nil }
        self.init(
            series: series, first: asked.lowerBound, last: asked.upperBound,
            isDivisible: Self.isDivisible(result), annotations: result.annotations,
            lookahead: lookahead.addingClamped(result.statistics.windows > 0 ? Self.windowMilliseconds : 0),
            changes: view.changes, settledThrough: view.settledThrough)
    }

    /// Whether what was evaluated may be cut, and joined to other steps.
    static func isDivisible(_ result: QueryResult) -> Bool {
        result.annotations.isEmpty && result.statistics.windows == 0 && !result.statistics.dependsOnRange
    }

    /// The last kept step that is not later; one before the first where there is none.
    func lastStep(through end: Int64, _ step: Int64) -> Int64 {
        if end >= last { return last }
        if end < first { return first - step }
        return first + (end - first) / step * step
    }
}

extension QueryStatistics {
    /// What another part of the same query cost.
    mutating func add(_ other: QueryStatistics) {
        series = max(series, other.series)
        samples += other.samples
        windows += other.windows
        dependsOnRange = dependsOnRange || other.dependsOnRange
        for (span, usage) in other.selectors {
            selectors[span, default: SelectorUsage()].series = max(selectors[span]?.series ?? 0, usage.series)
            selectors[span]?.samples += usage.samples
            selectors[span]?.minuteWindows += usage.minuteWindows
            selectors[span]?.hourWindows += usage.hourWindows
            let aliases = selectors[span]?.aliases ?? []
            selectors[span]?.aliases = aliases + usage.aliases.filter { !aliases.contains($0) }
        }
        parseNanoseconds += other.parseNanoseconds
        selectNanoseconds += other.selectNanoseconds
        evaluateNanoseconds += other.evaluateNanoseconds
    }
}
