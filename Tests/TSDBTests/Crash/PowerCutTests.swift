import CWriteLog
import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// The power goes while the store is written. What was written before the last completed fdatasync is on the disk; of
/// the pages written since, any subset is, because disks and kernels write in what order they like. Every such file has
/// to open, as it was after the last commit or after the one before, to the bit.
///
/// `MON_POWERCUT_RUNS` (1) multiplies the stories and the cuts; see `make powercut`.
@Suite(.serialized) struct PowerCutTests {
    private static let runs = getenv("MON_POWERCUT_RUNS").flatMap { UInt64(String(cString: $0)) } ?? 1

    @Test func anySubsetOfUnsyncedPagesOpensAtTheLastCommitOrTheOneBefore() throws {
        for seed in 1...Self.runs {
            var random = SeededGenerator(seed: seed)
            let story = try PowerCutStory(seed: seed)
            #expect(story.commits > 30, "seed \(seed)")
            let result = try story.cut(count: Self.runs == 1 ? 150 : 2000, &random)
            #expect(result.problems.isEmpty, "seed \(seed): \(result.problems.prefix(3))")
            // Both outcomes were seen, so the cuts are where it matters.
            #expect(result.undone > 0 && result.kept > 0, "seed \(seed): \(result)")
            if !result.problems.isEmpty { return }
        }
    }

    /// Canary: a disk on which synced commits are missing is told.
    @Test func aDiskThatForgetsIsTold() throws {
        var random = SeededGenerator(seed: 7)
        let result = try PowerCutStory(seed: 7).cut(count: 20, forgettingCommits: 3, &random)
        #expect(result.problems.count > 10)
    }
}

/// A recording of all writes to a store's file, from which the file of any moment can be made.
private struct PowerCutStory {
    private enum Step {
        /// A page, or a part of one: offset and bytes.
        case page(Int, ArraySlice<UInt8>)
        case sync
    }

    struct Result {
        var problems: [String] = []
        var undone = 0
        var kept = 0
    }

    /// LMDB's meta pages are the first two; the write of one ends a commit.
    private static let metaEnd = 8192
    private static let pageBytes = 4096

