import Model
import Sampler
import TSDB

/// The front door of the store: turns what the sampler brings into scrapes. Owned by the sampling thread.
struct Ingest: ~Copyable {
    private var recorder: Recorder
    /// The store's reference of each handle of the sampler.
    private var references: [SeriesReference] = []
    private var describedCount = 0
    /// Of the sampler's catalog.
    private var epoch: UInt32 = 0
    /// Whether the recorder has series of a former catalog.
    private var hasFormer = false

    init(_ recorder: consuming Recorder) {
        self.recorder = recorder
    }

    var store: Store { recorder.store }
    /// Whether a batch of `time` will have a span sealed.
    func willSeal(at time: Timestamp) -> Bool { recorder.willSeal(at: time) }

    /// How often spans were sealed.
    var sealCount: Int { recorder.sealCount }
    /// Scrapes that were given up because the store took none for a long time.
    var droppedScrapes: Int { recorder.droppedScrapes }
    /// How often a commit failed, by reason.
    var commitFailures: [CommitFailure: Int] { recorder.commitFailures }
    /// Readers that died, and were cleared away when the file grew.
    var staleReaders: Int { recorder.staleReaders }
    /// What was evicted to stay within the store's size.
    var evicted: RetentionReport { recorder.evicted }
    /// How often a new store was begun because the old one was removed.
    var storesBegun: Int { recorder.storesBegun }
    /// Samples of series beyond what a day may name.
    var refusedSeries: RefusedSeries { recorder.refusedSeries }

    /// Scrapes that wait for a commit.
    var pendingScrapes: Int { recorder.pending.count }
    /// Batches of late samples that wait to be merged.
    var lateBatches: Int { recorder.lateBatches }
    /// How long commits took.
    private(set) var commits = DurationHistogram.commits

    /// Takes over how much may be in use, how many series a day may name, how many scrapes share a commit, and how long
    /// to keep what.
    mutating func adopt(
        sizeMaxBytes: Int, daySeriesMax: Int, scrapesPerCommit: Int, _ policy: RetentionPolicy?
    ) throws(StoreError) {
        if let policy { try recorder.use(policy) }
        recorder.sizeMax = sizeMaxBytes
        recorder.daySeriesMax = daySeriesMax
        recorder.commitEvery(scrapesPerCommit)
    }

    /// Records a batch.
    /// - Throws: what the commit brought; the batch waits for the next one.
    mutating func append(_ batch: SampleBatch, _ catalog: SeriesCatalog) throws(StoreError) {
        if catalog.epoch != epoch {
            (epoch, hasFormer) = (catalog.epoch, true)
            (references, describedCount) = ([], 0)
        }
        if hasFormer, recorder.forgetSeries() {
            hasFormer = false
            (references, describedCount) = ([], 0)
        }
        while describedCount < catalog.families.count {
            recorder.describe(catalog.families[describedCount])
            describedCount += 1
        }
        while references.count < catalog.labels.count {
            references.append(recorder.reference(for: catalog.labels[references.count]))
        }
        var scrape = Scrape(time: batch.time, frame: batch.frame, events: batch.events)
        for group in batch.groups {
            var row = Scrape.Row(
                group: GroupDefinition(intervalMilliseconds: group.intervalMilliseconds), samples: [])
            row.samples.reserveCapacity(group.samples.count)
            for (series, value) in group.samples { row.samples.append((references[series.index], value)) }
            scrape.rows.append(row)
        }
        let began = ClockReading.now().monotonicNanoseconds
        if try recorder.append(scrape) == .committed {
            commits.observe(nanoseconds: ClockReading.now().monotonicNanoseconds - began)
        }
    }

    /// Marks the time since the last recording as a gap; see ``Recorder/markGap(before:)``.
    mutating func markGap(before now: Timestamp) throws(StoreError) -> Timestamp? {
        try recorder.markGap(before: now)
    }

    mutating func record(_ events: [Event], at time: Timestamp) throws(StoreError) {
        try recorder.append(Scrape(time: time, events: events))
    }

    /// Seals all that is in the head.
    mutating func seal() throws(StoreError) { try recorder.sealEverything() }

    /// Does what appending a scrape does besides; see ``Recorder/tend()``.
    mutating func tend() throws(StoreError) { try recorder.tend() }

    /// Commits what waits for a commit.
    mutating func commit() throws(StoreError) { try recorder.commit() }
}
