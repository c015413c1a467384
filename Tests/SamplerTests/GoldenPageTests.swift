import Glibc
import Model
import Testing

@testable import Sampler

/// Every series and value of two ticks of a recorded host, against a file that is reviewed like code. To make it anew:
/// `MON_REGENERATE=1 swift test --filter GoldenPage`.
@Suite struct GoldenPageTests {
    @Test func twoTicksOfARecordedHost() throws {
        let folder = WrittenHost()
        var host = Fixtures.host("two-ticks")
        host.procfs = folder.host.procfs
        folder.link(procfsTo: "two-ticks/1")
        var loop = SamplingLoop(host: host, calls: Fixtures.calls)
        let start: Int64 = 1_800_000_000_000
        let first = loop.sample(at: Timestamp(milliseconds: start), monotonicNanoseconds: 1_000_000_000)
        var page = "## first tick\n" + first.page(loop.catalog)
        folder.link(procfsTo: "two-ticks/2")
        let second = loop.sample(at: Timestamp(milliseconds: start + 10_000), monotonicNanoseconds: 11_000_000_000)
        page += "## second tick, 10 s later\n" + second.page(loop.catalog)
        check(page, "two-ticks/page.txt")
    }

    @Test func anOldKernel() {
        var loop = SamplingLoop(host: Fixtures.host("old-kernel"), calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        check(batch.page(loop.catalog), "old-kernel/page.txt")
    }

    @Test(arguments: ["hardware", "container"]) func aTreeMadeByHand(_ tree: String) {
        var loop = SamplingLoop(host: Fixtures.host(tree), calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        check(batch.page(loop.catalog), "\(tree)/page.txt")
    }

    @Test func namesThatAreNoText() {
        var loop = SamplingLoop(host: Fixtures.host("odd-bytes"), calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        check(batch.page(loop.catalog), "odd-bytes/page.txt")
    }

    private func check(_ page: String, _ name: String) {
        let path = "\(Fixtures.folder)/\(name)"
        if getenv("MON_REGENERATE") != nil {
            let file = fopen(path, "w")!
            fputs(page, file)
            fclose(file)
            return
        }
        let expected = contents(of: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        // Line by line, so that a failure shows the line and not two pages.
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, expectedLine) in zip(lines, expectedLines) { #expect(line == expectedLine) }
        #expect(lines.count == expectedLines.count)
    }

    @Test func everySeriesIsDescribedAndEveryCounterEndsInTotal() {
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), calls: Fixtures.calls)
        _ = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        let catalog = loop.catalog
        let families = Dictionary(grouping: catalog.families, by: \.name)
        for labels in catalog.labels {
            var name = labels.metricName ?? ""
            for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
                let base = String(name.dropLast(suffix.utf8.count))
                if families[base]?.first?.kind == .histogram { name = base }
            }
            #expect(families[name]?.count == 1, "\(labels)")
        }
        for family in catalog.families {
            // The one gauge whose contracted name ends like a counter's.
            if family.name != "disk_inodes" {
                #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
            }
            #expect(family.help.hasSuffix(".") && !family.help.contains("\n"), "\(family.name)")
            let base = family.kind == .counter ? String(family.name.dropLast(6)) : family.name
            #expect(family.unit.isEmpty || base.hasSuffix(family.unit), "\(family.name)")
        }
        #expect(Set(CollectorRegistry.families.map(\.name)) == Set(catalog.families.map(\.name)))
    }
}
