import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

/// What the agent measures itself is never for a text file, a program or a page to say.
@Suite struct OwnershipTests {
    /// `series value` a line, where a series is a name, or one of the agent's with labels.
    private static func content(_ bytes: [UInt8]) -> TextFileContent {
        var content = TextFileContent()
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let parts = words[0].split(separator: "/").map(String.init)
            let labels =
                parts.count == 3
                ? Labels(name: parts[0], [parts[1]: parts[2]]) : Labels(name: parts[0])
            content.samples.append((labels, Double(words[1])!))
        }
        return content
    }

    private static var calls: SystemCalls {
        var calls = Fixtures.calls
        calls.readTextFile = { bytes, _ in content(bytes) }
        calls.readPage = { bytes, _, _, _ in content(bytes) }
        return calls
    }

    private static let loadSeries = #"load_average{period="1m"}"#

    /// All values of a series in a batch, stale markers as nil.
    private func values(_ series: String, _ batch: SampleBatch, _ catalog: SeriesCatalog) -> [Double?] {
        batch.groups.flatMap(\.samples).filter { catalog.labels[$0.series.index].description == series }
            .map { $0.value.isStaleMarker ? nil : $0.value }
    }

    private func sample(_ loop: inout SamplingLoop, second: Int64) -> SampleBatch {
        loop.sample(
            at: Timestamp(milliseconds: second * 1000), monotonicNanoseconds: UInt64(second) * 1_000_000_000)
    }

    /// Series of collectors that run before the text files, after them and at another interval, and of the agent about
    /// its collectors.
    @Test func aTextFileDoesNotOverwriteTheAgent() {
        let folder = TemporaryFolder()
        let text = """
            load_average/period/1m 55
            textfile_error 7
            uptime_seconds 3
            agent_collector_status/collector/load 9
            mine 1
            mine 2

            """
        FileBytes.write(Array(text.utf8), to: folder.path + "/a.prom")
        FileBytes.write(Array("mine 3\n".utf8), to: folder.path + "/b.prom")
        var options = Fixtures.only("load", "textfile", "host_info")
        options.textFileFolder = folder.path
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), options: options, calls: Self.calls)
        var told: [CollectorReport] = []
        var loads: [Double?] = []
        for tick in 0..<13 as Range<Int64> {
            let batch = sample(&loop, second: tick * 5)
            let catalog = loop.catalog
            told += loop.reports.filter { $0.collector == "textfile" }
            loads += values(Self.loadSeries, batch, catalog)
            if tick % 2 == 0 {
                #expect(values("textfile_error", batch, catalog) == [1])
                #expect(values("mine", batch, catalog) == [1])
            }
            #expect(
                values(#"agent_collector_status{collector="load"}"#, batch, catalog) == [1], "at tick \(tick)")
            // Each minute, and no more often.
            #expect(values("uptime_seconds", batch, catalog).count == (tick % 12 == 0 ? 1 : 0))
            #expect(values("uptime_seconds", batch, catalog).allSatisfy { $0 != 3 && $0 != nil })
        }
        #expect(loads.count == 13 && loads.allSatisfy { $0 != 55 && $0 != nil }, "\(loads)")
        #expect(told.map(\.severity) == [.error, .error], "\(told)")
        #expect(
            told.first?.text.contains(
                "a.prom: \(Self.loadSeries) is there already, of collector load; it is left out, and ") == true)
        #expect(told.last?.text.contains("b.prom: mine is there already, of collector textfile") == true)
        let errors = #"agent_collector_errors_total{collector="textfile", reason="malformed"}"#
        let last = sample(&loop, second: 70)
        #expect(last.value(errors, loop.catalog) == 16)
    }

    /// A native series that begins while a program brings it goes on as the agent's alone, in the same tick and without
    /// an end in between; what the program brings beside it lives on.
    @Test func whatBeginsLaterIsTheAgentsAllTheSame() {
        let folder = TemporaryFolder()
        let path = folder.path + "/out"
        FileBytes.write(Array("load_average/period/1m 7\nmine 1\n".utf8), to: path)
        var options = Fixtures.only("exec")
        options.intervalMilliseconds["exec"] = 1000
        options.commands = [
            CommandSource(name: "c", command: ["/bin/cat", path], intervalMilliseconds: 1000, timeoutMilliseconds: 900)
        ]
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), options: options, calls: Self.calls)
        var second: Int64 = 0
        var told: [CollectorReport] = []
        /// Ticks until the program has brought its series.
        func next(_ loop: inout SamplingLoop, until isFound: (SampleBatch, SeriesCatalog) -> Bool) -> [SampleBatch] {
            var batches: [SampleBatch] = []
            for _ in 0..<4000 {
                second += 1
                batches.append(sample(&loop, second: second))
                told += loop.reports.filter { $0.collector == "exec" }
                if isFound(batches.last!, loop.catalog) { return batches }
                usleep(2000)
            }
            Issue.record("never")
            return []
        }
        let before = next(&loop) { values(Self.loadSeries, $0, $1) == [7] }
        #expect(!before.isEmpty)
        options.disabledCollectors.remove("load")
        options.intervalMilliseconds["load"] = 1000
        loop.reconfigure(options)
        for _ in 0..<3 {
            let after = next(&loop) { values("mine", $0, $1) == [1] }
            for batch in after {
                let found = values(Self.loadSeries, batch, loop.catalog)
                #expect(found.count == 1 && found[0] != 7 && found[0] != nil, "\(found)")
            }
        }
        #expect(told.count == 1 && told[0].text.contains("writes: \(Self.loadSeries) is there already"), "\(told)")
        // The end of the program's series is none of the agent's.
        let last = loop.finalBatch(at: Timestamp(milliseconds: .max / 2))
        #expect(values(Self.loadSeries, last, loop.catalog) == [nil] && values("mine", last, loop.catalog) == [nil])
    }

    /// Of two sources the first has a series until it ends there.
    @Test func aSeriesThatEndedIsTheNextOnes() {
        var scrape = Scrape(HostRoot(procfs: "/nowhere"))
        scrape.catalog.origin = "exec"
        var (one, two) = (ForeignSeries(intervalMilliseconds: 1000), ForeignSeries(intervalMilliseconds: 1000))
        let samples = [(labels: Labels(name: "a"), value: 1.0)]
        func take(_ series: inout ForeignSeries, _ samples: [(labels: Labels, value: Double)]) -> Int {
            scrape.foreignSeen = []
            return series.replace(by: samples, [], into: &scrape)?.count ?? 0
        }
        #expect(take(&one, samples) == 0)
        #expect(take(&two, samples) == 1 && take(&one, samples) == 0 && take(&two, samples) == 1)
        #expect(take(&one, []) == 0)
        scrape.catalog.origin = "textfile"
        #expect(take(&two, samples) == 0 && take(&one, samples) == 1)
        #expect(scrape.catalog.origins == ["textfile"] && scrape.catalog.originChanges == 1)
        two.end(into: &scrape)
        #expect(take(&one, samples) == 0)
        // The agent's is the agent's, also after it has ended.
        _ = scrape.catalog.handle(for: Labels(name: "a"))
        #expect(take(&one, samples) == 1)
        var renewal = CatalogRenewal(of: scrape.catalog, describing: [])
        _ = renewal.enter(SeriesHandle(index: 0))
        scrape.catalog = renewal.catalog
        #expect(take(&one, samples) == 1)
    }
}
