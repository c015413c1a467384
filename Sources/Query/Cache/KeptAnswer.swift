import Model
import TSDB

/// The answer of a range query, and what has to stay as it is for the answer to stay right.
struct KeptAnswer: Sendable {
    /// Sorted by labels; no series without samples.
    var series: [ResultSeries]
    /// The first and the last step that was evaluated, in milliseconds.
    var first: Int64
    var last: Int64
    /// Whether a part of the steps is an answer as well: not where there is something to say about all of them, and
    /// not where windows stood in for samples, or an alias for stored series, and what is asked decides which.
    var isDivisible: Bool
    var annotations: [Annotation]
    /// How far behind a step the samples may lie that decide its value.
    var lookahead: Int64
    /// The view that was asked.
    var changes: PastChanges
    var settledThrough: Int64
    /// When it was used last, as a count of uses.
    var used: UInt64 = 0

    /// The last step, in milliseconds, whose value is still the same in a later view; `Int64.min` for none.
    func validThrough(_ now: CachedQuery.View) -> Int64 {
        // Any row that came since is later than all before it, or told of.
        if now.changes == changes && now.settledThrough == settledThrough { return last }
        guard now.changes.identity == changes.identity else { return .min }
        var end = settledThrough
        if let earliest = now.changes.earliest(since: changes.number) { end = min(end, earliest.subtractingClamped(1)) }
        return min(last, end.subtractingClamped(lookahead))
    }

    /// Samples with times in the range.
    func part(_ from: Int64, through end: Int64) -> [ResultSeries] {
        if from <= first && end >= last { return series }
        var part: [ResultSeries] = []
        part.reserveCapacity(series.count)
        for one in series {
            let low = one.samples.indices.partitioned { one.samples[$0].time.milliseconds < from }
            let high = one.samples.indices.partitioned { one.samples[$0].time.milliseconds <= end }
            if low < high { part.append(ResultSeries(labels: one.labels, samples: one.samples.part(low..<high))) }
        }
        return part
    }

    /// Both, of which `next` has later times, by labels.
    static func join(_ series: [ResultSeries], _ next: [ResultSeries]) -> [ResultSeries] {
        if series.isEmpty { return next }
        var joined: [ResultSeries] = []
        joined.reserveCapacity(max(series.count, next.count))
        var rest = next[...]
        for one in series {
            while let other = rest.first, other.labels < one.labels {
                joined.append(other)
                rest.removeFirst()
            }
            if let other = rest.first, other.labels == one.labels {
                let samples = one.samples.joined(with: other.samples, like: joined.last?.samples)
                joined.append(ResultSeries(labels: one.labels, samples: samples))
                rest.removeFirst()
            } else {
                joined.append(one)
            }
        }
        return joined + rest
    }

    /// Memory, about: a sample has eight bytes and its share of a time, a series two arrays besides.
    var byteCount: Int {
        series.reduce(256) { $0 + 192 + $1.labels.bytes.count + 9 * $1.samples.count }
    }
}
