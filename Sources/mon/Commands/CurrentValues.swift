import Formats
import Model
import Query
import TSDB

/// The newest sample of every series that lives: what `/metrics` and `mon export` show.
enum CurrentValues {
    /// A series lives at `now` when its newest sample is less than `lookbackMilliseconds` old and no stale marker; the
    /// window is left-open, as PromQL's is.
    static func families(
        in snapshot: Snapshot, at now: Timestamp, names: NameForm = .native, lookbackMilliseconds: Int64 = 300_000
    ) throws -> [ExpositionFamily] {
        let range = TimeRange(
            min: Timestamp(milliseconds: now.milliseconds - lookbackMilliseconds + 1), max: now)
        let view = StoreView(snapshot, namesTarget: false)
        let selection = try view.select(names, in: range)
        var samples: [ExpositionSample] = []
        samples.reserveCapacity(selection.labels.count)
        var families: [String: MetricFamily] = [:]
        var column = SampleColumn()
        for (index, labels) in selection.labels.enumerated() {
            let name = labels.metricName ?? ""
            if view.leavesOut(name, names) { continue }
            try selection.read(index, in: range, into: &column)
            guard let value = column.values.last, !value.isStaleMarker else { continue }
            samples.append(ExpositionSample(labels: labels, value: value))
            if families[name] == nil {
                // On a page of other names they mean what the table says, also where mon uses one of them itself.
                families[name] = try (names == .node ? view.aliasMetadata(of: name) : nil) ?? view.metadata(of: name)
            }
        }
        return ExpositionFamily.group(samples, families: families)
    }
}
