import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// A month and a half by a clock of its own, aged as an agent ages it: what the year's benchmark does, in small.
@Suite struct MonthTests {
    private static let day: Int64 = 86_400_000

    @Test func aMonthStaysSmallAndAnswersAtEachTier() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: 12)
        let keep = TierKeep(raw: 4 * Self.day, minute: 10 * Self.day, hour: 90 * Self.day)
        try recorder.use(RetentionPolicy(keep: keep))
        let labels = (0..<20).map { Labels(name: "m", ["i": "\($0)"]) }
        let series = labels.map { recorder.reference(for: $0) }
        let group = GroupDefinition(intervalMilliseconds: 300_000)
        var random = SeededGenerator(seed: 11)
        var values = labels.map { _ in 0.0 }
        var samples: [[(time: Int64, value: Double)]] = labels.map { _ in [] }
        var files: [Int] = []
        for tick in 1...(46 * 288) as ClosedRange<Int64> {
            let time = Timestamp(milliseconds: tick * 300_000)
            var row = Scrape.Row(group: group, samples: [])
            for index in labels.indices {
                values[index] += Double(Int.random(in: 0...index * 10, using: &random))
                if index == 3, tick % 1000 == 0 { values[index] = 0 }
                row.samples.append((series[index], values[index]))
                samples[index].append((time.milliseconds, values[index]))
            }
            if recorder.willSeal(at: time) { _ = try recorder.store.retain(now: time) }
            try recorder.append(Scrape(time: time, rows: [row]))
            if tick % (23 * 288) == 0 { files.append(try recorder.store.snapshot().sizes().fileBytes) }
        }
        try recorder.commit()
        let snapshot = try recorder.store.snapshot()
        let sizes = try snapshot.sizes()
        // A page a day of hours is what a second half adds, and the free pages of a small store.
        #expect(files[1] < files[0] * 13 / 10, "\(files), live \(sizes.liveBytes)")
        let days = try snapshot.registryDays(in: .all)
        #expect(days.count <= 17 && days.count >= 11, "ten days of minutes, and the day that is open")
        let selection = try snapshot.select([], in: .all)
        var windows = WindowColumns()
        var column = SampleColumn()
        for (index, name) in selection.labels.enumerated() {
            let own = try #require(labels.firstIndex(of: name))
            let coverage = try selection.coverage(of: index)
            #expect(coverage.raw >= 41 * Self.day && coverage.raw <= 42 * Self.day && coverage.hour == .min)
            for tier in [Tier.minute, .hour] {
                let after = max(coverage[tier], 0)
                try selection.readWindows(
                    index, tier, after: Timestamp(milliseconds: after), through: TimeRange.all.max, into: &windows)
                let expected = NaiveWindows.windows(samples[own].filter { $0.time > after }, tier)
                NaiveWindows.expectSame(windows, expected, "\(tier) of \(name)")
            }
            try selection.read(
                index, in: TimeRange(minMilliseconds: coverage.raw + 1, maxMilliseconds: .max), into: &column)
            #expect(column.values == samples[own].filter { $0.time > coverage.raw }.map(\.value))
        }
    }
}
