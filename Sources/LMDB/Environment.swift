import CLMDB
import Glibc
import Synchronization

/// One open LMDB folder: `data.mdb` and `lock.mdb`.
///
/// LMDB's own rules (lmdb.h) that this type keeps for everybody: one environment per process and path, never used
/// across `fork`; `MDB_NOTLS` always, so that a thread may hold several read transactions; 1,024 reader slots always,
/// because the first process that opens a folder decides how many there are.
@safe package struct Environment: ~Copyable, @unchecked Sendable {
    // @unchecked: an MDB_env may be used from all threads; its write transactions exclude each other.
    let owner: EnvironmentOwner
    var handle: OpaquePointer { unsafe owner.handle }
    let database: UInt32
    package let path: String
    private let faults: FaultPlan?
    /// Whether each page is checked before LMDB reads it (``PageGuard``): by those who only read. A writer's own
    /// process is ended by what is damaged, and its next start looks at all of it.
    private let checksPages: Bool
    /// The lock file that LMDB has open; nil where it goes without one.
    let lockFile: FileIdentity?

    /// What an environment is opened for.
    package enum Access: Sendable {
        case read
        /// Commits return after one fdatasync, the meta page's own is left out (`MDB_NOMETASYNC`): a power cut may
        /// undo the last commit, never the file.
        case write
        /// Reads one file that nobody changes any more: needs no lock file and leaves nothing behind, so it works on
        /// read-only media. Never for a file that a process may write to: nothing would keep pages from being reused.
        case readSnapshot
        /// Writes one file that nobody else knows yet, with no lock file beside it.
        case writeSnapshot

        fileprivate var flags: Int32 {
            switch self {
            case .read: MDB_RDONLY | MDB_NOTLS
            case .write: MDB_NOTLS | MDB_NOMETASYNC
            case .readSnapshot: MDB_RDONLY | MDB_NOTLS | MDB_NOSUBDIR | MDB_NOLOCK
            case .writeSnapshot: MDB_NOTLS | MDB_NOMETASYNC | MDB_NOSUBDIR | MDB_NOLOCK
            }
        }

        fileprivate var hasLockFile: Bool { self == .read || self == .write }

        fileprivate var isReadOnly: Bool { self == .read || self == .readSnapshot }
    }

    /// Opens the folder, which must exist; with write access an empty one becomes a new store.
    ///
    /// - Parameters:
    ///   - mapBytes: address space to reserve; the file itself grows only as pages are used.
    ///   Nil takes what the file says.
    ///   - place: what is opened in the place of `path`, which the file will be at only later.
    ///   - faults: steps that are to fail, for tests.
    /// - Throws: ``StorageError`` of any cause.
    package init(
        path: String, at place: String? = nil, access: Access, mapBytes: Int? = nil, faults: FaultPlan? = nil
    ) throws(StorageError) {
        var opened: OpaquePointer?
        try StorageError.check(unsafe mdb_env_create(&opened), "make an environment for", path)
        guard let environment = unsafe opened else { throw StorageError(ENOMEM, "make an environment for", path: path) }
        do throws(StorageError) {
            if let mapBytes {
                try StorageError.check(unsafe mdb_env_set_mapsize(environment, mapBytes), "reserve a map for", path)
            }
            try StorageError.check(unsafe mdb_env_set_maxreaders(environment, 1024), "reserve readers for", path)
            if access.hasLockFile {
                for file in ["", "/data.mdb", "/lock.mdb"] { try FolderOwner.checkLinks(path + file) }
                try LockFile.prepare(in: path)
            }
            let flags = UInt32(access.flags)
            try StorageError.check(unsafe mdb_env_open(environment, place ?? path, flags, 0o660), "open", path)
            unsafe database = try Environment.openDatabase(environment, access, path)
            if access == .write { FolderOwner.take(path + "/data.mdb", from: path) }
        } catch {
            unsafe mdb_env_close(environment)
            throw error
        }
        lockFile = access.hasLockFile ? LockFile.identity(in: path) : nil
        let extended = access.hasLockFile ? unsafe Environment.extendLock(environment, path) : nil
        unsafe owner = EnvironmentOwner(environment, lock: extended)
        self.path = path
        self.faults = faults
        checksPages = access.isReadOnly
        faults?.reopened()
    }

    /// Room for the readers to come, once there are many. Returns what has to stay open as long as the environment is.
    private static func extendLock(_ environment: OpaquePointer, _ path: String) -> Int32? {
        var information = unsafe MDB_envinfo()
        guard unsafe mdb_env_info(environment, &information) == 0 else { return nil }
        return LockFile.extend(in: path, used: unsafe Int(information.me_numreaders))
    }

    /// The unnamed database; opening it touches no page, so it works on a folder without any commit, too.
    private static func openDatabase(
        _ environment: OpaquePointer, _ access: Access, _ path: String
    ) throws(StorageError) -> UInt32 {
        var transaction: OpaquePointer?
        let flags = access.isReadOnly ? UInt32(MDB_RDONLY) : 0
        try StorageError.check(
            unsafe mdb_txn_begin(environment, nil, flags, &transaction), "begin a transaction in", path)
        var database: UInt32 = 0
        let code = unsafe mdb_dbi_open(transaction, nil, 0, &database)
        unsafe mdb_txn_abort(transaction)
        try StorageError.check(code, "open the database of", path)
        return database
    }

    /// A snapshot of the whole store as of the last commit, of whichever process.
    ///
    /// End it soon: pages that were freed after it began are not used again while it lives, and the file grows.
    package func beginRead() throws(StorageError) -> ReadTransaction {
        try faults?.check(.beginRead, "begin a read transaction in", path)
        var fault: PageFault?
        for _ in 0..<Environment.metaLooksMax {
            var transaction: OpaquePointer?
            try StorageError.check(
                unsafe mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction), "begin a read transaction in", path
            )
            guard let begun = unsafe transaction else {
                throw StorageError(EINVAL, "begin a read transaction in", path: path)
            }
            let read = unsafe ReadTransaction(handle: begun, database: database, path: path, owner: owner)
            guard checksPages else { return read }
            let file = try pageFile()
            if file.byteCount == 0 { return read }
            // Where a writer has used the place of the meta page again, or does so now, there is a newer commit.
            if let meta = Environment.meta(of: read, in: file) { return read.checking(PageGuard(file, meta)) }
            fault = file.metas().compactMap(\.fault).first
        }
        guard let fault else { throw StorageError(EBUSY, "begin a read transaction in", path: path) }
        throw StorageError(fault, "read", path: path)
    }

    /// The pages of the data file that LMDB has open: its path may lead to another file by now, or nowhere.
    package func pageFile() throws(StorageError) -> PageFile {
        var descriptor: Int32 = -1
        try StorageError.check(unsafe mdb_env_get_fd(handle, &descriptor), "look at", path)
        return try owner.file(descriptor, path)
    }

    /// How often the meta page of a transaction is looked for beside a quick writer.
    private static let metaLooksMax = 100

    /// Runs `body` in a write transaction and commits it; an error thrown by `body` aborts it and is passed on.
    /// Waits for the write transactions of other threads and processes. The closure is synchronous because a write
    /// transaction must end on the thread on which it began.
    ///
    /// - Parameter wrap: turns this layer's error into the caller's.
    package func write<Value, Failure: Error>(
        wrap: (StorageError) -> Failure, _ body: (borrowing WriteTransaction) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        var begun: OpaquePointer?
        let code = unsafe faults?.code(at: .beginWrite) ?? mdb_txn_begin(handle, nil, 0, &begun)
        guard code == 0, let transaction = unsafe begun else {
            throw wrap(StorageError(code, "begin a write transaction in", path: path))
        }
        let write = unsafe WriteTransaction(handle: transaction, database: database, path: path, faults: faults)
        let value = try body(write)
        do {
            try write.commit()
        } catch {
            throw wrap(error)
        }
        return value
    }

    /// Frees the slots of readers that died without ending their transactions; returns how many there were.
    package func clearStaleReaders() throws(StorageError) -> Int {
        var dead: Int32 = 0
        try StorageError.check(unsafe mdb_reader_check(handle, &dead), "check the readers of", path)
        return Int(dead)
    }

    /// The size of the longest value that fills one page exactly: the page less LMDB's 16-byte header.
    package func pageValueBytes() throws(StorageError) -> Int { try statistics().pageBytes - 16 }

    /// Makes what was committed safe from a power cut, the meta page of the last commit included.
    package func sync() throws(StorageError) {
        try StorageError.check(unsafe mdb_env_sync(handle, 1), "sync", path)
    }

    /// How many read transactions of this process are open.
    package var readTransactionCount: Int { owner.readTransactions.load(ordering: .sequentiallyConsistent) }
}

