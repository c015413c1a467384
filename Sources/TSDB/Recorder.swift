import Glibc
import LMDB
package import Model

/// A series as a recorder knows it: handed out once, so that a scrape carries no labels.
package struct SeriesReference: Hashable, Sendable {
    let index: Int
}

/// One tick's worth of samples: what is committed together.
package struct Scrape: Sendable {
    /// The samples of the series of one group.
    package struct Row: Sendable {
        package var group: GroupDefinition
        /// Exact bits, a stale marker ends the series. Of a series given twice the last value stays.
        package var samples: [(series: SeriesReference, value: Double)]

        package init(group: GroupDefinition, samples: [(series: SeriesReference, value: Double)]) {
            self.group = group
            self.samples = samples
        }
    }

    package var time: Timestamp
    package var rows: [Row]
    package var frame: ProcessFrame?
    package var events: [Event]

    package init(time: Timestamp, rows: [Row] = [], frame: ProcessFrame? = nil, events: [Event] = []) {
        self.time = time
        self.rows = rows
        self.frame = frame
        self.events = events
    }
}

/// What became of a scrape.
package enum AppendOutcome: Hashable, Sendable {
    /// It and all before it are in the file, and other processes see them.
    case committed
    /// It waits for more scrapes to share a commit with.
    case buffered
}

