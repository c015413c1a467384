import Model

/// Series that one source outside brings at times of its own, in a group of its own: the ones of its latest result live
/// until the next one comes, or fails.
///
/// The agent's own series are never among them, whenever they begin: what a collector measures is not for a text file,
/// a program or a page to say (see ``SeriesCatalog/claim(_:by:)``).
struct ForeignSeries {
    var intervalMilliseconds: Int64
    private var live = LiveSeries()
    /// What the source tells of them.
    private var families: [MetricFamily] = []
    /// What has been added of a result.
    private var group = SampleBatch.Group(intervalMilliseconds: 0)
    /// Its number in the catalog; 0 before the first result.
    private var source: UInt32 = 0

    init(intervalMilliseconds: Int64) { self.intervalMilliseconds = intervalMilliseconds }

    /// Series of a source that are another's, or came a second time.
    struct LeftOut {
        private(set) var count = 0
        private let first: Labels
        /// Who brings the first.
        private let collector: String

        fileprivate init(_ first: Labels, _ collector: String) {
            self.first = first
            self.collector = collector
        }

        fileprivate mutating func add() { count += 1 }

        /// - Parameter what: What they stand in.
        func error(in what: String) -> CollectorError {
            let others = count > 1 ? ", and \(count - 1) more" : ""
            return CollectorError(
                .malformed, attempt: "take all of \(what)",
                found: "\(first) is there already, of collector \(collector); it is left out\(others)")
        }
    }

    /// Replaces what the source told by `samples` and `families`; series that are missing now end.
    /// - Returns: what was left out, if anything.
    mutating func replace(
        by samples: [(labels: Labels, value: Double)], _ families: [MetricFamily], into scrape: inout Scrape
    ) -> LeftOut? {
        begin(into: &scrape)
        let leftOut = add(samples[...], families, into: &scrape)
        finish(into: &scrape)
        return leftOut
    }

    /// Begins a result that comes in parts.
    mutating func begin(into scrape: inout Scrape) {
        if source == 0 { source = scrape.catalog.makeSource() }
        families.removeAll(keepingCapacity: true)
        group.intervalMilliseconds = intervalMilliseconds
        group.samples.reserveCapacity(live.handles.count)
    }

    mutating func add(
        _ samples: ArraySlice<(labels: Labels, value: Double)>, _ families: [MetricFamily],
        into scrape: inout Scrape
    ) -> LeftOut? {
        self.families += families
        for family in families { scrape.catalog.describe(family) }
        var leftOut: LeftOut?
        for (labels, value) in samples {
            let handle = scrape.catalog.claim(labels, by: source)
            if scrape.catalog.isClaimed(handle, by: source), scrape.foreignSeen.insert(handle).inserted {
                group.append(handle, value)
            } else {
                if leftOut == nil { leftOut = LeftOut(labels, scrape.catalog.origins[handle.index]) }
                leftOut?.add()
            }
        }
        return leftOut
    }

    /// Ends a result: series that were in the one before and are not in it end.
    mutating func finish(into scrape: inout Scrape) {
        forgetTaken(scrape.catalog)
        live.settle(&group, from: 0)
        for ended in group.samples[live.handles.count...] { scrape.catalog.release(ended.series, by: source) }
        scrape.foreign.append(group)
        group.samples = []
    }

    /// Moves over to another catalog.
    mutating func renew(_ renewal: inout CatalogRenewal) {
        live.renew(&renewal)
        if !live.handles.isEmpty { renewal.describe(families) }
    }

    /// Ends all of it.
    mutating func end(into scrape: inout Scrape) {
        forgetTaken(scrape.catalog)
        if live.handles.isEmpty { return }
        var group = SampleBatch.Group(intervalMilliseconds: intervalMilliseconds)
        live.end(into: &group)
        for ended in group.samples { scrape.catalog.release(ended.series, by: source) }
        scrape.foreign.append(group)
    }

    /// What an own collector has taken over lives on with it.
    private mutating func forgetTaken(_ catalog: SeriesCatalog) {
        let source = source
        live.keep { catalog.isClaimed($0, by: source) }
    }
}
