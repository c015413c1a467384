import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// Windows of a store against those of a dictionary.
@Suite struct TierStoreTests {
    private static let day: Int64 = 86_400_000

    /// Both tiers of every series, over all time and over a part of it, from a fresh snapshot.
    private func expectWindows(
        _ store: Store, _ naive: NaiveStore, after: Int64 = -Self.day * 100, through: Int64 = Self.day * 200,
        _ comment: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let range = TimeRange(minMilliseconds: after + 1, maxMilliseconds: through)
        let selection = try store.snapshot().select([], in: range)
        var windows = WindowColumns()
        for (labels, points) in naive.samples {
            let index = selection.labels.firstIndex(of: labels)
            let samples = points.map { (time: $0.key, value: $0.value) }.filter {
                $0.time > after && $0.time <= through
            }
            let magnitudes = samples.reduce(0) { $0 + ($1.value.isFinite ? abs($1.value) : 0) }
            for tier in [Tier.minute, .hour] {
                let expected = NaiveWindows.windows(samples, tier).filter { $0.end <= through }
                windows.removeAll()
                if let index {
                    try selection.readWindows(
                        index, tier, after: Timestamp(milliseconds: after), through: Timestamp(milliseconds: through),
                        into: &windows)
                }
                NaiveWindows.expectSame(
                    windows, expected, sumOfMagnitudes: magnitudes, "\(comment), \(tier) of \(labels)",
                    sourceLocation: sourceLocation)
            }
        }
    }

    private func layers(_ store: Store) throws -> [TierLayer: Int] {
        var counts: [TierLayer: Int] = [:]
        let snapshot = try store.snapshot()
        for group in try snapshot.groups().keys {
            for layer in TierLayer.allCases {
                counts[layer, default: 0] += try snapshot.tierReferences(layer, group: group).count
            }
        }
        return counts
    }

