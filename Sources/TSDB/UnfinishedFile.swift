import Glibc

/// A new file that appears under its name only when it is complete.
///
/// Until then it has no name at all (`O_TMPFILE`), so that nothing stays of it however the process ends; a name of its
/// own on file systems that cannot do that.
package final class UnfinishedFile {
    /// For reading and writing.
    package let descriptor: Int32
    private let path: String
    /// The name that it has for as long as it is not complete, or for the moment in which it takes the place of
    /// another.
    private let temporary: String
    private let isNameless: Bool
    private var isFinished = false

    /// Begins the file that is to be at `path`, where another may be.
    /// - Parameter mode: its permissions, less those that the process's mask takes.
    package convenience init(_ path: String, mode: UInt32 = 0o666) throws(StoreError) {
        let nameless = UnfinishedFile.openNameless(in: UnfinishedFile.folder(of: path), mode: mode)
        try self.init(path, mode: mode, nameless: nameless)
    }

    /// - Parameter nameless: a descriptor of the file; nil where it has to have a name.
    init(_ path: String, mode: UInt32, nameless: Int32?) throws(StoreError) {
        self.path = path
        temporary = "\(path).\(getpid()).tmp"
        if let nameless {
            (descriptor, isNameless) = (nameless, true)
            return
        }
        // Of a process with the same number that was killed here.
        unsafe unlink(temporary)
        isNameless = false
        descriptor = unsafe open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw refusal() }
    }

    deinit {
        close(descriptor)
        if !isFinished, !isNameless { unsafe unlink(temporary) }
    }

    /// Where others of this process can open it before it is finished.
    package var place: String { isNameless ? UnfinishedFile.link(of: descriptor) : temporary }

    /// Gives the file its name.
    /// - Parameter replacing: whether it takes the place of what is there; what came to be there meanwhile is kept
    ///   otherwise, and this throws.
    package func finish(replacing: Bool) throws(StoreError) {
        defer { isFinished = true }
        // linkat(2) takes no name that is there already.
        let name = replacing ? temporary : path
        if isNameless {
            if replacing { unsafe unlink(temporary) }
            if unsafe linkat(AT_FDCWD, place, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0 { throw refusal() }
            if !replacing { return }
        }
        let hasName = replacing || takeName()
        if hasName, unsafe rename(temporary, path) == 0 { return }
        let failure = refusal()
        unsafe unlink(temporary)
        if hasName, !replacing { unsafe unlink(path) }
        throw failure
    }

    /// Has an empty file be there that this one can take the place of, unless there is one: rename(2) asks nobody, and
    /// file systems that cannot make files without a name may have no links either.
    private func takeName() -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private func refusal() -> StoreError { StoreFolder.refusal("write", path, elsewhere: "choose another name") }

    /// A file without a name on the file system of `folder`; nil where that is not possible there.
    static func openNameless(in folder: String, mode: UInt32) -> Int32? {
        let descriptor = unsafe open(folder, O_RDWR | noName | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return nil }
        // A name is given to what /proc shows of it, which a chroot may lack.
        if unsafe access(link(of: descriptor), F_OK) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// `O_TMPFILE` of open(2), which the C library shows only to those who ask for GNU's own.
    private static let noName = 0o20000000 | O_DIRECTORY

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func link(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }
}
