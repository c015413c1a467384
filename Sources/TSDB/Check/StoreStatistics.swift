import LMDB
import Model

/// What a store spends its bytes on, and how many series it has. From keys, directories and registries: no chunk is
/// decoded.
package struct StoreStatistics: Sendable {
    /// Bytes and records of one kind, or of one day.
    package struct Part: Hashable, Sendable {
        package var name: String
        package var records = 0
        package var bytes = 0
    }

    /// One metric in all raw blocks.
    package struct Metric: Hashable, Sendable {
        package var name: String
        /// Of its chunks alone; what blocks have in common is nobody's.
        package var bytes = 0
        package var samples = 0
        /// Label sets, those of each day counted anew.
        package var series = 0
    }

    /// A day's registry.
    package struct Day: Hashable, Sendable {
        /// Start in seconds since 1970.
        package var start: Int64
        package var series: Int
        /// Keys and values of blocks, process blocks, unsealed rows and names of the day.
        package var bytes = 0
    }

    /// By kind of record, in the order of their keys.
    package var kinds: [Part] = []
    /// Blocks by tier: `raw`, `1-minute`, `1-hour`.
    package var tiers: [Part] = []
    /// By UTC day, ascending.
    package var days: [Day] = []
    /// Most bytes first.
    package var metrics: [Metric] = []
    /// Samples in raw blocks, unsealed rows and late batches.
    package var samples = 0
    /// Series with a sample in the last row of their group.
    package var seriesNow = 0
    /// Series of the newest day that the day before did not have; nil where there is no day before.
    package var newSeries: Int?
    /// Bytes of the file, and of its pages that are free.
    package var fileBytes = 0
    package var freeBytes = 0
    /// Processes that hold read transactions, by pid.
    package var readers: [Int32] = []

    /// Keys and values of all records.
    package var liveBytes: Int { kinds.reduce(0) { $0 + $1.bytes } }

    package init() {}
}

extension Snapshot {
    /// Adds up the store. Cost: a walk over all keys, the directories of all blocks, the registries' tables of names.
    package func statistics() throws(StoreError) -> StoreStatistics {
        var statistics = StoreStatistics()
        try addRecords(to: &statistics)
        try addMetrics(to: &statistics)
        try addHead(to: &statistics)
        try addNewSeries(to: &statistics)
        try addFile(to: &statistics)
        return statistics
    }

    private func addRecords(to statistics: inout StoreStatistics) throws(StoreError) {
        var kinds: [String: StoreStatistics.Part] = [:]
        var tiers: [UInt8: StoreStatistics.Part] = [:]
        var days: [Int64: Int] = [:]
        try transaction.scan(from: Key.superblock) { key, value throws(StoreError) in
            let name = RecordKind.of(key)?.name ?? "unknown"
            let bytes = key.byteCount + value.byteCount
            kinds[name, default: StoreStatistics.Part(name: name)].records += 1
            kinds[name]?.bytes += bytes
            if let block = key.blockKey() {
                let part = StoreStatistics.Part(name: RecordKind.tier(block.tier))
                tiers[block.tier, default: part].records += block.stripe == 0 ? 1 : 0
                tiers[block.tier]?.bytes += bytes
            }
            if let start = Snapshot.start(of: key) { days[start, default: 0] += bytes }
            return .next
        }
        let order = RecordKind.all.map(\.name) + ["unknown"]
        statistics.kinds = order.compactMap { kinds[$0] }
        statistics.tiers = tiers.sorted { $0.key < $1.key }.map(\.value)
        for (start, bytes) in days.sorted(by: { $0.key < $1.key }) {
            statistics.days.append(StoreStatistics.Day(start: start, series: 0, bytes: bytes))
        }
    }

    /// The day that a record belongs to.
    private static func start(of key: RawSpan) -> Int64? {
        let seconds: Int64
        if let name = key.blockKey() {
            seconds = name.start
        } else if let name = key.frameBlockKey() {
            seconds = name.start
        } else if let name = key.registryKey() {
            seconds = name.start
        } else if let row = key.headRowKey() {
            return Block.spanStart(row.time, length: Block.daySeconds)
        } else {
            return nil
        }
        return Block.day(of: seconds)
    }

    /// Bytes and samples of each metric, by the directories of the raw blocks.
    private func addMetrics(to statistics: inout StoreStatistics) throws(StoreError) {
        var metrics: [String: StoreStatistics.Metric] = [:]
        let references = try blockReferences(in: .all)
        for day in try registryDays(in: .all) {
            var names = MetricNames()
            try toleratingRegistry(day) { registry throws(StoreError) in
                names = try MetricNames(&registry, in: transaction)
                if let place = statistics.days.firstIndex(where: { $0.start == day }) {
                    statistics.days[place].series = registry.count
                }
            }
            for (name, count) in names.seriesCounts {
                metrics[name, default: StoreStatistics.Metric(name: name)].series += count
            }
            for reference in references
            where reference.start >= day && reference.start < day + Block.daySeconds {
                _ = try tolerating(TimeRange(span: reference.start)) { () throws(StoreError) in
                    try withBlock(reference) { block throws(StoreError) in
                        for entry in try block.allEntries(in: transaction) {
                            let name = names[entry.id]
                            let samples = block.sampleCount(entry)
                            metrics[name, default: StoreStatistics.Metric(name: name)].bytes += entry.chunkBytes
                            metrics[name]?.samples += samples
                            statistics.samples += samples
                        }
                    }
                }
                forget(reference)
            }
        }
        statistics.metrics = metrics.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    }

