// What a recorder does when the disk does not do what it should. Nothing that was committed is touched by any of it,
// and scrapes wait in memory (``Recorder/pendingMax``) until a commit succeeds.
//
//   full disk, EIO, EROFS on data pages      the transaction is gone, the environment is not: try again each scrape
//   the same on LMDB's meta page             the environment refuses everything (MDB_PANIC): close it and open it again
//   map full                                 grow the map; without address space for that, evict; while a query of this
//                                            process holds the map, wait for its end
//   map grown by another process             open it again
//   folder removed or moved away             wait for it; where only its content was removed, begin a new store in it
//   writer.lock removed                      take it again; where another recorder has it, wait until that ends
//   disk unmounted                           wait for it: never write to what lies below the mount point

import Glibc
import LMDB
import Model

/// Why commits failed, and how often: the values of a label.
package enum CommitFailure: String, CaseIterable, Sendable {
    case diskFull = "disk_full"
    case mapFull = "map_full"
    case inputOutput = "io_error"
    case readOnly = "read_only"
    case folderGone = "folder_gone"
    case other

    init(_ error: StoreError) {
        guard case .refused(let refusal, _) = error else {
            self = .other
            return
        }
        self =
            switch refusal {
            case .diskFull: .diskFull
            case .mapFull: .mapFull
            case .inputOutput: .inputOutput
            case .readOnlyFileSystem: .readOnly
            case .gone: .folderGone
            case .permission, .reopen, .damagedFile, .stopped, .other: .other
            }
    }
}

/// What a recorder remembers of failures.
struct Recovery {
    /// The file system of the folder when recording began.
    let device: UInt?
    /// Whether the store has to be opened again before the next commit.
    var isNeeded = false
    var failures: [CommitFailure: Int] = [:]
    /// Stores that were begun anew because theirs was removed.
    var storesBegun = 0
    /// Bytes of the file after the last commit.
    var fileBytes = 0
    /// Time of the row at which the cap last had the head sealed.
    var lastEarlySeal: Int64?

    init(device: UInt?) { self.device = device }
}

extension Recorder {
    /// Pages at the end of the map that commits leave alone, so that retention and eviction, which need pages to free
    /// some, run when nothing else does: 1 MiB.
    static let reservePages = 256
    /// Pages within the file that commits leave alone while the disk is full, so that retention and deletion, which
    /// need some to free others, run then, too.
    static let reserveFreePages = 128

    /// Commits what waits. A store that has to be opened again is, and the commit tried once more.
    /// - Throws: why nothing, or not all, was committed; the rest goes on waiting.
    package mutating func commit() throws(StoreError) {
        var attempts = 0
        while true {
            do throws(StoreError) {
                if hasLostItsLock { recovery.isNeeded = true }
                if recovery.isNeeded { try recover() }
                try keepReserve()
                try keepFreePages()
                try commitPending()
                try clearDeadReaders()
                return
            } catch {
                attempts += 1
                if error.needsReopening { recovery.isNeeded = true }
                if attempts == 1, error.needsReopening { continue }
                if attempts == 1, case .refused(.mapFull, _) = error, try makeRoomInMap() { continue }
                recovery.failures[CommitFailure(error), default: 0] += 1
                throw error
            }
        }
    }

    /// How often a commit failed, by reason.
    package var commitFailures: [CommitFailure: Int] { recovery.failures }

    /// How often the folder was found empty, and a new store begun in it.
    package var storesBegun: Int { recovery.storesBegun }

    /// A commit that makes the file larger is the time to look for readers that were killed: the pages that they hold
    /// are why it could not use free ones. Costs a microsecond a reader.
    private mutating func clearDeadReaders() throws(StoreError) {
        let bytes = try store.fileBytes()
        if bytes > recovery.fileBytes { staleReaders += try store.clearStaleReaders() }
        recovery.fileBytes = bytes
    }

    /// Whether somebody removed the lock file while the store stayed: another recorder may have begun since, so nothing
    /// is written before the lock is taken again and the head read anew.
    private var hasLostItsLock: Bool {
        !lock.isInPlace(store.folder) && (try? store.opened().isInPlace) == true
    }

