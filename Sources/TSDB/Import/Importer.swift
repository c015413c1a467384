package import Model

/// The door for samples from outside: of any age and order, duplicates among them.
///
/// Life: `append` takes batches and sorts what they hold, through a temporary file where it is more than fits into
/// memory; `finish` merges it into the store, a group and span of two hours a transaction, oldest first. Until then
/// nothing of it is in the store. An importer that is killed leaves the transactions that it has committed, each of
/// them whole, and nothing to repair: the same import run again gives what one run would have given.
///
/// Invariants, each with a test that names it:
/// 1. Of samples of one series and time the last one stays: later in the import, and the import after the store.
/// 2. A series has one home in a span: where a block has it, it is merged there; where the head or a late batch has it,
///    it becomes a late batch, which is read after the rows; else it goes to a group of the import's source.
/// 3. Beside a recorder or another import nothing is lost: a block is replaced only as it was read, and series ids are
///    used only while the store's generation is the one at which they were read.
/// 4. Memory is bounded by the number of series, whatever the number of samples.
///
/// Owned by one thread.
package struct Importer: ~Copyable {
    private let store: Store
    private let options: ImportOptions
    private var table = LabelTable()
    /// What the reader calls a series, and what it is called here; `UInt32.max` where it is refused.
    private var numbers: [UInt32] = []
    private var refused: Set<Labels> = []
    private var sorter: SampleSorter
    private var families: [String: MetricFamily] = [:]
    private var outcome = ImportOutcome()

    /// - Parameter store: opened for writing.
    package init(into store: Store, options: ImportOptions = ImportOptions()) {
        self.store = store
        self.options = options
        sorter = SampleSorter(folder: store.folder, capacity: options.sortedSamplesMax)
        SpillFile.removeLeftovers(in: store.folder)
    }

    /// Samples taken so far.
    package var sampleCount: Int { outcome.samples }

    /// Takes the samples of a batch.
    /// - Throws: ``StoreError/refused(_:description:)`` where the temporary file cannot be written.
    package mutating func append(_ batch: ImportBatch) throws(StoreError) {
        if batch.startsAnew { numbers.removeAll(keepingCapacity: true) }
        for labels in batch.series { numbers.append(number(of: labels)) }
        for family in batch.families { families[family.name] = family }
        guard let range = batch.range else { return }
        outcome.samples += batch.count
        let times = Recorder.times
        if times.contains(range.min.milliseconds) && times.contains(range.max.milliseconds) {
            outcome.range = outcome.range?.union(range) ?? range
            outcome.refusedSamples += try sorter.append(batch.numbers, numbers, batch.times, batch.values)
            return
        }
        // Hardly ever: the others are picked out.
        var kept = ImportBatch()
        for place in 0..<batch.count where times.contains(batch.times[place]) {
            kept.append(batch.numbers[place], batch.times[place], batch.values[place])
        }
        outcome.samplesOutOfTime += batch.count - kept.count
        outcome.samples -= kept.count
        try append(kept)
    }

    private mutating func number(of labels: Labels) -> UInt32 {
        if let known = table.number(of: labels) { return UInt32(known) }
        if table.count < options.seriesMax { return UInt32(table.insert(labels)) }
        // Remembered up to a number, so that a series is counted once; beyond it a second naming may count again.
        if refused.count < 10_000 {
            if refused.insert(labels).inserted { outcome.refuse(labels) }
        } else if !refused.contains(labels) {
            outcome.refuse(labels)
        }
        return .max
    }

    /// Puts all samples into the store.
    ///
    /// - Parameter progress: is told now and then which part of the samples, 0 to 1, is in the store.
    /// - Throws: ``StoreError``; what was committed before it stays.
    package consuming func finish(progress: (Double) -> Void = { _ in }) throws(StoreError) -> ImportOutcome {
        var outcome = outcome
        outcome.series = table.count
        // What came late before is older than what comes now.
        try LateMerging.mergeSealed(in: store)
        try sorter.finish()
        var writer = SpanWriter(store: store, options: options, days: sorter.days, outcome: outcome)
        let total = Double(max(1, sorter.sampleCount))
        let table = table
        var done = 0
        try sorter.drain { span, series, column throws(StoreError) in
            done += column.count
            if try writer.add(span, series, &column, table) { progress(Double(done) / total) }
        }
        try writer.finish(table)
        try LateMerging.mergeSealed(in: store)
        try Importer.write(families, in: store)
        outcome = writer.outcome
        outcome.spilledBytes = sorter.spilledBytes
        return outcome
    }

    /// Tells the store what metrics are that it knows nothing of. What it knows stays: the agent knows its own best.
    static func write(_ families: [String: MetricFamily], in store: Store) throws(StoreError) {
        var news: [MetricFamily] = []
        do {
            let snapshot = try store.snapshot()
            // A longer name than a key may have is the name of no metric here.
            for (name, family) in families.sorted(by: { $0.key < $1.key })
            where Key.metadata(name).count <= Key.bytesMax {
                let known = try snapshot.metadata(of: name)
                if known == nil || (known?.kind == .unknown && known != family) { news.append(family) }
            }
        }
        if news.isEmpty { return }
        try store.write(tellsPast: true) { transaction throws(StoreError) in
            for family in news { try transaction.put(Key.metadata(family.name), payload: Record.metadata(family)) }
        }
    }
}

extension ImportBatch {
    /// From the earliest time to the latest; nil where there are none.
    fileprivate var range: TimeRange? {
        guard let first = times.first else { return nil }
        var (low, high) = (first, first)
        for time in times {
            low = Swift.min(low, time)
            high = Swift.max(high, time)
        }
        return TimeRange(minMilliseconds: low, maxMilliseconds: high)
    }
}

extension TimeRange {
    /// The least range that holds both.
    fileprivate func union(_ other: TimeRange) -> TimeRange {
        TimeRange(min: Swift.min(min, other.min), max: Swift.max(max, other.max))
    }
}
