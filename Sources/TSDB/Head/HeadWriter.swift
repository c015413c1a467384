import LMDB
import Model

/// Writes scrapes as head rows: knows the groups, their chains, and the registry of the day.
///
/// Other processes may write beside it. Each transaction compares the superblock's generation with the one that the
/// caches here were filled at, fills them anew when it differs, and raises it when it changes what others cache.
struct HeadWriter: ~Copyable {
    private let store: Store
    private var generation: UInt64
    private var superblock: Superblock
    private var groups: GroupTable
    private var day: DayWriter?
    private var frames = FrameChain()
    private(set) var lateSamples = 0
    /// Late batches written since somebody emptied it.
    var late = LateWaiting()
    /// Samples of series beyond what a day may name.
    private(set) var refused = RefusedSeries()
    /// As the store had them when they were last read.
    private(set) var classes: [UInt8: RetentionClass] = [:]

    /// Metadata that the store already has, by name.
    private var families: [String: MetricFamily] = [:]

    init(_ store: Store) throws(StoreError) {
        self.store = store
        superblock = store.superblock
        generation = superblock.generation
        groups = GroupTable()
        try load()
        // What the last recorder left waits since before.
        let left = try store.snapshot().lateBatchSizes()
        late.add(left.batches, bytes: left.bytes)
    }

    /// Commits that were attempted.
    private var attempts = 0

    /// How often LMDB's list of free pages is looked at: some 49 commits fill a page of it
    /// (Environment+FreeList.swift).
    private static let attemptsPerGathering = 16

    /// How often caches are read anew for one write: a deletion beside it changes them with each step.
    private static let readingsMax = 64

    /// Time of the newest row in milliseconds; nil where there has been none.
    var newestTime: Int64? {
        guard let frame = frames.newestTime else { return groups.newestTime }
        return max(groups.newestTime ?? frame, frame)
    }

    /// Reads the caches anew from the store, in one snapshot.
    private mutating func load() throws(StoreError) {
        let snapshot = try store.snapshot()
        superblock = try snapshot.currentSuperblock()
        generation = superblock.generation
        groups = try GroupTable(snapshot)
        classes = try snapshot.retentionClasses()
        frames.reset(lastTime: try snapshot.lastFrameTime())
        if let open = day?.day { day = try DayWriter(day: open, store: store) }
    }

    mutating func readClasses() throws(StoreError) { classes = try store.snapshot().retentionClasses() }

    /// Forgets what is by references, and descriptions.
    mutating func forgetSeries() {
        day = nil
        families = [:]
        generation = .max
    }

    /// Has the next write read its caches anew, because sealing has changed the registry.
    mutating func registryChanged() { generation = .max }

    /// Writes descriptions that are news; a metric whose name is no key has none.
    mutating func write(metadata described: [MetricFamily]) throws(StoreError) {
        var news: [MetricFamily] = []
        for family in described where families[family.name] != family {
            guard Key.metadata(family.name).count <= Key.bytesMax else { continue }
            if try store.snapshot().metadata(of: family.name) != family { news.append(family) }
        }
        if !news.isEmpty {
            try store.write(tellsPast: true) { transaction throws(StoreError) in
                for family in news {
                    try transaction.put(Key.metadata(family.name), payload: Record.metadata(family))
                }
            }
        }
        // Only what the store has by now: what failed is written at the next attempt.
        for family in described { families[family.name] = family }
    }

