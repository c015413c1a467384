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
    /// Which collector brings each series, beside ``labels``.
    package private(set) var origins: [String] = []
    /// How many series have changed hands: another number means other ``origins``.
    package private(set) var originChanges = 0
    /// By series: 0 where it is the agent's own, else the source outside that claimed it, or ``unclaimed``.
    private var owners: [UInt32] = []
    private var sourceCount: UInt32 = 0
    private static let unclaimed = UInt32.max
    /// The collector whose series are those that are new from now on.
    package var origin = ""
    private var handles: [Labels: SeriesHandle] = [:]
    private var familyNames: Set<String> = []

    package init() {}

    /// An empty one to take its place.
    package func successor() -> SeriesCatalog {
        var catalog = SeriesCatalog()
        catalog.epoch = epoch &+ 1
        catalog.sourceCount = sourceCount
        return catalog
    }

    /// The handle of a series of the agent's own, the same one at each call. A source outside that brought the series
    /// up to now has lost it.
    package mutating func handle(for labels: Labels) -> SeriesHandle {
        guard let known = handles[labels] else { return enter(labels, owner: 0) }
        if owners[known.index] != 0 { give(known, to: 0) }
        return known
    }

    private mutating func enter(_ labels: Labels, owner: UInt32) -> SeriesHandle {
        let handle = SeriesHandle(index: self.labels.count, epoch: epoch)
        self.labels.append(labels)
        origins.append(origin)
        owners.append(owner)
        handles[labels] = handle
        return handle
    }

    private mutating func give(_ handle: SeriesHandle, to owner: UInt32) {
        owners[handle.index] = owner
        guard origins[handle.index] != origin else { return }
        origins[handle.index] = origin
        originChanges += 1
    }

    /// The number of one more source outside.
    package mutating func makeSource() -> UInt32 {
        sourceCount += 1
        return sourceCount
    }

    /// The handle of a series that a source outside would bring, which is another's where ``isClaimed(_:by:)`` says no:
    /// what the agent measures itself is never anybody else's, and of two sources the first has it until it ends there.
    package mutating func claim(_ labels: Labels, by source: UInt32) -> SeriesHandle {
        guard let known = handles[labels] else { return enter(labels, owner: source) }
        if owners[known.index] == SeriesCatalog.unclaimed { give(known, to: source) }
        return known
    }

    /// Whether the series is that source's to bring.
    package func isClaimed(_ series: SeriesHandle, by source: UInt32) -> Bool { owners[series.index] == source }

    /// Whether the series is the agent's own.
    package func isOwn(_ series: SeriesHandle) -> Bool { owners[series.index] == 0 }

    /// Leaves a series that has ended to whoever brings it next.
    package mutating func release(_ series: SeriesHandle, by source: UInt32) {
        if isClaimed(series, by: source) { owners[series.index] = SeriesCatalog.unclaimed }
    }

    /// Takes over a series of the catalog before this one, with whom it belongs to.
    package mutating func adopt(_ series: SeriesHandle, of former: SeriesCatalog) -> SeriesHandle {
        let labels = former.labels[series.index]
        if let known = handles[labels] { return known }
        origin = former.origins[series.index]
        return enter(labels, owner: former.owners[series.index])
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
