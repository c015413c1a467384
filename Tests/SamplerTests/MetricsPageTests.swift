import Glibc
import Model
import Testing

@testable import Sampler

/// docs/metrics.md against the list of collectors. To make it anew: `MON_REGENERATE=1 swift test --filter MetricsPage`.
@Suite struct MetricsPageTests {
    private static let path =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/metrics.md"

    private static let preamble = """
        # Metrics

        What the agent records, by collector. Every series also answers under other names where there are some, as those
        of node_exporter: [aliases.md](aliases.md). Counters grow until their source begins anew; `rate()` and
        `increase()` know that.

        A collector is switched on or off, and gets an interval of its own, by its name. What a kernel or a machine has
        not got is no series and no error.

        The metrics of processes (`process_cpu_percent`, `process_cpu_seconds_total`, `process_memory_bytes`,
        `process_memory_percent`, `process_io_read_bytes_total`, `process_io_write_bytes_total`, `process_threads`, with
        the labels `pid`, `name` and `username`) are made when they are asked for, from frames that the collector
        `process` records every 10 s: the processes that are largest by CPU, by memory and by I/O.

        """

    @Test func thePageTellsEveryMetric() {
        var page = MetricsPageTests.preamble
        for entry in CollectorRegistry.entries where !entry.families.isEmpty {
            page += "\n## \(entry.name)\n\n"
            page += "Section `\(entry.section)`, every \(DurationText.format(entry.intervalMilliseconds)).\n\n"
            page += "| metric | type | what it tells |\n|---|---|---|\n"
            for family in entry.families { page += "| `\(family.name)` | \(family.kind) | \(family.help) |\n" }
        }
        page += "\n## Every collector\n\n| metric | type | what it tells |\n|---|---|---|\n"
        for family in CollectorSlot.families { page += "| `\(family.name)` | \(family.kind) | \(family.help) |\n" }
        if getenv("MON_REGENERATE") != nil {
            let file = fopen(MetricsPageTests.path, "w")!
            fputs(page, file)
            fclose(file)
            return
        }
        let found = contents(of: MetricsPageTests.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let foundLines = found.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, foundLine) in zip(lines, foundLines) { #expect(foundLine == line) }
        #expect(foundLines.count == lines.count)
    }
}
