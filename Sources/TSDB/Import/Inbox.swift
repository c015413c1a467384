import LMDB
package import Model
import Synchronization

/// The door for small writes from outside that must be readable at once: remote write. One commit a write, and another
/// one where it describes metrics that are news; the samples become late batches, which are merged into blocks when a
/// few MB of them wait. What an ``Importer`` does, whole blocks replaced at each end, would cost more than the samples
/// by orders of magnitude.
///
/// Invariants, each with a test that names it:
/// 1. When ``write(_:)`` returns, the samples are committed and every reader sees them.
/// 2. Of samples of one series and time the last one written stays.
/// 3. A series has one home in a span, as an ``Importer`` has it: the group whose rows, batches or block have it, else
///    a group of the source.
/// 4. Beside a recorder or an import nothing is lost: ids and homes are used only while the store's generation is the
///    one at which they were read.
///
/// From any thread; writes come one after the other, as LMDB has them anyway, which is why the lock is held meanwhile.
package final class Inbox: Sendable {
    private let store: Store
    private let state: Mutex<InboxState>

    /// - Parameters:
    ///   - store: opened for writing.
    ///   - source: who the samples come from; each source has groups of its own.
    package init(into store: Store, source: String) {
        self.store = store
        state = Mutex(InboxState(source: source))
    }

    /// Writes all samples of a batch in one transaction.
    ///
    /// - Parameter batch: its samples are in at most ``InboxLimits/spansMax`` spans; what it says of metrics is written
    ///   first, by itself.
    /// - Returns: what became of them. Of ``ImportOutcome`` the counts of samples and series are filled.
    /// - Throws: ``StoreError``; no sample was committed then.
    package func write(_ batch: ImportBatch) throws(StoreError) -> ImportOutcome {
        let store = store
        return try state.withLock { state throws(StoreError) in try state.write(batch, into: store) }
    }

    /// Merges what waits into blocks; a span that has rows in the head is left to its sealing.
    package func merge() throws(StoreError) {
        let store = store
        try state.withLock { state throws(StoreError) in try state.merge(in: store) }
    }
}

/// What one write may bring.
package enum InboxLimits {
    /// Spans of two hours: each is looked up in the store, and one transaction writes them all.
    package static let spansMax = 1024
}

extension ImportBatch {
    /// Spans of two hours that its samples are in.
    package var spanCount: Int {
        var spans: Set<Int64> = []
        for time in times where Recorder.times.contains(time) { spans.insert(Block.spanStart(time)) }
        return spans.count
    }
}

/// What an ``Inbox`` knows of its store.
struct InboxState {
    private let source: String
    /// The generation at which the rest was read, and the file: another store may be begun in the same folder, whose
    /// count begins anew.
    private var generation: UInt64?
    private var file: FileIdentity?
    private var groups: [UInt16: GroupDefinition] = [:]
    private var classes: [UInt8: RetentionClass] = [:]
    private var days: [Int64: InboxDay] = [:]
    private var spans: [Int64: InboxSpan] = [:]
    private var families: [String: MetricFamily] = [:]
    private var waiting = LateWaiting()
    private var hasCountedWaiting = false

    /// Others commit between two attempts, hardly ever more than once.
    private static let attemptsMax = 64
    /// Days and spans that are remembered: samples of now and some that come late.
    private static let daysMax = 4
    private static let spansMax = 16

    init(source: String) { self.source = source }

    mutating func write(_ batch: ImportBatch, into store: Store) throws(StoreError) -> ImportOutcome {
        var outcome = ImportOutcome()
        outcome.samples = batch.count
        outcome.series = batch.series.count
        let columns = InboxColumns(batch, &outcome)
        var hasEnlarged = false
        for _ in 0..<InboxState.attemptsMax {
            var attempted = outcome
            do throws(StoreError) {
                try writeFamilies(batch.families, in: store)
                if columns.spans.isEmpty { return outcome }
                guard try write(columns, batch.series, &attempted, into: store) else { continue }
            } catch {
                forget()
                guard !hasEnlarged, case .refused(.mapFull, _) = error, try enlarge(store) else { throw error }
                hasEnlarged = true
                continue
            }
            mergeWhenDue(in: store)
            return attempted
        }
        throw .refused(.other, description: "\(store.path) is changed by other processes again and again")
    }

