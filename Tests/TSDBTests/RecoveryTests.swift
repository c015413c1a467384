import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// A recorder whose disk does what a test tells it, and what was handed to it.
private struct FaultyStore: ~Copyable {
    let folder = TemporaryFolder()
    let faults = FaultPlan()
    var recorder: Recorder
    var naive = NaiveStore()
    var tick: Int64 = 0
    var interval: Int64 = 5000

    init(mapBytes: Int = Store.mapBytes) throws {
        recorder = try Recorder(path: folder.path + "/data", host: testHost, mapBytes: mapBytes, faults: faults)
    }

    var path: String { folder.path + "/data" }

    /// One scrape; the error that it brought.
    mutating func append(_ count: Int = 4) -> StoreError? {
        tick += 1
        var row = Scrape.Row(group: WrittenStore.group, samples: [])
        for number in 0..<count {
            let labels = Labels(name: "m", ["i": "\(number)"])
            // A third of the digits of a golden-ratio sequence: no coder makes much of it.
            let value = Double(tick &* 7_919 &+ Int64(number)) / 3
            row.samples.append((recorder.reference(for: labels), value))
            naive.add(labels, tick * interval, value)
        }
        do throws(StoreError) {
            try recorder.append(Scrape(time: Timestamp(milliseconds: tick * interval), rows: [row]))
            return nil
        } catch {
            return error
        }
    }

    /// Seven hours, sealed: the pages that their rows lay on are free.
    static func withFreePages() throws -> FaultyStore {
        var written = try FaultyStore()
        written.interval = 60_000
        for _ in 0..<420 { written.expectAppends(count: 400) }
        try written.recorder.sealEverything()
        return written
    }

    mutating func expectAppends(count: Int = 4, sourceLocation: SourceLocation = #_sourceLocation) {
        let error = append(count)
        #expect(error == nil, sourceLocation: sourceLocation)
    }

    mutating func expectRefusal(
        _ expected: StoreError.Refusal, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = append()
        #expect(
            FaultyStore.refusal(error) == expected, "\(error?.description ?? "nothing")", sourceLocation: sourceLocation
        )
    }

    static func refusal(_ error: StoreError?) -> StoreError.Refusal? {
        if case .refused(let refusal, _)? = error { return refusal }
        return nil
    }

    func expectEqualsModel(_ comment: String) throws {
        expectSame(try answer(recorder.store.snapshot(), [], .all), naive.select([], .all), comment)
    }
}

@Suite struct RecoveryTests {
    /// Each failure of a commit: told, counted, and nothing lost when it passes.
    @Test func aFailedCommitWaitsForTheNext() throws {
        func check(
            _ step: FaultPlan.Step, _ fault: FaultPlan.Fault, _ refusal: StoreError.Refusal, _ failure: CommitFailure
        ) throws {
            var written = try FaultyStore()
            for _ in 0..<20 { written.expectAppends() }
            written.faults.fail(step, with: fault, times: 1000)
            for _ in 0..<10 {
                written.expectRefusal(refusal)
            }
            #expect(written.recorder.commitFailures == [failure: 10], "\(step) \(fault)")
            // What was committed can be read all the while.
            if step != .beginRead {
                #expect(try answer(written.recorder.store.snapshot(), [], .all).first?.1.count == 20)
            }
            written.faults.heal()
            written.expectAppends()
            try written.expectEqualsModel("\(step) \(fault)")
            #expect(written.recorder.droppedScrapes == 0)
            for _ in 0..<5 { written.expectAppends() }
            try written.recorder.sealEverything()
            try written.expectEqualsModel("\(step) \(fault), sealed")
        }
        for step in [.put, .commit, .beginWrite] as [FaultPlan.Step] {
            try check(step, .diskFull, .diskFull, .diskFull)
            try check(step, .readOnlyFileSystem, .readOnlyFileSystem, .readOnly)
        }
        try check(.commit, .inputOutput, .inputOutput, .inputOutput)
        try check(.put, .inputOutput, .inputOutput, .inputOutput)
    }

    /// A failed write of the meta page: the environment is opened again without anybody's help.
    @Test func aFatalStateEndsByItself() throws {
        var written = try FaultyStore()
        for _ in 0..<10 { written.expectAppends() }
        written.faults.fail(.commit, with: .metaPage)
        written.expectRefusal(.diskFull)
        written.expectAppends()
        try written.expectEqualsModel("after the fatal state")
        #expect(written.recorder.commitFailures == [.diskFull: 1])
    }

