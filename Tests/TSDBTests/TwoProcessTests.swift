import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import TSDB

/// A recorder in a process of its own, and somebody who writes beside it: compactions, imports, deletions.
@Suite(.serialized) struct TwoProcessTests {
    private static let tick: Int64 = 240_000
    private static let series = 10
    /// Up to this tick the series that is deleted is recorded.
    private static let deletedThrough: Int64 = 500

    private static func labels(_ number: Int) -> Labels { Labels(name: "m", ["i": "\(number)"]) }

    private static func value(_ number: Int, _ tick: Int64) -> Double { Double(tick * 31 % 997) + Double(number) / 8 }

    /// Records `ticks`, and says in `path/recorded` how far it is.
    private static func record(_ path: String, _ ticks: some Sequence<Int64>) throws {
        let told = open(path + "/recorded", O_WRONLY | O_CREAT, 0o600)
        var recorder = try Recorder(path: path, host: testHost)
        for tick in ticks {
            var row = Scrape.Row(group: WrittenStore.group, samples: [])
            for number in 0..<series where number != 1 || tick <= deletedThrough {
                row.samples.append((recorder.reference(for: labels(number)), value(number, tick)))
            }
            try recorder.append(Scrape(time: Timestamp(milliseconds: tick * self.tick), rows: [row]))
            var number = tick
            precondition(withUnsafeBytes(of: &number) { pwrite(told, $0.baseAddress, 8, 0) } == 8)
            if tick % 50 == 0 { try recorder.sealEverything() }
        }
        try recorder.close()
        close(told)
    }

    private static func recorded(_ path: String) -> Int64 {
        let file = open(path + "/recorded", O_RDONLY)
        defer { close(file) }
        var number: Int64 = 0
        return withUnsafeMutableBytes(of: &number) { pread(file, $0.baseAddress, 8, 0) } == 8 ? number : 0
    }

    private struct Stuck: Error { var recorded: Int64 }

    /// A millisecond apart.
    private static let looksMax = 120_000

    /// Looks until the recorder has come to a tick; a recorder that has died never does.
    private static func wait(_ path: String, hasRecorded tick: Int64) throws {
        for _ in 0..<looksMax {
            if recorded(path) >= tick { return }
            usleep(1000)
        }
        throw Stuck(recorded: recorded(path))
    }

