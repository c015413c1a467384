import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct LateBatchTests {
    private func batch() -> LateBatch {
        LateBatch(
            day: 86_400, group: 3,
            series: [
                LateBatch.Series(id: 0, times: [1000, 2000, 3000], values: [1, 2, .nan]),
                LateBatch.Series(id: 9, times: [-5], values: [.staleMarker]),
                LateBatch.Series(id: .max, times: [7, 8], values: [0.1, -0.0]),
            ])
    }

    @Test func comesBack() throws {
        let back = try LateBatch.decode(batch().encoded())
        #expect(back.day == 86_400 && back.group == 3 && back.series == batch().series)
    }

    @Test func writesTheDrawnBytes() {
        let small = LateBatch(
            day: 0, group: 1, series: [LateBatch.Series(id: 2, times: [5000], values: [0])])
        // Version, day, group, earliest, latest, series; id gap, samples, the column of one time, a chunk's field.
        #expect(Array(small.encoded().prefix(10)) == [1, 0, 1, 0x90, 0x4e, 0x90, 0x4e, 1, 2, 1])
    }

    @Test func isSplitBySpans() {
        let late = LateBatch(
            day: 0, group: 1,
            series: [
                LateBatch.Series(id: 1, times: [7_200_000, 7_200_001], values: [1, 2]),
                LateBatch.Series(id: 2, times: [0, 1], values: [3, 4]),
            ])
        #expect(late.spans == [-7200, 0, 7200])
        let (taken, rest) = late.split(span: 0)
        #expect(taken.series.map(\.id) == [1, 2] && taken.series.map(\.times) == [[7_200_000], [1]])
        #expect(rest.series.map(\.times) == [[7_200_001], [0]] && rest.series.map(\.values) == [[2], [3]])
    }

    @Test func hostileBytesThrowOrDecode() {
        var random = SeededGenerator(seed: 2)
        forEachDamage(of: batch().encoded(), garbage: 2000, &random) { bytes in
            expectAnswerOrRefusal {
                let read = try LateBatch.decode(bytes)
                _ = (read.minTime, read.maxTime, read.spans, read.split(span: 0))
            }
        }
    }

    /// A column of few bytes may say that it has millions of values; a batch of such columns is refused.
    @Test func absurdCountsAreRefused() {
        var writer = ByteWriter([1, 0, 1, 0, 0])
        writer.varint(100)
        for _ in 0..<100 {
            writer.varint(0)
            writer.varint(1 << 24)
            // Ascending by one: all values of one delta order are 1.
            IntegerColumn.encode((0..<64).map(Int64.init), into: &writer)
        }
        #expect(throws: CodecError.self) { _ = try LateBatch.decode(writer.bytes) }
    }
}