    private let before: [UInt8]
    private var steps: [Step] = []
    /// What the store held after each commit, the state before the recording first.
    private var states: [[UInt8]] = []
    let commits: Int

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let path = written.folder.path + "/tsdb/1/data.mdb"
        try written.append(0, [(Labels(name: "first"), 1)])
        before = SourceTree.bytes(of: path)
        #expect(write_log_begin(path) == 1)
        try PowerCutStory.tell(&written, &random)
        write_log_end()
        for index in 0..<write_log_count() {
            let event = write_log_at(index)
            guard let bytes = event.bytes else {
                steps.append(.sync)
                continue
            }
            let copy = Array(UnsafeBufferPointer(start: bytes, count: event.count))
            for start in stride(from: 0, to: copy.count, by: Self.pageBytes) {
                steps.append(
                    .page(Int(event.offset) + start, copy[start..<min(start + Self.pageBytes, copy.count)]))
            }
        }
        var disk = before
        states = [try PowerCutStory.state(of: disk)]
        for case .page(let offset, let bytes) in steps {
            PowerCutStory.put(bytes, at: offset, on: &disk)
            if offset < Self.metaEnd { states.append(try PowerCutStory.state(of: disk)) }
        }
        commits = states.count - 1
        // The file as recorded is the file as it is: nothing was written that was not seen.
        #expect(disk == SourceTree.bytes(of: path), "seed \(seed): the recording is the file")
    }

    /// Appends, late samples, frames, seals and retention.
    private static func tell(_ written: inout WrittenStore, _ random: inout SeededGenerator) throws {
        let hour: Int64 = 3_600_000
        var time: Int64 = 0
        for tick in 1...40 as ClosedRange<Int64> {
            time += Int64.random(in: 1...hour, using: &random)
            let labels = (0..<12).map { Labels(name: "m", ["i": "\($0 + (tick > 20 ? 6 : 0))"]) }
            try written.append(time, labels.map { ($0, Double(bitPattern: random.next())) })
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                try written.append(
                    Int64.random(in: max(0, time - 2 * hour)...time, using: &random), [(labels[0], Double(tick))])
            case 1: try written.appendFrame(time + 1)
            case 2: try written.recorder.sealEverything()
            default: break
            }
        }
        try written.recorder.sealEverything()
        // The model has no frames.
        let recorded = [try Matcher("__name__", .doesNotMatch, "process_.*")]
        expectSame(
            try answer(written.store.snapshot(), recorded, .all), written.naive.select([], .all), "before retention")
        _ = try written.store.retain(10 * hour, now: Timestamp(milliseconds: time))
    }

    /// Cuts the power at random moments.
    ///
    /// - Parameter forgettingCommits: what is found is that many commits older than it was.
    func cut(count: Int, forgettingCommits forgotten: Int = 0, _ random: inout SeededGenerator) throws -> Result {
        var result = Result()
        var moments = (0..<count).map { _ in Int.random(in: 0...steps.count, using: &random) }
        moments.sort()
        var synced = before
        var unsynced: [(offset: Int, bytes: ArraySlice<UInt8>)] = []
        var (done, issued, durable) = (0, 0, 0)
        for moment in moments {
            while done < moment {
                switch steps[done] {
                case .page(let offset, let bytes):
                    unsynced.append((offset, bytes))
                    if offset < Self.metaEnd { issued += 1 }
                case .sync:
                    for write in unsynced { PowerCutStory.put(write.bytes, at: write.offset, on: &synced) }
                    unsynced.removeAll()
                    durable = issued
                }
                done += 1
            }
            let disk = PowerCutStory.survivors(of: unsynced, on: synced, &random)
            let found: [UInt8]
            do {
                found = try forgotten == 0 ? PowerCutStory.state(of: disk) : states[max(0, issued - forgotten)]
            } catch {
                result.problems.append("cut at \(moment) of \(steps.count): \(error)")
                continue
            }
            // One commit may be undone, and none whose meta page was synced.
            guard let commit = (max(durable, issued - 1)...issued).last(where: { states[$0] == found }) else {
                result.problems.append("cut at \(moment): neither as after commit \(issued) nor as one before")
                continue
            }
            if commit == issued { result.kept += 1 } else { result.undone += 1 }
            if moment % 5 == 0, forgotten == 0 { try PowerCutStory.goOn(disk) }
        }
        return result
    }

    /// The disk with some of the pages: none, all, all but one, one alone, or any.
    private static func survivors(
        of unsynced: [(offset: Int, bytes: ArraySlice<UInt8>)], on synced: [UInt8], _ random: inout SeededGenerator
    ) -> [UInt8] {
        var disk = synced
        let kind = Int.random(in: 0..<8, using: &random)
        let chosen = unsynced.isEmpty ? 0 : Int.random(in: unsynced.indices, using: &random)
        for (place, write) in unsynced.enumerated() {
            let survives =
                switch kind {
                case 0: false
                case 1: true
                case 2: place != chosen
                case 3: place == chosen
                default: Bool.random(using: &random)
                }
            if survives { put(write.bytes, at: write.offset, on: &disk) }
        }
        return disk
    }

    private static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, on disk: inout [UInt8]) {
        if disk.count < offset + bytes.count {
            disk.append(contentsOf: repeatElement(0, count: offset + bytes.count - disk.count))
        }
        disk.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    /// A folder whose store's file is the one given.
    private static func folder(_ disk: [UInt8]) -> TemporaryFolder {
        let folder = TemporaryFolder()
        for path in ["/tsdb", "/tsdb/1"] { precondition(mkdir(folder.path + path, 0o770) == 0) }
        let file = open(folder.path + "/tsdb/1/data.mdb", O_WRONLY | O_CREAT, 0o660)
        precondition(write(file, disk, disk.count) == disk.count)
        close(file)
        return folder
    }

    /// All records that a file holds, checked: equal bytes mean equal stores.
    private static func state(of disk: [UInt8]) throws -> [UInt8] {
        let folder = folder(disk)
        var writer = ByteWriter()
        for record in try Store(at: folder.path, access: .read).records() {
            let isSound = Checksum.payload(of: record.value.span.bytes, key: record.key.span.bytes) != nil
            if !isSound { throw StoreError.damaged(path: folder.path, record: "\(record.key)", reason: "checksum") }
            writer.field(record.key)
            writer.field(record.value)
        }
        return writer.bytes
    }

    /// A recorder goes on with the file: writes, seals, and finds what it wrote.
    private static func goOn(_ disk: [UInt8]) throws {
        let folder = folder(disk)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let labels = Labels(name: "after")
        let row = Scrape.Row(group: WrittenStore.group, samples: [(recorder.reference(for: labels), 1)])
        let time = (try recorder.store.snapshot().newestSampleTime()?.milliseconds ?? 0) + 7_200_000
        try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        try recorder.sealEverything()
        let found = try answer(recorder.store.snapshot(), [Matcher("__name__", equals: "after")], .all)
        #expect(found.first?.1.map(\.0) == [time])
    }
}
