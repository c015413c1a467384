// The life of a generation, which is one LMDB environment of a data folder:
//
//   DIR/tsdb/1   live ───────────────────────── moved ── removed
//   DIR/tsdb/2          copy (of 1) ── successor ┴────────────── live …
//
// A store begins as generation 1. Compaction copies what is in it to the next number, whose superblock says *copy*
// until it is complete, then *successor*, and commits *moved* to the old one: that commit is the moment at which the
// store changes places, for all processes. A successor is live as soon as the generation below it says moved, or is
// gone; removing the old one only tidies up, and saying *live* is left to who writes next, because a commit costs
// pages. So a crash at any point leaves exactly one live store, and a copy that nobody finished is none.
//
// A process that has the old generation open sees the mark with its next transaction and follows. Snapshots that it
// holds go on as they are: their file lives until they end.

import Glibc
import LMDB
import Model
import Synchronization

/// One open generation, or an open snapshot file.
final class OpenGeneration: Sendable {
    let environment: Environment
    let superblock: Superblock
    /// 0 for a snapshot file.
    let number: Int
    let file: FileIdentity?

    private init(_ environment: consuming Environment, _ superblock: Superblock, number: Int) {
        file = environment.file
        self.environment = environment
        self.superblock = superblock
        self.number = number
    }

    /// Whether the open file is the one at its path.
    var isInPlace: Bool { number == 0 || environment.isInPlace }

    /// Opens the live generation for reading.
    convenience init(in folder: StoreFolder, faults: FaultPlan? = nil) throws(StoreError) {
        try folder.checkUnlockedReading()
        for attempt in 0..<8 {
            // Nearly always the only one, and live; looking at all opens each of them.
            let first = attempt == 0 ? folder.generations().first : nil
            let found = try first == nil ? Generations.settled(of: folder).live : first
            guard let live = found else { throw folder.absence }
            try folder.checkWhole(live)
            let path = folder.environmentPath(live)
            do throws(StorageError) {
                let environment = try Environment(path: path, access: .read, faults: faults)
                let superblock = try OpenGeneration.superblock(of: environment, path)
                let isAlone = superblock?.state == .successor && folder.generations() == [live]
                if let superblock,
                    superblock.state == .live || isAlone || first == nil && superblock.state != .moved
                {
                    self.init(environment, superblock, number: live)
                    return
                }
            } catch {
                // Removed while it was being opened: another took its place.
                if error.cause == .notFound { continue }
                throw folder.refusal(error, generation: live)
            }
        }
        throw .refused(.other, description: "\(folder.path) is moved by other processes again and again")
    }

    /// Opens the live generation for writing.
    ///
    /// A store is begun under the lock of compactions: nobody moves what is there meanwhile. What is live when it is
    /// looked for may be gone when it is opened, and is not begun again then.
    /// - Parameters:
    ///   - host: whose store is begun where there is none; nil to begin none.
    ///   - hook: called before each attempt to open what was found, for tests in which others move it meanwhile.
    convenience init(
        in folder: StoreFolder, creatingFor host: HostIdentity?, mapBytes: Int, faults: FaultPlan?,
        beforeOpening hook: () -> Void = {}
    ) throws(StoreError) {
        for _ in 0..<8 {
            let live = try Generations.settled(of: folder).live
            var lock: CompactionLock?
            var number = live ?? 0
            if live == nil {
                let absence = folder.absence
                guard host != nil, case .noStore = absence else { throw absence }
                try folder.make()
                lock = try CompactionLock(folder, waitingFor: .compactions)
                let generations = try Generations(of: folder)
                // Others may have begun one before the lock was free.
                if generations.live != nil { continue }
                number = generations.numberToBegin
                try folder.makeEnvironment(number)
                try folder.clearUnfinished(number)
            }
            hook()
            let path = folder.environmentPath(number)
            do throws(StorageError) {
                let environment = try Environment(path: path, access: .write, mapBytes: mapBytes, faults: faults)
                _ = try environment.clearStaleReaders()
                let superblock = try OpenGeneration.ensureSuperblock(environment, live == nil ? host : nil, path)
                // Held to here.
                _ = consume lock
                // Another process may have moved the store in between, and removed what was opened here. The one that
                // is open now is not looked at again: closing a second descriptor would release LMDB's file locks.
                // As long as this one says live, a copy above it is none.
                let above = (try? Generations(of: folder, above: number))?.states ?? []
                if let superblock, !above.contains(where: { $0.state == .live }), environment.isInPlace {
                    self.init(environment, superblock, number: number)
                    return
                }
            } catch {
                if error.cause == .notFound { continue }
                throw folder.refusal(error, generation: number)
            }
        }
        throw .refused(.other, description: "\(folder.path) is moved by other processes again and again")
    }