    /// A query of the same process holds the environment open: recording waits for its end, and loses nothing.
    @Test func aReaderPutsTheReopeningOff() throws {
        var written = try FaultyStore()
        for _ in 0..<10 { written.expectAppends() }
        var held: Snapshot? = try written.recorder.store.snapshot()
        written.faults.fail(.commit, with: .metaPage)
        written.expectRefusal(.diskFull)
        for _ in 0..<5 { written.expectRefusal(.reopen) }
        #expect(try held.map { try answer($0, [], .all).first?.1.count } == 10)
        held = nil
        written.expectAppends()
        try written.expectEqualsModel("after the reader")
    }

    @Test func aMapThatIsFullGrows() throws {
        var written = try FaultyStore(mapBytes: 2 << 20)
        for _ in 0..<300 { written.expectAppends(count: 600) }
        let use = try written.recorder.store.spaceUse()
        #expect(use.fileBytes > 2 << 20 && use.mapPages * use.pageBytes >= 4 << 20)
        try written.expectEqualsModel("grown")
    }

    /// Where the map cannot grow, commits stop short of its end: retention still has the pages that it needs.
    @Test func retentionRunsInAFullMap() throws {
        var written = try FaultyStore(mapBytes: 3 << 20)
        written.interval = 300_000
        written.expectAppends(count: 600)
        // The held snapshot forbids both: another map, and the use of pages that were freed since.
        let held = try written.recorder.store.snapshot()
        var refused: StoreError?
        for _ in 0..<1200 where refused == nil { refused = written.append(600) }
        #expect(FaultyStore.refusal(refused) == .mapFull)
        #expect(refused?.description.contains("map") == true)
        let report = try written.recorder.store.retain(1, now: Timestamp(milliseconds: 864_000_000))
        #expect(report.blocks > 1)
        #expect(try answer(held, [], .all).first?.1.count == 1)
    }

    /// While the disk is full, commits leave some of the pages that are free in the file to those who make room.
    @Test func retentionFindsFreePagesOnAFullDisk() throws {
        var written = try FaultyStore.withFreePages()
        let store = written.recorder.store
        #expect(try store.retain(1, now: Timestamp(milliseconds: 121 * 60_000)).blocks == 1)
        let before = try store.spaceUse()
        #expect(before.fileBytes > 4 * Recorder.reserveFreePages << 12)
        #expect(before.filePages - before.usedPages > Recorder.reserveFreePages + 20)
        written.recorder.freeDiskBytes = { _ in 4096 }
        var refused: StoreError?
        for _ in 0..<600 where refused == nil { refused = written.append(400) }
        #expect(FaultyStore.refusal(refused) == .diskFull)
        #expect(refused?.description.contains("retention run") == true)
        let left = try store.spaceUse()
        #expect(left.filePages - left.usedPages > Recorder.reserveFreePages - 40)
        let report = try store.retain(1, now: Timestamp(milliseconds: 300 * 60_000))
        #expect(report.blocks > 0)
        written.expectAppends(count: 400)
        written.recorder.freeDiskBytes = { _ in nil }
        for _ in 0..<10 { written.expectAppends(count: 400) }
    }

    /// A store that has nearly reached its cap lives on what its oldest data leave, whatever the disk.
    @Test func atItsCapAFullDiskStopsNothing() throws {
        var written = try FaultyStore.withFreePages()
        let store = written.recorder.store
        let before = try store.spaceUse()
        written.recorder.freeDiskBytes = { _ in 4096 }
        // What others leave it of the disk is no reason to forget anything.
        written.recorder.sizeMax = before.fileBytes + 4 * Recorder.reserveFreePages << 12
        var refused: StoreError?
        for _ in 0..<600 where refused == nil { refused = written.append(400) }
        #expect(FaultyStore.refusal(refused) == .diskFull && written.recorder.evicted.isEmpty)
        written.recorder.sizeMax = before.fileBytes + Recorder.reserveFreePages << 12
        for _ in 0..<150 { written.expectAppends(count: 400) }
        #expect(written.recorder.evicted.blocks > 0)
        let newest = try store.snapshot().newestSampleTime()?.milliseconds
        #expect(newest == written.tick * written.interval)
        #expect(try StoreCheck.run(at: written.path).findings == [])
    }

