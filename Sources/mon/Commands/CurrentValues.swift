import Formats
import Model
import TSDB

/// The newest sample of every series that lives: what `/metrics` and `mon export` show.
enum CurrentValues {
    /// A series lives at `now` when its newest sample is less than `lookbackMilliseconds` old and no stale marker; the
    /// window is left-open, as PromQL's is.
    static func families(
        in snapshot: Snapshot, at now: Timestamp, lookbackMilliseconds: Int64 = 300_000
    ) throws -> [ExpositionFamily] {
        let range = TimeRange(
            min: Timestamp(milliseconds: now.milliseconds - lookbackMilliseconds + 1), max: now)
        let selection = try snapshot.select(SeriesCommand.everything, in: range)
        var samples: [ExpositionSample] = []
        samples.reserveCapacity(selection.labels.count)
        var families: [String: MetricFamily] = [:]
        var column = SampleColumn()
        for (index, labels) in selection.labels.enumerated() {
            try selection.read(index, in: range, into: &column)
            guard let value = column.values.last, !value.isStaleMarker else { continue }
            samples.append(ExpositionSample(labels: labels, value: value))
            if let name = labels.metricName, families[name] == nil { families[name] = try snapshot.metadata(of: name) }
        }
        return ExpositionFamily.group(samples, families: families)
    }
}
