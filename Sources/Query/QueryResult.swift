package import Model
import TSDB

/// One series of an answer. Points are in order of time; an instant answer has exactly one.
package struct ResultSeries: Hashable, Sendable {
    package var labels: Labels
    package var samples: SampleRow

    package init(labels: Labels, samples: SampleRow) {
        self.labels = labels
        self.samples = samples
    }

    package init(labels: Labels, samples: [Sample]) {
        self.init(labels: labels, samples: SampleRow(samples))
    }
}

/// What a query answers, in the four shapes of Prometheus' API.
package enum QueryValue: Hashable, Sendable {
    case scalar(Sample)
    case string(time: Timestamp, value: String)
    /// One sample a series. Order matters after sort, topk and bottomk.
    case vector([ResultSeries])
    /// Sorted by labels.
    case matrix([ResultSeries])

    /// Whether no series answers; false of scalars and strings.
    package var isEmpty: Bool {
        switch self {
        case .scalar, .string: false
        case .vector(let series), .matrix(let series): series.isEmpty
        }
    }
}

/// What one selector of a query read.
package struct SelectorUsage: Hashable, Sendable {
    package var series = 0
    package var samples = 0
    package var minuteWindows = 0
    package var hourWindows = 0
    /// The aliases that answered, as `name = formula`.
    package var aliases: [String] = []

    package init() {}

    mutating func count(_ windows: Int, of tier: Tier) {
        switch tier {
        case .raw: samples += windows
        case .minute: minuteWindows += windows
        case .hour: hourWindows += windows
        }
    }
}

/// What a query cost.
package struct QueryStatistics: Hashable, Sendable {
    /// Series that selectors read.
    package var series: Int = 0
    /// Samples that were read from the store.
    package var samples: Int = 0
    /// Windows that were read from the store in place of samples.
    package var windows: Int = 0
    /// Whether the range as a whole decided which of two series with the same labels answered, so that the answer at
    /// a step may be another one in another range.
    package var dependsOnRange = false
    /// What each selector read, by its place in the query's text.
    package var selectors: [SourceSpan: SelectorUsage] = [:]
    /// Chunks of samples that were decoded.
    package var chunks: Int = 0
    /// What each part of the plan took, where it was asked for: every part before those within it.
    package var nodes: [NodeTime] = []
    /// Nanoseconds, wall time, of each phase: text to tree, series found and decoded, all the rest.
    package var parseNanoseconds: UInt64 = 0
    package var selectNanoseconds: UInt64 = 0
    package var evaluateNanoseconds: UInt64 = 0

    package init() {}
}

/// An answer, what there is to say about it, and what it cost.
package struct QueryResult: Sendable {
    package var value: QueryValue
    package var annotations: [Annotation]
    package var statistics: QueryStatistics

    package init(value: QueryValue, annotations: [Annotation] = [], statistics: QueryStatistics = .init()) {
        self.value = value
        self.annotations = annotations
        self.statistics = statistics
    }
}