    /// Scrapes, steps back, seals in the middle of spans, restarts' new groups, series that come and go: windows are
    /// those of the samples at every moment, wherever they are read from.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func windowsAreThoseOfTheSamples(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let names = (0..<8).map { Labels(name: "m", ["i": "\($0)"]) }
        var time = Int64.random(in: -3 * Self.day...Self.day, using: &random)
        var values = names.map { _ in Double(Int.random(in: 0...1000, using: &random)) }
        let second = GroupDefinition(intervalMilliseconds: 60_000)
        for step in 0..<700 {
            switch Int.random(in: 0..<60, using: &random) {
            case 0: time += Int64.random(in: 0...Self.day, using: &random)
            case 1: try written.recorder.sealEverything()
            default: time += ([60_000, 120_000, 1_200_000] as [Int64])[Int.random(in: 0..<3, using: &random)]
            }
            let isLate = Int.random(in: 0..<12, using: &random) == 0
            let at = isLate ? time - Int64.random(in: 0...2 * Self.day, using: &random) : time / 60_000 * 60_000
            var samples: [(Labels, Double)] = []
            for index in names.indices where Int.random(in: 0..<5, using: &random) != 0 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: values[index] = awkwardValues.randomElement(using: &random) ?? 0
                case 1: values[index] = 0
                default: values[index] += Double(Int.random(in: 0...50, using: &random)) / 4
                }
                samples.append((names[index], values[index]))
            }
            try written.append(at, samples, group: step % 70 == 0 ? second : WrittenStore.group)
            if step % 140 == 139 { try expectWindows(written.store, written.naive, "seed \(seed), step \(step)") }
        }
        try written.recorder.sealEverything()
        try expectWindows(written.store, written.naive, "seed \(seed), sealed")
        let counts = try layers(written.store)
        #expect(counts[.minuteBlock]! > 0 && counts[.hourSlice]! > 0, "seed \(seed): days were folded")
        for _ in 0..<5 {
            let from = (time - Int64.random(in: 0...5 * Self.day, using: &random)) / 3_600_000 * 3_600_000
            let to = from + Int64.random(in: 1...60, using: &random) * 3_600_000
            try expectWindows(written.store, written.naive, after: from, through: to, "seed \(seed), a part")
        }
    }

    /// Three months: thirty days are folded with names of their own, raw goes, then the minutes, and hours still
    /// answer.
    @Test func hoursOutliveTheRest() throws {
        var written = try WrittenStore()
        let labels = (0..<5).map { Labels(name: "m", ["i": "\($0)"]) }
        let other = GroupDefinition(intervalMilliseconds: 7_200_000, source: "import")
        // A series a week long, and one in both groups.
        for tick in 1...1100 as ClosedRange<Int64> {
            let time = tick * 7_200_000 - 1_000_000
            try written.append(time, labels.prefix(tick % 84 < 40 ? 4 : 3).map { ($0, Double(tick)) })
            if tick % 5 == 0 { try written.append(time + 1000, [(labels[0], 1), (labels[4], 2)], group: other) }
        }
        try expectWindows(written.store, written.naive, "all there")
        #expect(try layers(written.store)[.hourBlock] == 6)
        let now = Timestamp(milliseconds: 92 * Self.day)
        let keep = TierKeep(raw: 5 * Self.day, minute: 20 * Self.day, hour: 80 * Self.day)
        let report = try written.store.retain(RetentionPolicy(keep: keep), now: now)
        #expect(report.blocks > 1000 && report.windowBlocks > 60 && report.registries > 60)
        #expect(try written.store.retain(now: now).isEmpty, "what was told is kept")
        let selection = try written.store.snapshot().select([], in: .all)
        #expect(selection.labels == labels.sorted())
        for index in 0..<selection.count {
            #expect(
                try selection.coverage(of: index)
                    == TierCoverage(raw: 87 * Self.day, minute: 72 * Self.day, hour: .min))
        }
        var minutes = WindowColumns()
        try selection.readWindows(
            0, .minute, after: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 72 * Self.day),
            into: &minutes)
        #expect(minutes.count == 0)
        // Hours are there from the first on, and minutes from the 72nd day on.
        let all = TimeRange(minMilliseconds: 1, maxMilliseconds: 100 * Self.day)
        var hours = WindowColumns()
        for (index, name) in selection.labels.enumerated() {
            try selection.readWindows(index, .hour, after: .init(milliseconds: 0), through: all.max, into: &hours)
            let samples = written.naive.samples[name]!.map { (time: $0.key, value: $0.value) }
            NaiveWindows.expectSame(hours, NaiveWindows.windows(samples, .hour), "hours of \(name)")
            try selection.readWindows(
                index, .minute, after: .init(milliseconds: 72 * Self.day), through: all.max, into: &minutes)
            NaiveWindows.expectSame(
                minutes, NaiveWindows.windows(samples.filter { $0.time > 72 * Self.day }, .minute), "minutes of \(name)"
            )
        }
        // Nothing names what is gone.
        #expect(try written.store.snapshot().registryDays(in: .all).first == 72 * 86_400)
        _ = try written.store.retain(
            RetentionPolicy(keep: TierKeep(all: 1)), now: Timestamp(milliseconds: 200 * Self.day))
        #expect(try written.store.records().allSatisfy { [0x00, 0x02, 0x04, 0x05].contains($0.key[0]) })
    }

    /// Minutes that go before their day is over, or before anything was recorded after it, leave their hours.
    @Test(
        arguments: [
            ("raw=2h,1m=3h,1h=1000d", [20, 25, 30, 31, 47, 60]), ("raw=1d,1m=1d,1h=1000d", [30, 40, 80]),
            ("raw=30d,1m=1y,1h=5y", [40, 24 * 800]), ("raw=30d,1m=1y,1h=5y", [24 * 1700]),
        ] as [(String, [Int64])])
    func minutesGoOnlyWhereHoursAre(times: String, hours: [Int64]) throws {
        let keep = try TierKeep.standard.changed(by: times)
        var written = try WrittenStore()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        var tick: Int64 = 0
        for now in hours {
            while tick * 300_000 < min(now, 60) * 3_600_000 {
                tick += 1
                try written.append(tick * 300_000, labels.map { ($0, Double(tick * tick % 97)) })
            }
            try written.recorder.sealEverything()
            let time = Timestamp(milliseconds: now * 3_600_000)
            let plan = try written.store.retain(RetentionPolicy(keep: keep), now: time, isDryRun: true)
            let report = try written.store.retain(RetentionPolicy(keep: keep), now: time)
            #expect(plan.blocks == report.blocks)
            let selection = try written.store.snapshot().select([], in: .all)
            #expect(selection.labels == labels)
            var windows = WindowColumns()
            for (index, name) in selection.labels.enumerated() {
                try selection.readWindows(
                    index, .hour, after: .init(milliseconds: 0), through: time, into: &windows)
                let samples = written.naive.samples[name]!.map { (time: $0.key, value: $0.value) }
                NaiveWindows.expectSame(windows, NaiveWindows.windows(samples, .hour), "\(name) at \(now) h")
            }
        }
        let minutes = try layers(written.store)
        #expect(minutes[.minuteSlice] == 0)
    }

    /// Many days are folded in the pages that the days before have freed.
    @Test func foldingTakesNoRoom() throws {
        var written = try WrittenStore()
        for tick in 1...4000 as ClosedRange<Int64> {
            try written.append(tick * 3_600_000, [(Labels(name: "m"), Double(tick))])
        }
        for record in try written.store.records() where record.key[0] == 0x20 && record.key[3] != 0 {
            try written.store.remove(record.key)
        }
        let before = try written.store.spaceUse().filePages
        let now = Timestamp(milliseconds: 4000 * 3_600_000)
        let report = try written.store.retain(RetentionPolicy(keep: .standard), now: now)
        #expect(report.blocks > 1000)
        let after = try written.store.spaceUse().filePages
        #expect(after <= before + 100, "\(before) pages became \(after)")
    }

    /// Late samples of a time whose samples, or minutes, are gone are mixed into what is left.
    @Test func lateSamplesOfForgottenTimesAreMixedIn() throws {
        var written = try WrittenStore()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 1...(40 * 24) as ClosedRange<Int64> {
            try written.append(tick * 3_600_000 - 1_800_000, labels.map { ($0, Double(tick)) })
        }
        let keep = TierKeep(raw: 2 * Self.day, minute: 5 * Self.day, hour: 100 * Self.day)
        let now = Timestamp(milliseconds: 40 * Self.day)
        _ = try written.store.retain(RetentionPolicy(keep: keep), now: now)
        // In minutes, in slices of hours, and in a block of thirty days, one of them of a series that is new there.
        let times = [37, 32, 10].map { Int64($0) * Self.day + 123_000 }
        for time in times { try written.append(time, [(labels[0], 5), (Labels(name: "new"), 7)]) }
        func check(_ comment: String) throws {
            let selection = try written.store.snapshot().select([], in: .all)
            var hours = WindowColumns()
            for (index, name) in selection.labels.enumerated() {
                try selection.readWindows(
                    index, .hour, after: .init(milliseconds: 0), through: .init(milliseconds: 50 * Self.day),
                    into: &hours)
                let samples = written.naive.samples[name]!.map { (time: $0.key, value: $0.value) }
                NaiveWindows.expectSame(hours, NaiveWindows.windows(samples, .hour), "\(comment): \(name)")
            }
        }
        try check("waiting")
        try LateMerging.mergeSealed(in: written.store)
        var left = 0
        try written.store.snapshot().forEachLateBatch { _, _ in left += 1 }
        #expect(left == 0)
        #expect(try written.store.snapshot().blockReferences(in: .all).allSatisfy { $0.start >= 38 * 86_400 })
        try check("merged")
        try Folding.foldCompleteSpans(in: written.store)
        try check("folded")
        #expect(try layers(written.store)[.hourBlock] == 1)
        let report = try written.store.retain(now: now)
        #expect(report.lateBatches == 0)
        try check("aged again")
    }

    /// A group that builds none has no windows in the store, and the same answers as long as it has samples.
    @Test func aGroupWithoutTiersHasNone() throws {
        var written = try WrittenStore()
        let group = GroupDefinition(intervalMilliseconds: 60_000, source: "import", buildsTiers: false)
        for tick in 1...2000 as ClosedRange<Int64> {
            try written.append(tick * 120_000, [(Labels(name: "m"), Double(tick))], group: group)
        }
        try written.recorder.sealEverything()
        #expect(try layers(written.store).values.allSatisfy { $0 == 0 })
        try expectWindows(written.store, written.naive, "made of samples")
        let now = Timestamp(milliseconds: 400 * Self.day)
        #expect(try written.store.retain(now: now).blocks > 30)
        #expect(try written.store.snapshot().blockReferences(in: .all).isEmpty)
        let definition = try written.store.snapshot().groups()
        #expect(definition.values.map(\.buildsTiers) == [false])
    }

    /// Blocks of a store that was written without windows get them before they age.
    @Test func blocksWithoutWindowsGetThem() throws {
        var written = try WrittenStore()
        for tick in 1...800 as ClosedRange<Int64> {
            try written.append(tick * 300_000, [(Labels(name: "m"), Double(tick))])
        }
        for record in try written.store.records() where record.key[0] == 0x20 && record.key[3] != 0 {
            try written.store.remove(record.key)
        }
        try expectWindows(written.store, written.naive, "without")
        let keep = TierKeep(raw: Self.day, minute: 300 * Self.day, hour: 300 * Self.day)
        _ = try written.store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 20 * Self.day))
        try expectWindows(written.store, written.naive, "made late")
    }
}
