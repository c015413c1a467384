import Model
import TestSupport
import Testing

@testable import TSDB

/// Ids whose series is gone keep their place in the registry of a day, with an empty name.
@Suite struct EmptiedNamesTests {
    private static let labels = (0..<4).map { Labels(name: "m", ["i": "\($0)"]) }

    /// A day of four series of which two are deleted.
    private static func written() throws -> WrittenStore {
        var written = try WrittenStore()
        for tick in 1..<50 as Range<Int64> { try written.append(tick * 5000, labels.map { ($0, Double(tick)) }) }
        for index in ["1", "2"] {
            _ = try written.store.delete([[Matcher("__name__", equals: "m"), Matcher("i", equals: index)]], in: .all)
        }
        for index in [1, 2] { written.naive.samples[labels[index]] = nil }
        return written
    }

    @Test func theStoreIsWholeAndCountsTheOthers() throws {
        var written = try Self.written()
        for tick in 50..<60 as Range<Int64> { try written.append(tick * 5000, [(Labels(name: "n"), 1)]) }
        let report = try StoreCheck.run(at: written.folder.path)
        #expect(report.findings == [])
        #expect(report.series == 3)
        let statistics = try written.store.snapshot().statistics()
        #expect(statistics.days.map(\.series) == [3])
        #expect(statistics.metrics.map(\.name).sorted() == ["m", "n"])
    }

    /// A day that only empties names brings no series.
    @Test func noNewSeries() throws {
        var written = try Self.written()
        let day: Int64 = 86_400_000
        for tick in 1..<50 as Range<Int64> {
            try written.append(day + tick * 5000, [(Self.labels[0], 1), (Self.labels[3], 1)])
        }
        #expect(try written.store.snapshot().statistics().newSeries == 0)
        for tick in 1..<50 as Range<Int64> {
            try written.append(2 * day + tick * 5000, Self.labels.map { ($0, 1) })
        }
        for index in ["1", "2"] {
            _ = try written.store.delete([[Matcher("__name__", equals: "m"), Matcher("i", equals: index)]], in: .all)
        }
        #expect(try written.store.snapshot().statistics().newSeries == 0)
    }

    @Test func aSnapshotThatLeavesSeriesOutIsWhole() throws {
        var written = try WrittenStore()
        for tick in 1..<50 as Range<Int64> { try written.append(tick * 5000, Self.labels.map { ($0, Double(tick)) }) }
        let file = written.folder.path + "/host.mon"
        let chosen = [Matcher("__name__", equals: "m"), Matcher("i", equals: "3")]
        _ = try written.store.snapshot().writeSlice(SliceRequest(selectors: [chosen]), to: file)
        let report = try StoreCheck.run(snapshotFile: file)
        #expect(report.findings == [])
        #expect(report.series == 1)
    }

    @Test func aSalvageLosesNothing() throws {
        let written = try Self.written()
        let target = TemporaryFolder()
        let report = try Salvage.run(from: written.folder.path, to: target.path + "/new")
        #expect(report.losses == [])
        #expect(report.namelessSeries == 0)
        #expect(try StoreCheck.run(at: target.path + "/new").findings == [])
        expectSame(
            try answer(Store(at: target.path + "/new", access: .read).snapshot(), [], .all),
            written.naive.select([], .all), "salvaged")
    }
}
