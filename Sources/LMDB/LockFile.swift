import CLMDB
import Glibc

/// The lock file of an environment, made before LMDB does: LMDB extends it without taking room on the disk, and writes
/// it through a map, so that a full disk would end the process with SIGBUS, as a damaged page does.
///
/// ```
/// header (128 B) │ slot │ slot │ …         1,024 slots of 64 bytes, one a read transaction, the lowest free one first
/// ```
///
/// The file has room for the slots that are wanted: a page of them at first, another where half of those are in use.
enum LockFile {
    static let pageBytes = max(4096, sysconf(Int32(_SC_PAGESIZE)))
    private static let headerBytes = 128
    private static let slotBytes = 64
    /// How many slots beyond those in use have room.
    static let spareSlots = 32

    /// Takes room for the first readers of the environment in `folder`. Where that is not this process's to do, it is
    /// left to LMDB to refuse, or to go without one.
    ///
    /// - Throws: where the disk has no room for a file that nobody has used yet.
    static func prepare(in folder: String) throws(StorageError) {
        let path = folder + "/lock.mdb"
        var status = stat()
        // The kernel fills the structure; the path is a C string during the call only. Looked at by its name: closing
        // a descriptor of it would release the locks that LMDB has in this process.
        if unsafe stat(path, &status) == 0, status.st_size > 0, status.st_blocks > 0, !isForeign(status, folder) {
            return
        }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o660)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOSPC || code == EDQUOT { throw StorageError(code, "make", path: path) }
            return
        }
        defer { close(descriptor) }
        FolderOwner.take(descriptor, from: folder)
        if mon_take_room(descriptor, off_t(pageBytes)) == 0 { return }
        // A file system that cannot do it has to be trusted with the rest.
        let code = errno
        guard code == ENOSPC || code == EDQUOT, unsafe fstat(descriptor, &status) == 0 else { return }
        if status.st_size == 0 || status.st_blocks == 0 { throw StorageError(code, "take room for", path: path) }
    }

    /// Takes room for more readers where `used` slots have been in use at once. A disk that has none now is left to
    /// have some by the time that they are wanted.
    ///
    /// - Returns: a descriptor of the file where one was needed, which must stay open for as long as the environment
    ///   is: closing it would release LMDB's locks.
    static func extend(in folder: String, used: Int) -> Int32? {
        let wanted = headerBytes + (used + spareSlots) * slotBytes
        guard wanted > pageBytes else { return nil }
        let path = folder + "/lock.mdb"
        var status = stat()
        // As above.
        guard unsafe stat(path, &status) == 0 else { return nil }
        let length = min(wanted, Int(status.st_size))
        guard Int(status.st_blocks) * 512 < length else { return nil }
        let descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        _ = mon_take_room(descriptor, off_t(length))
        return descriptor
    }

    /// Which file it is; nil where there is none.
    static func identity(in folder: String) -> FileIdentity? {
        var status = stat()
        // As above.
        return unsafe stat(folder + "/lock.mdb", &status) == 0 ? FileIdentity(status) : nil
    }

    /// Whether root has to give it to the owner of the folder.
    private static func isForeign(_ status: stat, _ folder: String) -> Bool {
        var above = stat()
        // As above.
        guard geteuid() == 0, status.st_uid == 0, unsafe stat(folder, &above) == 0 else { return false }
        return (above.st_uid, above.st_gid) != (status.st_uid, status.st_gid)
    }
}
