import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct LateMergingTests {
    private final class Clock { var now: UInt64 = 7 }

    private let up = Labels(name: "up")

    private func lateCount(_ store: Store) throws -> Int { try store.snapshot().lateBatchSizes().batches }

    @Test func theyAreDueByNumberBySizeOrByTheClock() {
        var late = LateWaiting()
        func check(_ now: UInt64, _ expected: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
            let isDue = late.areDue(now: now)
            #expect(isDue == expected, sourceLocation: sourceLocation)
        }
        check(5, false)
        late.add(LateWaiting.batchesMax - 1, bytes: 10)
        check(5, false)
        late.add(1, bytes: 0)
        check(5, true)
        late = LateWaiting()
        late.add(1, bytes: LateWaiting.bytesMax)
        check(5, true)
        late = LateWaiting()
        late.add(1, bytes: 1)
        check(1000, false)
        check(LateWaiting.nanosecondsMax, false)
        check(1000 + LateWaiting.nanosecondsMax, true)
    }

    /// A sparse source: its late samples reach their block though no span is sealed and few of them come.
    @Test func theClockHasThemMerged() throws {
        let folder = TemporaryFolder()
        let clock = Clock()
        var recorder = try Recorder(path: folder.path, host: testHost)
        recorder.monotonicClock = { clock.now }
        func append(_ time: Int64, _ value: Double) throws {
            let row = Scrape.Row(group: WrittenStore.group, samples: [(recorder.reference(for: up), value)])
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        }
        try append(100_000_000, 1)
        try append(50_000_000, 2)
        #expect(try lateCount(recorder.store) == 1)
        clock.now += LateWaiting.nanosecondsMax
        try append(100_005_000, 3)
        #expect(try lateCount(recorder.store) == 0)
        let snapshot = try recorder.store.snapshot()
        #expect(try snapshot.blockReferences(in: .all).map(\.start) == [Block.spanStart(50_000_000)])
        #expect(try answer(snapshot, [], .all).first?.1.count == 3)
    }

    /// What the last recorder left counts.
    @Test func whatWasLeftIsMerged() throws {
        let folder = TemporaryFolder()
        let reference: (inout Recorder) -> SeriesReference = { $0.reference(for: Labels(name: "up")) }
        do {
            var recorder = try Recorder(path: folder.path, host: testHost)
            for time in [100_000_000, 50_000_000] as [Int64] {
                let row = Scrape.Row(group: WrittenStore.group, samples: [(reference(&recorder), 1)])
                try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
            }
        }
        let clock = Clock()
        var recorder = try Recorder(path: folder.path, host: testHost)
        recorder.monotonicClock = { clock.now }
        try recorder.sealCompleteSpans()
        #expect(try lateCount(recorder.store) == 1)
        clock.now += LateWaiting.nanosecondsMax
        try recorder.sealCompleteSpans()
        #expect(try lateCount(recorder.store) == 0)
    }

    /// Retention has dropped the block of the span, and there was never one of another: both get a new one.
    @Test func aSpanWithoutABlockGetsOne() throws {
        var written = try WrittenStore()
        // Without windows, with which late samples would be mixed where samples are forgotten.
        let group = GroupDefinition(intervalMilliseconds: 5000, buildsTiers: false)
        try written.append(1000, [(up, 1)], group: group)
        try written.append(100_000_000, [(up, 2)], group: group)
        #expect(try written.store.retain(1, now: Timestamp(milliseconds: 50_000_000)).blocks == 1)
        written.naive.samples[up]?[1000] = nil
        try written.append(2000, [(up, 3)], group: group)
        try written.append(30_000_000, [(up, 4)], group: group)
        try LateMerging.mergeSealed(in: written.store)
        #expect(try lateCount(written.store) == 0)
        try written.expectEqualsModel("merged")
        let starts = try written.store.snapshot().blockReferences(in: .all).map(\.start)
        #expect(starts == [Block.spanStart(2000), Block.spanStart(30_000_000)])
    }

    /// The oldest block comes first, whatever the order of arrival.
    @Test func theOldestBlockIsTheFirst() throws {
        var written = try WrittenStore()
        try written.append(200_000_000, [(up, 0)])
        for time in [90_000_000, 10_000_000, 50_000_000] as [Int64] { try written.append(time, [(up, 1)]) }
        let before = try written.store.snapshot()
        #expect(try before.lateBatchSizes().batches == 3)
        try LateMerging.mergeSealed(in: written.store)
        try written.expectEqualsModel("merged")
        #expect(try written.store.snapshot().blockReferences(in: .all).count == 3)
    }
}
