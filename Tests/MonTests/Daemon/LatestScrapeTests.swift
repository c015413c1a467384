import Formats
import Model
import Query
import Sampler
import TSDB
import TestSupport
import Testing

@testable import mon

/// The page that an agent makes of its memory, against the one that its store makes.
@Suite struct LatestScrapeTests {
    private static let start = Timestamp(milliseconds: 1_800_000_000_000)

    private static func after(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: start.milliseconds + milliseconds)
    }

    /// What a page says, but for HELP of what is not shown.
    private func lines(_ page: ExpositionPage, _ format: ExpositionFormat = .text) -> [Substring] {
        var writer = TextWriter()
        ExpositionWriter.write(page, as: format, into: &writer)
        return writer.text.split(separator: "\n")
    }

    @Test func itIsThePageOfTheStore() throws {
        let folder = TemporaryFolder()
        let textfiles = TemporaryFolder()
        FileBytes.write(
            Array(
                "# TYPE job_seconds histogram\njob_seconds_bucket{le=\"+Inf\"} 2\njob_seconds_count 2\nnode_own 3\n"
                    .utf8),
            to: textfiles.path + "/a.prom")
        var options = SamplerOptions()
        options.textFileFolder = textfiles.path
        var loop = SamplingLoop(host: .live, options: options, calls: .withReaders)
        var ingest = Ingest(
            try Recorder(path: folder.path, host: HostIdentity(name: "host", machineID: "")))
        let latest = LatestScrape()
        for tick in 0...2 as ClosedRange<Int64> {
            if tick == 2 { FileBytes.write(Array("# TYPE late gauge\nlate 1\n".utf8), to: textfiles.path + "/a.prom") }
            let batch = loop.sample(
                at: LatestScrapeTests.after(10_000 * tick), monotonicNanoseconds: 1 + 10_000_000_000 * UInt64(tick))
            try ingest.append(batch, loop.catalog)
            latest.update(batch, loop.catalog)
            let now = LatestScrapeTests.after(10_000 * tick + 5)
            for form in NameForm.allCases {
                let stored = try CurrentValues.families(in: ingest.store.snapshot(), at: now, names: form)
                for format in ExpositionFormat.allCases {
                    let expected = lines(ExpositionPage(stored), format)
                    let found = lines(latest.page(form, as: format, of: nil, at: now), format)
                    #expect(expected.count > 300, "\(form)")
                    for (line, expectedLine) in zip(found, expected) where line != expectedLine {
                        Issue.record("\(form), tick \(tick): \(line) instead of \(expectedLine)")
                        break
                    }
                    #expect(found.count == expected.count, "\(form)")
                }
            }
        }
        let gone = lines(latest.page(.native, as: .text, of: nil, at: LatestScrapeTests.after(20_000 + 300_000)))
        #expect(gone == [], "what is five minutes old is not shown")
    }

    @Test func collectorsAreShownAlone() throws {
        var options = SamplerOptions()
        options.topProcesses = 3
        var loop = SamplingLoop(host: .live, options: options, calls: .withReaders)
        let latest = LatestScrape()
        let batch = loop.sample(at: LatestScrapeTests.start, monotonicNanoseconds: 1)
        latest.update(batch, loop.catalog)
        func names(_ form: NameForm, _ collectors: Set<String>) -> Set<String> {
            let page = latest.page(form, as: .text, of: collectors, at: LatestScrapeTests.start)
            return Set(lines(page).filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
        }
        let load = names(.native, ["load"])
        #expect(load.contains("load_average") && load.contains("agent_collector_status"))
        #expect(load.allSatisfy { $0 == "load_average" || $0.hasPrefix("agent_collector_") }, "\(load)")
        #expect(names(.node, ["load"]).isSuperset(of: ["node_load1", "node_load5", "node_load15"]))
        let processes = names(.both, ["process"])
        #expect(processes.isSuperset(of: ["process_memory_bytes", "process_memory_ratio"]))
        #expect(!names(.modern, ["process"]).contains("process_memory_percent"))
        #expect(CollectorNames.all.contains("disk") && CollectorNames.all.contains("disk_io"))
    }

    /// A series that a text file brought until its own collector began is on the page of that one.
    @Test func aSeriesThatChangedHandsIsItsCollectors() {
        let folder = TemporaryFolder()
        FileBytes.write(Array("uptime_seconds 3\nmine 1\n".utf8), to: folder.path + "/a.prom")
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(["textfile"])
        options.textFileFolder = folder.path
        var loop = SamplingLoop(host: .live, options: options, calls: .withReaders)
        let latest = LatestScrape()
        for tick in 0...1 as ClosedRange<Int64> {
            let time = LatestScrapeTests.after(10_000 * tick)
            latest.update(
                loop.sample(at: time, monotonicNanoseconds: 1 + 10_000_000_000 * UInt64(tick)), loop.catalog)
            func shows(_ line: String, _ collector: String) -> Bool {
                lines(latest.page(.native, as: .text, of: [collector], at: time)).contains { $0.hasPrefix(line) }
            }
            #expect(shows("uptime_seconds 3", "textfile") == (tick == 0) && shows("mine 1", "textfile"))
            #expect(shows("uptime_seconds ", "host_info") == (tick == 1))
            options.disabledCollectors.remove("host_info")
            loop.reconfigure(options)
        }
    }

    @Test func theVersionTellsAnotherPage() {
        let latest = LatestScrape()
        let before = latest.version(at: LatestScrapeTests.start)
        #expect(latest.version(at: LatestScrapeTests.start) == before)
        latest.update(SampleBatch(time: LatestScrapeTests.start), SeriesCatalog())
        let after = latest.version(at: LatestScrapeTests.start)
        #expect(after != before)
        #expect(latest.version(at: LatestScrapeTests.after(60_000)) != after)
    }

    /// What is asked of a store by collector is what is asked of the memory.
    @Test func aStoreKnowsCollectorsByTheirMetrics() {
        let chosen = CollectorNames.Chosen(["disk", "processes"])
        #expect(chosen.contains("disk_io_busy_seconds_total", Labels(name: "disk_io_busy_seconds_total")))
        #expect(chosen.contains("process_threads", Labels(name: "process_threads")))
        #expect(!chosen.contains("load_average", Labels(name: "load_average")))
        let status = Labels(name: "agent_collector_status", ["collector": "filesystem"])
        #expect(chosen.contains("agent_collector_status", status))
        #expect(!chosen.contains("agent_collector_status", status.setting("collector", to: "cpu")))
    }
}