    /// The samples are committed by then, so a failure is none of the write: they wait on, and it is tried again when
    /// as many more wait.
    private mutating func mergeWhenDue(in store: Store) {
        guard waiting.areDue(now: Recorder.monotonicNanoseconds()) else { return }
        do throws(StoreError) { try LateMerging.mergeSealed(in: store) } catch {}
        waiting = LateWaiting()
    }

    mutating func merge(in store: Store) throws(StoreError) {
        try LateMerging.mergeSealed(in: store)
        waiting = LateWaiting()
    }

    private func enlarge(_ store: Store) throws(StoreError) -> Bool {
        let use = try store.spaceUse()
        return try store.reopen(mapBytes: 2 * use.mapPages * use.pageBytes) == .done
    }

    private mutating func forget() {
        generation = nil
        days.removeAll()
        spans.removeAll()
    }

    private mutating func writeFamilies(_ described: [MetricFamily], in store: Store) throws(StoreError) {
        let news = described.filter { families[$0.name] != $0 }
        if news.isEmpty { return }
        var byName: [String: MetricFamily] = [:]
        for family in news { byName[family.name] = family }
        try Importer.write(byName, in: store)
        if families.count > 100_000 { families.removeAll() }
        families.merge(byName) { _, new in new }
    }

    // MARK: - One attempt

    /// - Returns: false, with nothing changed, where others have changed the store meanwhile.
    private mutating func write(
        _ columns: InboxColumns, _ series: [Labels], _ outcome: inout ImportOutcome, into store: Store
    ) throws(StoreError) -> Bool {
        try prepare(columns, store)
        var news: [Int64: [Labels]] = [:]
        var newGroups: [UInt16: GroupDefinition] = [:]
        var batches: [(day: Int64, batch: LateBatch)] = []
        var concernsOthers = false
        for (start, column) in columns.spans.sorted(by: { $0.key < $1.key }) {
            let day = Block.day(of: start)
            var byGroup: [UInt16: [LateBatch.Series]] = [:]
            for (number, samples) in column {
                let labels = series[Int(number)]
                guard let id = days[day]?.id(of: labels, &news[day, default: []], seriesMax: store.daySeriesMax) else {
                    outcome.refuse(series[Int(number)])
                    outcome.refusedSamples += samples.count
                    continue
                }
                // An import that read homes before must look again.
                if spans[start]?.groups[id] == nil { concernsOthers = true }
                let group = try home(of: id, series[Int(number)], in: start, &newGroups)
                if groups[group]?.isOfAgent == true { concernsOthers = true }
                byGroup[group, default: []].append(
                    LateBatch.Series(id: id, times: samples.timestamps, values: samples.values))
                outcome.lateSamples += samples.count
            }
            for (group, parts) in byGroup.sorted(by: { $0.key < $1.key }) {
                for part in InboxState.split(parts.sorted { $0.id < $1.id }) {
                    batches.append((day, LateBatch(day: day, group: group, series: part)))
                }
            }
        }
        news = news.filter { !$0.value.isEmpty }
        let isNews = concernsOthers || !news.isEmpty || !newGroups.isEmpty
        guard try commit(batches, news, newGroups, isNews: isNews, in: store) else {
            forget()
            return false
        }
        for (day, labels) in news { days[day]?.didWrite(labels.count) }
        return true
    }

