import Glibc
import Model
import Sampler
import TestSupport
import Testing

@testable import mon

/// Text files through the whole sampler.
@Suite struct TextFileTests {
    private let time = Timestamp(milliseconds: 1_800_000_000_000)

    private func write(_ text: String, _ name: String, in folder: TemporaryFolder) {
        FileBytes.write(Array(text.utf8), to: folder.path + "/" + name)
    }

    /// The series of one pass over the folder but those about the collector, as text; and the reports.
    private func pass(_ folder: TemporaryFolder) -> (page: [String], families: [MetricFamily], reports: [String]) {
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(["textfile"])
        options.textFileFolder = folder.path
        var loop = SamplingLoop(host: .live, options: options, calls: .withReaders)
        let batch = loop.sample(at: time, monotonicNanoseconds: 0)
        let catalog = loop.catalog
        let page = batch.groups.flatMap(\.samples).map {
            "\(catalog.labels[$0.series.index]) \(FloatText.short($0.value))"
        }
        return (page.filter { !$0.hasPrefix("agent_") }, catalog.families, loop.reports.map(\.text))
    }

    @Test func filesBecomeSeries() throws {
        let folder = TemporaryFolder()
        write(
            "# HELP backup_bytes Size.\n# TYPE backup_bytes gauge\nbackup_bytes{job=\"db\"} 42\nup 1\n", "a.prom",
            in: folder)
        write("last 1.5e3\n", "b.prom", in: folder)
        write("not read 1\n", "c.txt", in: folder)
        let (page, families, reports) = pass(folder)
        #expect(
            page.filter { !$0.contains("modified") } == [
                "textfile_error 0", #"backup_bytes{job="db"} 42"#, "up 1", "last 1500",
            ])
        #expect(page.filter { $0.contains("modified") }.count == 2)
        #expect(families.contains { $0.name == "backup_bytes" && $0.kind == .gauge && $0.help == "Size." })
        #expect(reports == [])
    }

    /// As with `honor_timestamps: false`; of a series that comes twice the first is taken by whoever scrapes.
    @Test(arguments: [PageFormat.text, .openMetrics]) func timesOnAPageAreLeftOutOfAccount(_ format: PageFormat) {
        let unit = format == .text ? "000" : ""
        let text = "a 1 1700000000\(unit)\na 2 1700000100\(unit)\nb 3\n" + (format == .text ? "" : "# EOF\n")
        let content = TextFileReader.read(Array(text.utf8), format, time, seriesMax: 10)
        #expect(content.problem == nil)
        #expect(content.samples.map(\.value) == [1, 2, 3])
        #expect(content.samples.map { "\($0.labels)" } == ["a", "a", "b"])
    }

    @Test func faultsAreCountedAndTheRestIsTaken() {
        let folder = TemporaryFolder()
        write("good 1\nbad{ 2\nalso 3\n", "a.prom", in: folder)
        write("timed 1 1700000000000\n", "b.prom", in: folder)
        write(String(repeating: "x", count: 2 << 20), "c.prom", in: folder)
        let (page, _, reports) = pass(folder)
        #expect(page.contains("good 1") && page.contains("also 3") && page.contains("timed 1"))
        #expect(page.contains("textfile_error 1"))
        #expect(reports.contains { $0.contains("a.prom") && $0.contains("line 2") }, "\(reports)")
        #expect(reports.contains { $0.contains("b.prom") && $0.contains("a time of its own") })
        #expect(reports.contains { $0.contains("c.prom") && $0.contains("more than 1048576") })
    }

    @Test func noFileFillsTheStore() {
        let folder = TemporaryFolder()
        write((0..<3000).map { "many{i=\"\($0)\"} 1\n" }.joined(), "a.prom", in: folder)
        write("later 1\n", "b.prom", in: folder)
        let (page, _, reports) = pass(folder)
        #expect(page.count { $0.hasPrefix("many") } == 2000)
        #expect(page.contains("textfile_error 1"))
        #expect(reports.contains { $0.contains("more than 2000 series") })
    }
}
