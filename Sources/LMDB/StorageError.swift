import CLMDB
import Glibc

/// What LMDB or the kernel refused: the operation, the file, the cause as a case to act on, and what a person can do.
package struct StorageError: Error, Hashable, CustomStringConvertible {
    /// What a caller may act on.
    package enum Cause: Hashable, Sendable {
        /// No such file or folder.
        case notFound
        /// The process may not read or write it.
        case permission
        /// The disk is full (ENOSPC, EDQUOT).
        case diskFull
        /// The file system is mounted read-only.
        case readOnlyFileSystem
        /// The map's address space is used up (MDB_MAP_FULL).
        case mapFull
        /// All 1,024 reader slots are taken (MDB_READERS_FULL).
        case readersFull
        /// Another process has grown the map (MDB_MAP_RESIZED).
        case mapResized
        /// The file is no LMDB file, or a page of it is damaged.
        case damaged
        /// A write of the meta page failed; the environment must be closed and opened again (MDB_PANIC).
        case panicked
        /// The disk failed (EIO).
        case inputOutput
        /// Anything else, by its number.
        case other(Int32)
    }

    package let cause: Cause
    /// What was attempted, as a phrase: `open`, `begin a write transaction`.
    package let operation: String
    package let path: String
    private let reason: String

    init(_ code: Int32, _ operation: String, path: String) {
        cause = StorageError.cause(of: code)
        self.operation = operation
        self.path = path
        // mdb_strerror returns a static string.
        reason = unsafe String(cString: mdb_strerror(code))
    }

    /// A page that LMDB is not let near.
    init(_ fault: PageFault, _ operation: String, path: String) {
        cause = .damaged
        self.operation = operation
        self.path = path
        reason = fault.description
    }

    package var description: String {
        "cannot \(operation) \(path): \(reason)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }

    /// What a person can do about it, or nothing.
    package var remedy: String {
        switch cause {
        case .notFound: "check the path"
        case .permission: "run as the user who owns the store, or join its group"
        case .diskFull: "free space on that file system"
        case .readOnlyFileSystem: "remount it read-write, or copy the store elsewhere"
        case .mapFull: "shorten the retention, then run it"
        case .readersFull: "end some of the programs that read the store"
        case .mapResized, .panicked: "open the store again"
        case .damaged: "`mon db check` tells what is lost, `mon db salvage` saves the rest"
        case .inputOutput: "check the disk"
        case .other: ""
        }
    }

    private static func cause(of code: Int32) -> Cause {
        switch code {
        case ENOENT: .notFound
        case EACCES, EPERM: .permission
        case ENOSPC, EDQUOT: .diskFull
        case EROFS: .readOnlyFileSystem
        case EIO: .inputOutput
        case MDB_MAP_FULL: .mapFull
        case MDB_READERS_FULL: .readersFull
        case MDB_MAP_RESIZED: .mapResized
        case MDB_PANIC: .panicked
        // A page that has no room for what was on it is told as one that is full.
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_PAGE_FULL, MDB_INVALID, MDB_VERSION_MISMATCH: .damaged
        default: .other(code)
        }
    }
}
