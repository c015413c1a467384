import Glibc
import TestSupport
import Testing

@testable import TSDB

/// Whose the files are that root makes in the folder of another user. Only root may give files away.
@Suite struct FolderOwnerTests {
    private static let files: [(String, UInt32)] = [
        ("/writer.lock", 0o640), ("/compact.lock", 0o640), ("/tsdb", 0o750), ("/tsdb/1", 0o750),
        ("/tsdb/1/data.mdb", 0o640), ("/tsdb/1/lock.mdb", 0o640),
    ]

    private static func expect(
        _ path: String, _ user: UInt32, _ group: UInt32, _ rights: UInt32,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var status = stat()
        #expect(lstat(path, &status) == 0, "\(path)", sourceLocation: sourceLocation)
        #expect(status.st_uid == user && status.st_gid == group, "\(path)", sourceLocation: sourceLocation)
        #expect(status.st_mode & 0o777 == rights, "\(path)", sourceLocation: sourceLocation)
    }

    @Test func theyAreTheFoldersOwners() throws {
        if geteuid() != 0 { return }
        let folder = TemporaryFolder()
        chown(folder.path, 1234, 4321)
        chmod(folder.path, 0o750)
        try Recorder(path: folder.path, host: testHost).close()
        for (file, rights) in Self.files { Self.expect(folder.path + file, 1234, 4321, rights) }
        _ = try Compaction.run(folder.path)
        for file in ["/data.mdb", "/lock.mdb"] { Self.expect(folder.path + "/tsdb/2" + file, 1234, 4321, 0o640) }
        // What root's own files are, where an earlier version left them.
        for file in ["/writer.lock", "/compact.lock", "/tsdb/2/lock.mdb"] { chown(folder.path + file, 0, 0) }
        try Recorder(path: folder.path, host: testHost).close()
        _ = try Store(at: folder.path, access: .read)
        for file in ["/writer.lock", "/compact.lock", "/tsdb/2/lock.mdb"] {
            Self.expect(folder.path + file, 1234, 4321, 0o640)
        }
    }

    /// The user whose folder it is records on behind root.
    @Test func theOwnerGoesOn() async throws {
        if geteuid() != 0 { return }
        let folder = TemporaryFolder()
        chown(folder.path, 65_534, 65_534)
        try Recorder(path: folder.path, host: testHost).close()
        _ = try Compaction.run(folder.path)
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            precondition(setgid(65_534) == 0 && setuid(65_534) == 0)
            try Recorder(path: path, host: testHost).close()
            _ = try Compaction.run(path)
        }
    }

    /// Neither a link nor a file of a third user's is given away.
    @Test func nothingElseIsGivenAway() throws {
        if geteuid() != 0 { return }
        let folder = TemporaryFolder()
        let other = TemporaryFolder()
        let secret = other.path + "/secret"
        close(open(secret, O_CREAT | O_WRONLY, 0o600))
        chown(folder.path, 1234, 4321)
        symlink(secret, folder.path + "/writer.lock")
        #expect(throws: StoreError.self) { try Recorder(path: folder.path, host: testHost).close() }
        Self.expect(secret, 0, 0, 0o600)
        unlink(folder.path + "/writer.lock")
        link(secret, folder.path + "/writer.lock")
        try Recorder(path: folder.path, host: testHost).close()
        Self.expect(secret, 0, 0, 0o600)
        unlink(folder.path + "/writer.lock")
        close(open(folder.path + "/writer.lock", O_CREAT | O_WRONLY, 0o600))
        chown(folder.path + "/writer.lock", 77, 77)
        try Recorder(path: folder.path, host: testHost).close()
        Self.expect(folder.path + "/writer.lock", 77, 77, 0o600)
    }

    /// Root follows no link that the owner of a data folder made.
    @Test func linksOfOthersAreNotFollowed() throws {
        if geteuid() != 0 { return }
        for (link, target) in [("lock.mdb", "secret"), ("data.mdb", "nothing yet")] {
            let folder = TemporaryFolder()
            let other = TemporaryFolder()
            let secret = other.path + "/" + target
            if target == "secret" { FileBytes.write([1, 2, 3], to: secret) }
            try Recorder(path: folder.path, host: testHost).close()
            let path = folder.path + "/tsdb/1/" + link
            unlink(path)
            symlink(secret, path)
            lchown(path, 1234, 4321)
            for kind in [Store.Access.read, .write(testHost)] {
                let refused = #expect(throws: StoreError.self) { _ = try Store(at: folder.path, access: kind) }
                let text = refused?.description ?? ""
                #expect(text.contains(link == "lock.mdb" ? path : folder.path), "\(text)")
            }
            #expect(throws: StoreError.self) { _ = try Compaction.run(folder.path) }
            if target == "secret" {
                #expect(FileBytes.read(secret) == [1, 2, 3])
            } else {
                #expect(access(secret, F_OK) != 0)
            }
        }
    }
}
