import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct CompactionTests {
    /// A store with records of every kind and holes where others were.
    private static func fill(_ written: inout WrittenStore, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for tick in 0..<200 as Range<Int64> {
            let samples = (0..<60).map { (Labels(name: "m", ["i": "\($0)"]), Double.random(in: 0...1, using: &random)) }
            try written.append(tick * 120_000, samples)
            if tick % 7 == 0 { try written.append(tick * 60_000, [(Labels(name: "late"), Double(tick))]) }
            if tick % 5 == 0 { try written.appendFrame(tick * 120_000 + 1) }
        }
    }

    /// All but the series that are made from frames.
    private func samples(_ snapshot: Snapshot) throws -> [(Labels, [(Int64, UInt64)])] {
        try answer(snapshot, [try Matcher("__name__", .doesNotMatch, "process_.*")], .all)
    }

    private func expectModel(_ written: borrowing WrittenStore, _ comment: String) throws {
        expectSame(try samples(written.store.snapshot()), written.naive.select([], .all), comment)
    }

    /// In rounds, or all of it under the lock.
    private static let ways = [0, Compaction.atOnceBytes]

    @Test(arguments: 1...3 as ClosedRange<UInt64>, ways)
    func everythingIsThereAndNothingElse(seed: UInt64, atOnceBytes: Int) throws {
        var written = try WrittenStore()
        try Self.fill(&written, seed: seed)
        let records = try written.store.records()
        let reader = try Store(at: written.folder.path, access: .read)
        let held = try reader.snapshot()
        let report = try Compaction.run(written.folder.path, until: nil, atOnceBytes: atOnceBytes)
        #expect(report.records == records.count - 1)
        // Pages full of what there is: the tree's own take a few percent.
        let live = records.reduce(0) { $0 + $1.key.count + $1.value.count }
        let spare = atOnceBytes > 0 ? 0 : Compaction.sparePages(in: 100)
        #expect(report.bytesAfter < report.bytesBefore + spare * 4096)
        #expect(report.bytesAfter < live * 108 / 100 + (12 + spare) * 4096, "\(report), \(live) bytes of records")
        #expect(StoreFolder(path: written.folder.path).generations() == [2])
        let use = try Store(at: written.folder.path, access: .read).spaceUse()
        if atOnceBytes == 0 {
            #expect(use.filePages - use.usedPages >= spare - 8, "\(use)")
        } else {
            #expect(use.filePages == use.usedPages && use.fileBytes == report.bytesAfter, "no page is free: \(use)")
        }
        // The recorder's store follows by itself, with every record as it was.
        let moved = try written.store.records()
        #expect(moved.map(\.key) == records.map(\.key))
        #expect(moved.dropFirst().map(\.value) == records.dropFirst().map(\.value))
        try expectModel(written, "seed \(seed), moved")
        // A snapshot of before goes on, the next is of the new file.
        expectSame(try samples(held), written.naive.select([], .all), "held")
        for tick in 200..<230 as Range<Int64> { try written.append(tick * 120_000, [(Labels(name: "new"), 1)]) }
        expectSame(try samples(reader.snapshot()), written.naive.select([], .all), "reader follows")
        try written.recorder.sealEverything()
        try expectModel(written, "seed \(seed), sealed")
        _ = try Compaction.run(written.folder.path)
        try written.append(231 * 120_000, [(Labels(name: "new"), 2)])
        try expectModel(written, "seed \(seed), moved twice")
        #expect(StoreFolder(path: written.folder.path).generations() == [3])
    }

    /// It ends behind each of its steps as a crash would have it: one store is live, and has everything.
    @Test(arguments: Compaction.Step.allCases, ways)
    func aCrashLeavesOneLiveStore(_ step: Compaction.Step, atOnceBytes: Int) throws {
        var written = try WrittenStore()
        try Self.fill(&written, seed: 4)
        let folder = StoreFolder(path: written.folder.path)
        #expect(throws: StoreError.self) {
            try Compaction.run(written.folder.path, until: step, atOnceBytes: atOnceBytes)
        }
        let isMoved = ![.begun, .copied, .synced].contains(step)
        #expect(try Generations(of: folder).live == (isMoved ? 2 : 1), "\(step)")
        expectSame(
            try samples(Store(at: written.folder.path, access: .read).snapshot()),
            written.naive.select([], .all), "\(step)")
        // The recorder beside it goes on where the store is.
        try written.append(300 * 120_000, [(Labels(name: "new"), 1)])
        try expectModel(written, "\(step), recorder")
        // The next one does it right, and tidies up.
        _ = try Compaction.run(written.folder.path)
        try written.append(301 * 120_000, [(Labels(name: "new"), 2)])
        try expectModel(written, "\(step), once more")
        #expect(folder.generations().count == 1)
    }

    /// A start after a crash: what is obsolete goes, what is live stays, even while only its source makes it live.
    @Test(arguments: Compaction.Step.allCases, ways)
    func aStartTidiesUp(_ step: Compaction.Step, atOnceBytes: Int) throws {
        let folder = TemporaryFolder()
        var naive = NaiveStore()
        func record(_ tick: Int64) throws {
            var recorder = try Recorder(path: folder.path, host: testHost)
            let labels = Labels(name: "m")
            let row = Scrape.Row(
                group: WrittenStore.group, samples: [(recorder.reference(for: labels), Double(tick))])
            try recorder.append(Scrape(time: Timestamp(milliseconds: tick), rows: [row]))
            naive.add(labels, tick, Double(tick))
            try recorder.close()
        }
        try record(1)
        #expect(throws: StoreError.self) { try Compaction.run(folder.path, until: step, atOnceBytes: atOnceBytes) }
        for tick in 2...4 as ClosedRange<Int64> { try record(tick) }
        let reader = try Store(at: folder.path, access: .read)
        expectSame(try answer(reader.snapshot(), [], .all), naive.select([], .all), "\(step)")
        #expect(StoreFolder(path: folder.path).generations().count == 1, "\(step)")
    }

    /// Killed at random moments of recording and compacting.
    @Test(arguments: 1...2 as ClosedRange<UInt64>) func aKillLosesNothing(seed: UInt64) async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var random = SeededGenerator(seed: seed)
        for run in 0..<6 {
            let microseconds = UInt32.random(in: 5000...200_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                let descriptor = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
                CrashWorld.dieLater(after: microseconds)
                while true {
                    try CrashWorld.record(path: path, acknowledged: descriptor, ticks: 30)
                    _ = try Compaction.run(path)
                }
            }
            let acknowledged = CrashWorld.acknowledged(in: path + "/acknowledged")
            let generations = try Generations(of: StoreFolder(path: path))
            #expect(generations.live != nil || acknowledged.isEmpty, "seed \(seed), run \(run)")
            let recorder = try Recorder(path: path, host: testHost)
            let problems = try CrashWorld.problems(
                recorder.store, acknowledged: acknowledged, deaths: Int64(run + 1), deathsEver: Int64(run + 1))
            #expect(problems.isEmpty, "seed \(seed), run \(run): \(problems.prefix(5))")
            // A folder that a copy was not yet begun in may be left: the next copy takes it.
            #expect(try Generations(of: StoreFolder(path: path)).states.count == 1)
            try recorder.close()
        }
    }

    /// Somebody who commits as fast as it copies does not keep it from ending.
    @Test func catchingUpHasABound() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: 600)
        var naive = NaiveStore()
        let labels = (0..<2).map { Labels(name: "m", ["i": "\($0)"]) }
        var tick: Int64 = 0
        func record(_ count: Int64) throws(StoreError) {
            for _ in 0..<count {
                tick += 1
                var row = Scrape.Row(group: WrittenStore.group, samples: [])
                for one in labels {
                    row.samples.append((recorder.reference(for: one), Double(tick)))
                    naive.add(one, tick * 1000, Double(tick))
                }
                try recorder.append(Scrape(time: Timestamp(milliseconds: tick * 1000), rows: [row]))
            }
        }
        try record(1200)
        var rounds: [Int] = []
        let report = try Compaction.run(folder.path, until: nil, atOnceBytes: 0) { round throws(StoreError) in
            rounds.append(round)
            try record(1200)
        }
        #expect(rounds == Array(1...Compaction.roundsMax + 1))
        #expect(report.rounds == Compaction.roundsMax && report.recordsMeanwhile >= 6000, "\(report)")
        try record(600)
        expectSame(try answer(recorder.store.snapshot(), [], .all), naive.select([], .all), "moved")
        #expect(StoreFolder(path: folder.path).generations() == [2])
        // Without anybody there is one round.
        #expect(try Compaction.run(folder.path, until: nil, atOnceBytes: 0).rounds == 1)
    }

    private static func storeOfOneSample() throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        let row = Scrape.Row(group: WrittenStore.group, samples: [(recorder.reference(for: Labels(name: "m")), 1)])
        try recorder.append(Scrape(time: Timestamp(milliseconds: 1000), rows: [row]))
        try recorder.close()
        return folder
    }

    /// A process that found the store in its place and opens it when a compaction has moved it, or is just removing the
    /// old file, begins no store in that place: it would hide what has moved.
    @Test(arguments: [false, true]) func whoComesTooLateFollows(isHalfRemoved: Bool) throws {
        let folder = try Self.storeOfOneSample()
        let place = StoreFolder(path: folder.path)
        var calls = 0
        do {
            let open = try OpenGeneration(
                in: place, creatingFor: testHost, mapBytes: Store.mapBytes, faults: nil,
                beforeOpening: {
                    calls += 1
                    if calls > 1 { return }
                    _ = try? Compaction.run(folder.path, until: isHalfRemoved ? .moved : nil)
                    if isHalfRemoved { unlink(place.environmentPath(1) + "/data.mdb") }
                })
            #expect(open.number == 2 && calls == 2)
        }
        #expect(try answer(Store(at: folder.path, access: .read).snapshot(), [], .all).count == 1)
        _ = try Compaction.run(folder.path)
        #expect(try answer(Store(at: folder.path, access: .read).snapshot(), [], .all).count == 1)
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    /// Whatever a compaction that was killed has left, those that write and do not record open the store.
    @Test(arguments: Compaction.Step.allCases, [0, Compaction.atOnceBytes])
    func whatAKilledOneLeftIsWrittenTo(step: Compaction.Step, atOnceBytes: Int) throws {
        let folder = try Self.storeOfOneSample()
        #expect(throws: StoreError.self) {
            try Compaction.run(folder.path, until: step, atOnceBytes: atOnceBytes)
        }
        var batch = ImportBatch()
        batch.series = [Labels(name: "n")]
        batch.append(0, 86_400_000, 2)
        do {
            let store = try Store(at: folder.path, access: .write(testHost))
            var importer = Importer(into: store)
            try importer.append(batch)
            _ = try importer.finish()
        }
        #expect(try answer(Store(at: folder.path, access: .read).snapshot(), [], .all).count == 2)
        _ = try Compaction.run(folder.path)
        #expect(try answer(Store(at: folder.path, access: .read).snapshot(), [], .all).count == 2)
    }

    @Test func aStoreIsBegunUnderTheLockAlone() throws {
        let folder = TemporaryFolder()
        let place = StoreFolder(path: folder.path)
        #expect(throws: StoreError.noStore(path: folder.path)) {
            _ = try OpenGeneration(in: place, creatingFor: nil, mapBytes: Store.mapBytes, faults: nil)
        }
        #expect(FolderEntry.names(in: folder.path) == [])
        let opened = try OpenGeneration(in: place, creatingFor: testHost, mapBytes: Store.mapBytes, faults: nil)
        #expect(opened.number == 1 && opened.superblock.state == .live)
        // Nobody holds the lock any more.
        let lock = try CompactionLock(place, waitingFor: .none)
        _ = consume lock
    }

    @Test func refusals() throws {
        let folder = TemporaryFolder()
        let none = #expect(throws: StoreError.self) { try Compaction.run(folder.path) }
        #expect(none == .noStore(path: folder.path))
        #expect(#expect(throws: StoreError.self) { try Compaction.run("/nowhere/at/all") } != nil)
        try Recorder(path: folder.path, host: testHost).close()
        let lock = try CompactionLock(StoreFolder(path: folder.path), waitingFor: .none)
        let busy = #expect(throws: StoreError.self) { try Compaction.run(folder.path) }
        #expect(busy?.description.contains("being compacted") == true)
        _ = consume lock
    }

    @Test func filesKeepTheirOwner() throws {
        // Only root may give files away.
        if geteuid() != 0 { return }
        let folder = TemporaryFolder()
        try Recorder(path: folder.path, host: testHost).close()
        for file in ["", "/data.mdb", "/lock.mdb"] { chown(folder.path + "/tsdb/1" + file, 1234, 4321) }
        chmod(folder.path + "/tsdb/1/lock.mdb", 0o664)
        _ = try Compaction.run(folder.path)
        for (file, mode) in [("/data.mdb", nil), ("/lock.mdb", 0o664)] as [(String, UInt32?)] {
            var status = stat()
            #expect(stat(folder.path + "/tsdb/2" + file, &status) == 0)
            #expect(status.st_uid == 1234 && status.st_gid == 4321, "\(file)")
            if let mode { #expect(status.st_mode & 0o777 == mode) }
        }
    }
}