/// Closes the environment when neither it nor a read transaction of it is left: LMDB must not see them in another
/// order.
@safe final class EnvironmentOwner {
    let handle: OpaquePointer
    let readTransactions = Atomic<Int>(0)
    /// Tells the environments of this process apart, those of one path that were opened one after the other, too.
    let number: Int
    private static let opened = Atomic<Int>(0)
    /// A second descriptor of the lock file, closed last.
    private let lock: Int32?
    /// The map of the file that the last read transaction looked at: a map costs a system call to make, one to take
    /// away, and a fault for each of its pages that is looked at.
    private let mapped = Mutex<PageFile?>(nil)

    /// The file as long as it is now.
    func file(_ descriptor: Int32, _ path: String) throws(StorageError) -> PageFile {
        let known = mapped.withLock { $0 }
        if let known, known.byteCount > 0, known.byteCount == PageFile.byteCount(of: descriptor) { return known }
        let file = try PageFile(descriptor: descriptor, path: path)
        mapped.withLock { $0 = file }
        return file
    }

    init(_ handle: OpaquePointer, lock: Int32?) {
        unsafe self.handle = unsafe handle
        self.lock = lock
        number = EnvironmentOwner.opened.wrappingAdd(1, ordering: .relaxed).newValue
    }

    deinit {
        unsafe mdb_env_close(handle)
        if let lock { close(lock) }
    }
}

extension StorageError {
    static func check(_ code: Int32, _ operation: String, _ path: String) throws(StorageError) {
        if code != 0 { throw StorageError(code, operation, path: path) }
    }
}
