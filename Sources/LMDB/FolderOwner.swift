import Glibc

/// Whose the files of a folder are: what root makes in the folder of another user has to stay usable for that user, who
/// goes on with it.
///
/// Nothing is given away but what root owns, and no symbolic or second hard link is followed: the folder's owner could
/// have put one there.
package enum FolderOwner {
    /// Gives an open file the owner and the group of the folder that it lies in, and of the folder's rights to read and
    /// write those of owner and group. Does nothing for users that are not root, and for files that are not root's.
    package static func take(_ descriptor: Int32, from folder: String) {
        guard geteuid() == 0 else { return }
        var (above, mine) = (stat(), stat())
        // The kernel fills the structures; the path is a C string during the call only.
        guard unsafe stat(folder, &above) == 0, unsafe fstat(descriptor, &mine) == 0, mine.st_uid == 0,
            (above.st_uid, above.st_gid) != (mine.st_uid, mine.st_gid)
        else { return }
        let kind = mine.st_mode & S_IFMT
        guard kind == S_IFDIR || kind == S_IFREG && mine.st_nlink == 1 else { return }
        // Where the file system knows no owners, everybody may do what root may.
        guard fchown(descriptor, above.st_uid, above.st_gid) == 0 else { return }
        fchmod(descriptor, kind == S_IFDIR ? above.st_mode & 0o7777 : above.st_mode & 0o660)
    }

    /// - Throws: for root, where the file is a symbolic link that another user made: it may lead anywhere.
    static func checkLinks(_ path: String) throws(StorageError) {
        var status = stat()
        // The kernel fills the structure; the path is a C string during the call only.
        guard geteuid() == 0, unsafe lstat(path, &status) == 0, status.st_uid != 0 else { return }
        if status.st_mode & S_IFMT == S_IFLNK {
            throw StorageError(ELOOP, "follow the link of another user", path: path)
        }
    }

    /// As ``take(_:from:)``, for a file or a folder that is not open.
    package static func take(_ path: String, from folder: String) {
        guard geteuid() == 0 else { return }
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        take(descriptor, from: folder)
    }
}
