import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SealingTests {
    private let labels = (0..<4).map { Labels(name: "m", ["i": "\($0)"]) }

    private func samples(_ tick: Int64) -> [(Labels, Double)] {
        labels.enumerated().filter { (tick + Int64($0.offset)) % 5 != 0 }.map { ($0.element, Double(tick) / 10) }
    }

    /// A span that is sealed in its middle, several times, and then completed: one block holds all of it.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func partsOfASpanBecomeOneBlock(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let start: Int64 = -7_200_000
        for tick in 0..<60 as Range<Int64> {
            try written.append(start + (tick + 1) * 60_000, samples(tick))
            // A late one now and then, also into what is sealed.
            if Int.random(in: 0..<6, using: &random) == 0 {
                // At the time of a row that is there, or beside it.
                let earlier = start + Int64.random(in: 1...tick + 1, using: &random) * 60_000
                try written.append(
                    earlier + Int64.random(in: 0...1, using: &random), [(labels[0], 1000 + Double(tick))])
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                try written.recorder.sealEverything()
                try written.expectEqualsModel("seed \(seed), sealed at tick \(tick)")
            }
        }
        try written.append(1, samples(1))
        try written.expectEqualsModel("seed \(seed), span completed")
        let snapshot = try written.store.snapshot()
        let references = try snapshot.blockReferences(in: .all)
        #expect(references == [Snapshot.BlockReference(group: 1, start: -7200)])
        #expect(try snapshot.oldestHeadTime() == 1)
        var lateCount = 0
        try snapshot.forEachLateBatch { _, _ in lateCount += 1 }
        #expect(lateCount == 0)
        let columns = try snapshot.columns(of: references[0])
        let sealed = columns.values.reduce(0) { $0 + $1.count }
        #expect(sealed + samples(1).count == written.naive.samples.values.reduce(0) { $0 + $1.count })
    }

    /// After a clock that was stepped back, what comes is late: blocks are not rewritten with every scrape, and what
    /// waits stays bounded.
    @Test func aClockSteppedBackFarSealsNothingAndWaitsBounded() throws {
        var written = try WrittenStore()
        for tick in 0..<3 as Range<Int64> { try written.append(100_000_000 + tick * 5000, [(labels[0], Double(tick))]) }
        let before = written.recorder.sealCount
        for tick in 0..<Int64(LateWaiting.batchesMax + 50) {
            try written.append(tick * 5000, [(labels[0], Double(tick))])
        }
        #expect(written.recorder.sealCount == before)
        var lateCount = 0
        try written.store.snapshot().forEachLateBatch { _, _ in lateCount += 1 }
        #expect(lateCount <= 50)
        try written.expectEqualsModel("after the step")
    }

    @Test func aFrameOfTheTimeOfASealedOneIsLeftOut() throws {
        var written = try WrittenStore()
        for time in [1000, 6000, 11_000] as [Int64] { try written.appendFrame(time) }
        try written.recorder.sealEverything()
        try written.appendFrame(7000)
        try written.appendFrame(11_000)
        try written.appendFrame(16_000)
        try written.recorder.sealEverything()
        let frames = try written.store.snapshot().frames(of: FrameBlockReference(tier: 0, start: 0))
        #expect(frames.map(\.time.milliseconds) == [1000, 6000, 7000, 11_000, 16_000])
    }

    @Test func newestAndOldestLookAtBlocksRowsAndLateSamples() throws {
        var written = try WrittenStore()
        let other = GroupDefinition(intervalMilliseconds: 10_000)
        try written.append(20_000, [(labels[0], 1)])
        try written.append(15_000, [(labels[1], 1)], group: other)
        try written.recorder.sealEverything()
        #expect(try written.store.snapshot().newestSampleTime() == Timestamp(milliseconds: 20_000))
        #expect(try written.store.snapshot().oldestSampleTime() == Timestamp(milliseconds: 15_000))
        // Late: not the newest, but the oldest.
        try written.append(10_000, [(labels[0], 2)])
        #expect(try written.store.snapshot().newestSampleTime() == Timestamp(milliseconds: 20_000))
        #expect(try written.store.snapshot().oldestSampleTime() == Timestamp(milliseconds: 10_000))
    }

    /// A row of a group that no record describes cannot be sealed, and sealing ends all the same.
    @Test func rowsOfAnUnknownGroupDoNotHoldUpSealing() throws {
        var written = try WrittenStore()
        try written.append(0, samples(1))
        try written.store.overwrite(Key.headRow(time: 10, group: 77), payload: [1, 0])
        try written.recorder.sealEverything()
        try written.expectEqualsModel("with a stray row")
    }
}
