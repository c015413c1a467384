import Glibc
import LMDB

// DIR/tsdb/<generation>/{data.mdb,lock.mdb}     one LMDB environment; the highest number that is live is the store
// DIR/writer.lock                               flock by the recorder, its pid inside

/// Where the parts of a data folder lie.
struct StoreFolder {
    let path: String

    var generationsPath: String { path + "/tsdb" }
    var lockPath: String { path + "/writer.lock" }

    func environmentPath(_ generation: Int) -> String { "\(generationsPath)/\(generation)" }

    /// The numbers of the environments, highest first; one whose making was never finished is left out. Empty where
    /// there is no store.
    func generations() -> [Int] {
        guard let folder = unsafe opendir(generationsPath) else { return [] }
        defer { unsafe closedir(folder) }
        var numbers: [Int] = []
        while let entry = unsafe readdir(folder) {
            // d_name is NUL-terminated within the entry, which lives until the next readdir.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int(name), number > 0, !isUnfinished(number) { numbers.append(number) }
        }
        return numbers.sorted(by: >)
    }

    /// Why no store is found: there is none, or who looks for it may not enter the folder.
    var absence: StoreError {
        if let folder = unsafe opendir(generationsPath) {
            unsafe closedir(folder)
            return .noStore(path: path)
        }
        guard errno == EACCES else { return .noStore(path: path) }
        let membership = group.map { "join its group (\($0)), " } ?? ""
        return .refused(
            .permission,
            description: "cannot look into \(path): Permission denied; \(membership)use sudo, or name another folder "
                + "with --data")
    }

    /// The group whose members may enter the folder; nil where none may but root's.
    private var group: String? {
        var status = stat()
        // The kernel fills the structure; the path is a C string during the call only.
        guard unsafe stat(path, &status) == 0, status.st_mode & (S_IRGRP | S_IXGRP) == S_IRGRP | S_IXGRP,
            status.st_gid != 0, let entry = unsafe getgrgid(status.st_gid)
        else { return nil }
        // The name is copied at once; no other thread of this process asks for groups.
        return unsafe String(cString: entry.pointee.gr_name)
    }

    /// LMDB begins a file with two meta pages, of 4 KiB or more each, and the first commit comes behind them. A process
    /// that dies before, or a disk that is full, leaves a shorter file, which LMDB refuses or dies of.
    private static let metaBytes = 8192

    /// Whether no commit was ever made to a generation. A file that is shorter than its meta pages and says otherwise
    /// is one that was cut; one of no bytes, or of zeros, cannot tell.
    private func isUnfinished(_ generation: Int) -> Bool {
        guard let bytes = dataBytes(generation) else { return true }
        if bytes >= StoreFolder.metaBytes { return false }
        if bytes == 0 { return true }
        // What cannot be read is not emptied either.
        return (try? PageFile(path: dataPath(generation)))?.isBeginning ?? false
    }

    /// - Throws: where a generation's file is shorter than its meta pages: LMDB must not be let near it.
    func checkWhole(_ generation: Int) throws(StoreError) {
        guard let bytes = dataBytes(generation), bytes > 0, bytes < StoreFolder.metaBytes, !isUnfinished(generation)
        else { return }
        throw .damaged(
            path: path, record: dataPath(generation),
            reason:
                "it was cut short: it has \(bytes) bytes, and its first two pages alone take \(StoreFolder.metaBytes)")
    }

    private func dataPath(_ generation: Int) -> String { "\(environmentPath(generation))/data.mdb" }

    /// Size of a generation's data file; nil where there is none.
    private func dataBytes(_ generation: Int) -> Int? {
        var status = stat()
        return unsafe stat(dataPath(generation), &status) == 0 ? Int(status.st_size) : nil
    }

    /// Empties a data file that holds less than LMDB's meta pages, and so no commit: LMDB begins an empty one anew.
    func clearUnfinished(_ generation: Int) throws(StoreError) {
        guard let bytes = dataBytes(generation), bytes > 0, isUnfinished(generation) else { return }
        guard unsafe truncate(dataPath(generation), 0) == 0 else {
            throw StoreFolder.refusal("empty the unfinished file", dataPath(generation))
        }
    }

    /// Makes the data folder, for whoever is to put a lock or a generation into it.
    func make() throws(StoreError) {
        try StoreFolder.make(path, in: nil)
        try StoreFolder.make(generationsPath, in: path)
    }

    /// Makes the folder of a generation that is new: whoever makes that of one that was there, and was removed since,
    /// begins a store below the one that took its place.
    func makeEnvironment(_ generation: Int) throws(StoreError) {
        try make()
        try StoreFolder.make(environmentPath(generation), in: generationsPath)
    }