    /// Reads what the samples need to know of the store.
    private mutating func prepare(_ columns: InboxColumns, _ store: Store) throws(StoreError) {
        let opened = try store.opened().file
        if file != nil, file != opened {
            families.removeAll()
            hasCountedWaiting = false
        }
        defer { file = opened }
        let snapshot = try store.snapshot()
        let current = try snapshot.currentSuperblock().generation
        if generation != current || file != opened {
            forget()
            generation = current
            groups = try snapshot.groups()
            classes = try snapshot.retentionClasses()
        }
        if !hasCountedWaiting {
            // What the last process left waits since before.
            let left = try snapshot.lateBatchSizes()
            waiting.add(left.batches, bytes: left.bytes)
            hasCountedWaiting = true
        }
        let wanted = Set(columns.spans.keys)
        if days.count > InboxState.daysMax {
            let wantedDays = Set(wanted.map { Block.day(of: $0) })
            days = days.filter { wantedDays.contains($0.key) }
        }
        if spans.count > InboxState.spansMax { spans = spans.filter { wanted.contains($0.key) } }
        for start in wanted {
            let day = Block.day(of: start)
            if days[day] == nil { days[day] = try InboxDay(day, snapshot) }
            if spans[start] == nil {
                spans[start] = try InboxSpan(start, day: day, count: days[day]?.count ?? 0, snapshot)
            }
        }
    }

    /// The group that a series of a span goes to (invariant 3 of ``Inbox``).
    private mutating func home(
        of id: UInt32, _ labels: Labels, in start: Int64, _ newGroups: inout [UInt16: GroupDefinition]
    ) throws(StoreError) -> UInt16 {
        if let known = spans[start]?.groups[id] { return known }
        let ages =
            RetentionClass.hasExceptions(classes)
            ? RetentionClass.number(of: labels, classes) : RetentionClass.standard
        let own = groups.filter { $0.value.source == source && $0.value.retentionClass == ages }.keys.sorted()
        var group = own.first { (spans[start]?.counts[$0] ?? 0) < GroupTable.seriesMax }
        if group == nil {
            let number = (groups.keys.max() ?? 0) + 1
            guard number < HeadScan.lateFrameGroup else { throw .invalid("the store's 65,533 groups are used up") }
            // Series from outside have intervals of their own; the definition's serves rows, of which there are none.
            let definition = GroupDefinition(
                intervalMilliseconds: 60_000, retentionClass: ages, source: source)
            groups[number] = definition
            newGroups[number] = definition
            group = number
        }
        spans[start]?.add(id, group ?? 0)
        return group ?? 0
    }

    private static func split(_ series: [LateBatch.Series]) -> [[LateBatch.Series]] {
        var parts: [[LateBatch.Series]] = [[]]
        var count = 0
        for one in series {
            if count + one.times.count > LateBatch.samplesMax, count > 0 {
                parts.append([])
                count = 0
            }
            parts[parts.count - 1].append(one)
            count += one.times.count
        }
        return parts
    }

    private mutating func commit(
        _ batches: [(day: Int64, batch: LateBatch)], _ news: [Int64: [Labels]],
        _ newGroups: [UInt16: GroupDefinition], isNews: Bool, in store: Store
    ) throws(StoreError) -> Bool {
        let (expected, days, file) = (generation, days, file)
        guard try store.opened().file == file else { return false }
        let earliest = batches.map(\.batch.minTime).min()
        let bytes = try store.write(tellsPast: true) { transaction throws(StoreError) -> Int? in
            guard try transaction.superblock(of: store).generation == expected else { return nil }
            for (number, definition) in newGroups {
                try transaction.put(Key.group(number), payload: definition.encoded())
            }
            for (day, labels) in news {
                try days[day]?.write(labels, in: transaction, stripeBytes: store.superblock.stripeBytes)
            }
            var bytes = 0
            for (day, batch) in batches { bytes += try LateBatch.write([batch], day: day, in: transaction) }
            if isNews { try transaction.raiseGeneration(of: store) }
            if let earliest { try transaction.notePastChange(from: earliest) }
            return bytes
        }
        guard let bytes else { return false }
        if isNews { generation = expected.map { $0 + 1 } }
        waiting.add(batches.count, bytes: bytes)
        return true
    }
}

/// The samples of one write by span and series, in order of time.
struct InboxColumns {
    /// By the span's start in seconds, then by the number that the batch gives a series.
    private(set) var spans: [Int64: [UInt32: SampleColumn]] = [:]

