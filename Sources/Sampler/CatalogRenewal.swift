import Model

// The catalog grows with each series that is new, and a page of ever-changing names, or a host of short-lived
// containers, would have it grow for ever. So from time to time a new one takes its place, with what lives.
//
// Handles of the old catalog count no more. Whoever keeps some to tell what has ended has them entered anew
// (``LiveSeries``); a ``NamedSeries`` looks for itself again with its next value; and a collector that keeps bare ones
// forgets them (``Collector/renew(_:)``). Who reads batches sees another number in ``SeriesCatalog/epoch``.

/// A catalog in the place of another one, while what lives moves over.
struct CatalogRenewal {
    private let old: SeriesCatalog
    private(set) var catalog: SeriesCatalog

    /// - Parameter families: descriptions that stay whatever lives.
    init(of old: SeriesCatalog, describing families: [MetricFamily]) {
        self.old = old
        catalog = old.successor()
        for family in families { catalog.describe(family) }
    }

    /// Enters a series of the old catalog, with the collector from which it came.
    mutating func enter(_ handle: SeriesHandle) -> SeriesHandle {
        catalog.adopt(handle, of: old)
    }

    mutating func describe(_ families: [MetricFamily]) {
        for family in families { catalog.describe(family) }
    }
}

extension SamplingLoop {
    /// Series of a catalog that is left as it is: twice what a large host has at one time (guess). What has ended takes
    /// some 500 bytes of the agent, its labels above all.
    static let catalogSeriesMax = 8192

    /// Puts a new catalog in the place of one of which at least a half has ended. Between two batches that are handed
    /// out together the handles must stay, so it is done before the first.
    mutating func renewCatalogIfLarge() {
        guard scrape.catalog.labels.count > catalogRoom else { return }
        let known = Set(ownFamilies.map(\.name))
        var renewal = CatalogRenewal(
            of: scrape.catalog, describing: scrape.catalog.families.filter { known.contains($0.name) })
        for index in slots.indices { slots[index].renew(&renewal) }
        scrape.catalog = renewal.catalog
        catalogRoom = max(SamplingLoop.catalogSeriesMax, 2 * scrape.catalog.labels.count)
    }

    private var ownFamilies: [MetricFamily] { entries.flatMap(\.families) + CollectorSlot.families }
}
