import Glibc
import TestSupport
import Testing

@testable import LMDB

@Suite struct LockFileTests {
    private static func status(_ path: String) -> stat {
        var status = stat()
        stat(path, &status)
        return status
    }

    /// A lock file that is written through a map must not wait for a disk to have room; nor is all of it room that
    /// nobody needs.
    @Test func itsRoomIsTakenWhenItIsMade() throws {
        let folder = TemporaryFolder()
        let lock = folder.path + "/lock.mdb"
        _ = try Environment(path: folder.path, access: .write)
        let made = Self.status(lock)
        #expect(made.st_size >= 1023 * 64 && made.st_blocks * 512 == LockFile.pageBytes)
        // One that an earlier version made, without room.
        truncate(lock, 0)
        truncate(lock, made.st_size)
        _ = try Environment(path: folder.path, access: .read)
        let mended = Self.status(lock)
        #expect(mended.st_size == made.st_size && mended.st_blocks * 512 == LockFile.pageBytes)
    }

    private final class Reader {
        let transaction: ReadTransaction
        init(_ transaction: consuming ReadTransaction) { self.transaction = transaction }
    }

    /// Whoever opens it while many read takes room for those who come after.
    @Test func itGrowsBeforeItsReadersDo() throws {
        let folder = TemporaryFolder()
        let lock = folder.path + "/lock.mdb"
        let first = try Environment(path: folder.path, access: .write)
        var readers: [Reader] = []
        var kept: [Int32] = []
        defer { for descriptor in kept { close(descriptor) } }
        for count in [20, 40, 100, 1000] {
            while readers.count < count { readers.append(Reader(try first.beginRead())) }
            let used = try first.statistics().readers
            #expect(used >= count)
            let extended = LockFile.extend(in: folder.path, used: used)
            let status = Self.status(lock)
            let wanted = min(128 + (used + LockFile.spareSlots) * 64, Int(status.st_size))
            #expect((extended != nil) == (count > 20), "\(count)")
            #expect(Int(status.st_blocks) * 512 >= wanted, "\(count)")
            // Enough is enough.
            #expect(LockFile.extend(in: folder.path, used: used) == nil)
            if let extended { kept.append(extended) }
        }
    }

    @Test func aFullDiskIsToldAsThat() throws {
        guard let disk = TemporaryMount(bytes: 1 << 20) else { return }
        let folder = disk.path + "/new"
        mkdir(folder, 0o700)
        disk.fill()
        for access in [Environment.Access.write, .read] {
            let refused = #expect(throws: StorageError.self) { _ = try Environment(path: folder, access: access) }
            #expect(refused?.cause == .diskFull, "\(refused?.description ?? "")")
        }
        disk.fill(leaving: 128 * 1024)
        _ = try Environment(path: folder, access: .write)
    }

    /// Whoever has a store goes on reading it, whatever the disk.
    @Test func aStoreOnAFullDiskIsRead() throws {
        guard let disk = TemporaryMount(bytes: 1 << 20) else { return }
        let folder = disk.path + "/old"
        mkdir(folder, 0o700)
        _ = try Environment(path: folder, access: .write)
        disk.fill()
        let environment = try Environment(path: folder, access: .read)
        _ = try environment.beginRead()
    }
}
