import Model
import TestSupport
import Testing

@testable import Sampler

/// The catalog stays of a bounded size while names come and go, and nobody notices.
@Suite struct CatalogRenewalTests {
    private static let namesOfAPass = 900

    /// Metrics of a pass: one that stays, and many that were never there before.
    private static func content(_ pass: Int) -> TextFileContent {
        var content = TextFileContent()
        content.families = [MetricFamily(name: "stays", kind: .gauge, help: "It stays.")]
        content.samples = [(Labels(name: "stays"), Double(pass))]
        for number in 0..<namesOfAPass {
            let name = "m\(pass)_\(number)"
            content.families.append(MetricFamily(name: name, kind: .gauge, help: "Of pass \(pass)."))
            content.samples.append((Labels(name: name), Double(number)))
        }
        return content
    }

    private func reading(_ seconds: Int64) -> ClockReading {
        let nanoseconds = UInt64(seconds) * 1_000_000_000
        return ClockReading(
            wall: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: nanoseconds,
            bootNanoseconds: nanoseconds)
    }

    @Test func namesThatComeAndGoTakeBoundedMemory() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/a.prom"
        var options = SamplerOptions()
        options.textFileFolder = folder.path
        var calls = Fixtures.calls
        calls.readTextFile = { bytes, _ in Self.content(Int(String(decoding: bytes, as: UTF8.self)) ?? 0) }
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), options: options, calls: calls)
        let ownFamilies = loop.catalog.families.count
        var live: Set<Labels> = []
        var (epochs, seriesMost, familiesMost): (Set<UInt32>, Int, Int) = ([], 0, 0)
        var own: Set<Labels> = []
        for pass in 1...60 {
            FileBytes.write(Array("\(pass)".utf8), to: path)
            // Each seventh time so late that all series end before they go on.
            let batches = loop.tick(at: reading(Int64(pass) * 10 + Int64(pass / 7) * 1000))
            #expect(batches.count == (pass % 7 == 0 ? 2 : 1))
            let catalog = loop.catalog
            for sample in batches.flatMap(\.groups).flatMap(\.samples) {
                #expect(sample.series.epoch == catalog.epoch)
                let labels = catalog.labels[sample.series.index]
                if sample.value.isStaleMarker {
                    #expect(live.remove(labels) != nil, "\(labels) ends, and did not live in pass \(pass)")
                } else {
                    live.insert(labels)
                }
            }
            #expect(batches.last?.value("stays", catalog) == Double(pass))
            let names = Set(live.compactMap(\.metricName).filter { $0.wholeMatch(of: /m[0-9]+_[0-9]+/) != nil })
            #expect(names.count == Self.namesOfAPass && names.contains("m\(pass)_0"), "what is gone has ended")
            let shown = live.filter { !names.contains($0.metricName ?? "") }
            if pass == 2 { own = shown }
            // Figures over the time between two passes lack after a gap.
            if pass > 2, pass % 7 != 0 { #expect(shown.isSuperset(of: own), "pass \(pass)") }
            // What lives is described.
            let described = Set(catalog.families.map(\.name))
            #expect(names.isSubset(of: described) && described.contains("stays"))
            epochs.insert(catalog.epoch)
            seriesMost = max(seriesMost, catalog.labels.count)
            familiesMost = max(familiesMost, catalog.families.count)
        }
        #expect(epochs.count >= 4)
        #expect(seriesMost <= SamplingLoop.catalogSeriesMax + 2 * (own.count + Self.namesOfAPass))
        #expect(familiesMost <= ownFamilies + seriesMost)
        let last = loop.finalBatch(at: Timestamp(milliseconds: .max / 2))
        let ended = last.groups.flatMap(\.samples).map { loop.catalog.labels[$0.series.index] }
        #expect(Set(ended) == live && ended.count == live.count)
    }

    /// Series in groups of their own, which are not brought anew with each pass, live on and end once.
    @Test func seriesOfSourcesOutsideMoveOver() {
        var scrape = Scrape(HostRoot(procfs: "/nowhere"))
        scrape.catalog.origin = "scrape"
        for number in 0..<5 { _ = scrape.catalog.handle(for: Labels(name: "gone", ["i": "\(number)"])) }
        let families = [MetricFamily(name: "a", kind: .counter, help: "What a is.")]
        var series = ForeignSeries(intervalMilliseconds: 1000)
        let samples = ["a", "b"].map { (labels: Labels(name: $0), value: 1.0) }
        #expect(series.replace(by: samples, families, into: &scrape) == nil)
        var renewal = CatalogRenewal(of: scrape.catalog, describing: [])
        series.renew(&renewal)
        scrape.catalog = renewal.catalog
        #expect(scrape.catalog.labels == samples.map(\.labels) && scrape.catalog.families == families)
        #expect(scrape.catalog.origins == ["scrape", "scrape"] && scrape.catalog.epoch == 1)
        (scrape.foreign, scrape.foreignSeen) = ([], [])
        scrape.catalog.origin = "scrape"
        #expect(series.replace(by: [samples[1]], [], into: &scrape) == nil)
        let found = scrape.foreign[0].samples.map { (scrape.catalog.labels[$0.series.index].metricName, $0.value) }
        #expect(found.map(\.0) == ["b", "a"] && found[0].1 == 1 && found[1].1.isStaleMarker)
        // What has no series is described no more.
        series.end(into: &scrape)
        renewal = CatalogRenewal(of: scrape.catalog, describing: [])
        series.renew(&renewal)
        #expect(renewal.catalog.labels.isEmpty && renewal.catalog.families.isEmpty)
    }
}
