import BenchmarkSupport
import Model
import Sampler

/// `benchmark-collect`: the CPU time of a pass of each collector on this host, and of the process collector for each
/// process. The median of many passes: the first ones open files and make series.
///
/// `benchmark-collect NAME...` is for looking closely: a scrape of those collectors alone in one loop, `all` for all of
/// them, as a mean of 30 minutes by a clock that runs ahead.
@main enum CollectBenchmark {
    private static let passCount = 300
    /// Far enough apart that no collector rests after an expensive pass.
    private static let stepSeconds: Int64 = 600

    static func main() {
        let names = CommandLine.arguments.dropFirst()
        if !names.isEmpty {
            let microseconds = meanMicroseconds(names == ["all"] ? nil : Set(names))
            print(names.joined(separator: " "), microseconds, "us a scrape")
            return
        }
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
        table.add("all collectors, each by its interval", all, "us", digits: 1)
        table.add("all in one loop, mean of 30 minutes at 5 s", meanMicroseconds(), "us", digits: 1, atMost: 600)
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

    private static func options(_ names: Set<String>) -> SamplerOptions {
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(names)
        return options
    }

    private static func medianMicroseconds(_ names: [String]) -> Double {
        var loop = SamplingLoop(host: .live, options: options(Set(names)))
        var time: Int64 = 1_800_000_000
        var took: [Int64] = []
        var isEmpty = true
        for _ in 0..<passCount {
            time += stepSeconds
            let began = Measure.cpuNanoseconds()
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * 1_000_000_000)
            took.append(Measure.cpuNanoseconds() - began)
            // A host may have nothing for a collector; what it then looks for in vain costs, too.
            isEmpty = isEmpty && batch.groups.isEmpty
        }
        took.sort()
        if isEmpty { print("nothing on this host from", names.joined(separator: ", ")) }
        return Double(took[took.count / 2]) / 1000
    }

    /// What a scrape of all collectors takes as they share a loop and their schedules, by a clock that runs ahead: 30
    /// minutes that nearly nothing happens in. What others on the host do meanwhile is seen, too.
    private static func meanMicroseconds(_ names: Set<String>? = nil) -> Double {
        var loop = SamplingLoop(host: .live, options: names.map { options($0) } ?? SamplerOptions())
        let tickCount: Int64 = 360
        var began: Int64 = 0
        for tick in -3..<tickCount {
            if tick == 0 { began = Measure.cpuNanoseconds() }
            let time = 1_800_000_000 + 5 * tick
            _ = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * 1_000_000_000)
        }
        return Double(Measure.cpuNanoseconds() - began) / Double(tickCount) / 1000
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
