package import Model

/// How an import is done.
package struct ImportOptions: Sendable {
    /// Distinct series of one import: what one source may bring unless told otherwise.
    package static let seriesMaxDefault = 1_000_000

    /// Who the samples come from; each source has groups of its own.
    package var source = "import"
    /// Whether groups that the import opens get windows of a minute and an hour.
    package var buildsTiers = true
    /// Series of this import beyond so many are refused.
    package var seriesMax = ImportOptions.seriesMaxDefault
    /// Series of a day beyond so many are refused, whoever brings them.
    package var storeSeriesMax = StoreLimits.daySeriesMax
    /// Samples that are sorted in memory at a time.
    var sortedSamplesMax = SampleSorter.defaultCapacity
    /// Samples that become one block at most.
    var blockSamplesMax = 2_000_000

    /// The defaults.
    package init() {}
}

/// What became of the samples of an import.
package struct ImportOutcome: Hashable, Sendable {
    /// Samples that were handed in.
    package var samples = 0
    /// Series that were named, refused ones not among them.
    package var series = 0
    /// Samples that took the place of one of the same series and time with another value, whether it was in the store
    /// or came earlier in the same import.
    package var conflicts = 0
    /// Samples that were there already, bit for bit.
    package var duplicates = 0
    /// Samples of the last hours that wait beside the head until their span is sealed.
    package var lateSamples = 0
    /// Samples of times of which the samples are gone: they went into the windows that are left, where one that was
    /// there already counts twice.
    package var samplesInWindows = 0
    /// Samples of refused series.
    package var refusedSamples = 0
    /// Series beyond a limit.
    package var refusedSeries = 0
    /// Those of them that the store's limit of a day refused; the others are beyond the import's own.
    package var refusedByDay = 0
    /// The first of them.
    package var firstRefused: Labels?
    /// Samples whose times lie beyond what a store holds.
    package var samplesOutOfTime = 0
    /// Blocks that were written.
    package var blocks = 0
    /// Bytes that went through the temporary file.
    package var spilledBytes = 0
    /// From the first sample's time to the last one's; nil where there were none.
    package var range: TimeRange?

    /// Nothing yet.
    package init() {}

    mutating func add(_ counts: DuplicateCounts) {
        conflicts += counts.conflicting
        duplicates += counts.identical
    }

    mutating func refuse(_ labels: Labels) {
        refusedSeries += 1
        if firstRefused == nil { firstRefused = labels }
    }
}
