import Glibc
import LMDB
import Model

/// Writes the merged columns of an import, span by span, a group a transaction.
struct SpanWriter {
    private let store: Store
    private let options: ImportOptions
    private let days: SeriesOfDays
    private(set) var outcome: ImportOutcome
    /// Series that a day had no room for, so that each is counted once.
    private var refused: Set<Int> = []
    private var span: Int64 = 0
    /// What waits for the transactions of the span; each series once.
    private var columns: [(series: Int, column: SampleColumn)] = []
    private var waitingSamples = 0
    private var day: ImportDay?
    /// As the last snapshot of the span showed them, and this import's own blocks since; nil for a new span, and where
    /// others have changed the store.
    private var homes: SeriesHomes?

    /// A block of the source takes more series while it is no longer than this; rewriting a larger one costs too much.
    private static let growingStripesMax = 256
    /// Series that wait for a span to be written, so that those of one origin come into one block however far apart
    /// they arrived; some megabytes.
    private static let waitingSeriesMax = 65_536
    /// Others commit between two attempts, hardly ever more than once or twice.
    private static let attemptsMax = 64
    /// What it waits at most before the next attempt when others were quicker some times running: two that write as
    /// fast as they can keep each other from it otherwise.
    private static let waitMaxMicroseconds: UInt32 = 100_000

    init(store: Store, options: ImportOptions, days: SeriesOfDays, outcome: ImportOutcome) {
        self.store = store
        self.options = options
        self.days = days
        self.outcome = outcome
    }

    /// Takes the samples of a series in a span; spans and series come in order.
    /// - Returns: whether blocks were written.
    mutating func add(
        _ span: Int64, _ series: Int, _ column: inout SampleColumn, _ table: LabelTable
    ) throws(StoreError) -> Bool {
        var hasWritten = false
        if span != self.span || columns.count >= SpanWriter.waitingSeriesMax
            || waitingSamples >= options.blockSamplesMax
        {
            hasWritten = !columns.isEmpty
            try flush(table)
        }
        if span != self.span { homes = nil }
        self.span = span
        var counts = DuplicateCounts()
        column.normalize(&counts)
        outcome.add(counts)
        waitingSamples += column.count
        columns.append((series, column))
        column = SampleColumn()
        return hasWritten
    }

    /// Writes what waits.
    mutating func finish(_ table: LabelTable) throws(StoreError) {
        try flush(table)
        try closeDay()
    }

    private mutating func flush(_ table: LabelTable) throws(StoreError) {
        var failures = 0
        while !columns.isEmpty, failures < SpanWriter.attemptsMax {
            let before = columns.count
            do throws(StoreError) {
                try write(table)
            } catch {
                guard try reopen(after: error) else { throw error }
            }
            failures = columns.count < before ? 0 : failures + 1
            if failures > 2 {
                usleep(.random(in: 0...min(SpanWriter.waitMaxMicroseconds, 500 << UInt32(min(failures, 8)))))
            }
        }
        waitingSamples = 0
        guard columns.isEmpty else {
            throw .refused(.other, description: "\(store.path) is changed by other processes again and again")
        }
    }

    /// Opens the store again where that helps: its map is full, or another process has grown it. What was written is.
    private func reopen(after error: StoreError) throws(StoreError) -> Bool {
        guard case .refused(let refusal, _) = error else { return false }
        if refusal == .reopen { return try store.reopen() == .done }
        guard refusal == .mapFull else { return false }
        let use = try store.spaceUse()
        return try store.reopen(mapBytes: 2 * use.mapPages * use.pageBytes) == .done
    }

    private mutating func closeDay() throws(StoreError) {
        if let day, day.hasTail { try Sealing.mergeRegistry(day: day.day, in: store) }
        day = nil
    }

    /// One attempt; the columns that were written are gone after it.
    private mutating func write(_ table: LabelTable) throws(StoreError) {
        let start = Block.spanStart(TimeRange(span: span).min.milliseconds, length: Block.daySeconds)
        if day?.day != start { try closeDay() }
        let snapshot = try store.snapshot()
        if try day?.generation != snapshot.currentSuperblock().generation {
            day = try ImportDay(day: start, snapshot, table)
            homes = nil
        }
        guard try register(table), let day else { return }
        var homes: SeriesHomes
        if let known = self.homes { homes = known } else { homes = try SeriesHomes(span: span, day: start, snapshot) }
        // Until all of it is written nobody knows what others have changed.
        self.homes = nil
        var late: [UInt16: [Int]] = [:]
        var known: [UInt16: [Int]] = [:]
        var fresh: [Int] = []
        for (place, one) in columns.enumerated() {
            guard let id = day.id(of: one.series) else { continue }
            if let recent = homes.recent(of: id) {
                late[recent.group, default: []].append(place)
            } else if let group = homes.block(of: id) {
                known[group, default: []].append(place)
            } else {
                fresh.append(place)
            }
        }
        var done: Set<Int> = []
        defer { columns = columns.indices.filter { !done.contains($0) }.map { columns[$0] } }
        for (group, places) in late.sorted(by: { $0.key < $1.key }) {
            guard try writeLate(places, group, homes, snapshot) else { return }
            done.formUnion(places)
        }
        for (group, places) in known.sorted(by: { $0.key < $1.key }) {
            guard try writeBlock(places, group, nil, snapshot) else { return }
            done.formUnion(places)
        }
        if !fresh.isEmpty {
            // Those of one retention class, by id, which is by origin; the rest comes with the next attempt, when the
            // snapshot shows this group.
            let number = try keepOneClass(&fresh, table, snapshot)
            fresh.sort { day.id(of: columns[$0].series) ?? 0 < day.id(of: columns[$1].series) ?? 0 }
            fresh.removeLast(max(0, fresh.count - GroupTable.seriesMax))
            let target = try freshGroup(for: fresh.count, ofClass: number, homes, snapshot)
            guard try writeBlock(fresh, target.number, target.news, snapshot) else { return }
            homes.close(blockOf: target.number)
            done.formUnion(fresh)
        }
        self.homes = homes
    }

