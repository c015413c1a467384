import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// ``DecodedBlocks``: what one snapshot has decoded serves the next of the same commit, and no other.
@Suite struct DecodedBlocksTests {
    private func labels(_ number: Int) -> Labels { Labels(name: "m", ["n": "\(number)"]) }

    private func record(_ recorder: inout Recorder, _ times: Range<Int64>) throws {
        let group = GroupDefinition(intervalMilliseconds: 10_000)
        for time in times {
            var samples: [(series: SeriesReference, value: Double)] = []
            for number in 0..<4 { samples.append((recorder.reference(for: labels(number)), Double(time * 7 % 5))) }
            try recorder.append(
                Scrape(
                    time: Timestamp(milliseconds: time * 10_000), rows: [Scrape.Row(group: group, samples: samples)]))
        }
        try recorder.commit()
        try recorder.sealEverything()
    }

    private func samples(_ snapshot: Snapshot, _ number: Int) throws -> [Double] {
        let selection = try snapshot.select([Matcher("n", equals: "\(number)")], in: .all)
        var column = SampleColumn()
        try selection.read(0, in: .all, into: &column)
        return column.values
    }

    @Test func serveTheNextSnapshotOfTheSameCommitOnly() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "h", machineID: "m"))
        try record(&recorder, 1..<100)
        let store = recorder.store
        store.keepDecoded(upTo: 1 << 20)
        func kept() throws -> Int {
            let snapshot = try store.snapshot()
            guard let view = snapshot.transaction.view else { return 0 }
            return try snapshot.blockReferences(in: .all).count { store.decoded.reader(of: $0, in: view) != nil }
        }
        #expect(try kept() == 0)
        let first = try samples(store.snapshot(), 0)
        #expect(first.count == 99)
        #expect(try kept() == 1)
        #expect(try samples(store.snapshot(), 0) == first)
        #expect(try samples(store.snapshot(), 3) == first)
        // The same block with more in it: what was kept is of the commit before.
        try record(&recorder, 100..<200)
        #expect(try kept() == 0)
        #expect(try samples(store.snapshot(), 0).count == 199)
        #expect(try kept() == 1)
        store.keepDecoded(upTo: 0)
        #expect(try samples(store.snapshot(), 0).count == 199)
        #expect(try kept() == 0)
    }
}
