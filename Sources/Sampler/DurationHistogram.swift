import Model

/// How often something took how long, in the cumulative buckets of Prometheus' classic histograms.
package struct DurationHistogram: Hashable, Sendable {
    /// Upper bounds in seconds, ascending, and as the label `le` has them.
    let bounds: [Bound]
    /// One a bound, and one for what is beyond them; not cumulative.
    private(set) var counts: [UInt64]
    private(set) var sumNanoseconds: UInt64 = 0

    struct Bound: Hashable, Sendable {
        var seconds: Double
        var text: String
    }

    /// - Parameter seconds: the bounds.
    package init(seconds: [String]) {
        bounds = seconds.map { Bound(seconds: Double($0) ?? .infinity, text: $0) }
        counts = Array(repeating: 0, count: seconds.count + 1)
    }

    /// For a pass over the collectors: half a millisecond on a small host.
    package static let scrapes = DurationHistogram(
        seconds: ["0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.5", "2.5"])
    /// For a commit, which ends when the disk has it.
    package static let commits = DurationHistogram(
        seconds: ["0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.5", "2.5"])

    /// Counts one.
    package mutating func observe(nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        counts[bounds.firstIndex { seconds <= $0.seconds } ?? bounds.count] += 1
        sumNanoseconds &+= nanoseconds
    }
}

/// The series of a histogram.
struct HistogramSeries {
    private let name: String
    private var buckets: [NamedSeries] = []
    private var sum: NamedSeries
    private var count: NamedSeries

    init(_ name: String) {
        self.name = name
        sum = NamedSeries(name + "_sum")
        count = NamedSeries(name + "_count")
    }

    mutating func emit(_ histogram: DurationHistogram, into scrape: inout Scrape) {
        if buckets.isEmpty {
            let bounds = histogram.bounds.map(\.text) + ["+Inf"]
            buckets = bounds.map { NamedSeries(name + "_bucket", ["le": $0]) }
        }
        var total: UInt64 = 0
        for index in buckets.indices {
            total += histogram.counts[index]
            scrape.emit(&buckets[index], Double(total))
        }
        scrape.emit(&sum, Double(histogram.sumNanoseconds) / 1e9)
        scrape.emit(&count, Double(total))
    }
}
