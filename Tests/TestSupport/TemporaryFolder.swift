import Glibc

/// A fresh folder that is removed, with what is in it, when the value goes out of scope.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Thousands of commits in many tests wait for the disk and show no more there: memory, where there is room.
    private static let parent: String = {
        if let named = getenv("TMPDIR") { return String(cString: named) }
        var figures = statvfs()
        guard statvfs("/dev/shm", &figures) == 0, figures.f_bavail * figures.f_frsize > 1 << 30 else { return "/tmp" }
        return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    }()

    package init() {
        var template = Array("\(TemporaryFolder.parent)/mon-test-XXXXXX".utf8CString)
        // mkdtemp writes into the template, which is NUL-terminated and ours.
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        precondition(made, "cannot make a folder in \(TemporaryFolder.parent)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryFolder.remove(path) }

    /// Removes a folder and all below it.
    private static func remove(_ path: String) {
        guard let entries = FolderEntry.all(in: path) else {
            unlink(path)
            return
        }
        for entry in entries {
            let child = path + "/" + entry.name
            if entry.isFolder { remove(child) } else { unlink(child) }
        }
        rmdir(path)
    }
}
