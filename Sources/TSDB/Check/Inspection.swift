import LMDB
import Model

/// A store opened by its bytes: LMDB is asked for nothing but to keep a commit's pages while they are looked at. Every
/// reader of the store works on its ``snapshot``, whatever the state of the file.
package final class Inspection {
    /// What to do with pages that the tree does not lead to.
    package enum Reach: Sendable {
        /// Only what LMDB would find.
        case reachable
        /// Records on lost pages count, too, where their checksums are right.
        case recovered
    }

    let file: PageFile
    let walk: PageWalk?
    /// All records that were found.
    let records: RecordMap
    let store: Store
    package let snapshot: Snapshot
    /// What is wrong with the pages of the file.
    let pageFaults: [PageFault]
    /// What could not be recovered although something of it is there.
    private(set) var ambiguities: [String] = []
    /// Why the superblock could not be read; nil where it could.
    let superblockFault: StoreError?
    /// Keeps the pages of the commit from being used again.
    private let pin: Pin?

    /// A read transaction of LMDB's, held and not read from.
    private final class Pin {
        let environment: Environment
        let transaction: ReadTransaction

        init(_ environment: consuming Environment) throws(StorageError) {
            transaction = try environment.beginRead()
            self.environment = environment
        }
    }

    /// Of the store in a folder.
    /// - Throws: where there is no file, or one that is not LMDB's at all.
    package static func ofStore(at path: String, _ reach: Reach) throws(StoreError) -> Inspection {
        let folder = StoreFolder(path: path)
        try folder.checkUnlockedReading()
        for _ in 0..<8 {
            let known = folder.generations()
            do throws(StoreError) {
                guard let generation = try Inspection.live(folder) else { throw folder.absence }
                let environment = folder.environmentPath(generation)
                return try Inspection(environment, .read, file: environment + "/data.mdb", path: path, reach)
            } catch {
                // Another process moved the store meanwhile, and removed what was looked at.
                if folder.generations() == known { throw error }
            }
        }
        throw .refused(.other, description: "\(path) is moved by other processes again and again")
    }

    /// Of the one file that `mon snapshot` made.
    package convenience init(snapshotFile path: String, _ reach: Reach = .reachable) throws(StoreError) {
        try Store.requireFile(path)
        try self.init(path, .readSnapshot, file: path, path: path, reach)
    }

    /// - Parameters:
    ///   - environment: what LMDB opens, as `access` has it.
    ///   - path: what the store is called in messages.
    private init(
        _ environment: String, _ access: Environment.Access, file: String, path: String, _ reach: Reach
    ) throws(StoreError) {
        var faults = Environment.metaFaults(path: file)
        var opened = try Inspection.open(file)
        // Where a meta page is damaged LMDB is not let near the file, and the newest commit that is told is looked at.
        var pin: Pin?
        var meta = Inspection.newest(opened)
        if faults.isEmpty {
            for _ in 0..<100 {
                pin = try? Pin(try Environment(path: environment, access: access))
                guard let held = pin else { break }
                // After the transaction began, so that the map reaches over all that it shows.
                opened = try Inspection.open(file)
                meta = Environment.meta(of: held.transaction, in: opened)
                if meta != nil { break }
            }
        }
        self.file = opened
        self.pin = pin
        var found: [PageRecord] = []
        if let meta {
            let walk = PageWalk(opened, meta, .everything) { found.append($0) }
            faults += walk.faults
            self.walk = walk
        } else {
            walk = nil
        }
        pageFaults = faults
        if reach == .recovered, walk?.isMainTreeWhole != true {
            var strays = StrayRecords(opened, walk, reachable: found)
            found += strays.records()
            ambiguities = strays.ambiguities
        }
        let records = RecordMap(opened, records: found, commit: meta?.commit ?? 0)
        self.records = records
        let (superblock, fault) = Inspection.superblock(records, path: path)
        superblockFault = fault
        let known = superblock ?? Superblock(stripeBytes: opened.pageBytes - 16, hostName: "", machineID: "")
        let store = Store(inspecting: path, superblock: known)
        self.store = store
        snapshot = Snapshot(store, of: records)
    }

    private static func open(_ file: String) throws(StoreError) -> PageFile {
        try converting { () throws(StorageError) in try PageFile(path: file) }
    }

    private static func newest(_ file: PageFile) -> MetaPage? {
        file.metas().compactMap(\.meta).max { $0.commit < $1.commit }
    }

    private static func superblock(_ records: RecordMap, path: String) -> (Superblock?, StoreError?) {
        do throws(StoreError) {
            let transaction = ReadTransaction(records, path: path)
            if let payload = try transaction.payload(of: Key.superblock, record: "superblock") {
                return (try Superblock.decode(payload, path: path), nil)
            }
        } catch {
            return (nil, error)
        }
        return (nil, .damaged(path: path, record: "superblock", reason: "missing"))
    }

    /// The generation that is the store, by what the superblocks say (Store+Generations.swift); where none of them can
    /// be read, the newest that has anything in it.
    private static func live(_ folder: StoreFolder) throws(StoreError) -> Int? {
        let numbers = folder.generations()
        if numbers.count < 2 { return numbers.first }
        var states: [(number: Int, state: Superblock.State?)] = []
        for number in numbers {
            let file = try open(folder.environmentPath(number) + "/data.mdb")
            var found: [PageRecord] = []
            if let meta = newest(file) { _ = PageWalk(file, meta, .tree) { found.append($0) } }
            let (superblock, _) = Inspection.superblock(RecordMap(file, records: found, commit: 0), path: folder.path)
            states.append((number, superblock?.state))
        }
        return Generations.live(states) ?? states.first { $0.state == nil }?.number ?? numbers.first
    }
}
