import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct InboxTests {
    private let folder = TemporaryFolder()
    private static let host = HostIdentity(name: "test", machineID: "0")
    private static let start: Int64 = 1_700_000_000_000

    private static func batch(_ samples: [(Labels, Int64, Double)]) -> ImportBatch {
        var batch = ImportBatch()
        var numbers: [Labels: UInt32] = [:]
        for (labels, time, value) in samples {
            let number = numbers[labels] ?? UInt32(batch.series.count)
            if Int(number) == batch.series.count {
                batch.series.append(labels)
                numbers[labels] = number
            }
            batch.append(number, time, value)
        }
        return batch
    }

    /// All samples of all series that have some.
    private static func contents(of store: Store) throws -> [Labels: [Int64: UInt64]] {
        let everything = [try Matcher(Labels.metricNameLabel, .notEqual, "")]
        let selection = try store.snapshot().select(everything, in: .all)
        var found: [Labels: [Int64: UInt64]] = [:]
        var column = SampleColumn()
        for (index, labels) in selection.labels.enumerated() {
            try selection.read(index, in: TimeRange(minMilliseconds: -1 << 50, maxMilliseconds: 1 << 50), into: &column)
            for place in column.timestamps.indices {
                found[labels, default: [:]][column.timestamps[place]] = column.values[place].bitPattern
            }
        }
        return found
    }

    /// A sender gets as many new series into a day as the store is told to take.
    @Test func seriesBeyondWhatTheStoreTakesAreRefused() throws {
        let store = try Store(at: folder.path, access: .write(InboxTests.host))
        store.daySeriesMax = 2
        let inbox = Inbox(into: store, source: "remote-write")
        let samples = (0..<5).map { (Labels(name: "m", ["i": "\($0)"]), InboxTests.start, 1.0) }
        let outcome = try inbox.write(InboxTests.batch(samples))
        #expect(outcome.refusedSeries == 3 && outcome.refusedSamples == 3)
        #expect(outcome.firstRefused?.metricName == "m")
        #expect(try InboxTests.contents(of: store).count == 2)
    }

    /// Invariants 1 and 2, against a dictionary; blocks are made now and then.
    @Test(arguments: [1, 2, 3]) func holdsWhatADictionaryHolds(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model: [Labels: [Int64: UInt64]] = [:]
        let store = try Store(at: folder.path, access: .write(InboxTests.host))
        var inbox = Inbox(into: store, source: "remote-write")
        let series = (0..<40).map { Labels(name: "m\($0 % 5)", ["i": "\($0)"]) }
        for round in 0..<60 {
            var samples: [(Labels, Int64, Double)] = []
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                let time =
                    Bool.random(using: &random)
                    ? InboxTests.start + Int64(round) * 60_000 : Int64.random(in: -4...40, using: &random) * 3_600_000
                let value = Bool.random(using: &random) ? Double(round) : Double.random(in: -1...1, using: &random)
                samples.append((series.randomElement(using: &random)!, time, value))
            }
            let outcome = try inbox.write(InboxTests.batch(samples))
            #expect(outcome.samples == samples.count)
            for (labels, time, value) in samples { model[labels, default: [:]][time] = value.bitPattern }
            if round % 13 == 5 { try inbox.merge() }
            if round % 17 == 9 {
                // Another process, as far as what is remembered goes.
                inbox = Inbox(into: store, source: "remote-write")
            }
            if round % 10 == 0 { #expect(try InboxTests.contents(of: store) == model, "seed \(seed), round \(round)") }
        }
        #expect(try InboxTests.contents(of: store) == model, "seed \(seed)")
        #expect(try store.snapshot().groups().count == 1)
    }

    /// Invariant 4: a recorder that samples the same minutes loses nothing, and nothing of the inbox is lost.
    @Test func besideARecorder() throws {
        var recorder = try Recorder(path: folder.path, host: InboxTests.host)
        let inbox = Inbox(into: recorder.store, source: "remote-write")
        let own = Labels(name: "own")
        let reference = recorder.reference(for: own)
        var model: [Labels: [Int64: UInt64]] = [:]
        for round in 0..<100 {
            // Across the end of a span.
            let time = InboxTests.start + Int64(round) * 120_000
            let row = Scrape.Row(
                group: GroupDefinition(intervalMilliseconds: 120_000), samples: [(reference, Double(round))])
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
            model[own, default: [:]][time] = Double(round).bitPattern
            let other = Labels(name: "other", ["i": "\(round % 7)"])
            _ = try inbox.write(InboxTests.batch([(other, time - 5000, Double(round)), (own, time - 1000, 0.5)]))
            model[other, default: [:]][time - 5000] = Double(round).bitPattern
            model[own, default: [:]][time - 1000] = 0.5.bitPattern
            if round % 30 == 29 { try inbox.merge() }
        }
        try recorder.sealEverything()
        #expect(try InboxTests.contents(of: recorder.store) == model)
    }

    /// Invariant 3: what the recorder has is at home with the recorder.
    @Test func aSeriesHasOneHome() throws {
        var recorder = try Recorder(path: folder.path, host: InboxTests.host)
        let own = Labels(name: "own")
        let row = Scrape.Row(
            group: GroupDefinition(intervalMilliseconds: 5000), samples: [(recorder.reference(for: own), 1)])
        try recorder.append(Scrape(time: Timestamp(milliseconds: InboxTests.start), rows: [row]))
        let inbox = Inbox(into: recorder.store, source: "remote-write")
        _ = try inbox.write(InboxTests.batch([(own, InboxTests.start, 2)]))
        #expect(try recorder.store.snapshot().groups().count == 1)
        #expect(try InboxTests.contents(of: recorder.store) == [own: [InboxTests.start: 2.0.bitPattern]])
    }

    /// What a remote writer sends beside a recorder does not wait for the end of the span.
    @Test func mergesBesideRows() throws {
        var recorder = try Recorder(path: folder.path, host: InboxTests.host)
        let row = Scrape.Row(
            group: GroupDefinition(intervalMilliseconds: 5000),
            samples: [(recorder.reference(for: Labels(name: "own")), 1)])
        try recorder.append(Scrape(time: Timestamp(milliseconds: InboxTests.start), rows: [row]))
        let inbox = Inbox(into: recorder.store, source: "remote-write")
        let labels = Labels(name: "other")
        var model: [Int64: UInt64] = [:]
        for second in 0..<20 {
            let time = InboxTests.start + Int64(second) * 1000
            _ = try inbox.write(InboxTests.batch([(labels, time, Double(second))]))
            model[time] = Double(second).bitPattern
            if second % 7 == 6 {
                try inbox.merge()
                #expect(try recorder.store.snapshot().lateBatchSizes().batches == 0)
            }
        }
        #expect(try InboxTests.contents(of: recorder.store)[labels] == model)
        try recorder.sealEverything()
        #expect(try InboxTests.contents(of: recorder.store)[labels] == model)
    }

    /// The samples of a write are committed before what waits is merged: whatever happens to the merge, the write was
    /// one, nothing is lost or doubled, and the next merge makes up for it.
    @Test(arguments: [FaultPlan.Fault.diskFull, .inputOutput, .metaPage])
    func aMergeThatFailsIsNoneOfTheWrite(_ fault: FaultPlan.Fault) throws {
        let faults = FaultPlan()
        let store = try Store(at: folder.path, access: .write(InboxTests.host), faults: faults)
        let inbox = Inbox(into: store, source: "remote-write")
        let labels = Labels(name: "m")
        var model: [Int64: UInt64] = [:]
        func write(_ second: Int) throws {
            let time = InboxTests.start + Int64(second) * 1000
            let outcome = try inbox.write(InboxTests.batch([(labels, time, Double(second))]))
            #expect(outcome.samples == 1)
            model[time] = Double(second).bitPattern
        }
        for second in 1..<LateWaiting.batchesMax { try write(second) }
        #expect(try store.snapshot().lateBatchSizes().batches == LateWaiting.batchesMax - 1)
        // The write's own commit succeeds, that of the merge does not.
        faults.fail(.commit, with: fault, after: 1)
        try write(LateWaiting.batchesMax)
        faults.heal()
        try write(LateWaiting.batchesMax + 1)
        #expect(try store.snapshot().lateBatchSizes().batches == LateWaiting.batchesMax + 1)
        #expect(try InboxTests.contents(of: store) == [labels: model])
        try inbox.merge()
        #expect(try store.snapshot().lateBatchSizes().batches == 0)
        #expect(try InboxTests.contents(of: store) == [labels: model])
    }

    /// The store below an inbox is removed and begun anew: ids and homes of the old one mean nothing in the new one.
    @Test func aStoreThatIsBegunAnew() throws {
        let path = folder.path + "/data"
        var recorder = try Recorder(path: path, host: InboxTests.host)
        let inbox = Inbox(into: recorder.store, source: "remote-write")
        let own = Labels(name: "own")
        func record(_ second: Int64) throws {
            let row = Scrape.Row(
                group: GroupDefinition(intervalMilliseconds: 5000), samples: [(recorder.reference(for: own), 1)])
            try recorder.append(Scrape(time: Timestamp(milliseconds: InboxTests.start + second * 1000), rows: [row]))
        }
        func write(_ names: [String], _ second: Int64) throws {
            let time = InboxTests.start + second * 1000
            _ = try inbox.write(InboxTests.batch(names.map { (Labels(name: $0), time, Double(second)) }))
        }
        try record(0)
        try write(["a", "b", "c", "own"], 1)
        rename(path + "/tsdb", folder.path + "/trash")
        // Nothing goes to where nobody will read it.
        #expect(throws: StoreError.self) { try write(["a"], 2) }
        // The recorder begins the new store.
        try record(3)
        try write(["c", "d"], 4)
        try write(["a", "own"], 5)
        var model: [Labels: [Int64: UInt64]] = [:]
        func expect(_ name: String, _ second: Int64, _ value: Double) {
            model[Labels(name: name), default: [:]][InboxTests.start + second * 1000] = value.bitPattern
        }
        expect("own", 3, 1)
        expect("c", 4, 4)
        expect("d", 4, 4)
        expect("a", 5, 5)
        expect("own", 5, 5)
        #expect(try InboxTests.contents(of: recorder.store) == model)
        try inbox.merge()
        try recorder.sealEverything()
        #expect(try InboxTests.contents(of: recorder.store) == model)
    }

    @Test func timesBeyondAllTimesAreCounted() throws {
        let store = try Store(at: folder.path, access: .write(InboxTests.host))
        let inbox = Inbox(into: store, source: "remote-write")
        let labels = Labels(name: "m")
        let outcome = try inbox.write(InboxTests.batch([(labels, .max, 1), (labels, 0, 2), (labels, .min, 3)]))
        #expect(outcome.samplesOutOfTime == 2)
        #expect(try InboxTests.contents(of: store) == [labels: [0: 2.0.bitPattern]])
    }
}
