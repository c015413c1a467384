import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// Blocks whose ids leave out a series are passed over: a selection that has learned them reads what one reads that
/// looks into every block.
@Suite struct IDBoundsTests {
    private let folder = TemporaryFolder()

    /// Imports of a few series each, into blocks of a few samples: many blocks of one span.
    private func store(_ random: inout SeededGenerator) throws -> Store {
        let store = try Store(at: folder.path, access: .write(testHost))
        for _ in 0..<4 {
            var options = ImportOptions()
            options.blockSamplesMax = Int.random(in: 1...40, using: &random)
            options.source = ["import", "other"].randomElement(using: &random) ?? ""
            var batch = ImportBatch()
            for _ in 0..<30 {
                let number = Int.random(in: 0..<60, using: &random)
                let labels = Labels(name: "m", ["i": "\(number)"])
                let place = batch.series.firstIndex(of: labels) ?? batch.series.count
                if place == batch.series.count { batch.series.append(labels) }
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let time = 1_700_000_000_000 + Int64.random(in: 0..<20_000, using: &random) * 1000
                    batch.append(UInt32(place), time, Double.random(in: 0...9, using: &random))
                }
            }
            var importer = Importer(into: store, options: options)
            try importer.append(batch)
            _ = try importer.finish()
        }
        return store
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func aSelectionReadsWhatAFreshOneReads(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = try store(&random)
        let snapshot = try store.snapshot()
        let references = try snapshot.blockReferences(in: .all)
        #expect(Set(references.map(\.start)).count < references.count, "seed \(seed): no two blocks of one span")
        for reference in references {
            try snapshot.withBlock(reference) { block throws(StoreError) in
                let ids = try block.allEntries(in: snapshot.transaction).map(\.id)
                let bounds = try block.idBounds(in: snapshot.transaction)
                #expect(bounds == ids.min().map { $0...(ids.max() ?? $0) }, "seed \(seed)")
            }
        }
        let selection = try snapshot.select([], in: .all)
        let order = (0..<3).flatMap { _ in (0..<selection.count).shuffled(using: &random) }
        for index in order {
            let first = 1_700_000_000_000 + Int64.random(in: -5_000_000..<20_000_000, using: &random)
            let range =
                Int.random(in: 0..<3, using: &random) == 0
                ? TimeRange.all
                : TimeRange(minMilliseconds: first, maxMilliseconds: first + 5_000_000)
            var (learned, fresh) = (SampleColumn(), SampleColumn())
            try selection.read(index, in: range, into: &learned)
            // One series at most is read of it, so that nothing is known of any block.
            try store.snapshot().select([], in: .all).read(index, in: range, into: &fresh)
            #expect(learned.timestamps == fresh.timestamps, "seed \(seed), series \(index)")
            #expect(learned.values == fresh.values, "seed \(seed), series \(index)")
            if range == .all { #expect(learned.count > 0) }
        }
    }
}