    /// Writes scrapes of one day in one transaction. On an error nothing of them is in the store, and the caches are
    /// read anew before the next attempt.
    /// - Returns: the time of the first row written; nil where everything was late.
    mutating func write(
        _ scrapes: ArraySlice<Scrape>, day wanted: Int64, series: SeriesTable
    ) throws(StoreError) -> Int64? {
        for _ in 0..<HeadWriter.readingsMax {
            if generation == .max { try load() }
            if day?.day != wanted || day?.isTailFull == true {
                if day?.isTailFull == true { try Sealing.mergeRegistry(day: wanted, in: store) }
                day = try DayWriter(day: wanted, store: store)
                groups.forgetIDs()
            }
            day?.seriesMax = store.daySeriesMax
            var groups = self.groups
            var frames = self.frames
            var written = Written(superblock: superblock)
            do throws(StoreError) {
                let (expected, store) = (generation, store)
                guard var open = day else { return nil }
                let gathers = attempts % HeadWriter.attemptsPerGathering == 0
                // Of one that fails, too: the next must not fail for the same reason.
                attempts += 1
                let isCurrent = try store.write(gathersFreePages: gathers, tellsPast: true) {
                    transaction throws(StoreError) in
                    guard try transaction.superblock(of: store).generation == expected else { return false }
                    try HeadWriter.put(scrapes, series, &open, &groups, &frames, &written, in: transaction)
                    return true
                }
                if !isCurrent {
                    generation = .max
                    continue
                }
                day = open
            } catch {
                generation = .max
                throw error
            }
            self.groups = groups
            self.frames = frames
            superblock = written.superblock
            generation = superblock.generation
            lateSamples += written.lateSamples
            late.add(written.late.count + written.lateFrames, bytes: written.lateBytes)
            refused.add(written.refused)
            return written.firstRow
        }
        throw .refused(.other, description: "\(store.path) is changed by another process again and again")
    }

    /// What a transaction changed besides rows.
    private struct Written {
        var superblock: Superblock
        var lateSamples = 0
        var late: [LateBatch] = []
        var lateBytes = 0
        var lateFrames = 0
        var refused = RefusedSeries()
        var firstRow: Int64?

        /// Time of the newest row before; nil while the head is empty.
        var newestBefore: Int64?
        /// The earliest time of which readers may have seen something else.
        var changedFrom: Int64?

        mutating func addRow(_ time: Int64) {
            firstRow = min(firstRow ?? time, time)
            if newestBefore.map({ time <= $0 }) ?? true { changedFrom = min(changedFrom ?? time, time) }
        }
    }

    private static func put(
        _ scrapes: ArraySlice<Scrape>, _ series: SeriesTable, _ day: inout DayWriter, _ groups: inout GroupTable,
        _ frames: inout FrameChain, _ written: inout Written, in transaction: borrowing WriteTransaction
    ) throws(StoreError) {
        var newGroups: [UInt16: GroupDefinition] = [:]
        written.newestBefore = try transaction.newestRowTime()
        for scrape in scrapes {
            let time = scrape.time.milliseconds
            for wanted in scrape.rows where !wanted.samples.isEmpty {
                let row = day.admit(wanted, series, &written.refused)
                for part in groups.split(row, &newGroups) {
                    if time <= groups[part.group].lastTime {
                        written.late.append(
                            LateBatch(group: part.group, time: time, part.samples) { day.id(of: $0, series) })
                        written.changedFrom = min(written.changedFrom ?? time, time)
                        written.lateSamples += part.samples.count
                        continue
                    }
                    let payload = groups.encode(part, time: time) { day.id(of: $0, series) }
                    try transaction.put(Key.headRow(time: time, group: part.group), payload: payload)
                    written.addRow(time)
                }
            }
            if let frame = scrape.frame {
                let row = frames.encode(frame)
                try transaction.put(Key.headRow(time: time, group: row.group), payload: row.payload)
                if row.group == HeadScan.frameGroup {
                    written.addRow(time)
                } else {
                    written.changedFrom = min(written.changedFrom ?? time, time)
                    written.lateFrames += 1
                    written.lateBytes += row.payload.count
                }
            }
            try transaction.append(scrape.events)
        }
        for (number, definition) in newGroups {
            try transaction.put(Key.group(number), payload: definition.encoded())
        }
        written.lateBytes += try LateBatch.write(written.late, day: day.day, in: transaction)
        if let time = written.changedFrom { try transaction.notePastChange(from: time) }
        let isNews = day.hasNews || !newGroups.isEmpty
        if day.hasNews { try day.writeTail(in: transaction) }
        if isNews {
            written.superblock.generation += 1
            try transaction.put(Key.superblock, payload: written.superblock.encoded())
        }
    }