    @Test func aMapThatAnotherProcessGrewIsTakenOver() throws {
        var written = try FaultyStore()
        written.expectAppends()
        written.faults.fail(.beginWrite, with: .mapResized)
        written.expectAppends()
        written.faults.fail(.beginRead, with: .mapResized)
        _ = try written.recorder.store.snapshot()
        try written.expectEqualsModel("resized")
    }

    @Test func scrapesWaitOnlySoLong() throws {
        var written = try FaultyStore()
        written.expectAppends()
        written.faults.fail(.beginWrite, with: .diskFull, times: .max)
        for _ in 0..<Recorder.pendingMax + 30 { _ = written.append() }
        #expect(written.recorder.droppedScrapes == 30)
        written.faults.heal()
        written.expectAppends()
        let seen = try answer(written.recorder.store.snapshot(), [], .all)
        #expect(seen.first?.1.count == 1 + Recorder.pendingMax)
    }

    // MARK: The folder

    @Test func aFolderThatWasMovedAwayComesBack() throws {
        var written = try FaultyStore()
        for _ in 0..<5 { written.expectAppends() }
        let away = written.folder.path + "/away"
        rename(written.path, away)
        for _ in 0..<5 { written.expectRefusal(.gone) }
        #expect(written.recorder.commitFailures == [.folderGone: 5])
        #expect(access(written.path, F_OK) != 0, "a folder that somebody moved is not made anew")
        rename(away, written.path)
        written.expectAppends()
        try written.expectEqualsModel("back again")
        #expect(written.recorder.storesBegun == 0)
        #expect(Store.recorder(of: written.path) == getpid())
    }