    /// - Parameter outcome: is told of samples that no store holds, and of those that gave way to a later one.
    init(_ batch: ImportBatch, _ outcome: inout ImportOutcome) {
        // Neighbours are of one series and span, as a rule.
        var (span, number, column) = (Int64.min, UInt32.max, SampleColumn())
        func keep(_ spans: inout [Int64: [UInt32: SampleColumn]]) {
            if column.count == 0 { return }
            spans[span, default: [:]][number, default: SampleColumn()].timestamps += column.timestamps
            spans[span]?[number]?.values += column.values
            column.removeAll()
        }
        for place in 0..<batch.count {
            guard Recorder.times.contains(batch.times[place]) else {
                outcome.samplesOutOfTime += 1
                continue
            }
            let start = Block.spanStart(batch.times[place])
            if start != span || batch.numbers[place] != number {
                keep(&spans)
                (span, number) = (start, batch.numbers[place])
            }
            column.append(batch.times[place], batch.values[place])
        }
        keep(&spans)
        for start in Array(spans.keys) {
            for number in Array(spans[start, default: [:]].keys) {
                var counts = DuplicateCounts()
                spans[start]?[number]?.normalize(&counts)
                outcome.conflicts += counts.conflicting
                outcome.duplicates += counts.identical
            }
        }
    }
}

/// The names of one day, as an ``Inbox`` needs them.
struct InboxDay {
    private let day: Int64
    private var labels: [Labels]
    private var ids: [Labels: UInt32]
    private var sortedCount: Int
    private var tailCount: Int
    /// Series that the store has; those behind them are news.
    private var writtenCount: Int

    init(_ day: Int64, _ snapshot: Snapshot) throws(StoreError) {
        self.day = day
        var (labels, tails, sorted) = ([Labels](), 0, 0)
        try snapshot.withRegistry(day) { registry throws(StoreError) in
            labels = try registry.allLabels(tolerating: DamageList(writing: ()), in: snapshot.transaction)
            tails = registry.tailCount
            sorted = registry.seriesCount
        }
        self.labels = labels
        (tailCount, sortedCount, writtenCount) = (tails, sorted, labels.count)
        ids = [:]
        ids.reserveCapacity(labels.count)
        for (id, one) in labels.enumerated() { ids[one] = UInt32(id) }
    }

    var count: Int { labels.count }

    /// The day's id of a series, a new one where it has none; nil where the day has `seriesMax` already.
    mutating func id(of series: Labels, _ news: inout [Labels], seriesMax: Int) -> UInt32? {
        if let known = ids[series] { return known }
        guard labels.count < seriesMax else { return nil }
        let id = UInt32(labels.count)
        ids[series] = id
        labels.append(series)
        news.append(series)
        return id
    }

    private func goesToTail(_ count: Int) -> Bool {
        RegistryTail.takes(count, sorted: sortedCount, records: tailCount)
    }

    /// Writes the names of new series.
    func write(
        _ news: [Labels], in transaction: borrowing WriteTransaction, stripeBytes: Int
    ) throws(StoreError) {
        if goesToTail(news.count) {
            let key = Key.registry(span: .day, start: day, stripe: Key.firstTailStripe + UInt16(tailCount))
            try transaction.put(key, payload: RegistryWriter.encodeTail(firstID: writtenCount, news[...]))
        } else {
            try DayWriter.merge(day: day, labels, in: transaction, stripeBytes: stripeBytes)
        }
    }

    /// The names are committed.
    mutating func didWrite(_ count: Int) {
        if goesToTail(count) {
            tailCount += 1
        } else {
            tailCount = 0
            sortedCount = labels.count
        }
        writtenCount = labels.count
    }
}

/// Where the series of one span are.
struct InboxSpan {
    /// The group of each series, by the day's id.
    private(set) var groups: [UInt32: UInt16] = [:]
    /// How many series of the span each group has.
    private(set) var counts: [UInt16: Int] = [:]

    init(_ start: Int64, day: Int64, count: Int, _ snapshot: Snapshot) throws(StoreError) {
        if count == 0 { return }
        let homes = try SeriesHomes(span: start, day: day, snapshot)
        for id in 0..<UInt32(count) {
            if let group = homes.recent(of: id)?.group ?? homes.block(of: id) { add(id, group) }
        }
    }

    mutating func add(_ id: UInt32, _ group: UInt16) {
        groups[id] = group
        counts[group, default: 0] += 1
    }
}
