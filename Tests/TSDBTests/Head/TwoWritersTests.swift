import Model
import TestSupport
import Testing

@testable import TSDB

/// The recorder and another writer beside it, as an import would be: only one process may hold the recorder's lock, so
/// the other is what a recorder is made of.
@Suite struct TwoWritersTests {
    private struct Other: ~Copyable {
        var writer: HeadWriter
        var series = SeriesTable()

        init(_ store: Store) throws { writer = try HeadWriter(store) }

        mutating func append(_ time: Int64, _ samples: [(Labels, Double)], source: String) throws {
            let group = GroupDefinition(intervalMilliseconds: 5000, source: source)
            var row = Scrape.Row(group: group, samples: [])
            for (labels, value) in samples { row.samples.append((series.reference(for: labels), value)) }
            let scrape = Scrape(time: Timestamp(milliseconds: time), rows: [row])
            _ = try writer.write([scrape], day: Block.spanStart(time, length: Block.daySeconds), series: series)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func agreeOnIdsAndAnswerAsTheModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        var other = try Other(written.store)
        // The days' border lies within.
        var time: Int64 = 86_400_000 - 900_000
        var known = 0
        func some(_ name: String) -> [(Labels, Double)] {
            if Int.random(in: 0..<4, using: &random) == 0 { known += 1 }
            return (0...known).shuffled(using: &random).prefix(5).map {
                (Labels(name: name, ["i": "\($0)"]), Double(Int.random(in: 0...99, using: &random)))
            }
        }
        for step in 0..<200 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                time += 5000
                try written.append(time, some("mine"))
            case 5...7:
                // Its clock is up to a quarter of an hour behind, so that it writes into spans that are sealed.
                let theirs = time - Int64.random(in: 0...900_000, using: &random)
                let samples = some("theirs")
                try other.append(theirs, samples, source: step % 3 == 0 ? "import" : "remote")
                for (labels, value) in samples { written.naive.add(labels, theirs, value) }
            case 8:
                time += Int64.random(in: 0...600_000, using: &random)
                try written.append(time, some("mine"))
            default:
                if Bool.random(using: &random) { try written.recorder.sealEverything() }
            }
            if step % 20 == 19 { try written.expectEqualsModel("seed \(seed), step \(step)") }
        }
        try written.recorder.sealEverything()
        try written.expectEqualsModel("seed \(seed), sealed")
        // One id a label set, in each day.
        let snapshot = try written.store.snapshot()
        for day in try snapshot.registryDays(in: .all) {
            let labels = try snapshot.withRegistry(day) { registry throws(StoreError) in
                try registry.allLabels(in: snapshot.transaction)
            }
            #expect(Set(labels).count == labels.count, "seed \(seed), day \(day)")
        }
    }

    /// The recorder seals the rows that the other's next row would be read on top of.
    @Test func aSealUnderTheOthersChainIsNoticed() throws {
        var written = try WrittenStore()
        var other = try Other(written.store)
        let mine = Labels(name: "mine")
        let theirs = Labels(name: "theirs")
        try written.append(1000, [(mine, 1)])
        try other.append(1000, [(theirs, 1)], source: "import")
        try written.recorder.sealEverything()
        try other.append(6000, [(theirs, 2)], source: "import")
        try written.recorder.sealEverything()
        // The second seal had no names to merge, so it changed nothing but rows.
        try other.append(11_000, [(theirs, 3)], source: "import")
        try other.append(16_000, [(theirs, 4)], source: "import")
        for (place, time) in [1000, 6000, 11_000, 16_000].enumerated() {
            written.naive.add(theirs, Int64(time), Double(place + 1))
        }
        try written.expectEqualsModel("rows on top of sealed ones")
    }
}
