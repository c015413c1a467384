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
}