    /// Opens the one file that `mon snapshot` made.
    convenience init(snapshotFile path: String) throws(StoreError) {
        let environment = try converting { () throws(StorageError) in
            try Environment(path: path, access: .readSnapshot)
        }
        let found: Superblock?
        do throws(StorageError) {
            found = try OpenGeneration.superblock(of: environment, path)
        } catch {
            throw StoreError(error)
        }
        guard let superblock = found else {
            throw .damaged(path: path, record: "superblock", reason: "missing: it is no snapshot of mon")
        }
        guard superblock.state == .snapshot else {
            throw .invalid("\(path) is a part of a live store, not a snapshot; name its folder with --data")
        }
        self.init(environment, superblock, number: 0)
    }

    private static func superblock(
        of environment: borrowing Environment, _ path: String
    ) throws(StorageError) -> Superblock? {
        let transaction = try environment.beginRead()
        return try transaction.superblockIfReadable()
    }

    /// Reads the superblock; writes one into a store that is begun, and says *live* in a copy that became it.
    ///
    /// Another process may have done so in between, and gone on from there.
    /// - Parameter host: whose store is begun; nil where none is.
    /// - Returns: nil where this is not the live one.
    private static func ensureSuperblock(
        _ environment: borrowing Environment, _ host: HostIdentity?, _ path: String
    ) throws(StorageError) -> Superblock? {
        let known = try superblock(of: environment, path)
        // LMDB makes the file anew where the folder is about to be removed.
        if known == nil, host == nil { return nil }
        if let known, !known.state.isCopy { return known.state == .live ? known : nil }
        let stripeBytes = try environment.pageValueBytes()
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            let key = Key.superblock
            let (isThere, current) = try transaction.withValue(of: key) { value -> (Bool, Superblock?) in
                guard let value else { return (false, nil) }
                let payload = unsafe Checksum.payload(of: value, key: key.span.bytes)
                return (true, payload.flatMap { try? Superblock.decode($0, path: path) })
            }
            var fresh: Superblock
            if isThere {
                guard let current, current.state.isCopy else { return }
                fresh = current
                fresh.state = .live
            } else {
                guard let host else { return }
                fresh = Superblock(stripeBytes: stripeBytes, hostName: host.name, machineID: host.machineID)
            }
            var value = fresh.encoded()
            Checksum.seal(&value, key: key)
            try transaction.put(key, value)
        }
        let written = try self.superblock(of: environment, path)
        return written?.state == .live ? written : nil
    }
}

/// The generations of a folder and what each says of itself, highest first.
struct Generations {
    private(set) var states: [(number: Int, state: Superblock.State?)] = []
    /// Whether one of them vanished while they were looked at.
    private var hasVanished = false

    /// Those of a folder that others may be moving. They are opened one after the other: the copy may be read before it
    /// is complete, and what it is made of after it was moved, or is gone. Then none seems to be live, and it is looked
    /// anew; a move has few steps, each of which only others' next move can repeat.
    static func settled(of folder: StoreFolder) throws(StoreError) -> Generations {
        var found = try Generations(of: folder)
        for _ in 0..<16 where found.live == nil && (found.hasVanished || !found.states.isEmpty) {
            found = try Generations(of: folder)
        }
        return found
    }

    /// - Throws: what opening one of them brings, but for one that vanishes meanwhile; a superblock that cannot be
    ///   read.
    ///
    /// - Parameter floor: only generations above it are looked at.
    init(of folder: StoreFolder, above floor: Int = 0) throws(StoreError) {
        for number in folder.generations() where number > floor {
            try folder.checkWhole(number)
            let path = folder.environmentPath(number)
            let payload: [UInt8]?
            let isDamaged: Bool
            do throws(StorageError) {
                let environment = try Environment(path: path, access: .read)
                let transaction = try environment.beginRead()
                payload = try transaction.superblockPayload()
                let isThere = try transaction.value(of: Key.superblock) != nil
                isDamaged = payload == nil && isThere
            } catch {
                guard error.cause == .notFound else { throw folder.refusal(error, generation: number) }
                hasVanished = true
                continue
            }
            // No folder that nobody ever committed to: a store begun there would hide what it holds.
            if isDamaged { throw .damaged(path: path, record: "superblock", reason: "wrong checksum") }
            var state: Superblock.State?
            if let payload { state = try Superblock.decode(payload, path: path).state }
            states.append((number, state))
        }
    }

    /// The live one; nil where there is none.
    var live: Int? { Generations.live(states) }

    static func live(_ states: [(number: Int, state: Superblock.State?)]) -> Int? {
        for (place, one) in states.enumerated() {
            if one.state == .live { return one.number }
            guard let state = one.state, state.isCopy else { continue }
            let below = states[(place + 1)...].compactMap(\.state)
            if below.contains(.moved) || (state == .successor && below.isEmpty) { return one.number }
        }
        return nil
    }

    /// Where a store is to begin when none is live: a folder that nobody ever committed to, or a new number.
    var numberToBegin: Int { states.first { $0.state == nil }?.number ?? (states.first?.number ?? 0) + 1 }