    /// What is not sealed yet.
    private func addHead(to statistics: inout StoreStatistics) throws(StoreError) {
        var decoders: [UInt16: HeadRowDecoder] = [:]
        let groups = Set(try groups().keys)
        let entries = try HeadScan.entries(
            from: .min, through: .max, groups: groups, tolerating: damage, in: transaction)
        var samples = 0
        try HeadScan.rows(entries: entries, through: .max, tolerating: damage, in: transaction) {
            group, _, payload throws(CodecError) in
            var decoder = decoders.removeValue(forKey: group) ?? HeadRowDecoder()
            try decoder.decode(payload)
            samples += decoder.slots.reduce(0) { $0 + ($1.isPresent ? 1 : 0) }
            decoders[group] = decoder
        }
        try forEachLateBatch(tolerating: damage) { _, batch throws(StoreError) in
            samples += batch.series.reduce(0) { $0 + $1.times.count }
        }
        statistics.samples += samples
        for decoder in decoders.values {
            statistics.seriesNow += decoder.slots.filter { $0.isPresent && $0.tag != HeadState.staleTag }.count
        }
    }

    private func addNewSeries(to statistics: inout StoreStatistics) throws(StoreError) {
        let days = try registryDays(in: .all)
        guard days.count > 1, let today = days.last else { return }
        var sets: [Set<Labels>] = []
        for day in [days[days.count - 2], today] {
            var labels: Set<Labels> = []
            try toleratingRegistry(day) { registry throws(StoreError) in
                labels = Set(try registry.allLabels(in: transaction))
            }
            sets.append(labels)
        }
        statistics.newSeries = sets[1].subtracting(sets[0]).count
    }

    private func addFile(to statistics: inout StoreStatistics) throws(StoreError) {
        let open = try store.opened()
        let folder = open.environment.path
        let file = try converting { () throws(StorageError) in try PageFile(folder: folder) }
        statistics.fileBytes = file.byteCount
        if let meta = Environment.meta(of: transaction, in: file) {
            statistics.freeBytes = PageWalk(file, meta, .treeAndFreeList).freePages * file.pageBytes
        }
        let readers = try converting { () throws(StorageError) in try open.environment.readers() }
        statistics.readers = Set(readers.filter { $0.commit != nil }.map(\.pid)).sorted()
    }
}

/// The metric of each series of a registry, from its table of label pairs: no label set is put together.
private struct MetricNames {
    private var places: [Int32] = []
    private var names: [String] = []
    private(set) var seriesCounts: [String: Int] = [:]

    init() {}

    init(_ registry: inout RegistryReader, in transaction: borrowing ReadTransaction) throws(StoreError) {
        places = [Int32](repeating: -1, count: registry.count)
        var pairs: [RegistryReader.Pair] = []
        try registry.forEachPair(named: Array(Labels.metricNameLabel.utf8), from: [], in: transaction) {
            pair throws(StoreError) in
            pairs.append(pair)
            return true
        }
        for pair in pairs {
            for id in try registry.ids(pair, in: transaction) { places[Int(id)] = Int32(names.count) }
            names.append(String(decoding: pair.value, as: UTF8.self))
            seriesCounts[names[names.count - 1], default: 0] += pair.seriesCount
        }
        for id in registry.seriesCount..<registry.count {
            let name = try registry.labels(of: UInt32(id), in: transaction).metricName ?? ""
            let place = names.lastIndex(of: name) ?? names.count
            if place == names.count { names.append(name) }
            places[id] = Int32(place)
            seriesCounts[name, default: 0] += 1
        }
    }

    /// The name; empty where the registry does not tell it.
    subscript(id: UInt32) -> String {
        guard Int(id) < places.count, places[Int(id)] >= 0 else { return "" }
        return names[Int(places[Int(id)])]
    }
}

/// Which labels make how many series, in the day of the newest registry.
package struct LabelRanking: Sendable {
    /// Start of the day in seconds since 1970; nil in an empty store.
    package var day: Int64?
    /// Label names with the number of their distinct values, most first.
    package var names: [(name: String, values: Int)] = []
    /// Label pairs with the number of series that have them, most first; metric names are not among them.
    package var pairs: [(name: String, value: String, series: Int)] = []
}

extension Snapshot {
    /// Ranks the labels of the newest day. Cost: that registry's table of label pairs.
    package func labelRanking() throws(StoreError) -> LabelRanking {
        var ranking = LabelRanking()
        guard let day = try registryDays(in: .all).last else { return ranking }
        ranking.day = day
        var counts: [[UInt8]: [[UInt8]: Int]] = [:]
        try toleratingRegistry(day) { registry throws(StoreError) in
            for number in 0..<registry.pageCount {
                for pair in try registry.page(number, in: transaction) {
                    counts[pair.name, default: [:]][pair.value, default: 0] += pair.seriesCount
                }
            }
            for id in registry.seriesCount..<registry.count {
                let labels = try registry.labels(of: UInt32(id), in: transaction)
                labels.forEachField { name, value in
                    counts[Array(labels.bytes[name]), default: [:]][Array(labels.bytes[value]), default: 0] += 1
                }
            }
        }
        for (name, values) in counts {
            let text = String(decoding: name, as: UTF8.self)
            ranking.names.append((text, values.count))
            if text == Labels.metricNameLabel { continue }
            for (value, series) in values {
                ranking.pairs.append((text, String(decoding: value, as: UTF8.self), series))
            }
        }
        ranking.names.sort { ($1.values, $0.name) < ($0.values, $1.name) }
        ranking.pairs.sort { ($1.series, $0.name, $0.value) < ($0.series, $1.name, $1.value) }
        return ranking
    }
}
