import Testing

@testable import TSDB

@Suite struct KeysTests {
    /// The exact bytes of every kind of key: a change here is another format.
    @Test func writesTheDrawnBytes() {
        #expect(Key.superblock == [0])
        #expect(
            Key.registry(span: .day, start: 86_400, stripe: 0xf001)
                == [1, 0, 0x80, 0, 0, 0, 0, 1, 0x51, 0x80, 0xf0, 1])
        #expect(
            Key.registry(span: .thirtyDays, start: -1, stripe: 0)
                == [1, 1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0])
        #expect(Key.group(0x0102) == [2, 1, 2])
        #expect(Key.metadata("up") == [3, 0x75, 0x70])
        #expect(Key.headRow(time: 5, group: 1) == [0x10, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 1])
        #expect(Key.lateBatch(0x0a0b) == [0x11, 0, 0, 0, 0, 0, 0, 0x0a, 0x0b])
        #expect(Key.event(time: -2, sequence: 3) == [0x12, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 3])
        #expect(
            Key.block(group: 258, tier: 0, start: 7200, stripe: 4)
                == [0x20, 1, 2, 0, 0x80, 0, 0, 0, 0, 0, 0x1c, 0x20, 0, 4])
        #expect(Key.frameBlock(tier: 0, start: 0, stripe: 1) == [0x21, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func readsThemBack() {
        for time in [Int64.min, -1, 0, 1, 7_200_000, .max] {
            // Rows have no times but those that a recorder takes.
            let kept = min(max(time, Recorder.times.lowerBound), Recorder.times.upperBound)
            #expect(Key.headRow(time: time, group: 9).span.bytes.headRowKey().map { $0 == (kept, 9) } == true)
            #expect(Key.event(time: time, sequence: 9).span.bytes.eventKey().map { $0 == (time, 9) } == true)
        }
        for start in [-7200, 0, 86_400, 9_000_000_000_000] as [Int64] {
            let block = Key.block(group: 1, tier: 2, start: start, stripe: 3)
            #expect(block.span.bytes.blockKey().map { $0 == (1, 2, start, 3) } == true)
            let registry = Key.registry(span: .day, start: start, stripe: 3)
            #expect(registry.span.bytes.registryKey().map { $0 == (0, start, 3) } == true)
        }
        // No span begins there: its milliseconds are no Int64.
        #expect(Key.block(group: 1, tier: 0, start: .max, stripe: 0).span.bytes.blockKey() == nil)
    }

    @Test func theOrderOfBytesIsTheOrderOfTimes() {
        let times = [Int64.min, -7_200_001, -1, 0, 1, 255, 256, 1_700_000_000_000, .max]
        for (earlier, later) in zip(times, times.dropFirst()) {
            #expect(
                Key.headRow(time: earlier, group: .max).lexicographicallyPrecedes(Key.headRow(time: later, group: 0)))
        }
    }

    @Test func bytesOfOtherLengthsAreNoKeys() {
        let keys = [
            Key.headRow(time: 1, group: 1), Key.lateBatch(1), Key.event(time: 1, sequence: 1), Key.group(1),
            Key.registry(span: .day, start: 0, stripe: 0), Key.block(group: 0, tier: 0, start: 0, stripe: 0),
            Key.frameBlock(tier: 0, start: 0, stripe: 0),
        ]
        for key in keys {
            for bytes in (0..<key.count).map({ Array(key.prefix($0)) }) + [key + [0], []] {
                let span = bytes.span.bytes
                #expect(span.headRowKey() == nil && span.lateBatchKey() == nil && span.eventKey() == nil)
                #expect(span.groupKey() == nil && span.registryKey() == nil && span.blockKey() == nil)
                #expect(span.frameBlockKey() == nil)
            }
        }
    }
}
