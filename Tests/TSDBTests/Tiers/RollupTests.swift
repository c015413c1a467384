import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RollupTests {
    @Test func windowsEndAtMultiples() {
        for (time, end) in [(0, 0), (1, 60_000), (60_000, 60_000), (60_001, 120_000), (-1, 0), (-60_000, -60_000)] {
            #expect(Tier.minute.windowEnd(of: Int64(time)) == Int64(end), "\(time)")
        }
        #expect(Tier.hour.windowEnd(of: -3_600_001) == -3_600_000)
        #expect(
            Tier.allCases.map(\.name) == ["raw", "1m", "1h"] && Tier(name: "1m") == .minute && Tier(name: "") == nil)
    }

    /// The worked example of WindowColumns.swift: what fell at an edge is in no window and in their join.
    @Test func fallsAtEdgesAreSeenWhenWindowsAreJoined() throws {
        let samples = NaiveWindows.column(
            [(10, 3), (20, 5), (60_010, 1), (60_020, 4), (120_010, 6), (120_020, 2)].map {
                (time: Int64($0.0), value: Double($0.1))
            })
        let windows = Rollup.windows(of: samples, .minute)
        #expect(windows.resetCounts == [0, 0, 1] && windows.resetSums == [0, 0, 6])
        let all = try #require(windows.joined(0..<3))
        #expect(all.last - all.first + all.resetSum == 10 && all.resets == 2 && all.count == 6 && all.sum == 21)
        #expect(windows.joined(1..<1) == nil)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>) func equalsTheNaiveModel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let samples = NaiveWindows.samples(
            2000, from: .random(in: -10_000_000...10_000_000, using: &random), step: 1...20_000,
            awkward: seed % 2 == 0, &random)
        let column = NaiveWindows.column(samples)
        let magnitudes = samples.reduce(0) { $0 + ($1.value.isFinite ? abs($1.value) : 0) }
        let minutes = Rollup.windows(of: column, .minute)
        NaiveWindows.expectSame(
            minutes, NaiveWindows.windows(samples, .minute), sumOfMagnitudes: magnitudes, "seed \(seed), minutes")
        let hours = NaiveWindows.windows(samples, .hour)
        NaiveWindows.expectSame(
            Rollup.windows(of: column, .hour), hours, sumOfMagnitudes: magnitudes, "seed \(seed), hours")
        var fromMinutes = WindowColumns()
        Rollup.append(minutes, .hour, to: &fromMinutes)
        NaiveWindows.expectSame(
            fromMinutes, hours, sumOfMagnitudes: magnitudes, "seed \(seed), hours from minutes")
    }

    /// An increase over windows is that over samples, bit for bit where values are integers.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func joinedIncreaseEqualsThatOfSamples(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var samples: [(time: Int64, value: Double)] = []
        var value = 0.0
        for tick in 1...3000 as ClosedRange<Int64> {
            value =
                Int.random(in: 0..<50, using: &random) == 0 ? 0 : value + Double(Int.random(in: 0...9, using: &random))
            if Int.random(in: 0..<10, using: &random) != 0 { samples.append((tick * 5000, value)) }
        }
        let minutes = Rollup.windows(of: NaiveWindows.column(samples), .minute)
        for _ in 0..<50 {
            let start = Int64.random(in: 0...100, using: &random) * 60_000
            let end = start + Int64.random(in: 1...100, using: &random) * 60_000
            let inside = samples.filter { $0.time > start && $0.time <= end }
            let range = minutes.firstIndex(endingAfter: start)..<minutes.firstIndex(endingAfter: end)
            guard let first = inside.first, let last = inside.last else { continue }
            var increase = last.value - first.value
            for (before, after) in zip(inside, inside.dropFirst()) where after.value < before.value {
                increase += before.value
            }
            let window = try #require(minutes.joined(range))
            #expect(window.last - window.first + window.resetSum == increase, "seed \(seed)")
        }
    }

    /// A part of a series gives the windows that the whole does, wherever it is cut at a window's end.
    @Test func partsGiveTheSameWindows() {
        var random = SeededGenerator(seed: 3)
        let samples = NaiveWindows.samples(600, from: 1, step: 1000...9000, awkward: true, &random)
        let whole = Rollup.windows(of: NaiveWindows.column(samples), .minute)
        for cut in whole.ends {
            var parts = WindowColumns()
            Rollup.append(NaiveWindows.column(samples.filter { $0.time <= cut }), .minute, to: &parts)
            Rollup.append(NaiveWindows.column(samples.filter { $0.time > cut }), .minute, to: &parts)
            #expect(
                (0..<whole.count).allSatisfy { NaiveWindows.isSame(whole[$0], parts[$0]) } && parts.count == whole.count
            )
        }
    }

    @Test func lateSamplesAreMixedIn() {
        var windows = Rollup.windows(of: NaiveWindows.column([(70_000, 5), (80_000, 9), (130_000, 1)]), .minute)
        windows.mix(Rollup.windows(of: NaiveWindows.column([(65_000, 2), (75_000, 20), (200_000, 4)]), .minute))
        #expect(windows.ends == [120_000, 180_000, 240_000])
        #expect(windows.counts == [4, 1, 1] && windows.firsts == [2, 1, 4] && windows.lasts == [9, 1, 4])
        #expect(windows.maxima == [20, 1, 4] && windows.minima == [2, 1, 4] && windows.sums == [36, 1, 4])
        #expect(windows.firstTimes == [65_000, 130_000, 200_000] && windows.lastTimes == [80_000, 130_000, 200_000])
        var ended = Rollup.windows(of: NaiveWindows.column([(70_000, .staleMarker)]), .minute)
        #expect(ended.counts == [0] && ended.isStale == [true] && ended.lastTimes == [120_000])
        ended.mix(Rollup.windows(of: NaiveWindows.column([(65_000, 2)]), .minute))
        #expect(ended.counts == [1] && ended.isStale == [true])
    }

    @Test func partsAreReplaced() {
        let samples = (1...20).map { (time: Int64($0) * 60_000, value: Double($0)) }
        let whole = Rollup.windows(of: NaiveWindows.column(samples), .minute)
        for from in 0...20 {
            for to in from...20 {
                var changed = whole
                let part = Rollup.windows(
                    of: NaiveWindows.column(samples[from..<to].map { (time: $0.time, value: -1.0) }), .minute)
                changed.replace(after: Int64(from) * 60_000, through: Int64(to) * 60_000, with: part)
                let expected = samples.indices.map { (from..<to).contains($0) ? -1 : samples[$0].value }
                #expect(changed.lasts == expected && changed.ends == whole.ends)
            }
        }
    }
}
