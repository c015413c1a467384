import Model
import TestSupport
import Testing

@testable import TSDB

/// Invariant 3: two stores of one folder, as two processes have them, whose writes interleave at random.
@Suite struct ImportBesideRecorderTests {
    @Test(arguments: 1...24 as ClosedRange<UInt64>) func nothingIsLost(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let series = (0..<6).map { Labels(name: "m", ["i": "\($0)"]) }
        var now: Int64 = 1_700_000_000_000
        for round in 0..<60 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0...3:
                now += [5000, 5000, 600_000, 7_200_000].randomElement(using: &random) ?? 0
                let late =
                    Int.random(in: 0..<5, using: &random) == 0 ? Int64.random(in: 0...7_300_000, using: &random) : 0
                let some = series.filter { _ in Bool.random(using: &random) }
                try written.append(now - late, some.map { ($0, Double(round)) })
            case 4: try written.recorder.sealEverything()
            default:
                try importSome(series, before: now, into: &written, round, &random)
            }
            if round % 7 == 0 { try written.expectEqualsModel("seed \(seed), round \(round)") }
        }
        try written.recorder.sealEverything()
        try written.expectEqualsModel("seed \(seed), sealed")
    }

    private func importSome(
        _ series: [Labels], before now: Int64, into written: inout WrittenStore, _ round: Int,
        _ random: inout SeededGenerator
    ) throws {
        var options = ImportOptions()
        options.blockSamplesMax = 5
        // The folder as another process has it; one environment a process and path is LMDB's rule, so it is the same.
        var importer = Importer(into: written.store, options: options)
        var batch = ImportBatch()
        batch.series = series + [Labels(name: "n", ["round": "\(round)"])]
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            let number = Int.random(in: batch.series.indices, using: &random)
            let age = Int64.random(in: -100...4000, using: &random) * 5000
            let value = Double(round) + 0.25
            batch.append(UInt32(number), now - age, value)
            written.naive.add(batch.series[number], now - age, value)
        }
        try importer.append(batch)
        _ = try importer.finish()
    }

    /// A block that was replaced between reading and writing is not overwritten, by either side.
    @Test func aBlockIsReplacedOnlyAsItWasRead() throws {
        var written = try WrittenStore()
        let up = Labels(name: "up")
        try written.append(0, [(up, 1)])
        try written.recorder.sealEverything()
        let reference = Snapshot.BlockReference(group: 1, start: Block.spanStart(0))
        let before = try written.store.snapshot().contents(of: reference)
        #expect(before.fingerprint.stripes == 1)
        let (times, series) = BlockAssembly.assemble(before.columns)
        func block(_ value: Double) throws -> RawBlock {
            var changed = series
            changed[0].values[0] = value
            return try RawBlock(
                reference, replacing: before.fingerprint, times: times, interval: 1000, series: changed)
        }
        let (first, second) = (try block(2), try block(3))
        #expect(
            try written.store.write { transaction throws(StoreError) in
                try first.put(in: written.store, transaction)
            })
        #expect(
            try !written.store.write { transaction throws(StoreError) in
                try second.put(in: written.store, transaction)
            })
        #expect(try answer(written.store.snapshot(), [], .all).first?.1.first?.1 == (2.0).bitPattern)
    }
}
