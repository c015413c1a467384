import Formats
import Model
import Query
import Sampler
import Server
import TSDB

/// Collectors as a request names them.
enum CollectorNames {
    /// What can be asked for, sorted: collectors, sections of them, and what node_exporter calls them.
    static let all = Set(CollectorRegistry.entries.flatMap { [$0.name, $0.section] } + NameForm.nodeCollectors.keys)
        .sorted()

    static func entries(_ names: Set<String>) -> [CollectorEntry] {
        names.flatMap { CollectorRegistry.entries(named: NameForm.nodeCollectors[$0] ?? $0) }
    }

    /// Which series are of some collectors. A store does not say who brought a series; its metric does.
    struct Chosen {
        private let collectors: Set<String>
        private let metrics: Set<String>

        init(_ names: Set<String>) {
            let entries = CollectorNames.entries(names)
            collectors = Set(entries.map(\.name))
            let made = collectors.contains("process") ? FrameSeries.families : []
            metrics = Set((entries.flatMap(\.families) + made).map(\.name))
        }

        func contains(_ metric: String, _ labels: Labels) -> Bool {
            if metrics.contains(metric) { return true }
            // What the agent tells of each collector.
            return metric.hasPrefix("agent_collector_") && labels["collector"].map(collectors.contains) ?? false
        }
    }
}

/// The newest sample of every series that lives: what `/metrics` and `mon export` show.
enum CurrentValues {
    /// A series lives at `now` when its newest sample is less than `lookbackMilliseconds` old and no stale marker; the
    /// window is left-open, as PromQL's is.
    static func families(
        in snapshot: Snapshot, at now: Timestamp, names: NameForm = .native, of collectors: Set<String>? = nil,
        lookbackMilliseconds: Int64 = 300_000
    ) throws -> [ExpositionFamily] {
        let range = TimeRange(
            min: Timestamp(milliseconds: now.milliseconds - lookbackMilliseconds + 1), max: now)
        let view = StoreView(snapshot, namesTarget: false)
        let wanted = collectors.map(CollectorNames.Chosen.init)
        let selection = try view.select(names, in: range)
        var samples: [ExpositionSample] = []
        samples.reserveCapacity(selection.labels.count)
        var families: [String: MetricFamily] = [:]
        var described: Set<String> = []
        var column = SampleColumn()
        for (index, labels) in selection.labels.enumerated() {
            let name = labels.metricName ?? ""
            if view.leavesOut(name, names) { continue }
            if let wanted, !wanted.contains(view.origin(of: name), labels) { continue }
            try selection.read(index, in: range, into: &column)
            guard let value = column.values.last, !value.isStaleMarker else { continue }
            samples.append(ExpositionSample(labels: labels, value: value))
            if described.insert(name).inserted {
                // On a page of other names they mean what the table says, also where mon uses one of them itself.
                let own = names == .node ? try view.aliasMetadata(of: name) : nil
                let family = try own ?? MetricFamily.ofSamples(named: name) { try view.metadata(of: $0) }
                if let family { families[family.name] = family }
            }
        }
        return ExpositionFamily.group(samples, families: families)
    }
}

extension Services {
    /// Those that show what a store has; each request reads it anew.
    init(
        version: String, names: NameForm = .native, of store: Store, now: @escaping @Sendable () -> Timestamp,
        api: APIServices? = nil
    ) {
        self.init(
            version: version, names: names,
            metrics: { page, _ in
                ExpositionPage(
                    try CurrentValues.families(
                        in: store.snapshot(), at: now(), names: page.names, of: page.collectors))
            }, api: api)
        collectors = CollectorNames.all
    }

    /// Those of an agent, which shows its latest scrape.
    init(version: String, names: NameForm, of latest: LatestScrape, api: APIServices) {
        self.init(
            version: version, names: names,
            metrics: { page, format in
                let collectors = page.collectors.map { Set(CollectorNames.entries($0).map(\.name)) }
                return latest.page(page.names, as: format, of: collectors, at: WallClock.now())
            }, api: api)
        collectors = CollectorNames.all
        metricsVersion = { latest.version(at: WallClock.now()) }
    }
}
