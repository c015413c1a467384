import CLMDB
import Glibc

/// Sizes of an LMDB file.
package struct EnvironmentStatistics: Hashable, Sendable {
    package let pageBytes: Int
    /// Number of the last page in use or once used.
    package let lastPage: Int
    package let mapBytes: Int
    /// Reader slots in use or once used.
    package let readers: Int
    /// Number of the last commit, of whichever process.
    package let commitNumber: Int

    /// Pages of the file that are or once were used.
    package var filePages: Int { lastPage + 1 }
    /// Pages that the map has room for behind those.
    package var pagesBehind: Int { mapBytes / pageBytes - filePages }
}

extension Environment {
    /// What LMDB says of the file's size and use. Costs no I/O and no lock.
    package func statistics() throws(StorageError) -> EnvironmentStatistics {
        // Two C structs without pointers that outlive the call.
        var information = unsafe MDB_envinfo()
        try StorageError.check(unsafe mdb_env_info(handle, &information), "look at", path)
        var statistics = MDB_stat()
        try StorageError.check(unsafe mdb_env_stat(handle, &statistics), "look at", path)
        return unsafe EnvironmentStatistics(
            pageBytes: Int(statistics.ms_psize), lastPage: Int(information.me_last_pgno),
            mapBytes: Int(information.me_mapsize), readers: Int(information.me_numreaders),
            commitNumber: Int(information.me_last_txnid))
    }

    /// Which file is open; nil where the kernel does not say.
    package var file: FileIdentity? {
        var descriptor: Int32 = -1
        guard unsafe mdb_env_get_fd(handle, &descriptor) == 0 else { return nil }
        var opened = stat()
        return unsafe fstat(descriptor, &opened) == 0 ? FileIdentity(opened) : nil
    }

    /// Whether the open file is the one that lies at its path: a folder that was removed or moved away while it is open
    /// takes commits that nobody will ever read.
    package var isInPlace: Bool {
        var found = stat()
        // The path is a C string during the call only.
        guard let file, unsafe stat(path + "/data.mdb", &found) == 0 else { return false }
        return file == FileIdentity(found)
    }

    /// Whether the lock file that is open is the one that others find: who removes it while the store is in use keeps
    /// those who come from seeing the readers and writers that are there, and these from seeing them.
    package var isLockInPlace: Bool { lockFile == nil || lockFile == LockFile.identity(in: path) }
}

/// What makes a file the same file under whatever name.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let number: UInt

    init(_ status: stat) {
        device = status.st_dev
        number = status.st_ino
    }
}