    /// Opens the store again.
    private mutating func recover() throws(StoreError) {
        let folder = store.folder
        guard let device = folder.device, device == recovery.device else { throw store.gone }
        let isEmpty = folder.generations().isEmpty
        if !lock.isInPlace(folder) { lock = try RecorderLock(folder) }
        guard try store.reopen(isCreating: true) == .done else {
            throw .refused(
                .reopen, description: "\(folder.path) has to be opened again, and a query holds it open; trying again")
        }
        writer = try HeadWriter(store)
        oldestSpan = try store.snapshot().oldestHeadTime().map { Block.spanStart($0) }
        // A new store knows no metric yet; the writer tells what it has from what is news.
        writtenFamilyCount = 0
        recovery.isNeeded = false
        if isEmpty { recovery.storesBegun += 1 }
    }

    // MARK: - Room in the map

    private mutating func keepReserve() throws(StoreError) {
        if try store.pagesBehindFile() >= Recorder.reservePages { return }
        if try makeRoomInMap() { return }
        throw .refused(
            .mapFull,
            description: "the map of \(store.path) is full, and a query that runs for long forbids a larger one; "
                + "trying again")
    }

    private mutating func keepFreePages() throws(StoreError) {
        let wanted = Recorder.reserveFreePages
        let file = try store.fileBytes()
        guard let disk = freeDiskBytes(store.folder), disk < wanted << 12, file > 4 * wanted << 12 else { return }
        var use = try store.spaceUse()
        if use.filePages - use.usedPages >= wanted { return }
        // These pages must not keep a store from its cap, at which it lives on what its oldest data leave.
        let slack = wanted / 2
        if let sizeMax, file + (wanted + slack) * use.pageBytes >= sizeMax {
            evicted.add(try store.evict(downTo: (use.filePages - wanted - slack) * use.pageBytes))
            use = try store.spaceUse()
            if use.filePages - use.usedPages >= wanted { return }
        }
        throw .refused(
            .diskFull,
            description: "the file system of \(store.path) is full, and the last free pages of the store are left to "
                + "`mon retention run` and `mon db delete`: make room there, or let older data go")
    }

    /// Doubles the map. Where there is no address space for that, evicts what the next commits need; where a query of
    /// this process holds the map, neither helps: pages that are freed now are not used again while it lives.
    /// - Returns: whether a commit may be tried.
    private mutating func makeRoomInMap() throws(StoreError) -> Bool {
        let use = try store.spaceUse()
        switch try store.reopen(mapBytes: 2 * use.mapPages * use.pageBytes) {
        case .busy: return false
        case .done: break
        case .noAddressSpace:
            let free = use.mapPages - use.usedPages
            if free < 2 * Recorder.reservePages {
                evicted.add(try store.evict(downTo: (use.mapPages - 4 * Recorder.reservePages) * use.pageBytes))
            }
        }
        writer = try HeadWriter(store)
        return true
    }
}

extension StoreError {
    /// Whether only opening the store again can help.
    fileprivate var needsReopening: Bool {
        guard case .refused(let refusal, _) = self else { return false }
        return refusal == .reopen || refusal == .gone || refusal == .inputOutput
    }
}

extension Snapshot {
    /// Bytes of the rows of a span: more than its blocks will take.
    func rowBytes(ofSpan span: Int64) throws(StoreError) -> Int {
        var bytes = 0
        let end = (span + Block.rawSpanSeconds) * 1000
        try transaction.scan(from: Key.headRow(time: span * 1000, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time < end else { return .stop }
            bytes += value.byteCount
            return .next
        }
        return bytes
    }

    /// Bytes of all rows that are not sealed yet.
    package func headRowBytes() throws(StoreError) -> Int {
        var bytes = 0
        try transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, value throws(StoreError) in
            guard key.headRowKey() != nil else { return .stop }
            bytes += value.byteCount
            return .next
        }
        return bytes
    }
}

extension RetentionReport {
    /// Adds what another run removed.
    package mutating func add(_ other: RetentionReport) {
        blocks += other.blocks
        windowBlocks += other.windowBlocks
        processBlocks += other.processBlocks
        rows += other.rows
        lateBatches += other.lateBatches
        events += other.events
        registries += other.registries
        bytes += other.bytes
    }
}