    @Test func aFolderThatWasEmptiedGetsANewStore() throws {
        var written = try FaultyStore()
        written.recorder.describe(MetricFamily(name: "m", kind: .gauge, help: "What m is."))
        for _ in 0..<5 { written.expectAppends() }
        let other = try Store(at: written.path, access: .write(testHost))
        let reader = try Store(at: written.path, access: .read)
        rename(written.path + "/tsdb", written.folder.path + "/trash")
        unlink(written.path + "/writer.lock")
        // Another process with the store open is told that it is gone, and does not write into the trash.
        let refused = #expect(throws: StoreError.self) {
            _ = try other.write { transaction throws(StoreError) in try transaction.raiseGeneration(of: other) }
        }
        #expect(FaultyStore.refusal(refused) == .gone)
        written.naive = NaiveStore()
        written.expectAppends()
        #expect(written.recorder.storesBegun == 1)
        try written.expectEqualsModel("begun anew")
        #expect(try written.recorder.store.snapshot().metadata(of: "m")?.help == "What m is.")
        #expect(Store.recorder(of: written.path) == getpid())
        // What it knows is of the old one, so it must not go on in the new one by itself.
        let again = #expect(throws: StoreError.self) {
            _ = try other.write { transaction throws(StoreError) in try transaction.raiseGeneration(of: other) }
        }
        #expect(FaultyStore.refusal(again) == .gone)
        // Who merely reads finds the new one.
        #expect(try reader.snapshot().newestSampleTime()?.milliseconds == written.tick * 5000)
    }

    /// Who removes the lock file keeps readers and writers from seeing each other: both notice, and meet in a new one.
    @Test func aLockFileThatWasRemovedIsMadeAnew() throws {
        var written = try FaultyStore()
        for _ in 0..<5 { written.expectAppends() }
        let reader = try Store(at: written.path, access: .read)
        let before = try reader.snapshot()
        unlink(written.path + "/tsdb/1/lock.mdb")
        written.expectAppends()
        #expect(access(written.path + "/tsdb/1/lock.mdb", F_OK) == 0)
        let snapshot = try reader.snapshot()
        #expect(try snapshot.newestSampleTime()?.milliseconds == written.tick * 5000)
        let seen = try written.recorder.store.opened().environment.readers()
        #expect(seen.contains { $0.pid == getpid() && $0.commit != nil }, "\(seen)")
        // A snapshot from before goes on showing what it did.
        #expect(try before.newestSampleTime()?.milliseconds == (written.tick - 1) * 5000)
        // A writer that does not record meets them there, too.
        let other = try Store(at: written.path, access: .write(testHost))
        unlink(written.path + "/tsdb/1/lock.mdb")
        _ = try other.write { transaction throws(StoreError) in try transaction.raiseGeneration(of: other) }
        #expect(access(written.path + "/tsdb/1/lock.mdb", F_OK) == 0)
        written.expectAppends()
        #expect(try other.opened().environment.isLockInPlace)
        #expect(written.recorder.storesBegun == 0)
        withExtendedLifetime(snapshot) {}
        try written.expectEqualsModel("met again")
    }

    /// Without its lock file another recorder can begin: the two never write at once.
    @Test func aRecordersLockThatWasRemovedIsTakenAgain() throws {
        var written = try FaultyStore()
        for _ in 0..<5 { written.expectAppends() }
        unlink(written.path + "/writer.lock")
        written.expectAppends()
        #expect(Store.recorder(of: written.path) == getpid())
        #expect(throws: StoreError.self) { _ = try Recorder(path: written.path, host: testHost) }
        unlink(written.path + "/writer.lock")
        var second = try Recorder(path: written.path, host: testHost)
        let reference = second.reference(for: Labels(name: "second"))
        func append(_ value: Double, to second: inout Recorder, _ tick: Int64) throws {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [])
            row.samples = [(reference, value)]
            try second.append(Scrape(time: Timestamp(milliseconds: tick * 5000 + 1), rows: [row]))
        }
        try append(1, to: &second, written.tick)
        let refused = written.append()
        guard case .recorderRuns(_, getpid())? = refused else {
            Issue.record("\(refused?.description ?? "nothing")")
            return
        }
        try append(2, to: &second, written.tick)
        try second.close()
        written.expectAppends()
        #expect(Store.recorder(of: written.path) == getpid())
        #expect(try StoreCheck.run(at: written.path).findings == [])
        let seen = try answer(
            written.recorder.store.snapshot(), [Matcher(Labels.metricNameLabel, equals: "second")], .all)
        #expect(seen.first?.1.count == 2, "\(seen)")
    }

    /// The folder of a recorder is exchanged for that of another, whose superblock has the same generation: nothing is
    /// written on top of rows that are not there.
    @Test func aFolderThatIsExchangedIsLeftAlone() throws {
        var written = try FaultyStore()
        for _ in 0..<5 { written.expectAppends() }
        rename(written.path, written.folder.path + "/away")
        var other = try Recorder(path: written.path, host: testHost)
        let series = other.reference(for: Labels(name: "m", ["i": "0"]))
        for tick in 1...3 as ClosedRange<Int64> {
            try other.append(
                Scrape(
                    time: Timestamp(milliseconds: tick),
                    rows: [Scrape.Row(group: WrittenStore.group, samples: [(series, Double(tick))])]))
        }
        let records = try other.store.records()
        let error = written.append()
        #expect(error == .recorderRuns(path: written.path, pid: getpid()))
        #expect(try other.store.records().map(\.value) == records.map(\.value))
        #expect(try answer(other.store.snapshot(), [], .all).first?.1.count == 3)
        try other.close()
        // Now it is nobody's, and recording goes on there.
        written.expectAppends()
        let seen = try answer(written.recorder.store.snapshot(), [], .all)
        #expect(seen.first?.1.map(\.0) == [1, 2, 3, 30_000, 35_000])
    }

    /// The kernel itself refuses: no file of the child may grow beyond 200 KB, then it may again.
    @Test func aRealLimitOfTheFileSize() async throws {
        let folder = TemporaryFolder()
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var recorder = try Recorder(path: path, host: testHost)
            let series = (0..<300).map { recorder.reference(for: Labels(name: "m", ["i": "\($0)"])) }
            var limit = rlimit(rlim_cur: 200_000, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(1), &limit)
            var failures = 0
            for tick in 1...120 as ClosedRange<Int64> {
                if tick == 110 {
                    limit.rlim_cur = rlim_t.max
                    setrlimit(__rlimit_resource_t(1), &limit)
                }
                let samples = series.map { ($0, Double(tick) / 3 + Double($0.index)) }
                let row = Scrape.Row(group: WrittenStore.group, samples: samples)
                do throws(StoreError) {
                    try recorder.append(Scrape(time: Timestamp(milliseconds: tick * 5000), rows: [row]))
                } catch {
                    failures += 1
                }
            }
            precondition(failures > 20 && recorder.commitFailures.values.reduce(0, +) == failures)
            precondition(recorder.droppedScrapes == 0)
            let seen = try answer(recorder.store.snapshot(), [], .all)
            precondition(seen.count == 300 && seen.allSatisfy { $0.1.count == 120 })
        }
        let seen = try answer(Store(at: folder.path, access: .read).snapshot(), [], .all)
        #expect(seen.count == 300 && seen.allSatisfy { $0.1.count == 120 })
    }
}
