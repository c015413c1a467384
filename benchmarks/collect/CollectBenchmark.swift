import BenchmarkSupport
import Model
import Sampler

/// `benchmark-collect`: the CPU time of a pass of each collector on this host, and of the process collector for each
/// process. The median of many passes: the first ones open files and make series.
@main enum CollectBenchmark {
    private static let passCount = 300
    /// Far enough apart that no collector rests after an expensive pass.
    private static let stepSeconds: Int64 = 600

    static func main() {
        var table = FigureTable()
        var basic = 0.0
        var all = 0.0
        for entry in CollectorRegistry.entries {
            let microseconds = medianMicroseconds([entry.name])
            all += microseconds * 5000 / Double(entry.intervalMilliseconds)
            if basicNames.contains(entry.name) { basic += microseconds }
            table.add("\(entry.name), every \(entry.intervalMilliseconds / 1000) s", microseconds, "us", digits: 1)
        }
        table.add("basic collectors, sum", basic, "us", digits: 1, atMost: 60)
        table.add("all collectors, mean of a scrape", all, "us", digits: 1, atMost: 600)
        table.add("all in one loop", medianMicroseconds(CollectorRegistry.entries.map(\.name)), "us", digits: 1)
        let processes = processCount()
        table.add("processes on this host", Double(processes), "", digits: 0)
        table.add(
            "process collector for each of them", medianMicroseconds(["process"]) / Double(max(processes, 1)), "us",
            atMost: 8)
        table.show(title: "CPU time of a pass of each collector")
    }

    /// What was there from the first version on.
    private static let basicNames: Set<String> = [
        "cpu", "load", "memory", "virtual_memory", "disk_io", "network", "connections", "filesystem",
    ]

    private static func medianMicroseconds(_ names: [String]) -> Double {
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(names)
        var loop = SamplingLoop(host: .live, options: options)
        var time: Int64 = 1_800_000_000
        var took: [Int64] = []
        for _ in 0..<passCount {
            time += stepSeconds
            let began = Measure.cpuNanoseconds()
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * 1_000_000_000)
            took.append(Measure.cpuNanoseconds() - began)
            precondition(!batch.groups.isEmpty, "a pass without samples")
        }
        took.sort()
        return Double(took[took.count / 2]) / 1000
    }

    /// As the collector itself counts them.
    private static func processCount() -> Int {
        var loop = SamplingLoop(host: .live)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        let catalog = loop.catalog
        let counts = batch.groups.flatMap(\.samples).filter {
            catalog.labels[$0.series.index].metricName == "process_group_processes"
        }
        return Int(counts.reduce(0) { $0 + $1.value })
    }
}