/// The one process that records into a data folder, as a value that one thread owns.
///
/// Life: `init` takes the folder's lock and reads what the last recorder left; `append` commits scrape by scrape and
/// seals when a 2 h span is complete; `close` commits what waits. A recorder that is killed leaves nothing to repair:
/// its lock is the kernel's, and the next one goes on behind the last committed row.
///
/// A commit that fails loses nothing: its scrapes wait for the next one. Where LMDB's environment or the folder itself
/// is what failed, the recorder opens the store again by itself (Recorder+Recovery.swift).
package struct Recorder: ~Copyable {
    package let store: Store
    var lock: RecorderLock
    /// Scrapes per commit. Twelve write a ninth of what one does (measured: design of the head, storage format), and
    /// other processes see a scrape that much later.
    private var scrapesPerCommit: Int
    private var series = SeriesTable()
    var writer: HeadWriter
    package private(set) var pending: [Scrape] = []
    private var families: [MetricFamily] = []
    /// How many of `families` are written.
    var writtenFamilyCount = 0
    /// Start of the oldest span that has rows, in seconds; nil while the head is empty.
    var oldestSpan: Int64?
    /// Bytes that may be in use; nil for no bound.
    package var sizeMax: Int?
    /// Series that a day may name (``Store/daySeriesMax``).
    package var daySeriesMax: Int {
        get { store.daySeriesMax }
        set { store.daySeriesMax = newValue }
    }
    var recovery: Recovery

    /// Scrapes that wait when commits fail; beyond them the oldest are given up and counted.
    package static let pendingMax = 720

    /// Times whose spans and intervals can be reckoned with in 64 bits: 146 million years either way.
    static let times = -(Int64.max / 2)...(Int64.max / 2)

    /// Scrapes that were given up because the disk took none for an hour.
    package private(set) var droppedScrapes = 0
    /// Samples that came out of order and were kept as late batches.
    package var lateSamples: Int { writer.lateSamples }
    /// Samples of series beyond what a day may name; whoever records says so once.
    package var refusedSeries: RefusedSeries { writer.refused }
    /// How often a span was sealed: whoever ages data or gives memory back does it after that.
    package private(set) var sealCount = 0
    /// Readers that died without letting go of their snapshot, and were cleared away.
    package internal(set) var staleReaders = 0
    /// What was evicted to stay within ``sizeMax``.
    package internal(set) var evicted = RetentionReport()

    /// Bytes that the file system of a folder has left.
    var freeDiskBytes: (StoreFolder) -> Int? = { $0.freeBytes }
    /// A clock that nobody steps, in nanoseconds: what tells how long late samples have waited.
    var monotonicClock: () -> UInt64 = Recorder.monotonicNanoseconds

    /// - Parameters:
    ///   - sizeMax: bytes of the file that may be in use; at the cap the oldest blocks go. Nil for no bound.
    ///   - mapBytes: address space for the map, several times `sizeMax`.
    /// - Throws: ``StoreError/recorderRuns(path:pid:)`` where another process records into the folder.
    package init(
        path: String, host: HostIdentity, scrapesPerCommit: Int = 1, sizeMax: Int? = nil,
        mapBytes: Int = Store.defaultMapBytes
    ) throws(StoreError) {
        try self.init(
            path: path, host: host, scrapesPerCommit: scrapesPerCommit, sizeMax: sizeMax, mapBytes: mapBytes,
            faults: nil)
    }

    init(
        path: String, host: HostIdentity, scrapesPerCommit: Int = 1, sizeMax: Int? = nil,
        mapBytes: Int = Store.mapBytes, faults: FaultPlan?
    ) throws(StoreError) {
        guard scrapesPerCommit > 0 else { throw .invalid("a commit holds at least one scrape") }
        let folder = StoreFolder(path: path)
        try folder.make()
        let lock = try RecorderLock(folder)
        // What is not live is what a crash left, unless somebody compacts just now.
        if let compaction = try? CompactionLock(folder, waitingFor: .none),
            let generations = try? Generations(of: folder)
        {
            for number in generations.obsolete { folder.remove(number) }
            _ = consume compaction
        }
        SpillFile.removeLeftovers(in: folder)
        let store = try Store(at: path, access: .write(host), mapBytes: mapBytes, faults: faults)
        let writer = try HeadWriter(store)
        let oldest = try store.snapshot().oldestHeadTime()
        oldestSpan = oldest.map { Block.spanStart($0) }
        recovery = Recovery(device: folder.device)
        self.sizeMax = sizeMax
        self.lock = lock
        self.store = store
        self.writer = writer
        self.scrapesPerCommit = scrapesPerCommit
    }

    /// CLOCK_MONOTONIC.
    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        // The kernel fills `time`; it fails only for a clock that does not exist.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The reference of a series, the same one at each call.
    package mutating func reference(for labels: Labels) -> SeriesReference { series.reference(for: labels) }

    /// Forgets all references and descriptions, of which those that have ended would else be kept for ever. Whoever
    /// records has to ask for references, and to describe metrics, anew.
    /// - Returns: false, with nothing forgotten, where scrapes wait, which have some.
    package mutating func forgetSeries() -> Bool {
        guard pending.isEmpty else { return false }
        series = SeriesTable()
        families = []
        writtenFamilyCount = 0
        writer.forgetSeries()
        return true
    }

    /// Tells what a metric is; written with the next commit where it is news.
    package mutating func describe(_ family: MetricFamily) {
        families.append(family)
    }

    /// Adds a scrape; commits when enough of them wait.
    ///
    /// A row that is not later than its group's last one (the clock was stepped back) is kept as a late batch.
    /// - Throws: what the commit brought. The scrapes go on waiting and are part of the next commit.
    @discardableResult
    package mutating func append(_ scrape: Scrape) throws(StoreError) -> AppendOutcome {
        guard Recorder.times.contains(scrape.time.milliseconds) else {
            throw .invalid("a scrape at \(scrape.time.milliseconds) ms is beyond the times that a store holds")
        }
        if series.classes != writer.classes { series.classify(writer.classes) }
        pending.append(series.hasExceptions ? series.classified(scrape) : scrape)
        if pending.count > Recorder.pendingMax {
            pending.removeFirst()
            droppedScrapes += 1
        }
        if pending.count < scrapesPerCommit { return .buffered }
        try commit()
        try keepWithinCap()
        try sealCompleteSpans()
        return .committed
    }

    /// Commits in other portions from the next scrape on.
    /// - Parameter count: scrapes of a commit, at least 1.
    package mutating func commitEvery(_ count: Int) {
        precondition(count > 0, "a commit holds at least one scrape")
        scrapesPerCommit = count
    }

    /// Batches of late samples that wait to be merged.
    package var lateBatches: Int { writer.late.batches }

    /// Tells the store how long to keep what; series that are appended from now on are grouped by it.
    package mutating func use(_ policy: RetentionPolicy) throws(StoreError) {
        try store.adopt(policy)
        try writer.readClasses()
    }

    /// Commits what waits, in one attempt; ``commit()`` is what callers want.
    mutating func commitPending() throws(StoreError) {
        if writtenFamilyCount < families.count {
            try writer.write(metadata: Array(families[writtenFamilyCount...]))
            writtenFamilyCount = families.count
        }
        while let first = pending.first {
            let day = Block.spanStart(first.time.milliseconds, length: Block.daySeconds)
            let end = pending.firstIndex {
                Block.spanStart($0.time.milliseconds, length: Block.daySeconds) != day
            }
            let part = pending[..<(end ?? pending.endIndex)]
            // What came late makes no span to seal: its blocks would be rewritten with each scrape.
            if let first = try writer.write(part, day: day, series: series) {
                oldestSpan = min(oldestSpan ?? .max, Block.spanStart(first))
            }
            pending.removeFirst(part.count)
        }
    }

    /// Commits what waits and ends the recording.
    package consuming func close() throws(StoreError) {
        try commit()
    }

    /// Whether appending a scrape of `time` will seal a span. Whoever ages the store does it before that: the pages it
    /// frees are those that the new block goes to, and LMDB's list of free pages, which every commit writes, stays
    /// short (measured on a store of 33 days: 268 KiB a minute, against 294 the other way round; benchmarks/append).
    package func willSeal(at time: Timestamp) -> Bool {
        guard pending.count + 1 >= scrapesPerCommit else { return false }
        let current = Block.spanStart(time.milliseconds)
        if let oldestSpan, oldestSpan < current { return true }
        return pending.contains { Block.spanStart($0.time.milliseconds) < current }
    }

    /// Seals the spans that lie wholly before the newest row, and merges late batches when many of them wait or they
    /// wait for long: a clock that was stepped back far brings nothing else for as long.
    package mutating func sealCompleteSpans() throws(StoreError) {
        if writer.late.areDue(now: monotonicClock()) {
            try LateMerging.mergeSealed(in: store)
            writer.late = LateWaiting()
        }
        guard let newest = writer.newestTime else { return }
        let current = Block.spanStart(newest)
        while let span = oldestSpan, span < current {
            // The block is there before its rows go, and takes less than they.
            try keepWithinCap(room: store.snapshot().rowBytes(ofSpan: span))
            try Sealing.seal(span: span, in: store)
            sealCount += 1
            writer.registryChanged()
            oldestSpan = try store.snapshot().oldestHeadTime().map { Block.spanStart($0) }
            // A span that does not go away would be sealed for ever.
            if let next = oldestSpan, next <= span { break }
        }
    }

    /// Seals all rows, complete spans or not: before a folder is handed on, or to have it small now. The rows of the
    /// same span that follow are merged into its block later.
    package mutating func sealEverything() throws(StoreError) {
        try commit()
        var sealed: Int64?
        while let span = try store.snapshot().oldestHeadTime().map({ Block.spanStart($0) }) {
            // A span that does not go away would be sealed for ever.
            if span == sealed { break }
            try Sealing.seal(span: span, in: store)
            sealCount += 1
            sealed = span
        }
        try Sealing.sealLateFrames(in: store)
        oldestSpan = try store.snapshot().oldestHeadTime().map { Block.spanStart($0) }
        writer.registryChanged()
    }

    /// Does what appending a scrape does besides recording it, for a writer whose samples come by an ``Inbox`` alone:
    /// opens the store again where that is needed, keeps it within its size, merges what came late.
    package mutating func tend() throws(StoreError) {
        try commit()
        try keepWithinCap()
        try sealCompleteSpans()
    }

    // MARK: - The cap

    /// Evicts where more than ``sizeMax`` less `room` is in use: some more than needed, so that it does not come back
    /// with each commit. Without blocks to evict the head itself is what fills the store: it is sealed early then,
    /// which takes a fifth of its place.
    private mutating func keepWithinCap(room: Int = 0) throws(StoreError) {
        guard let sizeMax, try store.exceeds(max(0, sizeMax - room)) else { return }
        let slack = max(sizeMax / 64, 32 * (store.superblock.stripeBytes + 16))
        let target = max(0, sizeMax - room - slack)
        evicted.add(try store.evict(downTo: target))
        guard room == 0, try store.exceeds(sizeMax), let newest = writer.newestTime else { return }
        // Each early seal writes the span's block anew, so not with each commit.
        if let last = recovery.lastEarlySeal, abs(newest - last) < Recorder.earlySealMilliseconds { return }
        recovery.lastEarlySeal = newest
        try sealEverything()
        evicted.add(try store.evict(downTo: target))
    }

    /// Time between two seals that only the cap asks for: 5 minutes (guess).
    private static let earlySealMilliseconds: Int64 = 300_000

    /// Ends every series that was live in the last rows with a stale marker one interval after them, and the processes
    /// with an empty frame: what a start does when recording was interrupted, so that no lookback bridges the gap.
    ///
    /// - Parameter now: time of the first tick to come.
    /// - Returns: the time of the last row before the gap; nil where there was none, or no gap.
    package mutating func markGap(before now: Timestamp) throws(StoreError) -> Timestamp? {
        try writer.markGap(before: now.milliseconds)
    }
}

