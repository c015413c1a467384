import Glibc
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

    /// One metric in all blocks.
    package struct Metric: Hashable, Sendable {
        package var name: String
        /// Of its chunks and windows alone, by tier; what blocks have in common is nobody's.
        package var bytesByTier: [Tier: Int] = [:]
        /// Bytes of the days that its blocks begin in, by the day's start in seconds.
        package var bytesByDay: [Int64: Int] = [:]
        /// In raw blocks.
        package var samples = 0
        /// Label sets, those of each day counted anew.
        package var series = 0

        package init(name: String) { self.name = name }

        /// Of one tier.
        package subscript(tier: Tier) -> Int { bytesByTier[tier] ?? 0 }

        /// Of all tiers.
        package var bytes: Int { bytesByTier.values.reduce(0, +) }

        mutating func add(_ count: Int, _ tier: Tier, at start: Int64) {
            bytesByTier[tier, default: 0] += count
            bytesByDay[Block.day(of: start), default: 0] += count
        }
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
    /// Other processes that hold read transactions, by pid: who asks is not one of them.
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
                labels = Set(try registry.allLabels(in: transaction).filter { !$0.isEmpty })
            }
            sets.append(labels)
        }
        statistics.newSeries = sets[1].subtracting(sets[0]).count
    }

    private func addFile(to statistics: inout StoreStatistics) throws(StoreError) {
        let open = try store.opened()
        let file = try converting { () throws(StorageError) in try open.environment.pageFile() }
        statistics.fileBytes = file.byteCount
        if let meta = Environment.meta(of: transaction, in: file) {
            statistics.freeBytes = PageWalk(file, meta, .treeAndFreeList).freePages * file.pageBytes
        }
        // A file of its own has no lock file, where readers enter themselves.
        if open.number == 0 { return }
        let readers = try converting { () throws(StorageError) in try open.environment.readers() }
        statistics.readers = Set(readers.filter { $0.commit != nil && $0.pid != getpid() }.map(\.pid)).sorted()
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