    /// Root leaves what it makes in another's data folder to its owner.
    private static func make(_ folder: String, in above: String?) throws(StoreError) {
        guard unsafe mkdir(folder, 0o770) == 0 || errno == EEXIST else { throw refusal("make the folder", folder) }
        if let above { FolderOwner.take(folder, from: above) }
    }

    /// What LMDB brought when it opened a generation. Every reader enters itself into the lock file, so that no page
    /// that it reads is used again: who may read the data but not write the lock gets told just that.
    func refusal(_ error: StorageError, generation: Int) -> StoreError {
        let (data, lock) = (environmentPath(generation) + "/data.mdb", environmentPath(generation) + "/lock.mdb")
        // access(2) reads the paths during the calls only.
        guard error.cause == .permission, unsafe access(data, R_OK) == 0, unsafe access(lock, R_OK | W_OK) != 0 else {
            return StoreError(error)
        }
        return .refused(
            .permission,
            description: "cannot open \(lock) for writing, which readers of a live store have to: join the group that "
                + "owns it (mon), or read a copy that `mon snapshot` made")
    }

    /// The file system that the folder lies on; nil where there is no such folder.
    var device: UInt? {
        var found = stat()
        return unsafe stat(path, &found) == 0 ? found.st_dev : nil
    }

    /// Bytes that are left on the file system of the folder, for who asks; nil where there is no such folder.
    var freeBytes: Int? {
        var status = statvfs()
        // The kernel fills the structure; the path is a C string during the call only.
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return Int(geteuid() == 0 ? status.f_bfree : status.f_bavail) * Int(status.f_frsize)
    }

    /// Removes a generation. Processes that have it open keep what they read until they close it.
    func remove(_ generation: Int) {
        let path = environmentPath(generation)
        // The paths are C strings during the calls only.
        unsafe unlink(path + "/data.mdb")
        unsafe unlink(path + "/lock.mdb")
        unsafe rmdir(path)
    }

    /// What `errno` says of a file.
    /// - Parameter elsewhere: what helps where nothing can be written there.
    static func refusal(
        _ operation: String, _ path: String, elsewhere: String = "choose another folder with --data"
    ) -> StoreError {
        let code = errno
        let refusal: StoreError.Refusal =
            switch code {
            case ENOSPC, EDQUOT: .diskFull
            case EACCES, EPERM: .permission
            case EROFS: .readOnlyFileSystem
            default: .other
            }
        // strerror's text is copied at once; no other thread of this process uses it between.
        let reason = unsafe String(cString: strerror(code))
        let remedy =
            switch refusal {
            case .diskFull: "; free space on that file system"
            case .permission: "; run as a user who may write there, or \(elsewhere)"
            case .readOnlyFileSystem: "; remount it read-write, or \(elsewhere)"
            default: ""
            }
        return .refused(refusal, description: "cannot \(operation) \(path): \(reason)\(remedy)")
    }
}

/// The lock that makes one process *the* recorder of a folder. Held while the value lives; the kernel releases it when
/// the process dies, however it dies.
struct RecorderLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: ``StoreError/recorderRuns(path:pid:)`` where another process holds it.
    init(_ folder: StoreFolder) throws(StoreError) {
        let descriptor = unsafe open(folder.lockPath, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o660)
        guard descriptor >= 0 else { throw StoreFolder.refusal("open the lock file", folder.lockPath) }
        FolderOwner.take(descriptor, from: folder.path)
        // Who merely looks whether it is held (``currentHolder(_:)``) holds it for a microsecond.
        var isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        for _ in 0..<20 where !isLocked {
            usleep(5000)
            isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isLocked else {
            let holder = RecorderLock.holder(descriptor)
            close(descriptor)
            throw .recorderRuns(path: folder.path, pid: holder)
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// A process that is just being started from this one has a copy of the descriptor until its program begins, and
    /// closing ours alone would leave the lock to it.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Whether the locked file is the one in the folder: not so when the folder was removed or moved.
    func isInPlace(_ folder: StoreFolder) -> Bool {
        var (opened, found) = (stat(), stat())
        // The path is a C string during the call only.
        let isFound = unsafe fstat(descriptor, &opened) == 0 && stat(folder.lockPath, &found) == 0
        return isFound && opened.st_ino == found.st_ino && opened.st_dev == found.st_dev
    }

    /// The pid of the process that records into the folder now; nil where none does.
    static func currentHolder(_ folder: StoreFolder) -> Int32? {
        let descriptor = unsafe open(folder.lockPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else {
            flock(descriptor, LOCK_UN)
            return nil
        }
        return holder(descriptor) ?? -1
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? Int32(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self)) : nil
    }
}
