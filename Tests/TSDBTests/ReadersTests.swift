import Glibc
import LMDB
import Model
import Synchronization
import TestSupport
import Testing

@testable import TSDB

/// Readers in other processes beside a recorder.
@Suite struct ReadersTests {
    private static let series = 30

    private static func append(_ recorder: inout Recorder, _ tick: Int64) throws {
        var row = Scrape.Row(group: WrittenStore.group, samples: [])
        for number in 0..<series {
            let labels = Labels(name: "m", ["i": "\(number)"])
            row.samples.append((recorder.reference(for: labels), Double(tick * 31 % 997) + Double(number)))
        }
        try recorder.append(Scrape(time: Timestamp(milliseconds: tick * 20_000), rows: [row]))
    }

    /// Reads again and again until the file `path/stop` is there: each view is whole, and none is older than the last.
    private static func read(_ path: String) throws {
        let store = try Store(at: path, access: .read)
        var last = 0
        var rounds = 0
        while rounds == 0 || access(path + "/stop", F_OK) != 0 {
            rounds += 1
            let seen = try answer(store.snapshot(), [Matcher("__name__", equals: "m")], .all)
            precondition(seen.isEmpty || seen.count == series)
            let counts = Set(seen.map { $0.1.count })
            precondition(counts.count <= 1, "a scrape is there whole or not at all")
            precondition(counts.first ?? 0 >= last, "a later view shows more")
            last = counts.first ?? 0
            for (_, points) in seen {
                precondition(points.enumerated().allSatisfy { $0.element.0 == (Int64($0.offset) + 1) * 20_000 })
            }
        }
    }

    private static func readInChild(_ path: String) async {
        await #expect(processExitsWith: .success) { [path = path as String] in try ReadersTests.read(path) }
    }

    @Test func noReadFailsAndTheFileStaysSmall() async throws {
        var sizes: [Int] = []
        for readers in [0, 6] {
            let folder = TemporaryFolder()
            let path = folder.path
            var recorder = try Recorder(path: path, host: testHost)
            try Self.append(&recorder, 1)
            let children = (0..<readers).map { _ in Task { await Self.readInChild(path) } }
            for tick in 2...1200 as ClosedRange<Int64> { try Self.append(&recorder, tick) }
            close(open(path + "/stop", O_CREAT | O_WRONLY, 0o600))
            for child in children { await child.value }
            sizes.append(try recorder.store.fileBytes())
        }
        // Readers hold pages for milliseconds; what each holds then is a handful.
        #expect(sizes[1] <= sizes[0] * 115 / 100 + 64 * 4096, "\(sizes)")
    }

    /// A reader that was killed keeps its slot until somebody looks.
    @Test func aDeadReaderIsClearedAway() async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var recorder = try Recorder(path: path, host: testHost)
        try Self.append(&recorder, 1)
        #expect(try recorder.store.clearStaleReaders() == 0)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let snapshot = try Store(at: path, access: .read).snapshot()
            precondition(snapshot.commitNumber > 0)
            kill(getpid(), SIGKILL)
            _ = snapshot.commitNumber
        }
        #expect(try recorder.store.clearStaleReaders() == 1)
        #expect(try recorder.store.clearStaleReaders() == 0)
    }

    /// Who may not write the lock file of a live store is told what to do. Root may write everything.
    @Test func aLockThatMayNotBeWritten() async throws {
        if geteuid() != 0 { return }
        let folder = TemporaryFolder()
        try Recorder(path: folder.path, host: testHost).close()
        chmod(folder.path, 0o755)
        chmod(folder.path + "/tsdb", 0o755)
        chmod(folder.path + "/tsdb/1", 0o755)
        chmod(folder.path + "/tsdb/1/data.mdb", 0o644)
        chmod(folder.path + "/tsdb/1/lock.mdb", 0o600)
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            precondition(setgid(65_534) == 0 && setuid(65_534) == 0)
            do throws(StoreError) {
                _ = try Store(at: path, access: .read)
                preconditionFailure("it opened")
            } catch {
                precondition(error.description.contains("lock.mdb") && error.description.contains("group"))
            }
        }
    }
}
