import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RetentionPolicyTests {
    private static let day: Int64 = 86_400_000

    @Test func readsTimesByTier() throws {
        func check(_ text: String, _ expected: String) throws {
            #expect(try TierKeep.standard.changed(by: text).description == expected, "\(text)")
        }
        try check("raw=7d", "raw=1w,1m=1y,1h=5y")
        try check("raw=30d,1m=1y,1h=5y", "raw=30d,1m=1y,1h=5y")
        try check("1m=2y", "raw=30d,1m=2y,1h=5y")
        try check("raw=10y", "raw=10y,1m=10y,1h=10y")
        try check("1h=1d", "raw=1d,1m=1d,1h=1d")
        try check("1m=12h", "raw=12h,1m=12h,1h=5y")
        for text in ["", "raw", "raw=", "raw=soon", "raw=0", "2m=1d", "raw=1d,raw=2d", "raw=2d,1m=1d", "raw=1d,"] {
            let error = #expect(throws: StoreError.self, "\(text)") { _ = try TierKeep.standard.changed(by: text) }
            #expect(error?.description.contains(text.split(separator: ",").first ?? "") == true)
        }
    }

    private func exception(_ name: String, _ keep: TierKeep) -> RetentionPolicy.Exception {
        RetentionPolicy.Exception(matchers: [Matcher("__name__", equals: name)], keep: keep)
    }

    @Test func recordsComeBack() throws {
        var one = RetentionClass(place: 3, keep: .standard, matchers: [try Matcher("a", .matches, "b.*")])
        one.forgotten = TierCoverage(raw: 7, minute: -7, hour: .min)
        one.isActive = false
        #expect(try RetentionClass(one.encoded()) == one)
        var random = SeededGenerator(seed: 5)
        forEachDamage(of: one.encoded(), garbage: 500, &random) { bytes in
            expectAnswerOrRefusal { _ = try RetentionClass(bytes) }
        }
    }

    /// A class keeps its number, whatever a later policy says, and one that is left out ages as it was told last.
    @Test func classesKeepTheirNumbers() throws {
        let written = try WrittenStore()
        let short = TierKeep(all: Self.day)
        try written.store.adopt(
            RetentionPolicy(keep: .standard, exceptions: [exception("a", short), exception("b", short)]))
        try written.store.adopt(RetentionPolicy(keep: .standard, exceptions: [exception("b", .standard)]))
        var classes = try written.store.snapshot().retentionClasses()
        #expect(classes.keys.sorted() == [0, 1, 2, 255])
        #expect(classes[1]?.isActive == false && classes[1]?.keep == short && classes[2]?.keep == .standard)
        #expect(RetentionClass.number(of: Labels(name: "a"), classes) == 0)
        #expect(RetentionClass.number(of: Labels(name: "b"), classes) == 2)
        try written.store.adopt(
            RetentionPolicy(keep: .standard, exceptions: [exception("a", short)]))
        classes = try written.store.snapshot().retentionClasses()
        #expect(RetentionClass.number(of: Labels(name: "a"), classes) == 1)
        let wrong = RetentionPolicy(keep: TierKeep(raw: 2, minute: 1, hour: 3))
        #expect(throws: StoreError.self) { try written.store.adopt(wrong) }
    }

    /// What a matcher takes out ages alone, and what is left of each series is told.
    @Test func exceptionsAgeAlone() throws {
        var written = try WrittenStore()
        let (network, disk) = (Labels(name: "network_bytes"), Labels(name: "disk_bytes"))
        func scrapes(_ range: ClosedRange<Int64>) throws {
            for tick in range { try written.append(tick * 1_800_000, [(network, Double(tick)), (disk, 1)]) }
        }
        try scrapes(1...96)
        let keep = TierKeep(raw: 10 * Self.day, minute: 20 * Self.day, hour: 30 * Self.day)
        let policy = RetentionPolicy(
            keep: keep,
            exceptions: [
                RetentionPolicy.Exception(
                    matchers: [try Matcher("__name__", .matches, "network_.*")],
                    keep: TierKeep(raw: Self.day, minute: 20 * Self.day, hour: 30 * Self.day))
            ])
        try written.recorder.use(policy)
        try scrapes(97...384)
        #expect(try Set(written.store.snapshot().groups().values.map(\.retentionClass)) == [0, 1])
        let report = try written.store.retain(now: Timestamp(milliseconds: 8 * Self.day))
        #expect(report.blocks == 60)
        let selection = try written.store.snapshot().select([], in: .all)
        var column = SampleColumn()
        try selection.read(0, in: .all, into: &column)
        #expect(selection.labels == [disk, network] && column.count == 384)
        try selection.read(1, in: .all, into: &column)
        #expect(column.timestamps.filter { $0 > 2 * Self.day }.min()! > 7 * Self.day)
        #expect(column.timestamps.filter { $0 <= 2 * Self.day }.count == 96)
        #expect(try selection.coverage(of: 0) == TierCoverage())
        #expect(try selection.coverage(of: 1).raw == 7 * Self.day)
        var windows = WindowColumns()
        try selection.readWindows(
            1, .hour, after: .init(milliseconds: 0), through: .init(milliseconds: 8 * Self.day), into: &windows)
        #expect(windows.count == 192 && windows.counts.allSatisfy { $0 == 2 })
        // An unknown class is none, and the same number of seconds goes on being kept by a recorder that starts anew.
        #expect(try written.store.retain(now: Timestamp(milliseconds: 8 * Self.day)).isEmpty)
    }
}
