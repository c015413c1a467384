import Model
import TestSupport
import Testing

@testable import TSDB

/// What comes from outside ages by the rules that the store was told.
@Suite struct ImportRetentionTests {
    private static let day: Int64 = 86_400_000
    private static let short = Labels(name: "network_total", ["device": "eth0"])
    private static let plain = Labels(name: "load", ["host": "a"])

    private static func batch() -> ImportBatch {
        var batch = ImportBatch()
        batch.series = [short, plain]
        for hour in 1...(9 * 24) as ClosedRange<Int64> {
            batch.append(0, hour * 3_600_000, Double(hour))
            batch.append(1, hour * 3_600_000, Double(hour))
        }
        return batch
    }

    private static func adopt(_ store: Store) throws {
        let exception = RetentionPolicy.Exception(
            matchers: [try Matcher("__name__", .matches, "network_.*")],
            keep: TierKeep(raw: 2 * day, minute: 3 * day, hour: 4 * day))
        let keep = TierKeep(raw: 100 * day, minute: 100 * day, hour: 100 * day)
        try store.adopt(
            RetentionPolicy(keep: keep, exceptions: [exception]))
    }

    private func expectAged(_ store: Store, _ comment: String) throws {
        _ = try store.retain(now: Timestamp(milliseconds: 9 * Self.day))
        let seen = try answer(store.snapshot(), [], .all)
        let counts = Dictionary(uniqueKeysWithValues: seen.map { ($0.0, $0.1.count) })
        #expect(counts[Self.plain] == 9 * 24, "\(comment)")
        #expect(counts[Self.short] == 2 * 24, "\(comment): \(counts)")
        let selection = try store.snapshot().select([], in: .all)
        var windows = WindowColumns()
        for index in 0..<selection.count {
            try selection.readWindows(
                index, .hour, after: Timestamp(milliseconds: 0), through: TimeRange.all.max, into: &windows)
            #expect(windows.count == (selection.labels[index] == Self.plain ? 9 : 4) * 24, "\(comment)")
        }
    }

