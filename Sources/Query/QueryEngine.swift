package import Model
package import TSDB

/// When a query is asked: at one moment, or on a grid of moments.
package enum QueryTime: Hashable, Sendable {
    case instant(Timestamp)
    /// Both ends belong to the grid when the step meets them. `stepMilliseconds` > 0.
    case range(start: Timestamp, end: Timestamp, stepMilliseconds: Int64)
}
