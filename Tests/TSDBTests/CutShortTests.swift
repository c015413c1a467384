import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// A file that is shorter than LMDB's two meta pages: cut, or never finished.
@Suite struct CutShortTests {
    private static func store() throws -> TemporaryFolder {
        var written = try WrittenStore()
        for tick in 1..<5 as Range<Int64> { try written.append(tick * 5000, [(Labels(name: "m"), 1)]) }
        let folder = written.folder
        try written.recorder.close()
        return folder
    }

    @Test(arguments: [8191, 5000, 4096, 4000, 152, 151, 20, 11]) func aCutFileIsDamage(bytes: Int) throws {
        let folder = try Self.store()
        let path = folder.path
        truncate(path + "/tsdb/1/data.mdb", bytes)
        func check(_ what: String, _ body: () throws -> Void) {
            let error = #expect(throws: StoreError.self, "\(what)") { try body() }
            guard case .damaged(_, let record, let reason) = error else {
                Issue.record("\(what): \(String(describing: error))")
                return
            }
            #expect(record.hasSuffix("data.mdb") && reason.contains("\(bytes) bytes"), "\(what): \(reason)")
        }
        #expect(Store.isPresent(at: path))
        check("read") { _ = try Store(at: path, access: .read) }
        check("verified") { _ = try Store.openVerified(at: path) }
        check("pages") { try Store.verifyPages(at: path) }
        check("write") { _ = try Store(at: path, access: .write(testHost)) }
        check("record") { try Recorder(path: path, host: testHost).close() }
        check("compact") { _ = try Compaction.run(path) }
        var status = stat()
        #expect(stat(path + "/tsdb/1/data.mdb", &status) == 0 && status.st_size == bytes, "it stays as it is")
        #expect(try !StoreCheck.run(at: path).findings.isEmpty)
    }

    /// What a process that dies, or a disk without room, leaves of a beginning is begun anew.
    @Test(arguments: [8191, 5000, 4096, 152, 0]) func anUnfinishedFileIsNone(bytes: Int) throws {
        let folder = TemporaryFolder()
        let place = StoreFolder(path: folder.path)
        try place.makeEnvironment(1)
        _ = try Environment(path: place.environmentPath(1), access: .write)
        truncate(place.environmentPath(1) + "/data.mdb", bytes)
        #expect(throws: StoreError.noStore(path: folder.path)) { _ = try Store(at: folder.path, access: .read) }
        try Recorder(path: folder.path, host: testHost).close()
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    @Test func zerosOfAPowerCutAreNone() throws {
        let folder = TemporaryFolder()
        let place = StoreFolder(path: folder.path)
        try place.makeEnvironment(1)
        close(open(place.environmentPath(1) + "/data.mdb", O_CREAT | O_WRONLY, 0o600))
        truncate(place.environmentPath(1) + "/data.mdb", 4096)
        try Recorder(path: folder.path, host: testHost).close()
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }
}
