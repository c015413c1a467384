/// The place of a series in a ``SeriesCatalog``; a collector keeps it, so that a tick handles no labels.
package struct SeriesHandle: Hashable, Sendable {
    private let place: UInt32
    /// That of the catalog.
    package let epoch: UInt32

    @inlinable package var index: Int { Int(place) }

    package init(index: Int, epoch: UInt32 = 0) {
        place = UInt32(index)
        self.epoch = epoch
    }
}

/// The series that a sampler has produced, and what is known of their metrics. Grows only, until another one takes its
/// place.
package struct SeriesCatalog: Sendable {
    /// Of how many it is the successor: handles and places of another one mean nothing here.
    package private(set) var epoch: UInt32 = 0
    package private(set) var labels: [Labels] = []
    package private(set) var families: [MetricFamily] = []
    /// Which collector each series came from first, beside ``labels``.
    package private(set) var origins: [String] = []
    /// The collector whose series are those that are new from now on.
    package var origin = ""
    private var handles: [Labels: SeriesHandle] = [:]
    private var familyNames: Set<String> = []

    package init() {}

    /// An empty one to take its place.
    package func successor() -> SeriesCatalog {
        var catalog = SeriesCatalog()
        catalog.epoch = epoch &+ 1
        return catalog
    }

    /// The handle of the series, the same one at each call.
    package mutating func handle(for labels: Labels) -> SeriesHandle {
        if let known = handles[labels] { return known }
        let handle = SeriesHandle(index: self.labels.count, epoch: epoch)
        self.labels.append(labels)
        origins.append(origin)
        handles[labels] = handle
        return handle
    }

    /// Tells what a metric is; the first description of a name stands.
    package mutating func describe(_ family: MetricFamily) {
        if familyNames.insert(family.name).inserted { families.append(family) }
    }
}

/// What one tick brought: samples of the collectors that were due, a process frame when they were, events.
package struct SampleBatch: Sendable {
    /// The samples of series with one interval; they share one time and become one row of the store.
    package struct Group: Sendable {
        package var intervalMilliseconds: Int64
        /// Each handle at most once. A stale marker ends its series.
        package var samples: [(series: SeriesHandle, value: Double)]

        package init(intervalMilliseconds: Int64) {
            self.intervalMilliseconds = intervalMilliseconds
            samples = []
        }

        @inlinable package mutating func append(_ series: SeriesHandle, _ value: Double) {
            samples.append((series, value))
        }
    }

    package var time: Timestamp
    package var groups: [Group]
    package var frame: ProcessFrame?
    package var events: [Event]

    package init(time: Timestamp) {
        self.time = time
        groups = []
        frame = nil
        events = []
    }
}
