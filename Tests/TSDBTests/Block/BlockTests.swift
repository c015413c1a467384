import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct BlockTests {
    private func block(_ columns: [UInt32: SampleColumn]) -> [UInt8] {
        let (times, series) = BlockAssembly.assemble(columns)
        var writer = BlockWriter()
        return writer.encode(times: times, interval: 5000, series: series)
    }

    private func column(_ samples: [(Int64, Double)]) -> SampleColumn {
        var column = SampleColumn()
        for (time, value) in samples { column.append(time, value) }
        return column
    }

    /// The exact bytes of a block of two series: a change here is another format.
    @Test func writesTheDrawnBytes() throws {
        let bytes = block([
            0: column([(1000, 1), (6000, 2), (11_000, 3)]), 7: column([(6000, 0.5), (11_000, 0.5)]),
        ])
        #expect(bytes == BlockTests.golden)
        let holder = try BlockHolder()
        try holder.put(BlockTests.golden)
        let columns = try holder.columns()
        #expect(columns[0]?.timestamps == [1000, 6000, 11_000] && columns[0]?.values == [1, 2, 3])
        #expect(columns[7]?.timestamps == [6000, 11_000] && columns[7]?.values == [0.5, 0.5])
    }

    private static let golden: [UInt8] =
        // Magic, version, flags; ticks, series, t0, interval; bytes of times, presence, parameters, directory.
        [0x4d, 0x42, 1, 0, 3, 2, 0xd0, 0x0f, 0x88, 0x27, 3, 4, 1, 13]
        // One fence; one column of three ticks on the grid; one list of a gap of one and a run of two; no parameter.
        + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [1, 3, 0] + [1, 1, 1, 2] + [0]
        // Id gaps 0 and 6, time columns, presence lists, chunk lengths; the chunks.
        + [1, 2, 4, 192, 0, 1, 2, 2, 8, 1, 2, 4, 106] + [2, 49, 0, 2, 2, 1, 1, 10]

    /// Random columns, gaps, times of their own, more than one segment of the directory, several stripes.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func randomSeriesComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let grid = (0..<40).map { Int64($0) * 5000 + Int64.random(in: 0...3, using: &random) }
        var columns: [UInt32: SampleColumn] = [:]
        for _ in 0..<[3, 255, 256, 300][Int(seed) - 1] {
            var one = SampleColumn()
            let isOnGrid = Int.random(in: 0..<10, using: &random) != 0
            var value = Double(Int.random(in: 0...1000, using: &random))
            for time in grid where Int.random(in: 0..<12, using: &random) != 0 {
                if Int.random(in: 0..<40, using: &random) == 0 {
                    value = awkwardValues.randomElement(using: &random) ?? 0
                }
                one.append(isOnGrid ? time : time + Int64.random(in: 0...4000, using: &random), value)
                value += Double(Int.random(in: 0...3, using: &random))
            }
            if one.count > 0 { columns[.random(in: 0...100_000, using: &random)] = one }
        }
        let holder = try BlockHolder()
        try holder.put(block(columns))
        let back = try holder.columns()
        #expect(back.count == columns.count, "seed \(seed)")
        for (id, column) in columns {
            #expect(back[id]?.timestamps == column.timestamps, "seed \(seed), series \(id)")
            #expect(sameBits(back[id]?.values ?? [], column.values), "seed \(seed), series \(id)")
        }
    }

    @Test func hostileBytesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 6)
        let holder = try BlockHolder()
        let bytes = block([
            0: column([(1000, 1), (6000, 2), (11_000, 3)]), 7: column([(6000, 0.5), (11_000, .nan)]),
            9: column([(1000, 5), (11_000, 5)]),
        ])
        let key = Key.block(group: 1, tier: 0, start: 0, stripe: 0)
        try forEachDamage(of: bytes, garbage: 500, &random) { bytes in
            try holder.store.overwrite(key, payload: bytes)
            expectAnswerOrRefusal { _ = try holder.columns() }
        }
    }

    /// Many columns of few bytes that stand for millions of ticks each are refused before memory is taken for all.
    @Test func absurdCountsAreRefused() throws {
        let ticks = 1 << 22
        var times = ByteWriter()
        times.varint(1000)
        var column = ByteWriter()
        IntegerColumn.encode([Int64](repeating: 0, count: ticks), into: &column)
        for _ in 0..<1000 {
            times.varint(ticks)
            times.append(column.bytes)
        }
        var out = ByteWriter(Block.magic + [Block.version, 0])
        for count in [ticks, 0] { out.varint(count) }
        out.zigzag(0)
        out.varint(UInt64(1))
        for count in [times.count, 1, 0, 0] { out.varint(count) }
        out.append(times.bytes)
        out.u8(0)
        let holder = try BlockHolder()
        try holder.put(out.bytes)
        let error = #expect(throws: StoreError.self) { _ = try holder.columns() }
        #expect(error?.description.contains("ticks of a column") == true, "\(error as Any)")
    }

    /// Stripe boundaries: byte strings around the payload of one and two stripes.
    @Test func byteStringsOfAnyLengthComeBackFromStripes() throws {
        let holder = try BlockHolder()
        let payload = holder.store.superblock.stripeBytes - Checksum.byteCount
        for count in [1, payload - 1, payload, payload + 1, 2 * payload, 2 * payload + 1] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try holder.put(bytes)
            let snapshot = try holder.store.snapshot()
            var reader = StripedReader(stripeBytes: payload + Checksum.byteCount, record: "test") {
                Key.block(group: 1, tier: 0, start: 0, stripe: $0)
            }
            var back: [UInt8] = []
            try reader.read(0, .max, into: &back, isPartial: true, in: snapshot.transaction)
            #expect(back == bytes, "\(count) bytes")
            #expect(try reader.hasByte(at: count - 1, in: snapshot.transaction))
            #expect(try !reader.hasByte(at: count, in: snapshot.transaction))
            #expect(throws: StoreError.self) { try reader.read(0, count + 1, into: &back, in: snapshot.transaction) }
        }
    }
}
