import Model
import TestSupport
import Testing

@testable import TSDB

/// Hours that are kept for about as long as a block of them would span.
@Suite struct ShortHoursTests {
    private static let day: Int64 = 86_400_000
    private static let days: Int64 = 75
    private static let tick: Int64 = 2_400_000
    private static let ticksADay: Int64 = 36
    private static let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }

    private static func value(_ number: Int, _ tick: Int64) -> Double { Double(tick * 31 % 997 + Int64(number)) }

    /// Records 75 days of a scrape every 40 minutes and ages them as they come; `look` is asked at each midnight.
    private func record(
        _ keep: TierKeep, _ look: (inout WrittenStore, Timestamp) throws -> Void
    ) throws -> WrittenStore {
        var written = try WrittenStore()
        for tick in 1...(Self.days * Self.ticksADay) {
            let time = Timestamp(milliseconds: tick * Self.tick)
            if written.recorder.willSeal(at: time) {
                _ = try written.store.retain(RetentionPolicy(keep: keep), now: time)
            }
            try written.append(time.milliseconds, Self.labels.indices.map { (Self.labels[$0], Self.value($0, tick)) })
            if tick % 9 == 0 { try written.appendFrame(time.milliseconds + 5) }
            if tick % Self.ticksADay == 0 { try look(&written, time) }
        }
        return written
    }

    /// Checks what is left of a series' hours against its samples.
    /// - Returns: the ends of the windows.
    private func hours(_ store: Store, _ number: Int) throws -> [Int64] {
        let selection = try store.snapshot().select([], in: .all)
        let index = try #require(selection.labels.firstIndex(of: Self.labels[number]))
        let after = max(try selection.coverage(of: index).hour, 0)
        var windows = WindowColumns()
        try selection.readWindows(
            index, .hour, after: Timestamp(milliseconds: after), through: TimeRange.all.max, into: &windows)
        let ticks = (1...(Self.days * Self.ticksADay)).filter { $0 * Self.tick > after }
        let samples = ticks.map { (time: $0 * Self.tick, value: Self.value(number, $0)) }
        NaiveWindows.expectSame(windows, NaiveWindows.windows(samples, .hour), "hours of \(number)")
        return Array(windows.ends)
    }

    private static func starts(_ store: Store, _ layer: TierLayer) throws -> [Int64] {
        let snapshot = try store.snapshot()
        return try snapshot.groups().keys.sorted().flatMap { group in
            try snapshot.tierReferences(layer, group: group).map(\.start)
        }
    }

    private func keep(hours: Int64) -> TierKeep {
        TierKeep(raw: 2 * Self.day, minute: 5 * Self.day, hour: hours * Self.day)
    }

    /// Kept for thirty days, no hour and no frame is there for more than a day longer, and none goes before.
    @Test func hoursOfThirtyDaysGoDayByDay() throws {
        let keep = keep(hours: 30)
        let written = try record(keep) { written, now in
            guard now.milliseconds > 32 * Self.day else { return }
            let snapshot = try written.store.snapshot()
            let oldest = now.milliseconds - 31 * Self.day
            for layer in TierLayer.allCases {
                let starts = try Self.starts(written.store, layer)
                #expect(starts.allSatisfy { $0 * 1000 >= oldest - 7_200_000 }, "\(layer) at \(now)")
            }
            #expect(try snapshot.frameBlocks(in: .all).allSatisfy { $0.start * 1000 >= oldest - 7_200_000 })
        }
        #expect(try Self.starts(written.store, .hourBlock).isEmpty)
        for number in Self.labels.indices {
            let ends = try hours(written.store, number)
            #expect((30 * 24...31 * 24 + 2).contains(ends.count))
        }
        #expect(try StoreCheck.run(at: written.folder.path).findings.isEmpty)
    }

    /// Kept for long they are joined, and what was not joined before is as soon as it is to be kept for longer.
    @Test func daysAreJoinedWhereHoursAreKeptForLong() throws {
        var written = try record(keep(hours: 89)) { _, _ in }
        let longer = try record(keep(hours: 90)) { _, _ in }
        func blocks(_ written: borrowing WrittenStore, _ layer: TierLayer) throws -> [Int64] {
            try Self.starts(written.store, layer).map { $0 * 1000 / Self.day }
        }
        #expect(try blocks(longer, .hourBlock) == [0, 30])
        #expect(try blocks(written, .hourBlock) == [])
        #expect(try blocks(written, .hourSlice).count == 75)
        let before = try Self.labels.indices.map { try hours(written.store, $0) }
        let now = Timestamp(milliseconds: Self.days * Self.day)
        _ = try written.store.retain(RetentionPolicy(keep: keep(hours: 365)), now: now)
        #expect(try blocks(written, .hourBlock) == [0, 30])
        #expect(try Self.labels.indices.map { try hours(written.store, $0) } == before)
        // What was joined stays until all of it is too old.
        _ = try written.store.retain(RetentionPolicy(keep: keep(hours: 20)), now: now)
        #expect(try blocks(written, .hourBlock) == [30])
        _ = try written.store.retain(
            RetentionPolicy(keep: keep(hours: 20)), now: Timestamp(milliseconds: 80 * Self.day))
        #expect(try blocks(written, .hourBlock) == [])
        #expect(try StoreCheck.run(at: written.folder.path).findings.isEmpty)
        try written.recorder.commit()
    }
}
