import Formats
import Model
import Query
import Sampler
import TSDB
import TestSupport
import Testing

@testable import mon

/// Names that come and go for ever: the store and the page go on where another catalog takes the place of the one
/// that has grown.
@Suite struct CatalogRenewalTests {
    private func lines(_ page: ExpositionPage) -> [Substring] {
        var writer = TextWriter()
        ExpositionWriter.write(page, as: .text, into: &writer)
        return writer.text.split(separator: "\n")
    }

    @Test(arguments: [1, 3]) func theStoreAndThePageGoOn(scrapesPerCommit: Int) throws {
        let folder = TemporaryFolder()
        let textfiles = TemporaryFolder()
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(["load", "textfile"])
        options.textFileFolder = textfiles.path
        var calls = SystemCalls.withReaders
        // No pass takes long, so that none is left out for what the one before cost.
        calls.monotonicNanoseconds = { 0 }
        var loop = SamplingLoop(host: .live, options: options, calls: calls)
        var ingest = Ingest(
            try Recorder(
                path: folder.path, host: HostIdentity(name: "host", machineID: ""), scrapesPerCommit: scrapesPerCommit))
        let latest = LatestScrape()
        var epochs: Set<UInt32> = []
        for pass in 1...9 as ClosedRange<Int64> {
            var page = "# HELP stays_total It stays.\n# TYPE stays_total counter\nstays_total \(pass)\n"
            for number in 0..<1500 { page += "# TYPE m\(pass)_\(number) gauge\nm\(pass)_\(number) \(number)\n" }
            FileBytes.write(Array(page.utf8), to: textfiles.path + "/a.prom")
            let now = 1_800_000_000_000 + pass * 10_000
            let reading = ClockReading(
                wall: Timestamp(milliseconds: now), monotonicNanoseconds: UInt64(pass) * 10_000_000_000,
                bootNanoseconds: UInt64(pass) * 10_000_000_000)
            for batch in loop.tick(at: reading) {
                try ingest.append(batch, loop.catalog)
                latest.update(batch, loop.catalog)
            }
            epochs.insert(loop.catalog.epoch)
            guard pass % Int64(scrapesPerCommit) == 0 else { continue }
            let time = Timestamp(milliseconds: now + 5)
            let stored = try CurrentValues.families(in: ingest.store.snapshot(), at: time, names: .native)
            let expected = lines(ExpositionPage(stored))
            let found = lines(latest.page(.native, as: .text, of: nil, at: time))
            #expect(found.count > 3000 && found.contains("stays_total \(pass)"))
            #expect(found.contains("# HELP stays_total It stays."))
            #expect(found == expected, "pass \(pass)")
        }
        #expect(epochs.count >= 2)
        try ingest.commit()
        let range = TimeRange(minMilliseconds: 0, maxMilliseconds: .max)
        let selection = try ingest.store.snapshot().select([Matcher("__name__", equals: "stays_total")], in: range)
        var column = SampleColumn()
        try selection.read(0, in: range, into: &column)
        #expect(column.values == (1...9).map { Double($0) })
    }
}
