import Model
import TestSupport
import Testing

@testable import TSDB

/// Blocks of process frames of which a stripe is damaged: the processes that have no numbers there stay.
@Suite struct DamagedFramesTests {
    private static let hour: Int64 = 3_600_000

    /// Two hours of 200 processes whose numbers are noise, in one block of many stripes.
    private static func written() throws -> WrittenStore {
        var written = try WrittenStore()
        var random = SeededGenerator(seed: 4)
        for tick in 1...120 as ClosedRange<Int64> {
            let processes = (1...200 as ClosedRange<Int32>).map { pid in
                ProcessRecord(
                    pid: pid, startTicks: 1, name: "p\(pid)", username: "u", cpuTicks: UInt64(tick),
                    cpuTicksSinceLast: 1, residentBytes: UInt64.random(in: 0...1 << 40, using: &random), readBytes: 0,
                    writeBytes: 0, threads: 1)
            }
            let frame = ProcessFrame(
                time: Timestamp(milliseconds: tick * 60_000), elapsedMilliseconds: 60_000, memoryTotalBytes: 1 << 40,
                ticksPerSecond: 100, processes: processes)
            let row = Scrape.Row(
                group: WrittenStore.group, samples: [(written.recorder.reference(for: Labels(name: "up")), 1)])
            try written.recorder.append(Scrape(time: frame.time, rows: [row], frame: frame))
        }
        try written.recorder.sealEverything()
        return written
    }

    private static let block = FrameBlockReference(tier: 0, start: 0)

    private func stripes(_ store: Store) throws -> [StoredRecord] {
        try store.records().filter { $0.key[0] == Key.Kind.frameBlock.rawValue }
    }

    private func damage(_ record: StoredRecord, in store: Store) throws {
        var value = record.value
        value[value.count / 2] ^= 0x10
        try store.overwrite(record.key, value: value)
    }

    private func memory(_ snapshot: Snapshot) throws -> [Labels: [Double]] {
        let selection = try snapshot.select([Matcher("__name__", equals: "process_memory_bytes")], in: .all)
        var found: [Labels: [Double]] = [:]
        var column = SampleColumn()
        for index in 0..<selection.count {
            try selection.read(index, in: .all, into: &column)
            found[selection.labels[index]] = column.values
        }
        return found
    }

    @Test func aStripeCostsTheProcessesThatTouchIt() throws {
        let written = try Self.written()
        let (store, path) = (written.store, written.folder.path)
        let before = try memory(store.snapshot())
        let stripes = try stripes(store)
        #expect(before.count == 200 && stripes.count > 20)
        var costs: [Int] = []
        for record in stripes {
            try damage(record, in: store)
            let snapshot = try store.snapshot()
            let found = try memory(snapshot)
            for (labels, values) in found { #expect(before[labels] == values) }
            costs.append(before.count - found.count)
            #expect(snapshot.damage.losses.map(\.range) == [Self.block.range])
            let report = try StoreCheck.run(at: path)
            let text = report.findings.map { "\($0.record): \($0.reason)" }.joined()
            #expect(text.contains("process block from 1970-01-01T00:00:00Z: wrong checksum of stripe"))
            if found.count > 0 { #expect(text.contains("costs \(costs[costs.count - 1]) of its 200 processes")) }
            try store.overwrite(record.key, value: record.value)
        }
        // The head of the block costs all; the rest a few each, and each process is in one or two.
        #expect(costs[0] == 200 && costs.dropFirst(3).allSatisfy { $0 > 0 && $0 < 20 }, "\(costs)")
        #expect(try memory(store.snapshot()) == before)
    }

    /// A stripe that is gone costs what it had; one at the end the block, for nobody knows how long it was.
    @Test func stripesThatAreGone() throws {
        let written = try Self.written()
        let stripes = try stripes(written.store)
        for (record, left) in [(stripes[9], 180...199), (stripes[stripes.count - 1], 0...0)] {
            try written.store.remove(record.key)
            let snapshot = try written.store.snapshot()
            #expect(try left.contains(memory(snapshot).count) && snapshot.damage.losses.count == 1)
            try written.store.overwrite(record.key, value: record.value)
        }
        #expect(try memory(written.store.snapshot()).count == 200)
    }

    @Test func salvageKeepsTheOthers() throws {
        let written = try Self.written()
        try damage(try stripes(written.store)[9], in: written.store)
        let left = try memory(written.store.snapshot())
        let target = TemporaryFolder()
        let report = try Salvage.run(from: written.folder.path, to: target.path + "/new")
        #expect(report.losses.count == 1, "\(report.losses)")
        #expect(try memory(Store(at: target.path + "/new", access: .write(testHost)).snapshot()) == left)
        #expect(try StoreCheck.run(at: target.path + "/new").findings == [])
    }

    /// Neither a damaged process nor a block of which nothing can be read keeps frames from ageing.
    @Test(arguments: [0, 9]) func damagedFramesAge(stripe: Int) throws {
        let written = try Self.written()
        try damage(try stripes(written.store)[stripe], in: written.store)
        let left = try memory(written.store.snapshot()).count
        let keep = TierKeep(raw: Self.hour, minute: 48 * Self.hour, hour: 90 * 24 * Self.hour)
        let report = try written.store.retain(
            RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 30 * Self.hour))
        #expect(report.thinnedProcessBlocks == 1)
        let snapshot = try written.store.snapshot()
        #expect(try memory(snapshot).count == left && snapshot.damage.isEmpty)
        let events = try snapshot.events(in: .all).map(\.text)
        #expect(events.count == 1 && events[0].hasPrefix("process block from 1970-01-01T00:00:00Z is damaged"))
        #expect(try StoreCheck.run(at: written.folder.path).findings == [])
    }
}
