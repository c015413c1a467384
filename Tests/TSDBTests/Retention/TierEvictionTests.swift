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
            #expect(windows.counts.dropLast().allSatisfy { $0 == 12 }, "\(windows.counts)")
        }
    }

    /// Samples, or samples and minutes, are evicted in the middle of a span, whose rest is recorded and sealed in
    /// parts: every window of a minute or an hour that is left is that of all samples, before folds and after them.
    @Test(arguments: [Tier.raw, .minute], 1...4 as ClosedRange<UInt64>)
    func anEvictedOpenSpanLosesNothing(gone: Tier, seed: UInt64) throws {
        var written = try WrittenStore()
        let labels = (0..<20).map { Labels(name: "m", ["i": "\($0)"]) }
        var random = SeededGenerator(seed: seed)
        let day: Int64 = 86_400_000
        let start = 5 * day + 10 * 3_600_000
        var counters = labels.map { _ in 0.0 }
        func record(_ written: inout WrittenStore, minutes: Range<Int64>) throws {
            // Twice a minute, not on its end: evictions fall into a minute.
            for half in (minutes.lowerBound * 2)..<(minutes.upperBound * 2) {
                for index in counters.indices {
                    // Noise, so that blocks are larger than what a fold adds.
                    let isReset = Int.random(in: 0..<40, using: &random) == 0
                    let growth = Double(Int.random(in: 0...99_999, using: &random)) / 8
                    counters[index] = isReset ? 0 : counters[index] + growth
                }
                let time = start + half * 30_000 - 13_000
                try written.append(time, Array(zip(labels.dropLast(half > 200 ? 3 : 0), counters)))
            }
        }
        func expectWhole(_ written: borrowing WrittenStore, _ comment: String) throws {
            let snapshot = try written.store.snapshot()
            let selection = try snapshot.select([], in: .all)
            #expect(selection.labels.count == labels.count, "\(comment)")
            var windows = WindowColumns()
            for index in 0..<selection.count {
                let coverage = try selection.coverage(of: index)
                for tier in [Tier.minute, .hour] where gone == .raw || tier == .hour {
                    #expect(coverage[tier] == .min)
                    try selection.readWindows(
                        index, tier, after: Timestamp(milliseconds: 5 * day), through: TimeRange.all.max,
                        into: &windows)
                    let samples = written.naive.samples[selection.labels[index]]!.map {
                        (time: $0.key, value: $0.value)
                    }
                    NaiveWindows.expectSame(
                        windows, NaiveWindows.windows(samples, tier), sumOfMagnitudes: 1e9,
                        "seed \(seed), \(comment), \(tier)")
                }
            }
        }
        func evict(_ written: borrowing WrittenStore) throws {
            for _ in 0..<100 {
                let classes = try written.store.snapshot().retentionClasses()
                let forgotten = classes[RetentionClass.standard]?.forgotten ?? TierCoverage()
                if forgotten[gone] > start + 60 * 60_000 { break }
                let used = try written.store.spaceUse().usedBytes
                _ = try written.store.evict(downTo: used - 1)
            }
        }
        try record(&written, minutes: -30..<Int64.random(in: 62...80, using: &random))
        try written.recorder.sealEverything()
        try expectWhole(written, "sealed early")
        // Rows that are not sealed are there, too.
        try record(&written, minutes: 80..<83)
        try evict(written)
        try expectWhole(written, "evicted")
        try record(&written, minutes: 83..<Int64.random(in: 84...95, using: &random))
        try written.recorder.sealEverything()
        try expectWhole(written, "sealed again")
        try record(&written, minutes: 95..<101)
        try written.recorder.sealEverything()
        try expectWhole(written, "and again")
        try record(&written, minutes: 101..<250)
        try written.recorder.sealEverything()
        try expectWhole(written, "the span is over")
        try record(&written, minutes: 900..<1000)
        try written.recorder.sealEverything()
        try expectWhole(written, "the day is over")
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