/// The references handed out, by label set.
struct SeriesTable {
    private(set) var labels: [Labels] = []
    private var references: [Labels: SeriesReference] = [:]
    /// The retention classes, and the one of each series.
    private(set) var classes: [UInt8: RetentionClass] = [:]
    private var classOfSeries: [UInt8] = []

    mutating func reference(for labels: Labels) -> SeriesReference {
        if let known = references[labels] { return known }
        let reference = SeriesReference(index: self.labels.count)
        self.labels.append(labels)
        references[labels] = reference
        classOfSeries.append(RetentionClass.number(of: labels, classes))
        return reference
    }

    /// Whether any series may be kept for another time than most.
    var hasExceptions: Bool { RetentionClass.hasExceptions(classes) }

    mutating func classify(_ classes: [UInt8: RetentionClass]) {
        self.classes = classes
        classOfSeries = labels.map { RetentionClass.number(of: $0, classes) }
    }

    /// The scrape with its rows split by retention class. Rows that were given a class keep it.
    func classified(_ scrape: Scrape) -> Scrape {
        var result = scrape
        result.rows.removeAll()
        for row in scrape.rows {
            guard row.group.retentionClass == RetentionClass.standard else {
                result.rows.append(row)
                continue
            }
            var places: [UInt8: Int] = [:]
            for sample in row.samples {
                let number = classOfSeries[sample.series.index]
                let place = places[number] ?? result.rows.count
                if place == result.rows.count {
                    places[number] = place
                    var group = row.group
                    group.retentionClass = number
                    result.rows.append(Scrape.Row(group: group, samples: []))
                }
                result.rows[place].samples.append(sample)
            }
        }
        return result
    }
}
