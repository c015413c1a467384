import TestSupport
import Testing

@testable import TSDB

@Suite struct SharesTests {
    private func roundTrip(_ values: [Int64], _ bounds: [Int64], _ what: String) throws -> [UInt8] {
        var writer = ByteWriter()
        Shares.encode(values, of: bounds, into: &writer)
        let length = writer.count
        writer.u8(0xa5)
        var reader = ByteReader(writer.bytes)
        #expect(try Shares.decode(of: bounds, from: &reader) == values, "\(what)")
        #expect(reader.position == length, "\(what)")
        return Array(writer.bytes[..<length])
    }

    /// The worked example of Shares.swift.
    @Test func writesTheDrawnBytes() throws {
        let bytes = try roundTrip([5, 0, 12], [9, 0, 15], "drawn")
        #expect(bytes == SharesTests.golden)
    }

    private static let golden: [UInt8] = [3] + [1, 2, 4, 200] + [0]

    /// Every number of every small room, alone and in a row.
    @Test func smallRooms() throws {
        for bound in 0...40 as ClosedRange<Int64> {
            let all = Array(0...bound)
            _ = try roundTrip(all, all.map { _ in bound }, "all of \(bound)")
            for value in all { _ = try roundTrip([value], [bound], "\(value) of \(bound)") }
        }
        #expect(try roundTrip([0, 0], [0, 0], "nothing").isEmpty)
        #expect(try roundTrip([], [], "none").isEmpty)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func randomRooms(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bounds: [Int64] = []
        var values: [Int64] = []
        for _ in 0..<Int.random(in: 1...400, using: &random) {
            let bound =
                Int64.random(in: 0...Shares.boundMax, using: &random) >> Int64.random(in: 0...56, using: &random)
            bounds.append(bound)
            let edges = [0, bound, bound / 2]
            values.append(edges.randomElement(using: &random) ?? 0)
            if Bool.random(using: &random) { values[values.count - 1] = .random(in: 0...bound, using: &random) }
        }
        let unit: Int64 = seed % 3 == 0 ? 4096 : 1
        bounds = bounds.map { $0 / unit * unit }
        values = values.map { $0 / unit * unit }
        bounds.append(Shares.boundMax)
        values.append(Shares.boundMax)
        _ = try roundTrip(values, bounds, "seed \(seed)")
    }

    @Test func hostileBytesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 7)
        let bounds = (0..<60).map { Int64($0 * $0 * 1000) }
        let values = bounds.map { Int64.random(in: 0...$0, using: &random) }
        let bytes = try roundTrip(values, bounds, "hostile")
        forEachDamage(of: bytes, garbage: 500, &random) { bytes in
            expectAnswerOrRefusal {
                var reader = ByteReader(bytes)
                _ = try Shares.decode(of: bounds, from: &reader)
            }
        }
        for bound in [-1, Shares.boundMax + 1, .max] as [Int64] {
            #expect(throws: CodecError.self) {
                var reader = ByteReader(bytes)
                _ = try Shares.decode(of: [bound], from: &reader)
            }
        }
    }
}
