import LMDB
import Model

/// The embedded store of one data folder: every read and write of samples goes through it.
///
/// Invariants, each with a test that names it:
/// 1. A sample acknowledged by a commit is in a head row, a late batch or a block; never in neither, never twice.
/// 2. Sealing (block in, rows out) is one transaction.
/// 3. A snapshot is one LMDB read transaction: head and blocks are consistent, in this process or any other.
/// 4. A sample that comes late is kept, and the caller is told; nothing is dropped in silence.
/// 5. A sealed block is never edited in place: it is replaced whole. Every value carries version and checksum.
/// 6. One environment per process and path, `MDB_NOTLS`, 1,024 reader slots.
///
/// Safe to use from any thread; a ``Snapshot`` belongs to one thread at a time.
package final class Store: Sendable {
    let environment: Environment
    let folder: StoreFolder
    /// The data folder as it was given.
    package let path: String
    let superblock: Superblock

    /// What a store is opened for.
    package enum Access: Hashable, Sendable {
        /// Looks at a store that is there.
        case read
        /// May also change it; makes a new one where there is none.
        case write(HostIdentity)
    }

    /// Address space for the map. The file grows only as pages are used, so a large number costs nothing.
    static let mapBytes = 16 << 30

    /// - Throws: ``StoreError/noStore(path:)`` for a reader where there is none, and all that opening a file may bring.
    package init(at path: String, access: Access) throws(StoreError) {
        self.path = path
        folder = StoreFolder(path: path)
        switch access {
        case .read:
            let opened = try Store.openLive(folder)
            environment = opened.environment
            superblock = opened.superblock
        case .write(let host):
            var generation = 1
            if let found = try Store.liveGeneration(folder) { generation = found }
            try folder.makeEnvironment(generation)
            let path = folder.environmentPath(generation)
            do throws(StorageError) {
                environment = try Environment(path: path, access: .write, mapBytes: Store.mapBytes)
                _ = try environment.clearStaleReaders()
            } catch {
                throw StoreError(error)
            }
            superblock = try Store.ensureSuperblock(environment, host)
        }
    }

    private struct Opened: ~Copyable {
        var environment: Environment
        var superblock: Superblock
    }

    private static func openLive(_ folder: StoreFolder) throws(StoreError) -> Opened {
        for generation in folder.generations() {
            let environment = try converting { () throws(StorageError) in
                try Environment(path: folder.environmentPath(generation), access: .read)
            }
            let transaction = try converting { () throws(StorageError) in try environment.beginRead() }
            guard let payload = try transaction.payload(of: Key.superblock, record: "superblock") else { continue }
            let superblock = try Superblock.decode(payload, path: transaction.path)
            if superblock.state == .live {
                _ = consume transaction
                return Opened(environment: environment, superblock: superblock)
            }
        }
        throw .noStore(path: folder.path)
    }

    private static func liveGeneration(_ folder: StoreFolder) throws(StoreError) -> Int? {
        let generations = folder.generations()
        for generation in generations {
            let environment = try converting { () throws(StorageError) in
                try Environment(path: folder.environmentPath(generation), access: .read)
            }
            let transaction = try converting { () throws(StorageError) in try environment.beginRead() }
            // A folder without a superblock was made by a process that died before its first commit.
            guard let payload = try transaction.payload(of: Key.superblock, record: "superblock") else {
                return generation
            }
            if try Superblock.decode(payload, path: transaction.path).state == .live { return generation }
        }
        return generations.first.map { $0 + 1 }
    }

    /// Reads the superblock; writes one into a store that has none.
    private static func ensureSuperblock(
        _ environment: borrowing Environment, _ host: HostIdentity
    ) throws(StoreError) -> Superblock {
        let transaction = try converting { () throws(StorageError) in try environment.beginRead() }
        if let payload = try transaction.payload(of: Key.superblock, record: "superblock") {
            return try Superblock.decode(payload, path: transaction.path)
        }
        _ = consume transaction
        let stripeBytes = try converting { () throws(StorageError) in try environment.pageValueBytes() }
        let fresh = Superblock(stripeBytes: stripeBytes, hostName: host.name, machineID: host.machineID)
        try environment.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            try transaction.put(Key.superblock, payload: fresh.encoded())
        }
        return fresh
    }

    /// A consistent view of everything committed so far. Let go of it soon: it keeps freed pages from being used again.
    package func snapshot() throws(StoreError) -> Snapshot {
        try Snapshot(self)
    }

    /// The pid of the process that records into the folder; nil where none does, -1 where it does not say.
    package static func recorder(of path: String) -> Int32? {
        RecorderLock.currentHolder(StoreFolder(path: path))
    }

    /// Whose data it is.
    package var host: HostIdentity { HostIdentity(name: superblock.hostName, machineID: superblock.machineID) }

    /// Bytes of the file that are or once were used.
    package func fileBytes() throws(StoreError) -> Int {
        let statistics = try converting { () throws(StorageError) in try environment.statistics() }
        return (statistics.lastPage + 1) * statistics.pageBytes
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