    /// Names the series that the day has not seen, those of its later spans, too. Those beyond the store's limit are
    /// refused, with their samples.
    private mutating func register(_ table: LabelTable) throws(StoreError) -> Bool {
        guard let known = day else { return false }
        if columns.allSatisfy({ known.id(of: $0.series) != nil }) { return true }
        var news = days.series(of: known.day).filter { known.id(of: $0) == nil }
        let room = max(0, options.storeSeriesMax - known.count)
        if news.count > room {
            let surplus = Set(news[room...])
            for series in news[room...] where refused.insert(series).inserted {
                outcome.refuse(table.labels(of: series))
                outcome.refusedByDay += 1
            }
            for one in columns where surplus.contains(one.series) { outcome.refusedSamples += one.column.count }
            columns.removeAll { surplus.contains($0.series) }
            news.removeLast(news.count - room)
        }
        if news.isEmpty { return true }
        table.sortByOrigin(&news)
        return try day?.register(news, table, in: store) ?? false
    }

    // MARK: - Blocks

    /// Merges columns into the block of a group, or makes it.
    /// - Returns: false, with nothing changed, where others have changed the store meanwhile.
    private mutating func writeBlock(
        _ places: [Int], _ group: UInt16, _ news: GroupDefinition?, _ snapshot: Snapshot
    ) throws(StoreError) -> Bool {
        let reference = Snapshot.BlockReference(group: group, start: span)
        let known = try snapshot.groups()[group]
        let definition = news ?? known ?? GroupDefinition(intervalMilliseconds: 60_000)
        var samplesByID: [UInt32: SampleColumn] = [:]
        for place in places {
            if let id = day?.id(of: columns[place].series) { samplesByID[id] = columns[place].column }
        }
        if let mixed = try MixedWindows(reference, definition, samplesByID, snapshot) {
            guard try commit(mixed, to: group, news) else { return false }
            outcome.blocks += 1
            outcome.samplesInWindows += samplesByID.values.reduce(0) { $0 + $1.count }
            return true
        }
        var block = try snapshot.contents(of: reference)
        var counts = DuplicateCounts()
        var samples = 0
        for place in places {
            guard let id = day?.id(of: columns[place].series) else { continue }
            samples += columns[place].column.count
            block.columns[id, default: SampleColumn()].merge(columns[place].column, &counts)
        }
        // The same import run again changes nothing, and writes nothing.
        if counts.identical < samples {
            let (times, series) = BlockAssembly.assemble(block.columns)
            var raw = try RawBlock(
                reference, replacing: block.fingerprint, times: times, interval: SpanWriter.interval(of: times),
                series: series)
            raw.windows = try TierSlices.minutes(reference, definition, times, series, in: store)
            guard try commit(raw, news) else { return false }
            outcome.blocks += 1
        }
        outcome.add(counts)
        return true
    }

