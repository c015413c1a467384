package import Query

/// A query that took long, for the log: what was asked by whom, and what it cost. Nothing of its answer.
package struct SlowQuery: Sendable {
    /// The expression, cut where it is very long.
    package var expression: String
    package var time: QueryTime
    /// From the request's arrival at its thread to the answer, without writing it as JSON.
    package var duration: Duration
    package var statistics: QueryStatistics
    /// What the cache had of it; nil where there is none.
    package var use: ResultCache.Use?
    /// Address and port of who asked.
    package var client: String
    /// Why there was no answer; nil where there was one.
    package var failure: String?
}

/// Which queries are slow, and who is told.
package struct SlowQueryLog: Sendable {
    package var threshold: Duration
    package var report: @Sendable (SlowQuery) -> Void

    /// Bytes of an expression that a line shows.
    private static let expressionBytesMax = 2000

    package init(threshold: Duration, report: @escaping @Sendable (SlowQuery) -> Void) {
        self.threshold = threshold
        self.report = report
    }

    func tell(_ query: SlowQuery) {
        guard query.duration >= threshold else { return }
        var query = query
        if query.expression.utf8.count > Self.expressionBytesMax {
            query.expression =
                String(decoding: query.expression.utf8.prefix(Self.expressionBytesMax), as: UTF8.self) + "…"
        }
        report(query)
    }
}
