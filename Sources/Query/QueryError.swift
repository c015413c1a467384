/// Why a query has no answer.
package enum QueryError: Error, Hashable, CustomStringConvertible {
    /// The text is not PromQL, or its types do not fit.
    case parse(ParseError)
    /// The expression has no meaning over this data: duplicate series, ambiguous matching, a bad label name.
    /// The wording is Prometheus'.
    case execution(String)
    /// One of ``QueryLimits`` was reached. The text names the limit, its value and what to do.
    case limit(String)
    case timeout(Duration)
    case cancelled
    /// The store could not be read.
    case storage(String)

    package var description: String {
        switch self {
        case .parse(let error): error.description
        case .execution(let message), .limit(let message), .storage(let message): message
        case .timeout(let duration):
            "query timed out in expression evaluation after \(duration); "
                + "ask for a shorter range, a longer step or fewer series, or raise the query timeout"
        case .cancelled: "query was canceled in expression evaluation"
        }
    }

    static let duplicateSeries = QueryError.execution("vector cannot contain metrics with the same labelset")
}
