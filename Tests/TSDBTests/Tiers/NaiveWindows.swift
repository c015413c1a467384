import Model
import TestSupport
import Testing

@testable import TSDB

/// Windows as slowly and plainly as they can be made.
enum NaiveWindows {
    static func windows(_ samples: [(time: Int64, value: Double)], _ tier: Tier) -> [Window] {
        let length = tier.windowMilliseconds
        var byEnd: [Int64: [(time: Int64, value: Double)]] = [:]
        for sample in samples {
            var end = sample.time / length * length
            while end < sample.time { end += length }
            while end - length >= sample.time { end -= length }
            byEnd[end, default: []].append(sample)
        }
        return byEnd.sorted { $0.key < $1.key }.map { window($0.value, end: $0.key) }
    }

    private static func window(_ samples: [(time: Int64, value: Double)], end: Int64) -> Window {
        var window = Window(end: end)
        let sorted = samples.sorted { $0.time < $1.time }
        window.isStale = sorted.last?.value.isStaleMarker == true
        let values = sorted.filter { !$0.value.isStaleMarker }
        guard let first = values.first, let last = values.last else { return window }
        window.count = values.count
        (window.first, window.firstTime) = (first.value, first.time)
        (window.last, window.lastTime) = (last.value, last.time)
        // As promql/functions.go has it.
        var (low, high) = (first.value, first.value)
        for value in values.dropFirst().map(\.value) {
            if value < low || low.isNaN { low = value }
            if value > high || high.isNaN { high = value }
        }
        (window.min, window.max) = (low, high)
        window.sum = values.reduce(0) { $0 + $1.value }
        for (before, after) in zip(values, values.dropFirst()) where after.value < before.value {
            window.resets += 1
            window.resetSum += before.value
        }
        return window
    }

    /// Equal bit for bit, but for sums, which are within 1e-14 of all that was added.
    static func isSame(_ lhs: Window, _ rhs: Window, sumOfMagnitudes: Double = .infinity) -> Bool {
        func bits(_ window: Window) -> [UInt64] {
            [window.first, window.last, window.min, window.max].map { $0.isNaN ? 1 : $0.bitPattern }
        }
        func near(_ one: Double, _ other: Double) -> Bool {
            if one.isNaN || other.isNaN { return one.isNaN && other.isNaN }
            if one.isInfinite || other.isInfinite { return one == other }
            return abs(one - other) <= 1e-14 * max(abs(one), abs(other), sumOfMagnitudes.isFinite ? sumOfMagnitudes : 0)
        }
        return lhs.end == rhs.end && lhs.count == rhs.count && bits(lhs) == bits(rhs)
            && lhs.firstTime == rhs.firstTime && lhs.lastTime == rhs.lastTime && lhs.resets == rhs.resets
            && lhs.isStale == rhs.isStale && near(lhs.sum, rhs.sum) && near(lhs.resetSum, rhs.resetSum)
    }

    static func expectSame(
        _ columns: WindowColumns, _ expected: [Window], sumOfMagnitudes: Double = .infinity, _ comment: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = (0..<columns.count).map { columns[$0] }
        #expect(found.map(\.end) == expected.map(\.end), "\(comment)", sourceLocation: sourceLocation)
        for (one, other) in zip(found, expected) {
            let isSame = isSame(one, other, sumOfMagnitudes: sumOfMagnitudes)
            #expect(isSame, "\(comment): \(one) for \(other)", sourceLocation: sourceLocation)
            if !isSame { return }
        }
    }

    /// What a series may do: count, jump, repeat, reset, end and begin again, be awkward.
    static func samples(
        _ count: Int, from start: Int64, step: ClosedRange<Int64>, awkward: Bool, _ random: inout SeededGenerator
    ) -> [(time: Int64, value: Double)] {
        var samples: [(time: Int64, value: Double)] = []
        var time = start
        var value = Double(Int.random(in: 0...1000, using: &random))
        let scale = Double([1, 100, 2048, 3][Int.random(in: 0..<4, using: &random)])
        for _ in 0..<count {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: value = 0
            case 1: time += Int64.random(in: 0...400_000, using: &random)
            case 2...20: value += Double(Int.random(in: 0...500, using: &random))
            default: break
            }
            var written = value / scale
            if Int.random(in: 0..<(awkward ? 8 : 60), using: &random) == 0 {
                written = .staleMarker
                if awkward, let other = awkwardValues.randomElement(using: &random) { written = other }
            }
            samples.append((time, written))
            time += Int64.random(in: step, using: &random)
        }
        return samples
    }

    static func column(_ samples: [(time: Int64, value: Double)]) -> SampleColumn {
        var column = SampleColumn()
        for sample in samples { column.append(sample.time, sample.value) }
        return column
    }
}