    /// Those that hold nothing any more: moved ones, and copies that nobody finished. None while the live one is a copy
    /// that was not complete: what it was made of is what makes it live.
    var obsolete: [Int] {
        guard let live, states.contains(where: { $0.number == live && $0.state != .copy }) else { return [] }
        return states.map(\.number).filter { $0 != live }
    }
}

extension Superblock.State {
    /// Whether it is that of a copy, which is live once it takes the place of what it was made of.
    var isCopy: Bool { self == .copy || self == .successor }
}

extension Store {
    /// The open generation.
    /// - Throws: ``StoreError/refused(_:description:)`` with `.reopen` where it could not be opened again.
    func opened() throws(StoreError) -> OpenGeneration {
        if let open = place.withLock({ $0.open }) { return open }
        throw .refused(.reopen, description: "\(path) is closed after a failure of the disk; it has to be opened again")
    }

    /// Opens the generation that took the place of `old`; does nothing where another thread did so.
    /// - Throws: `.gone` where no other store is in the folder.
    func follow(from old: OpenGeneration) throws(StoreError) {
        let failure = place.withLock { place -> StoreError? in
            guard place.open === old else { return nil }
            do throws(StoreError) {
                guard let live = try Generations.settled(of: folder).live,
                    live != old.number || !old.isInPlace || !old.environment.isLockInPlace
                else { return gone }
                // Snapshots of the old one keep it open; it is another path, another file of that path, or another
                // lock file.
                place.open = try open(mapBytes: place.mapBytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Closes the environment and opens it again: what ends LMDB's fatal state after a failed write of its meta page,
    /// and what takes over a map that was grown. Impossible while this process reads; the caller tries again later.
    ///
    /// - Parameters:
    ///   - mapBytes: address space from now on; nil for the present one.
    ///   - isCreating: whether a new store may be begun where the folder is empty.
    @discardableResult
    func reopen(mapBytes: Int? = nil, isCreating: Bool = false) throws(StoreError) -> Reopening {
        let outcome = place.withLock { place -> Result<Reopening, StoreError> in
            if var old = place.open {
                place.open = nil
                // Only the environment's last owner closes it.
                guard isKnownUniquelyReferenced(&old), old.environment.readTransactionCount == 0 else {
                    place.open = old
                    return .success(.busy)
                }
            }
            do throws(StoreError) {
                if let mapBytes, let grown = try? open(mapBytes: mapBytes) {
                    place.mapBytes = mapBytes
                    place.open = grown
                    return .success(.done)
                }
                // As large as before where the kernel has not so much address space.
                place.open = try open(mapBytes: place.mapBytes, isCreating: isCreating)
                return .success(mapBytes == nil ? .done : .noAddressSpace)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// How ``reopen(mapBytes:isCreating:)`` ended.
    enum Reopening {
        case done
        /// Read transactions of this process are open; nothing changed.
        case busy
        /// It is open again with the map that it had.
        case noAddressSpace
    }

    private func open(mapBytes: Int, isCreating: Bool = false) throws(StoreError) -> OpenGeneration {
        switch access {
        case .snapshotFile: return try OpenGeneration(snapshotFile: path)
        case .read: return try OpenGeneration(in: folder, faults: faults)
        case .write(let host):
            do throws(StoreError) {
                return try OpenGeneration(
                    in: folder, creatingFor: isCreating ? host : nil, mapBytes: mapBytes, faults: faults)
            } catch {
                if case .noStore = error { throw gone }
                throw error
            }
        }
    }

    /// The store that was open is not in its folder any more.
    var gone: StoreError {
        .refused(
            .gone, description: "the store in \(path) was removed while it was open; put it back, or mount its disk")
    }
}

extension ReadTransaction {
    /// The superblock's checked payload; nil where there is none, or a damaged one.
    func superblockPayload() throws(StorageError) -> [UInt8]? {
        let key = Key.superblock
        guard let value = try value(of: key) else { return nil }
        return unsafe Checksum.payload(of: value, key: key.span.bytes)
    }

    fileprivate func superblockIfReadable() throws(StorageError) -> Superblock? {
        guard let payload = try superblockPayload() else { return nil }
        return try? Superblock.decode(payload, path: path)
    }

    /// Whether the store's data went on elsewhere. A superblock that cannot be read does not say so.
    func isMoved() throws(StorageError) -> Bool {
        try superblockIfReadable()?.state == .moved
    }
}

extension WriteTransaction {
    /// As ``ReadTransaction/isMoved()``.
    func isMoved() throws(StorageError) -> Bool {
        let path = path
        let key = Key.superblock
        return try withValue(of: key) { value in
            guard let value, let payload = unsafe Checksum.payload(of: value, key: key.span.bytes),
                let superblock = try? Superblock.decode(payload, path: path)
            else { return false }
            return superblock.state == .moved
        }
    }
}
