import LMDB
import Model
import Synchronization

/// The embedded store of one data folder: every read and write of samples goes through it.
///
/// Invariants, each with a test that names it:
/// 1. A sample acknowledged by a commit is in a head row, a late batch or a block; never in neither, never twice.
/// 2. Sealing (block in, rows out) is one transaction.
/// 3. A snapshot is one LMDB read transaction: head and blocks are consistent, in this process or any other.
/// 4. A sample that comes late is kept, and the caller is told; nothing is dropped in silence.
/// 5. A sealed block is never edited in place: it is replaced whole. Every value carries version and checksum.
/// 6. One environment per process and path, `MDB_NOTLS`, 1,024 reader slots.
/// 7. At any moment one generation of the folder is live. Whoever has opened another follows (Store+Generations.swift).
///
/// Safe to use from any thread; a ``Snapshot`` belongs to one thread at a time.
package final class Store: Sendable {
    let folder: StoreFolder
    /// The data folder, or the snapshot file, as it was given.
    package let path: String
    /// As it was when the store was opened: what a store is never changes, its generation and state do.
    let superblock: Superblock
    let access: Access
    let faults: FaultPlan?
    /// The generation that is open. Opening and closing happen under the lock, though they are I/O: a process must not
    /// open one path twice (invariant 6), so whoever comes second has to wait.
    let place: Mutex<Place>
    /// What snapshots have decoded, for others of the same commit.
    let decoded = DecodedBlocks()

    /// What a store is opened for.
    package enum Access: Hashable, Sendable {
        /// Looks at a store that is there.
        case read
        /// May also change it; makes a new one where there is none.
        case write(HostIdentity)
        /// Looks at the one file that `mon snapshot` made.
        case snapshotFile
    }

    struct Place {
        /// Nil while the environment could not be opened again after a fatal failure.
        var open: OpenGeneration?
        /// Address space for the next opening.
        var mapBytes: Int
        /// The pages in use, as they were counted last.
        var counted: SpaceUse?
        var daySeriesMax = StoreLimits.daySeriesMax
    }

    /// Series that a day may name; what is written through this store is refused beyond. Of a smaller number those that
    /// the day names already go on.
    package var daySeriesMax: Int {
        get { place.withLock { $0.daySeriesMax } }
        set { place.withLock { $0.daySeriesMax = newValue } }
    }

    /// Address space for the map. The file grows only as pages are used, so a large number costs nothing.
    static let mapBytes = 16 << 30

    /// - Parameter mapBytes: address space to reserve when opened for writing.
    /// - Throws: ``StoreError/noStore(path:)`` for a reader where there is none, and all that opening a file may bring.
    package convenience init(
        at path: String, access: Access, mapBytes: Int = Store.defaultMapBytes
    ) throws(StoreError) {
        try self.init(at: path, access: access, mapBytes: mapBytes, faults: nil)
    }

    /// The address space that ``init(at:access:mapBytes:)`` takes unless told: 16 GiB.
    package static var defaultMapBytes: Int { mapBytes }

    init(at path: String, access: Access, mapBytes: Int = Store.mapBytes, faults: FaultPlan?) throws(StoreError) {
        self.path = path
        self.access = access
        self.faults = faults
        folder = StoreFolder(path: path)
        let open: OpenGeneration
        switch access {
        case .snapshotFile: open = try OpenGeneration(snapshotFile: path)
        case .read: open = try OpenGeneration(in: folder, faults: faults)
        case .write(let host):
            open = try OpenGeneration(in: folder, creatingFor: host, mapBytes: mapBytes, faults: faults)
        }
        superblock = open.superblock
        place = Mutex(Place(open: open, mapBytes: mapBytes))
    }

    /// A store whose file is looked at without LMDB: for the one snapshot that is made of what was found there.
    init(inspecting path: String, superblock: Superblock) {
        self.path = path
        self.superblock = superblock
        access = .read
        faults = nil
        folder = StoreFolder(path: path)
        place = Mutex(Place(open: nil, mapBytes: Store.mapBytes))
    }

    /// A consistent view of everything committed so far. Let go of it soon: it keeps freed pages from being used again.
    package func snapshot() throws(StoreError) -> Snapshot {
        try Snapshot(self)
    }

    /// A read transaction in the live generation.
    func beginRead() throws(StoreError) -> ReadTransaction {
        for _ in 0..<Store.followingsMax {
            switch try attemptRead() {
            case .begun(let transaction): return transaction
            case .moved(let old): try follow(from: old)
            case .unusable(let error):
                guard try reopen() == .done else { throw StoreError(error) }
            }
        }
        throw movedTooOften
    }

    private enum ReadAttempt: ~Copyable {
        case begun(ReadTransaction)
        case moved(from: OpenGeneration)
        /// Another process has grown the map beyond what this one has reserved, or a commit of this one has left the
        /// environment in a state that refuses everything: it has to be opened again.
        case unusable(StorageError)
    }

    /// A function of its own, so that nothing of the open generation is held when it is to be closed.
    private func attemptRead() throws(StoreError) -> ReadAttempt {
        let open = try opened()
        // Another store may lie in the folder by now. Only who merely reads may change to it: what a writer knows of
        // his store, the chains of its rows, is wrong for any other.
        if access == .read {
            if !open.isInPlace || !open.environment.isLockInPlace { return .moved(from: open) }
            try folder.checkUnlockedReading()
        }
        do throws(StorageError) {
            let transaction = try open.environment.beginRead()
            return try transaction.isMoved() ? .moved(from: open) : .begun(transaction)
        } catch {
            // A writer's file may have been exchanged for another: that is for who writes to notice.
            if error.cause == .mapResized || error.cause == .panicked && open.isInPlace { return .unusable(error) }
            throw StoreError(error)
        }
    }

    /// Runs `body` in a write transaction of the live generation and commits it; what `body` throws aborts it. A fatal
    /// state that an earlier commit left behind is ended first.
    ///
    /// - Throws: ``StoreError``: besides what `body` throws, the folder may be gone, the disk full, or the environment
    ///   in a state that only ``reopen(mapBytes:isCreating:)`` ends, which is impossible now. Nothing was committed
    ///   then.
    /// - Parameters:
    ///   - gathersFreePages: whether LMDB's list of free pages, of which each commit writes a part, is made short again
    ///     on this occasion.
    ///   - tellsPast: whether `body` itself notes what it changes of the past; else all of it counts as changed.
    func write<Value>(
        gathersFreePages: Bool = false, tellsPast: Bool = false,
        _ body: (borrowing WriteTransaction) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        var isReopened = false
        for _ in 0..<Store.followingsMax {
            let moved: OpenGeneration
            do throws(StoreError) {
                switch try attemptWrite(gathersFreePages, tellsPast, body) {
                case .done(let value): return value
                case .moved(let old): moved = old
                }
            } catch {
                guard case .refused(.reopen, _) = error, !isReopened else { throw error }
                let file = place.withLock { $0.open?.file }
                guard try reopen() == .done else { throw error }
                // What `body` knows is of the file that was open.
                if try opened().file != file { throw gone }
                isReopened = true
                continue
            }
            try follow(from: moved)
        }
        throw movedTooOften
    }

    private enum WriteAttempt<Value> {
        case done(Value)
        case moved(from: OpenGeneration)
    }

    private func attemptWrite<Value>(
        _ gathersFreePages: Bool, _ tellsPast: Bool,
        _ body: (borrowing WriteTransaction) throws(StoreError) -> Value
    ) throws(StoreError) -> WriteAttempt<Value> {
        let open = try opened()
        if !open.isInPlace {
            // A folder that is gone takes commits that nobody will read. One that moved and was tidied away has a
            // successor with the same records.
            let isMoved = try converting { () throws(StorageError) in try open.environment.beginRead().isMoved() }
            if isMoved { return .moved(from: open) }
            throw gone
        }
        guard open.environment.isLockInPlace else {
            throw .refused(
                .reopen,
                description: "the lock file of \(path) was removed while it is in use; it has to be opened again")
        }
        // Without a plan the commit writes more; that is no reason to fail.
        let gathering = gathersFreePages ? (try? open.environment.planGathering()) ?? nil : nil
        return try open.environment.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            if let gathering {
                try converting { () throws(StorageError) in try transaction.gatherFreePages(gathering) }
            }
            if try converting({ () throws(StorageError) in try transaction.isMoved() }) { return .moved(from: open) }
            let value = try body(transaction)
            if !tellsPast { try transaction.notePastChange(from: .min) }
            return .done(value)
        }
    }

    private var movedTooOften: StoreError {
        .refused(.other, description: "\(path) is moved by other processes again and again")
    }

    /// How often one call follows a store that moves.
    private static let followingsMax = 8

    /// Whether a folder has a store.
    package static func isPresent(at path: String) -> Bool { !StoreFolder(path: path).generations().isEmpty }

    /// What keeps this process from looking for a store in the folder; nil where nothing does.
    package static func refusal(at path: String) -> StoreError? {
        let absence = StoreFolder(path: path).absence
        if case .noStore = absence { return nil }
        return absence
    }

    /// The pid of the process that records into the folder; nil where none does, -1 where it does not say.
    package static func recorder(of path: String) -> Int32? {
        RecorderLock.currentHolder(StoreFolder(path: path))
    }

    /// Whose data it is.
    package var host: HostIdentity { HostIdentity(name: superblock.hostName, machineID: superblock.machineID) }

    /// Whether it lies on media that nobody can write to: readers then go without the lock that keeps the pages they
    /// read from being used again, and nobody could use them.
    package var isOnReadOnlyMedia: Bool { access != .snapshotFile && folder.isOnReadOnlyMedia }

    /// Frees the slots of readers that died without ending their snapshots, which keep pages from being used again.
    /// - Returns: how many there were.
    package func clearStaleReaders() throws(StoreError) -> Int {
        let open = try opened()
        return try converting { () throws(StorageError) in try open.environment.clearStaleReaders() }
    }

    /// Bytes of the file that are or once were used.
    package func fileBytes() throws(StoreError) -> Int {
        let open = try opened()
        let statistics = try converting { () throws(StorageError) in try open.environment.statistics() }
        return statistics.filePages * statistics.pageBytes
    }
}

/// Which machine a store's samples are of.
package struct HostIdentity: Hashable, Sendable {
    package var name: String
    package var machineID: String

    package init(name: String, machineID: String) {
        self.name = name
        self.machineID = machineID
    }
}
