import Glibc

/// A mount below a temporary folder, taken away when the value goes out of scope. Only root may mount: others get nil,
/// and what they test needs none.
package final class TemporaryMount: Sendable {
    package let path: String
    private let folder: TemporaryFolder

    /// A file system of its own, in memory.
    package init?(bytes: Int) {
        folder = TemporaryFolder()
        path = folder.path
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else { return nil }
    }

    /// A folder as it is seen through a mount that nobody can write to.
    package init?(readOnly other: String) {
        folder = TemporaryFolder()
        path = folder.path
        // MS_BIND, then MS_REMOUNT | MS_BIND | MS_RDONLY: the first call takes no other flag.
        guard mount(other, path, nil, 4096, nil) == 0 else { return nil }
        guard mount(nil, path, nil, 32 | 4096 | 1, nil) == 0 else {
            umount2(path, 0)
            return nil
        }
    }

    // MNT_DETACH: whoever still has a file open keeps it.
    deinit { umount2(path, 2) }

    /// Takes all room but for `bytes`.
    package func fill(leaving bytes: Int = 0) {
        let file = open(path + "/fill", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        var status = statvfs()
        statvfs(path, &status)
        posix_fallocate(file, 0, off_t(Int(status.f_bavail) * Int(status.f_frsize) - bytes))
    }
}
