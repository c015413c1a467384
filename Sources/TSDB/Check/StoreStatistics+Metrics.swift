import LMDB
import Model

extension Snapshot {
    /// Bytes and samples of each metric, by the directories of the blocks.
    func addMetrics(to statistics: inout StoreStatistics) throws(StoreError) {
        var metrics: [String: StoreStatistics.Metric] = [:]
        let references = try blockReferences(in: .all)
        let windows = try tierReferences(in: .all).map(\.0)
        for start in try registryStarts(.thirtyDays, in: .all) {
            let names = try tolerating { () throws(StoreError) in
                var registry = try longRegistry(start)
                return try MetricNames(&registry, in: transaction)
            }
            for reference in windows where reference.layer == .hourBlock && reference.start == start {
                try add(reference, names ?? MetricNames(), to: &metrics)
            }
        }
        for day in try registryDays(in: .all) {
            var names = MetricNames()
            try toleratingRegistry(day) { registry throws(StoreError) in
                names = try MetricNames(&registry, in: transaction)
                if let place = statistics.days.firstIndex(where: { $0.start == day }) {
                    statistics.days[place].series = try names.count(in: &registry, transaction)
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
                            metrics[name, default: StoreStatistics.Metric(name: name)]
                                .add(entry.chunkBytes, .raw, at: reference.start)
                            metrics[name]?.samples += samples
                            statistics.samples += samples
                        }
                    }
                }
                forget(reference)
            }
            for reference in windows
            where reference.layer != .hourBlock && Block.day(of: reference.start) == day {
                try add(reference, names, to: &metrics)
            }
        }
        statistics.metrics = metrics.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    }

    /// Bytes of the windows of each series of a block.
    private func add(
        _ reference: TierReference, _ names: MetricNames, to metrics: inout [String: StoreStatistics.Metric]
    ) throws(StoreError) {
        let sizes = try tolerating { () throws(StoreError) in
            try withTierBlock(reference) { block throws(StoreError) in
                try block.allEntries(in: transaction).map { (id: $0.id, bytes: $0.byteCount) }
            }
        }
        for (id, bytes) in sizes ?? [] {
            metrics[names[id], default: StoreStatistics.Metric(name: names[id])]
                .add(bytes, reference.layer.tier, at: reference.start)
        }
        tierBlocks[reference] = nil
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
            let labels = try registry.labels(of: UInt32(id), in: transaction)
            if labels.isEmpty { continue }
            let name = labels.metricName ?? ""
            let place = names.lastIndex(of: name) ?? names.count
            if place == names.count { names.append(name) }
            places[id] = Int32(place)
            seriesCounts[name, default: 0] += 1
        }
    }

    /// The number of series; an id without any label is that of one that is gone. Only those that have no metric name
    /// are looked at.
    func count(
        in registry: inout RegistryReader, _ transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Int {
        var count = 0
        for (id, place) in places.enumerated() {
            if place < 0, try registry.labels(of: UInt32(id), in: transaction).isEmpty { continue }
            count += 1
        }
        return count
    }

    /// The name; empty where the registry does not tell it.
    subscript(id: UInt32) -> String {
        guard Int(id) < places.count, places[Int(id)] >= 0 else { return "" }
        return names[Int(places[Int(id)])]
    }
}
