import BenchmarkSupport
import Model
import Query
import TSDB

/// Questions about a year of which the samples of 30 days are left, the minutes of 90 and all hours: ten series, a
/// sample a minute.
enum TierBenchmark {
    private static let days: Int64 = 365

    static func measure(_ path: String, runs: Int) throws {
        if (try? Store(at: path, access: .read)) == nil { try fill(path) }
        let store = try Store(at: path, access: .read)
        guard let newest = try store.snapshot().newestSampleTime() else { fail("\(path) is empty") }
        let end = newest.milliseconds / QueryBenchmark.hour * QueryBenchmark.hour
        QueryBenchmark.printHead()
        for text in [
            "max_over_time(cpu_usage_percent[1d])", "avg_over_time(cpu_usage_percent[1d])",
            "rate(disk_io_read_bytes_total[1d])", "quantile_over_time(0.9, cpu_usage_percent[1d])",
            "cpu_usage_percent",
        ] {
            let time = QueryBenchmark.time((days - 2) * 24, 24 * QueryBenchmark.hour, end: end)
            try QueryBenchmark.measure(text, time, "a year by day", store, runs)
        }
        let odd = QueryBenchmark.time((days - 2) * 24, 24 * QueryBenchmark.hour, end: end - 1_234_567)
        try QueryBenchmark.measure("rate(disk_io_read_bytes_total[5m])", odd, "a year by day, unaligned", store, runs)
    }

    private static func fill(_ path: String) throws {
        let minute: Int64 = 60_000
        let now = Measure.wallNanoseconds() / 1_000_000 / minute * minute
        var recorder = try Recorder(
            path: path, host: HostIdentity(name: "made-up", machineID: "0"), scrapesPerCommit: 500)
        var host = SyntheticHost()
        let kept = host.labels.indices.filter {
            ["disk_io_read_bytes_total", "cpu_usage_percent"].contains(host.labels[$0].metricName)
                && host.labels[$0]["device"].map { $0 < "sd5" } == true
        }
        let references = kept.map { recorder.reference(for: host.labels[$0]) }
        let group = GroupDefinition(intervalMilliseconds: minute)
        for time in stride(from: now - days * 24 * 60 * minute, through: now, by: Int(minute)) {
            let values = host.tick()
            let samples = kept.indices.map { (series: references[$0], value: values[kept[$0]]) }
            let row = Scrape.Row(group: group, samples: samples)
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        }
        try recorder.commit()
        let day = 24 * 60 * minute
        let keep = TierKeep(raw: 30 * day, minute: 90 * day, hour: 5 * days * day)
        _ = try recorder.store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: now))
    }
}