    private mutating func commit(_ block: RawBlock, _ news: GroupDefinition?) throws(StoreError) -> Bool {
        let (store, generation) = (store, day?.generation)
        let isDone = try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation,
                try block.put(in: store, transaction)
            else { return false }
            if let news { try transaction.put(Key.group(block.reference.group), payload: news.encoded()) }
            if news != nil || block.windows != nil { try transaction.raiseGeneration(of: store) }
            return true
        }
        if isDone, news != nil || block.windows != nil { day?.followGeneration() }
        return isDone
    }

    private mutating func commit(
        _ mixed: MixedWindows, to group: UInt16, _ news: GroupDefinition?
    ) throws(StoreError) -> Bool {
        let (store, generation) = (store, day?.generation)
        let isDone = try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation,
                try mixed.put(in: store, transaction)
            else { return false }
            if let news { try transaction.put(Key.group(group), payload: news.encoded()) }
            return true
        }
        if isDone { day?.followGeneration() }
        return isDone
    }

    /// Leaves the places of series of one retention class, as the store was told its rules.
    /// - Returns: the class.
    private func keepOneClass(
        _ places: inout [Int], _ table: LabelTable, _ snapshot: Snapshot
    ) throws(StoreError) -> UInt8 {
        let classes = try snapshot.retentionClasses()
        guard RetentionClass.hasExceptions(classes) else { return RetentionClass.standard }
        let numbers = places.map { RetentionClass.number(of: table.labels(of: columns[$0].series), classes) }
        let number = numbers.min() ?? RetentionClass.standard
        places = zip(places, numbers).filter { $0.1 == number }.map(\.0)
        return number
    }

    /// A group of the source and class that has room in the span: one whose block there is small, or one without a
    /// block there.
    private func freshGroup(
        for count: Int, ofClass retentionClass: UInt8, _ homes: SeriesHomes, _ snapshot: Snapshot
    ) throws(StoreError) -> (number: UInt16, news: GroupDefinition?) {
        let groups = try snapshot.groups()
        let own = groups.filter {
            $0.value.source == options.source && $0.value.buildsTiers == options.buildsTiers
                && $0.value.retentionClass == retentionClass
        }.keys.sorted()
        for number in own {
            guard let block = homes.blocks[number] else { return (number, nil) }
            if block.seriesCount + count <= GroupTable.seriesMax, block.stripes <= SpanWriter.growingStripesMax {
                return (number, nil)
            }
        }
        let number = (groups.keys.max() ?? 0) + 1
        guard number < HeadScan.lateFrameGroup else { throw .invalid("the store's 65,533 groups are used up") }
        // Imported series have intervals of their own; the definition's serves rows, of which such a group has none.
        let definition = GroupDefinition(
            intervalMilliseconds: 60_000, retentionClass: retentionClass, source: options.source,
            buildsTiers: options.buildsTiers)
        return (number, definition)
    }

    /// What the ticks of the first column are apart on average.
    private static func interval(of times: [[Int64]]) -> Int64 {
        guard let column = times.first, let first = column.first, let last = column.last, column.count > 1 else {
            return 1000
        }
        return max(1, (last - first) / Int64(column.count - 1))
    }

    // MARK: - Late batches

    /// Writes columns of series that are in the head as late batches of the same group: they are read after the rows.
    private mutating func writeLate(
        _ places: [Int], _ group: UInt16, _ homes: SeriesHomes, _ snapshot: Snapshot
    ) throws(StoreError) -> Bool {
        var counts = DuplicateCounts()
        var batches: [LateBatch] = []
        var series: [LateBatch.Series] = []
        var waiting = 0
        var written = 0
        let byID = places.compactMap { place in day?.id(of: columns[place].series).map { (id: $0, place: place) } }
        for (id, place) in byID.sorted(by: { $0.id < $1.id }) {
            var known = try column(of: id, in: homes.block(of: id), snapshot)
            var ignored = DuplicateCounts()
            known.merge(homes.recent(of: id)?.column ?? SampleColumn(), &ignored)
            let news = columns[place].column.removing(sameAsIn: known, &counts)
            if news.count == 0 { continue }
            series.append(LateBatch.Series(id: id, times: news.timestamps, values: news.values))
            waiting += news.count
            written += news.count
            if waiting >= LateBatch.samplesMax {
                batches.append(LateBatch(day: 0, group: group, series: series))
                (series, waiting) = ([], 0)
            }
        }
        if !series.isEmpty { batches.append(LateBatch(day: 0, group: group, series: series)) }
        if !batches.isEmpty {
            let (store, generation, start) = (store, day?.generation, day?.day ?? 0)
            let isDone = try store.write { transaction throws(StoreError) in
                guard try transaction.superblock(of: store).generation == generation else { return false }
                try LateBatch.write(batches, day: start, in: transaction)
                // A recorder compares its rows' times with them.
                try transaction.raiseGeneration(of: store)
                return true
            }
            guard isDone else { return false }
            day?.followGeneration()
        }
        outcome.add(counts)
        outcome.lateSamples += written
        return true
    }

    /// The samples of a series in a block of the span; none where `group` is nil.
    private func column(
        of id: UInt32, in group: UInt16?, _ snapshot: Snapshot
    ) throws(StoreError) -> SampleColumn {
        var column = SampleColumn()
        guard let group else { return column }
        var decoder = ChunkDecoder()
        var values: [Double] = []
        try snapshot.withBlock(Snapshot.BlockReference(group: group, start: span)) { block throws(StoreError) in
            guard let entry = try block.entry(of: id, in: snapshot.transaction) else { return }
            try block.read(
                entry, from: .min, through: .max, using: &decoder, &values, into: &column, in: snapshot.transaction)
        }
        return column
    }
}

extension SampleColumn {
    /// The samples without those that `known` has with the same bits; both ascend.
    fileprivate func removing(sameAsIn known: SampleColumn, _ counts: inout DuplicateCounts) -> SampleColumn {
        var rest = SampleColumn()
        var place = 0
        for index in timestamps.indices {
            while place < known.count, known.timestamps[place] < timestamps[index] { place += 1 }
            if place < known.count, known.timestamps[place] == timestamps[index] {
                if known.values[place].bitPattern == values[index].bitPattern {
                    counts.identical += 1
                    continue
                }
                counts.conflicting += 1
            }
            rest.append(timestamps[index], values[index])
        }
        return rest
    }
}
