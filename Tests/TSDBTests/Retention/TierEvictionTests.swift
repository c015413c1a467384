import Model
import TestSupport
import Testing

@testable import TSDB

/// The cap on a store with windows: the finest tier's oldest goes first, and what is left answers.
@Suite struct TierEvictionTests {
    private static let tick: Int64 = 300_000

    @Test func theFinestTierGoesFirst() throws {
        var written = try WrittenStore()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        var random = SeededGenerator(seed: 5)
        let days: Int64 = 33
        for tick in 1...(days * 288) as ClosedRange<Int64> {
            try written.append(
                tick * Self.tick, labels.map { ($0, Double(Int.random(in: 0...100_000, using: &random)) / 8) })
        }
        try written.recorder.sealEverything()
        let now = Timestamp(milliseconds: days * 288 * Self.tick)
        let keep = TierKeep(raw: .max / 4, minute: .max / 4, hour: .max / 4)
        _ = try written.store.retain(RetentionPolicy(keep: keep), now: now)
        var last = TierCoverage()
        var steps = 0
        while steps < 200 {
            let used = try written.store.spaceUse().usedBytes
            let report = try written.store.evict(downTo: used - 12_000)
            if report.blocks == 0 && report.windowBlocks == 0 { break }
            steps += 1
            let snapshot = try written.store.snapshot()
            let coverage = try #require(try snapshot.retentionClasses()[RetentionClass.standard]?.forgotten)
            // A coarser tier is touched only when nothing finer is left.
            if coverage.minute > last.minute { #expect(try snapshot.blockReferences(in: .all).isEmpty) }
            if coverage.hour > last.hour {
                for layer in [TierLayer.minuteSlice, .minuteBlock] {
                    for group in try snapshot.groups().keys {
                        #expect(try snapshot.tierReferences(layer, group: group).isEmpty)
                    }
                }
            }
            last = coverage
            try expectWindows(snapshot, written.naive, labels, coverage, "step \(steps)")
        }
        #expect(last.raw > 0 && last.minute > 0 && last.hour > 0 && steps > 10, "\(last), \(steps) steps")
        // Recording goes on, in the names of before.
        try written.append(now.milliseconds + 9_000_000, [(labels[0], 7)])
        #expect(try written.store.snapshot().newestSampleTime()?.milliseconds == now.milliseconds + 9_000_000)
    }

    /// Minutes of a day that is being recorded are evicted: its hours stay, when the day is over, too.
    @Test func hoursOfAnEvictedMorningStay() throws {
        var written = try WrittenStore()
        let labels = (0..<40).map { Labels(name: "m", ["i": "\($0)"]) }
        var random = SeededGenerator(seed: 6)
        let day: Int64 = 86_400_000
        func record(_ written: inout WrittenStore, _ ticks: ClosedRange<Int64>) throws {
            for tick in ticks {
                try written.append(
                    5 * day + tick * Self.tick, labels.map { ($0, Double.random(in: 0...1, using: &random)) })
            }
        }
        try record(&written, 1...138)
        try written.recorder.sealEverything()
        var forgotten = TierCoverage()
        for _ in 0..<100 where forgotten.minute == .min {
            let used = try written.store.spaceUse().usedBytes
            _ = try written.store.evict(downTo: used - 4096)
            forgotten = try written.store.snapshot().retentionClasses()[RetentionClass.standard]?.forgotten ?? forgotten
        }
        #expect(forgotten.minute > 0 && forgotten.hour == .min)
        // Nothing that is still to come counts as forgotten.
        #expect(forgotten.raw <= 5 * day + 138 * Self.tick && forgotten.minute <= 5 * day + 138 * Self.tick)
        try record(&written, 139...700)
        try written.recorder.sealEverything()
        let keep = TierKeep(raw: .max / 4, minute: .max / 4, hour: .max / 4)
        _ = try written.store.retain(
            RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 5 * day + 700 * Self.tick))
        let selection = try written.store.snapshot().select([], in: .all)
        #expect(selection.count == labels.count)
        var windows = WindowColumns()
        for index in 0..<selection.count {
            try selection.readWindows(
                index, .hour, after: Timestamp(milliseconds: 5 * day), through: TimeRange.all.max, into: &windows)
            #expect(windows.count == 59 && windows.ends.first == 5 * day + 3_600_000)
            // The hour in which it was evicted may miss what came before; all others are whole.
            #expect((0..<58).filter { windows.counts[$0] != 12 }.count <= 1, "\(windows.counts)")
        }
    }

    private func expectWindows(
        _ snapshot: Snapshot, _ naive: NaiveStore, _ labels: [Labels], _ coverage: TierCoverage, _ comment: String
    ) throws {
        let selection = try snapshot.select([], in: .all)
        var windows = WindowColumns()
        for (index, name) in selection.labels.enumerated() {
            for tier in [Tier.minute, .hour] {
                let after = max(0, coverage[tier])
                try selection.readWindows(
                    index, tier, after: Timestamp(milliseconds: after), through: TimeRange.all.max, into: &windows)
                let samples = (naive.samples[name] ?? [:]).filter { $0.key > after }
                    .map { (time: $0.key, value: $0.value) }
                let expected = NaiveWindows.windows(samples.sorted { $0.time < $1.time }, tier)
                #expect(windows.count == expected.count, "\(comment), \(tier) of \(name)")
                #expect((0..<windows.count).allSatisfy { windows[$0].max == expected[$0].max }, "\(comment), \(tier)")
            }
        }
        if coverage.hour == .min { #expect(selection.labels.count == labels.count, "\(comment)") }
    }
}
