import Glibc
import LMDB

/// Held by the one process that adds generations to a folder or removes them: that compacts, or begins a store. The
/// kernel releases it when the process dies.
struct CompactionLock: ~Copyable {
    private let descriptor: Int32

    enum Patience {
        case none
        /// For who begins a store, or clears away what a compaction left, and has it for moments.
        case moments
        /// For who compacts.
        case compactions
    }

    /// flock(2) waits without an end or not at all, so it is asked again: for a second.
    private static let moments = 100
    private static let momentMicroseconds: UInt32 = 10_000

    /// - Throws: what the kernel brings; that another process compacts, unless it waits for that.
    init(_ folder: StoreFolder, waitingFor patience: Patience) throws(StoreError) {
        let path = folder.path + "/compact.lock"
        // The path is a C string during the call only.
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o660)
        guard descriptor >= 0 else { throw StoreFolder.refusal("open the lock file", path) }
        FolderOwner.take(descriptor, from: folder.path)
        let operation = patience == .compactions ? LOCK_EX : LOCK_EX | LOCK_NB
        let momentsMax = patience == .moments ? CompactionLock.moments : 1
        var code: Int32
        var moment = 0
        repeat {
            if moment > 0 { usleep(CompactionLock.momentMicroseconds) }
            moment += 1
            repeat { code = flock(descriptor, operation) } while code != 0 && errno == EINTR
        } while code != 0 && errno == EWOULDBLOCK && moment < momentsMax
        guard code == 0 else {
            close(descriptor)
            throw .refused(
                .other, description: "\(folder.path) is being compacted by another process; wait for its end")
        }
        self.descriptor = descriptor
    }

    /// As ``RecorderLock``'s: a copy in a process that is just being started must not keep it.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// Who owns the files of a store: a compaction by root must leave them to the user whose agent goes on with them.
enum FileOwner {
    /// - Throws: where the files that this process makes could not be given to the owner of the present ones.
    static func check(_ path: String) throws(StoreError) {
        var old = stat()
        // The path is a C string during the call only.
        guard unsafe stat(path + "/data.mdb", &old) == 0 else { throw StoreFolder.refusal("look at", path) }
        if geteuid() == 0 || geteuid() == old.st_uid { return }
        throw .refused(
            .permission, description: "\(path) belongs to another user: compact it as that user, or as root")
    }

    /// Gives a generation the owner, the group and the rights of another.
    static func take(from old: String, to new: String) throws(StoreError) {
        for file in ["", "/data.mdb", "/lock.mdb"] {
            var found = stat()
            // The paths are C strings during the calls only.
            guard unsafe stat(old + file, &found) == 0 else { throw StoreFolder.refusal("look at", old + file) }
            var mine = stat()
            let isSame =
                unsafe stat(new + file, &mine) == 0 && mine.st_uid == found.st_uid && mine.st_gid == found.st_gid
            if !isSame, unsafe lchown(new + file, found.st_uid, found.st_gid) != 0 {
                throw StoreFolder.refusal("give the owner of the store", new + file)
            }
            guard unsafe chmod(new + file, found.st_mode & 0o7777) == 0 else {
                throw StoreFolder.refusal("set the rights of", new + file)
            }
        }
    }

    /// Makes the names of new files safe from a power cut.
    static func syncFolders(_ paths: [String]) throws(StoreError) {
        for path in paths {
            // The path is a C string during the call only.
            let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw StoreFolder.refusal("open", path) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw StoreFolder.refusal("sync", path) }
        }
    }
}