    /// See ``Recorder/markGap(before:)``.
    mutating func markGap(before now: Int64) throws(StoreError) -> Timestamp? {
        let rows = try store.snapshot().lastRows()
        var marks: [(key: [UInt8], payload: [UInt8])] = []
        var lastTime: Int64?
        var atMidnight: [Snapshot.LastRow] = []
        for row in rows {
            let interval = groups.interval(of: row.group) ?? 10_000
            // Two missed ticks may be load; three are an interruption.
            guard now - row.time > 3 * interval else { continue }
            lastTime = max(lastTime ?? row.time, row.time)
            // Within the row's own day, so that its ids hold. A row of markers is a key row: it may begin a span.
            let dayEnd = (Block.spanStart(row.time, length: Block.daySeconds) + Block.daySeconds) * 1000
            let isFrame = row.group == HeadScan.frameGroup
            let time = isFrame ? row.time + interval : min(row.time + interval, dayEnd)
            if isFrame {
                let empty = ProcessFrame(
                    time: Timestamp(milliseconds: time), elapsedMilliseconds: 0, memoryTotalBytes: 0, ticksPerSecond: 0,
                    processes: [])
                var chain = FrameChain()
                marks.append((Key.headRow(time: time, group: row.group), chain.encode(empty).payload))
            } else if time == row.time {
                atMidnight.append(row)
            } else if !row.presentIDs.isEmpty {
                marks.append((Key.headRow(time: time, group: row.group), HeadRowEncoder.staleRow(row.presentIDs)))
            }
        }
        if !marks.isEmpty {
            try store.write { transaction throws(StoreError) in
                for mark in marks { try transaction.put(mark.key, payload: mark.payload) }
            }
            generation = .max
        }
        for row in atMidnight { try endAfterMidnight(row) }
        return lastTime.map { Timestamp(milliseconds: $0) }
    }

    /// Ends the series of a row that is its day's last moment: the markers are of the next day, which names them anew.
    private mutating func endAfterMidnight(_ row: Snapshot.LastRow) throws(StoreError) {
        let snapshot = try store.snapshot()
        guard let definition = try snapshot.groups()[row.group] else { return }
        var series = SeriesTable()
        var markers = Scrape.Row(group: definition, samples: [])
        try snapshot.withRegistry(Block.spanStart(row.time, length: Block.daySeconds)) { registry throws(StoreError) in
            for id in row.presentIDs {
                let labels = try registry.labels(of: id, in: snapshot.transaction)
                markers.samples.append((series.reference(for: labels), .staleMarker))
            }
        }
        let time = row.time + definition.intervalMilliseconds
        let scrape = Scrape(time: Timestamp(milliseconds: time), rows: [markers])
        _ = try write([scrape], day: Block.spanStart(time, length: Block.daySeconds), series: series)
        // The caches took the references for those of the recorder's own table.
        day = nil
        generation = .max
    }
}

extension WriteTransaction {
    /// The superblock as this transaction sees it.
    func superblock(of store: Store) throws(StoreError) -> Superblock { try superblock(path: store.path) }

    func superblock(path: String) throws(StoreError) -> Superblock {
        guard let payload = try payload(of: Key.superblock) else {
            throw .damaged(path: path, record: "superblock", reason: "missing or damaged")
        }
        return try Superblock.decode(payload, path: path)
    }

    /// Tells other writers to read their caches anew.
    func raiseGeneration(of store: Store) throws(StoreError) {
        var superblock = try superblock(of: store)
        superblock.generation &+= 1
        try put(Key.superblock, payload: superblock.encoded())
    }

    /// Adds events; several of one moment get numbers of their own.
    func append(_ events: [Event]) throws(StoreError) {
        for event in events {
            var sequence: UInt16 = 0
            try scan(from: Key.event(time: event.time.milliseconds, sequence: 0)) { key, _ throws(StoreError) in
                guard let known = key.eventKey(), known.time == event.time.milliseconds else { return .stop }
                sequence = known.sequence &+ 1
                return .next
            }
            try put(
                Key.event(time: event.time.milliseconds, sequence: sequence), payload: Record.event(event))
        }
    }
}