    /// Samples that came late into a day whose minutes go next: its hours are made of the minutes and of them, for all
    /// series, whether the hours of the day stand alone or among those of thirty days.
    @Test(arguments: [80, 1825] as [Int64]) func lateMinutesAreFoldedBeforeTheirDayGoes(hours: Int64) throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let now = Timestamp(milliseconds: 45 * Self.day)
        func keep(_ raw: Int64, _ minute: Int64) -> RetentionPolicy {
            RetentionPolicy(keep: TierKeep(raw: raw * Self.day, minute: minute * Self.day, hour: hours * Self.day))
        }
        func add(_ batch: ImportBatch) throws {
            var importer = Importer(into: store)
            try importer.append(batch)
            _ = try importer.finish()
        }
        var batch = ImportBatch()
        batch.series = [Self.short, Self.plain]
        for place in 1...(45 * 144) as ClosedRange<Int64> {
            for series in 0...1 { batch.append(UInt32(series), place * 600_000, Double(place % 7)) }
        }
        try add(batch)
        _ = try store.retain(keep(60, 70), now: now)
        var late = ImportBatch()
        late.series = [Self.plain]
        late.append(0, 3 * Self.day + 36_000_500, 5000)
        try add(late)
        _ = try store.retain(keep(5, 20), now: now)
        let selection = try store.snapshot().select([], in: .all)
        #expect(selection.count == 2)
        var windows = WindowColumns()
        for index in 0..<selection.count {
            try selection.readWindows(
                index, .hour, after: Timestamp(milliseconds: 3 * Self.day),
                through: Timestamp(milliseconds: 4 * Self.day), into: &windows)
            let isPlain = selection.labels[index] == Self.plain
            #expect(windows.counts.reduce(0, +) == (isPlain ? 145 : 144), "\(selection.labels[index])")
            #expect(windows.maxima.max() == (isPlain ? 5000 : 6))
        }
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    /// Late samples of a time before a series got its own class, of which more is forgotten than of the one it was in.
    @Test func lateSamplesFromBeforeTheClassAreInTheHours() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let (now, start) = (Timestamp(milliseconds: 45 * Self.day), 17 * Self.day)
        let year = 365 * Self.day
        let keep = TierKeep(raw: 38 * Self.day, minute: 104 * Self.day, hour: 5 * year)
        func add(_ offset: Int64, at start: Int64) throws {
            var batch = ImportBatch()
            batch.series = [Self.short]
            for hour in 0..<4 as Range<Int64> {
                for place in 0..<3 as Range<Int64> {
                    batch.append(0, start + hour * 3_600_000 + place * 600_000 + offset, 1)
                }
            }
            var importer = Importer(into: store)
            try importer.append(batch)
            _ = try importer.finish()
        }
        func expect(_ count: Int, _ comment: String) throws {
            let selection = try store.snapshot().select([], in: .all)
            var windows = WindowColumns()
            try selection.readWindows(
                0, .hour, after: Timestamp(milliseconds: start),
                through: Timestamp(milliseconds: start + 4 * 3_600_000), into: &windows)
            #expect(windows.counts == [Int](repeating: count, count: 4), "\(comment)")
        }
        try add(100_000, at: start)
        try add(0, at: 42 * Self.day)
        _ = try store.retain(RetentionPolicy(keep: keep), now: now)
        let exception = RetentionPolicy.Exception(
            matchers: [try Matcher("__name__", .matches, "network_.*")],
            keep: TierKeep(raw: 20 * Self.day, minute: 20 * Self.day, hour: 5 * year))
        _ = try store.retain(RetentionPolicy(keep: keep, exceptions: [exception]), now: now)
        try add(100_000, at: start + 4 * Self.day)
        _ = try store.retain(now: now)
        try expect(3, "aged")
        try add(160_000, at: start)
        try expect(6, "late")
        _ = try store.retain(now: now)
        try expect(6, "folded")
    }

    /// What an exception that was taken away has forgotten says nothing of what was imported since.
    @Test func samplesThatCameAfterTheirExceptionWentAreThere() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let now = Timestamp(milliseconds: 45 * Self.day)
        func add(_ day: Int64) throws {
            var batch = ImportBatch()
            batch.series = [Self.short]
            for place in 0..<100 as Range<Int64> { batch.append(0, day * Self.day + place * 7000, Double(place)) }
            var importer = Importer(into: store)
            try importer.append(batch)
            _ = try importer.finish()
        }
        func coverage(from day: Int64, hours: Int64 = 1) throws -> TierCoverage {
            let range = TimeRange(
                minMilliseconds: day * Self.day, maxMilliseconds: day * Self.day + hours * 3_600_000)
            let selection = try store.snapshot().select([], in: range)
            #expect(selection.count == 1)
            return try selection.coverage(of: 0)
        }
        let exception = RetentionPolicy.Exception(
            matchers: [try Matcher("__name__", .matches, "network_.*")],
            keep: TierKeep(raw: Self.day, minute: 20 * Self.day, hour: 30 * Self.day))
        _ = try store.retain(RetentionPolicy(keep: .standard, exceptions: [exception]), now: now)
        try add(42)
        _ = try store.retain(now: now)
        #expect(try coverage(from: 42).raw > 42 * Self.day + 700_000)
        _ = try store.retain(RetentionPolicy(keep: .standard), now: now)
        try add(40)
        try add(43)
        _ = try store.retain(now: now)
        #expect(try coverage(from: 40) == TierCoverage())
        #expect(try coverage(from: 43) == TierCoverage())
        // Through the last window of what is gone, and no further.
        let shared = try coverage(from: 40, hours: 96)
        #expect(shared.raw == 42 * Self.day + 3_600_000 && shared.minute == .min, "\(shared)")
        // An exception that comes later: the standard has forgotten the samples of that age, and its own class not.
        let long = RetentionPolicy.Exception(
            matchers: [try Matcher("device", .equal, "eth0")],
            keep: TierKeep(raw: 40 * Self.day, minute: 365 * Self.day, hour: 3650 * Self.day))
        try add(10)
        _ = try store.retain(now: now)
        _ = try store.retain(RetentionPolicy(keep: .standard, exceptions: [long]), now: now)
        try add(12)
        #expect(try coverage(from: 12) == TierCoverage())
        #expect(try coverage(from: 10).raw == 10 * Self.day + 3_600_000)
    }

    private static func rule(_ name: String, _ value: String, _ keep: TierKeep) throws -> RetentionPolicy.Exception {
        RetentionPolicy.Exception(matchers: [try Matcher(name, .equal, value)], keep: keep)
    }

    /// A hundred samples of one series, seven seconds apart.
    private static func add(_ labels: Labels, at start: Int64, to store: Store, count: Int64 = 100) throws {
        var batch = ImportBatch()
        batch.series = [labels]
        for place in 0..<count { batch.append(0, start + place * 7000, Double(place)) }
        var importer = Importer(into: store)
        try importer.append(batch)
        _ = try importer.finish()
    }

    private static func coverage(_ snapshot: Snapshot, from start: Int64) throws -> TierCoverage {
        let range = TimeRange(minMilliseconds: start, maxMilliseconds: start + 3_600_000)
        let selection = try snapshot.select([Matcher("__name__", .equal, "network_total")], in: range)
        return try selection.coverage(of: 0)
    }

    /// A series may leave a class that goes on being one: another exception comes before it.
    @Test func samplesOfTheClassBeforeAreInWindows() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let now = Timestamp(milliseconds: 45 * Self.day)
        let brief = TierKeep(raw: Self.day, minute: 100 * Self.day, hour: 200 * Self.day)
        let wide = try Self.rule("__name__", "network_total", brief)
        _ = try store.retain(RetentionPolicy(keep: .standard, exceptions: [wide]), now: now)
        try Self.add(Self.short, at: 42 * Self.day, to: store)
        _ = try store.retain(now: now)
        let narrow = try Self.rule("device", "eth0", TierKeep(all: 300 * Self.day))
        _ = try store.retain(RetentionPolicy(keep: .standard, exceptions: [narrow, wide]), now: now)
        for count in 0...1 as ClosedRange<Int64> {
            try Self.add(Self.short, at: 42 * Self.day + 500, to: store, count: count)
            #expect(try Self.coverage(store.snapshot(), from: 42 * Self.day).raw == 42 * Self.day + 3_600_000)
        }
    }

    /// What is at home in a block stays there until its span is over, whatever rule came since.
    @Test func samplesAtHomeAgeWithTheirBlock() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let start = 40 * Self.day
        let keep = TierKeep(raw: Self.day, minute: 100 * Self.day, hour: 200 * Self.day)
        try store.adopt(RetentionPolicy(keep: keep))
        try Self.add(Self.short, at: start + 10_000, to: store)
        let rule = try Self.rule("device", "eth0", TierKeep(all: 300 * Self.day))
        try store.adopt(
            RetentionPolicy(keep: keep, exceptions: [rule]))
        try Self.add(Self.short, at: start + 3_700_000, to: store)
        #expect(try store.snapshot().groups().count == 1)
        _ = try store.retain(now: Timestamp(milliseconds: 45 * Self.day))
        #expect(try Self.coverage(store.snapshot(), from: start + 3_600_000).raw == start + 7_200_000)
    }

    /// An exception that kept more is taken away: the standard has forgotten samples of that age, and these are there.
    /// In a copy with redacted labels nobody can tell who was in which class.
    @Test func samplesThatTheirExceptionKeptAreThere() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let now = Timestamp(milliseconds: 45 * Self.day)
        let keep = TierKeep(raw: Self.day, minute: 5 * Self.day, hour: 200 * Self.day)
        let rule = try Self.rule("device", "eth0", TierKeep(all: 60 * Self.day))
        try store.adopt(RetentionPolicy(keep: keep, exceptions: [rule]))
        try Self.add(Self.short, at: 35 * Self.day, to: store)
        try Self.add(Self.plain, at: 35 * Self.day, to: store)
        _ = try store.retain(now: now)
        _ = try store.retain(RetentionPolicy(keep: keep), now: now)
        #expect(try Self.coverage(store.snapshot(), from: 35 * Self.day) == TierCoverage())
        let path = folder.path + "/host.mon"
        let request = SliceRequest(range: .all, redaction: Redaction(["host": .drop]))
        _ = try store.snapshot().writeSlice(request, to: path)
        let slice = try Store(at: path, access: .snapshotFile)
        #expect(try Self.coverage(slice.snapshot(), from: 35 * Self.day) == TierCoverage())
        let range = TimeRange(minMilliseconds: 35 * Self.day, maxMilliseconds: 36 * Self.day)
        let plain = try slice.snapshot().select([Matcher("__name__", .equal, "load")], in: range)
        #expect(try plain.coverage(of: 0).raw == 35 * Self.day + 3_600_000)
    }

    /// Samples of a time whose minutes are forgotten, of which minutes were made since: the hours have both.
    @Test func lateSamplesBesideMinutesOfForgottenTimesAreInTheHours() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let (now, start) = (Timestamp(milliseconds: 45 * Self.day), 34 * Self.day)
        func policy(_ minute: Int64) -> RetentionPolicy {
            RetentionPolicy(keep: TierKeep(raw: Self.day, minute: minute * Self.day, hour: 1000 * Self.day))
        }
        let hour = start + 19 * 3_600_000
        try Self.add(Self.short, at: start + 14 * 3_600_000, to: store)
        _ = try store.retain(policy(5), now: now)
        try Self.add(Self.short, at: hour + 500, to: store, count: 300)
        _ = try store.retain(policy(365), now: now)
        func counts() throws -> [Int] {
            let selection = try store.snapshot().select([], in: .all)
            var windows = WindowColumns()
            try selection.readWindows(
                0, .hour, after: Timestamp(milliseconds: hour), through: Timestamp(milliseconds: hour + 3_600_000),
                into: &windows)
            return windows.counts
        }
        #expect(try counts() == [300])
        try Self.add(Self.short, at: hour + 601_700, to: store, count: 60)
        #expect(try counts() == [360])
        try Self.add(Self.short, at: hour + 1_100_900, to: store, count: 10)
        #expect(try counts() == [370])
        for minute in [365, 5] as [Int64] {
            _ = try store.retain(policy(minute), now: now)
            #expect(try counts() == [370])
        }
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    @Test func importsAgeByTheirClass() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        try Self.adopt(store)
        var importer = Importer(into: store)
        try importer.append(Self.batch())
        _ = try importer.finish()
        let groups = try store.snapshot().groups()
        #expect(groups.values.map(\.retentionClass).sorted() == [0, 1], "\(groups)")
        // The same again finds them where they are.
        importer = Importer(into: store)
        try importer.append(Self.batch())
        #expect(try importer.finish().duplicates == 2 * 9 * 24)
        #expect(try store.snapshot().groups() == groups)
        try expectAged(store, "imported")
    }

    @Test func remoteWritesAgeByTheirClass() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let inbox = Inbox(into: store, source: "remote")
        // A rule that is told while it writes counts from the next series on.
        var first = ImportBatch()
        first.series = [Labels(name: "network_early")]
        first.append(0, 3_600_000, 1)
        _ = try inbox.write(first)
        try Self.adopt(store)
        let all = Self.batch()
        for start in stride(from: 0, to: all.count, by: 48) {
            var part = ImportBatch()
            part.series = all.series
            for place in start..<min(all.count, start + 48) {
                part.append(all.numbers[place], all.times[place], all.values[place])
            }
            _ = try inbox.write(part)
        }
        try LateMerging.mergeSealed(in: store)
        #expect(try store.snapshot().groups().values.map(\.retentionClass).sorted() == [0, 1])
        _ = try store.delete([[Matcher("__name__", equals: "network_early")]], in: .all)
        try expectAged(store, "written")
    }
}
