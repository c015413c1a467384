import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct DayWriterTests {
    @Test func seriesBeyondWhatADayMayNameAreRefused() throws {
        let written = try WrittenStore()
        var day = try DayWriter(day: 0, store: written.store)
        day.seriesMax = 3
        var table = SeriesTable()
        func row(_ names: [String]) -> Scrape.Row {
            Scrape.Row(
                group: WrittenStore.group,
                samples: names.map { (table.reference(for: Labels(name: $0)), 1) })
        }
        var refused = RefusedSeries()
        #expect(day.admit(row(["a", "b"]), table, &refused).samples.count == 2)
        let mixed = row(["a", "c", "d", "e", "f"])
        #expect(day.admit(mixed, table, &refused).samples.map(\.series.index) == [0, 2, 3])
        #expect(refused.samples == 2 && refused.first == Labels(name: "e"))
        // Those that have a name go on.
        #expect(day.admit(mixed, table, &refused).samples.count == 3)
        #expect(refused.samples == 4)
    }

    /// What a store is told counts for who records, also for a day that is open already, and where it is told more.
    @Test func aRecorderFollowsWhatTheStoreIsTold() throws {
        var written = try WrittenStore()
        let names = (0..<8).map { Labels(name: "m", ["i": "\($0)"]) }
        try written.append(5000, names.prefix(2).map { ($0, 1) })
        written.recorder.daySeriesMax = 3
        try written.recorder.append(row(10_000, names.prefix(5), &written.recorder))
        #expect(written.recorder.refusedSeries.samples == 2)
        #expect(written.recorder.refusedSeries.first == names[3])
        written.recorder.daySeriesMax = 6
        try written.recorder.append(row(15_000, names[...], &written.recorder))
        #expect(written.recorder.refusedSeries.samples == 4)
        #expect(try written.store.snapshot().select([], in: .all).count == 6)
    }

    private func row(_ time: Int64, _ names: ArraySlice<Labels>, _ recorder: inout Recorder) -> Scrape {
        let samples = names.map { (recorder.reference(for: $0), 1.0) }
        return Scrape(
            time: Timestamp(milliseconds: time), rows: [Scrape.Row(group: WrittenStore.group, samples: samples)])
    }
}