    /// Runs `body` beside a recorder in another process, which has begun, then has that end. `body` calls what it is
    /// given before each of its steps, and the recorder goes on through `ticks` more from there without a pause: so a
    /// step is disturbed from its beginning, by so many commits at most.
    /// - Returns: the last tick that was recorded.
    private func besideRecorder(
        _ path: String, from first: Int64, ticks: Int64, _ body: (_ step: () -> Void) throws -> Void
    ) async throws -> Int64 {
        let allowance = TickAllowance(allowingIn: path)
        func step() { allowance.allow(through: max(Self.recorded(path), first - 1) + ticks) }
        step()
        let child = Task {
            await #expect(processExitsWith: .success) { [path = path as String, first = first as Int64] in
                try TwoProcessTests.record(path, TickAllowance(takingFrom: path).ticks(from: first))
            }
        }
        // The task that starts it may have to wait for this thread.
        for _ in 0..<Self.looksMax where Self.recorded(path) < first {
            await Task.yield()
            usleep(1000)
        }
        let outcome = Result {
            if Self.recorded(path) < first { throw Stuck(recorded: Self.recorded(path)) }
            try body(step)
        }
        allowance.end()
        _ = await child.value
        try outcome.get()
        return Self.recorded(path)
    }

    /// What the recorder recorded, and `more`, and nothing else.
    private func expectRecorded(_ path: String, through last: Int64, _ more: NaiveStore, _ comment: String) throws {
        var naive = more
        for tick in 1...last {
            for number in 0..<Self.series where number != 1 || tick <= Self.deletedThrough {
                naive.add(Self.labels(number), tick * Self.tick, Self.value(number, tick))
            }
        }
        let store = try Store(at: path, access: .read)
        expectSame(try answer(store.snapshot(), [], .all), naive.select([], .all), comment)
    }

    /// Copies at once, and copies in rounds, while somebody commits.
    @Test func compactionsBesideAPacedRecorder() async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var last = try await besideRecorder(path, from: 1, ticks: 100) { step in
            for run in 0..<6 {
                step()
                let before = Self.recorded(path)
                let report = try Compaction.run(path, until: nil, atOnceBytes: run % 2 == 0 ? 0 : 1 << 30)
                #expect(report.rounds <= Compaction.roundsMax)
                // It has to find the store in its new place before that moves again: it tries some times only.
                try Self.wait(path, hasRecorded: before + 50)
            }
        }
        try expectRecorded(path, through: last, NaiveStore(), "compacted")
        #expect(StoreFolder(path: path).generations().first ?? 0 >= 7)
        // A recorder that begins in the copy, and never waits.
        last = try await besideRecorder(path, from: last + 1, ticks: 1 << 40) { _ in
            _ = try Compaction.run(path)
        }
        try expectRecorded(path, through: last, NaiveStore(), "begun in a copy")
        #expect(try StoreCheck.run(at: path).findings.isEmpty)
    }

    /// Whoever looks for a store while another process moves it finds it: to read, to write, to count, to check.
    @Test func whatIsMovedIsFound() async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        try Self.record(path, 1...100 as ClosedRange<Int64>)
        let isDone = Atomic(false)
        let child = Task {
            await #expect(processExitsWith: .success) { [path = path as String] in
                for _ in 0..<100 { _ = try Compaction.run(path) }
            }
        }
        let waiting = Task {
            _ = await child.value
            isDone.store(true, ordering: .relaxed)
        }
        var looks = 0
        while !isDone.load(ordering: .relaxed) {
            await Task.yield()
            do {
                let store = try Store(at: path, access: .read)
                #expect(try store.snapshot().statistics().liveBytes > 0)
            }
            #expect(try StoreCheck.run(at: path).findings.isEmpty)
            _ = try Store(at: path, access: .write(testHost)).snapshot()
            looks += 1
        }
        await waiting.value
        #expect(looks > 0 && StoreFolder(path: path).generations().first ?? 0 > 100, "\(looks)")
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>) func importsBesideARecorder(seed: UInt64) async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var random = SeededGenerator(seed: seed)
        var naive = NaiveStore()
        let last = try await besideRecorder(path, from: 1, ticks: 60) { step in
            let store = try Store(at: path, access: .write(testHost))
            for run in 0..<12 {
                step()
                let newest = Self.recorded(path)
                var batch = ImportBatch()
                batch.series = (0..<5).map { Labels(name: "imported", ["i": "\($0)", "run": "\(run % 3)"]) }
                for _ in 0..<200 {
                    let place = Int.random(in: 0..<5, using: &random)
                    // Around what is recorded just now, and days before it.
                    let time = newest * Self.tick - Int64.random(in: -3_000_000...60_000_000, using: &random)
                    let value = Double(Int.random(in: 0...999, using: &random))
                    batch.append(UInt32(place), time, value)
                    naive.add(batch.series[place], time, value)
                }
                if run % 3 == 2 {
                    let inbox = Inbox(into: store, source: "remote")
                    _ = try inbox.write(batch)
                } else {
                    var importer = Importer(into: store)
                    try importer.append(batch)
                    _ = try importer.finish()
                }
            }
        }
        try expectRecorded(path, through: last, naive, "seed \(seed)")
        #expect(try StoreCheck.run(at: path).findings.isEmpty)
    }

    /// A series is deleted, again and again, while days are sealed and folded beside it: windows of the others are
    /// never touched, and those of the deleted one do not come back.
    @Test func deletionsBesideSealsAndFolds() async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        try Self.record(path, 1...Self.deletedThrough)
        let selector = [Matcher("__name__", equals: "m"), Matcher("i", equals: "1")]
        let last = try await besideRecorder(path, from: Self.deletedThrough + 1, ticks: 100) { step in
            let store = try Store(at: path, access: .write(testHost))
            var through = Int64(40)
            while Self.recorded(path) < Self.deletedThrough + 800 || through < Self.deletedThrough + 40 {
                step()
                let range = TimeRange(minMilliseconds: 0, maxMilliseconds: through * Self.tick)
                _ = try store.delete([selector], in: range)
                try expectWindows(store, deletedThrough: through, recorded: Self.recorded(path))
                through += 40
            }
            // The fold of all days at once, which an eviction asks for.
            #expect(try Folding.foldOpenDays(in: store))
            try expectWindows(store, deletedThrough: .max / Self.tick, recorded: Self.recorded(path))
        }
        let store = try Store(at: path, access: .read)
        try expectWindows(store, deletedThrough: .max / Self.tick, recorded: last)
        #expect(try answer(store.snapshot(), selector, .all).isEmpty)
        #expect(try StoreCheck.run(at: path).findings.isEmpty)
    }

    /// Windows that end before what was recorded when the question was asked are those of the samples.
    private func expectWindows(_ store: Store, deletedThrough: Int64, recorded: Int64) throws {
        let end = recorded * Self.tick / 3_600_000 * 3_600_000
        let range = TimeRange(minMilliseconds: 1, maxMilliseconds: end)
        let selection = try store.snapshot().select([Matcher("__name__", equals: "m")], in: range)
        var windows = WindowColumns()
        for number in 0..<Self.series {
            let ticks = (1...recorded).filter { number != 1 || ($0 > deletedThrough && $0 <= Self.deletedThrough) }
            let samples = ticks.map { (time: $0 * Self.tick, value: Self.value(number, $0)) }
            let index = selection.labels.firstIndex(of: Self.labels(number))
            for tier in [Tier.minute, .hour] {
                windows.removeAll()
                if let index {
                    try selection.readWindows(
                        index, tier, after: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: end),
                        into: &windows)
                }
                NaiveWindows.expectSame(
                    windows, NaiveWindows.windows(samples.filter { $0.time <= end }, tier),
                    "\(tier) of \(number), deleted through \(deletedThrough), recorded \(recorded)")
            }
        }
    }
}
