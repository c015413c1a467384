import CLMDB
import Glibc

/// The lock file of an environment, made before LMDB does: LMDB extends it without taking room on the disk, and writes
/// it through a map, so that a full disk would end the process with SIGBUS, as a damaged page does.
enum LockFile {
    /// 1,024 slots of 64 bytes, and the header before them, in whole pages. LMDB decides how long the file is; room
    /// beyond its end costs nothing but a page.
    private static let allocatedBytes = 17 * 4096

    /// Takes room for all of the lock file in `folder`. Where that is not this process's to do, it is left to LMDB to
    /// refuse, or to go without one.
    ///
    /// - Throws: where the disk has no room for a file that nobody has used yet. One in use goes on: its first page is
    ///   there, and the others are for the 61st reader at once.
    static func prepare(in folder: String) throws(StorageError) {
        let path = folder + "/lock.mdb"
        var status = stat()
        // The kernel fills the structure; the path is a C string during the call only. Looked at by its name: closing
        // a descriptor of it would release the locks that LMDB has in this process.
        if unsafe stat(path, &status) == 0, status.st_size > 0, isWhole(status), !isForeign(status, folder) { return }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o660)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOSPC || code == EDQUOT { throw StorageError(code, "make", path: path) }
            return
        }
        defer { close(descriptor) }
        FolderOwner.take(descriptor, from: folder)
        if mon_take_room(descriptor, off_t(allocatedBytes)) == 0 { return }
        // A file system that cannot do it has to be trusted with the rest.
        let code = errno
        guard code == ENOSPC || code == EDQUOT, unsafe fstat(descriptor, &status) == 0 else { return }
        if status.st_size == 0 || status.st_blocks == 0 { throw StorageError(code, "take room for", path: path) }
    }

    /// Whether all of it has room on the disk.
    private static func isWhole(_ status: stat) -> Bool { status.st_blocks * 512 >= status.st_size }

    /// Whether root has to give it to the owner of the folder.
    private static func isForeign(_ status: stat, _ folder: String) -> Bool {
        var above = stat()
        // As above.
        guard geteuid() == 0, status.st_uid == 0, unsafe stat(folder, &above) == 0 else { return false }
        return (above.st_uid, above.st_gid) != (status.st_uid, status.st_gid)
    }
}
