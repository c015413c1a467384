// What queries cost within a process, on a month of a made-up host (300 series at 5 s, 40 processes at 10 s).
//
//     benchmark-query [--days N] [--data DIR] [--runs N] [--year DIR]
//
// DIR is filled when it holds no store. --year measures answers from windows (TierBenchmark.swift) as well. CPU is the
// median of the runs after a first one, each with a snapshot of its own, so nothing that a query decoded serves the
// next.

import BenchmarkSupport
import Model
import Query
import TSDB

@main
struct QueryBenchmark {
    static let hour: Int64 = 3_600_000

    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        var (days, runs, data, year) = (30, 7, nil as String?, nil as String?)
        while let option = arguments.popFirst() {
            guard let value = arguments.popFirst() else { fail("\(option): a value is missing") }
            switch option {
            case "--days": days = Int(value) ?? days
            case "--runs": runs = max(1, Int(value) ?? runs)
            case "--data": data = value
            case "--year": year = value
            default: fail("usage: benchmark-query [--days N] [--data DIR] [--runs N] [--year DIR]")
            }
        }
        do {
            if let data {
                try measure(data, days: days, runs: runs)
            } else {
                let folder = TemporaryFolder()
                try measure(folder.path, days: days, runs: runs)
            }
            if let year { try TierBenchmark.measure(year, runs: runs) }
            print(Measure.machine())
        } catch {
            fail("\(error)")
        }
    }

    static func measure(_ path: String, days: Int, runs: Int) throws {
        if (try? Store(at: path, access: .read)) == nil { try SyntheticRecording.fill(path, days: days) }
        let store = try Store(at: path, access: .read)
        guard let newest = try store.snapshot().newestSampleTime() else { fail("\(path) is empty") }
        printHead()
        for query in queries {
            let end = newest.milliseconds / 60_000 * 60_000
            try measure(query.text, time(query.hours, query.step, end: end), "\(query.name)", store, runs)
        }
        // The ends of windows, so that they may answer.
        for resolution in [Tier.raw, .minute, .hour] {
            for query in alignedQueries {
                let end = newest.milliseconds / hour * hour
                try measure(
                    query.text, time(query.hours, query.step, end: end), "\(resolution.name), \(query.name)", store,
                    runs, resolution)
            }
        }
    }

    static func printHead() {
        print("query\(String(repeating: " ", count: 80))CPU ms    series     samples     windows")
    }

    /// What windows answer as the samples do.
    static let alignedQueries: [(name: String, text: String, hours: Int64, step: Int64)] = [
        ("30 days by hour", "max_over_time(cpu_usage_percent[1d])", 696, hour),
        ("30 days by hour", "rate(disk_io_read_bytes_total[1d])", 696, hour),
        ("30 days by hour", "cpu_usage_percent", 720, hour),
    ]

    /// What a dashboard and a shell ask.
    static let queries: [(name: String, text: String, hours: Int64, step: Int64)] = [
        ("instant rate, 10 series", "rate(disk_io_read_bytes_total[5m])", 0, 0),
        ("7 days at 5 min, 10 series", "rate(disk_io_read_bytes_total[5m])", 168, 300_000),
        ("7 days at 5 min, 10 gauges", "cpu_usage_percent", 168, 300_000),
        ("24 h at 60 s, sum by", "sum by (host) (rate(disk_io_read_bytes_total[5m]))", 24, 60_000),
        ("maximum of a day", "max_over_time(cpu_usage_percent[1d])", 0, 0),
        ("7 days at 5 min, 10 series", "quantile_over_time(0.9, cpu_usage_percent[1h])", 168, 300_000),
        ("30 days by hour, 10 series", "avg_over_time(cpu_usage_percent[1d])", 696, hour),
        ("30 days by hour, 10 series", "stddev_over_time(cpu_usage_percent[1d])", 696, hour),
        ("24 h at 60 s, said twice", "cpu_usage_percent / (cpu_usage_percent + 1)", 24, 60_000),
        ("instant, 160 series by regexp", "{__name__=~\"made_up_.*_total|memory_.*\", device=~\"sd[0-9]\"}", 0, 0),
        ("instant, 40 processes", "topk(5, rate(process_cpu_seconds_total[5m]))", 0, 0),
    ]

    static func time(_ hours: Int64, _ step: Int64, end: Int64) -> QueryTime {
        let last = Timestamp(milliseconds: end)
        if hours == 0 { return .instant(last) }
        let first = Timestamp(milliseconds: end - hours * hour)
        return .range(start: first, end: last, stepMilliseconds: step)
    }

    static func measure(
        _ text: String, _ time: QueryTime, _ name: String, _ store: Store, _ runs: Int, _ resolution: Tier? = nil
    ) throws {
        let engine = QueryEngine()
        var costs: [Int64] = []
        var statistics = QueryStatistics()
        for _ in 0...runs {
            let begun = Measure.cpuNanoseconds()
            let result = try engine.evaluate(
                text, at: time, in: store.snapshot(), options: QueryOptions(resolution: resolution))
            costs.append(Measure.cpuNanoseconds() - begun)
            statistics = result.statistics
            guard answers(result) else { fail("\(text) answers nothing") }
        }
        let median = costs.dropFirst().sorted()[runs / 2]
        print(
            padded("\(name): ", 32, left: false) + padded(text, 64, left: false)
                + padded(FigureTable.text(Double(median) / 1e6, digits: 2), 9)
                + padded("\(statistics.series)", 10) + padded("\(statistics.samples)", 12)
                + padded("\(statistics.windows)", 12))
    }

    private static func answers(_ result: QueryResult) -> Bool {
        switch result.value {
        case .vector(let series), .matrix(let series): !series.isEmpty
        case .scalar, .string: true
        }
    }

    private static func padded(_ text: String, _ width: Int, left: Bool = true) -> String {
        let padding = String(repeating: " ", count: max(0, width - text.count))
        return left ? padding + text : text + padding
    }
}
