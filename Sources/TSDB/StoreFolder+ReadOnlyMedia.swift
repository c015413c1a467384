import Glibc

// A store that is seen through a mount that this process cannot write to may be one that nobody can write to, or one
// that a recorder outside goes on with: a container that has the data folder `:ro`. LMDB reads both without its lock
// file, and nothing keeps the pages of the second from being used again while they are read. flock(2) needs no right to
// write and is seen through every mount of the same kernel: it tells them apart.

extension StoreFolder {
    /// Whether the folder lies on media that this process cannot write to, so that readers go without a lock file.
    var isOnReadOnlyMedia: Bool {
        var status = statvfs()
        // The kernel fills the structure; the path is a C string during the call only.
        return unsafe statvfs(generationsPath, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
    }

    /// Looks whether it may be read without a lock. Costs a system call where it need not.
    /// - Throws: where it cannot be written to from here, and somebody records into it.
    func checkUnlockedReading() throws(StoreError) {
        if isOnReadOnlyMedia { try checkNobodyRecords() }
    }

    /// - Throws: where somebody records into it, or where that cannot be told.
    func checkNobodyRecords() throws(StoreError) {
        guard let holder = RecorderLock.currentHolder(self) else {
            // access(2) reads the path during the call only.
            if unsafe access(lockPath, R_OK) == 0 || errno == ENOENT { return }
            throw StoreFolder.refusal("tell whether somebody records by", lockPath)
        }
        let who = holder > 0 ? "process \(holder)" : "another process"
        throw .refused(
            .readOnlyFileSystem,
            description: "\(path) is being recorded into by \(who), and is mounted read-only here: a reader of a live "
                + "store has to write to its lock.mdb. Mount it read-write, ask the agent at its --listen address, or "
                + "read a copy that `mon snapshot` made with --db")
    }
}
