import Model
import TestSupport
import Testing

@testable import TSDB

/// Series that share times get what each of them would get alone.
struct SharedTimesTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func givesWhatEachSeriesHas(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Chunks of three blocks; two columns of times each.
        var columns: [[[Int64]]] = []
        for block in 0..<3 as Range<Int64> {
            var pair: [[Int64]] = []
            for column in 0..<2 as Range<Int64> {
                let start = block * 1000 + column
                let count = Int64.random(in: 20...60, using: &random)
                pair.append(Array(stride(from: start, to: start + count * 10, by: 10)))
            }
            columns.append(pair)
        }
        var shared = SharedTimes()
        for number in 0..<30 {
            let range = number < 25 ? TimeRange.all : TimeRange(minMilliseconds: 0, maxMilliseconds: 2500)
            var column = SampleColumn()
            var expected: [Int64] = []
            shared.begin(range)
            for block in 0..<3 where Int.random(in: 0..<8, using: &random) > 0 {
                let piece = SharedTimes.Piece(
                    block: block, column: Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0, presence: 0)
                let times = columns[block][piece.column].filter { $0 <= range.max.milliseconds }
                let count = column.values.count
                column.values += times.map { _ in 1 }
                if shared.add(piece, before: count, into: &column.timestamps) { column.timestamps += times }
                if Int.random(in: 0..<20, using: &random) == 0 {
                    column.values.removeLast(times.count)
                    shared.forget(after: count, &column.timestamps)
                } else {
                    expected += times
                }
            }
            var recent = SampleColumn()
            for time in 0..<Int64.random(in: 0...2, using: &random) { recent.append(5000 + time, 2) }
            if range.max.milliseconds > 5000 { expected += recent.timestamps }
            shared.finish(recent, range, &column)
            #expect(column.timestamps == expected, "seed \(seed), series \(number)")
            #expect(column.values.count == expected.count)
        }
    }

    @Test func seriesOfTheSameChunksShareAnArray() {
        let times = Array(stride(from: 0 as Int64, to: 1000, by: 10))
        var shared = SharedTimes()
        var columns: [SampleColumn] = []
        for _ in 0..<2 {
            var column = SampleColumn()
            shared.begin(.all)
            column.values += times.map { _ in 1 }
            let piece = SharedTimes.Piece(block: 0, column: 0, presence: 0)
            if shared.add(piece, before: 0, into: &column.timestamps) { column.timestamps += times }
            shared.finish(SampleColumn(), .all, &column)
            columns.append(column)
        }
        #expect(columns[1].timestamps == times)
        #expect(isSame(columns[0].timestamps, columns[1].timestamps))
    }

    @Test func seriesOfSomeTargetsInTurnsShareOneEach() {
        var shared = SharedTimes()
        var arrays: [[Int64]] = []
        for number in 0..<12 {
            let target = number % 3
            var column = SampleColumn()
            let times = (0..<100 as Range<Int64>).map { $0 * 10 + Int64(target) }
            shared.begin(.all)
            column.values += times.map { _ in 1 }
            let piece = SharedTimes.Piece(block: 0, column: target, presence: 0)
            let isAsked = shared.add(piece, before: 0, into: &column.timestamps)
            #expect(isAsked == (number < 3))
            if isAsked { column.timestamps += times }
            shared.finish(SampleColumn(), .all, &column)
            #expect(column.timestamps == times)
            if number >= 3 { #expect(isSame(column.timestamps, arrays[target])) }
            arrays.append(column.timestamps)
        }
    }

    private func isSame(_ one: [Int64], _ other: [Int64]) -> Bool {
        unsafe one.withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { unsafe $0.baseAddress == mine.baseAddress }
        }
    }

    @Test func recentSamplesOutOfOrderAreSorted() {
        var shared = SharedTimes()
        var column = SampleColumn()
        var recent = SampleColumn()
        for time in [30, 10, 20, 10] as [Int64] { recent.append(time, Double(recent.count)) }
        shared.begin(.all)
        shared.finish(recent, .all, &column)
        #expect(column.timestamps == [10, 20, 30])
        #expect(column.values == [3, 2, 0])
    }
}
