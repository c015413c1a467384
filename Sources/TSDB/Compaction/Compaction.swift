// Compaction: the records of a store, in the order of their keys, into a file of their own that has next to no free
// pages; then that file takes the store's place. Any process may do it, beside a recorder and any number of readers:
//
//   1. copy what one snapshot shows to the next generation, whose superblock says *copy*
//   2. copy what was committed meanwhile, again and again, until that is little
//   3. hold the write lock of the old one: copy the rest, say *successor* in the copy, sync, and commit *moved* in the
//      old one: for all processes the store has moved at that moment
//   4. remove the old one
//
// A small store is copied under the lock as a whole, in one transaction: the file has no free page then, of which each
// commit leaves some three. Who commits faster than a copy can follow does not keep it from ending: after a few rounds
// the rest is copied under the lock, too.
//
// Whoever writes or reads sees *moved* with his next transaction and follows (Store+Generations.swift), so the recorder
// needs no word: its records are the same under the same keys, its caches stay right. The lock is held for as long as
// the walk over both trees takes, which does not touch the values: about 0.1 µs a record. A crash before 3 leaves a
// copy that is none, after 3 a copy that is live.

import Glibc
import LMDB
import Model

/// What a compaction did.
package struct CompactionReport: Hashable, Sendable {
    package var bytesBefore = 0
    package var bytesAfter = 0
    package var records = 0
    /// Records that were committed while it copied.
    package var recordsMeanwhile = 0
    /// How often it copied what came meanwhile, before the last time under the lock.
    package var rounds = 0
    /// How long no other process could commit.
    package var lockedNanoseconds: UInt64 = 0
}

/// One compaction, as a value that lives as long as it takes.
package struct Compaction: ~Copyable {
    /// Where a test has it end as a crash would.
    enum Step: CaseIterable {
        case begun, copied, synced, moved, removed
    }

    /// A file that is copied under the lock as a whole: some milliseconds.
    static let atOnceBytes = 4 << 20

    /// Free pages of a larger one of so many. Who removes something needs some (six are too few), and where the disk is
    /// full there are no others.
    static func sparePages(in pages: Int) -> Int { min(32, max(16, pages / 256)) }

    /// How often it copies what came meanwhile before it has the others wait.
    static let roundsMax = 5

    private let folder: StoreFolder
    private let lock: CompactionLock
    /// Where the records are.
    private let source: OpenGeneration
    /// Where they go.
    private let copy: Environment
    private let number: Int
    private let lastStep: Step?
    private let atOnceBytes: Int
    private var report = CompactionReport()

    /// Compacts the store in `path`. Safe beside a recorder in another process.
    /// - Throws: ``StoreError``, and the store is as it was, or has moved.
    package static func run(_ path: String) throws(StoreError) -> CompactionReport {
        try run(path, until: nil)
    }

    /// - Parameter hook: called before each round of copying, for tests that write meanwhile.
    static func run(
        _ path: String, until step: Step?, atOnceBytes: Int = Compaction.atOnceBytes,
        beforeRound hook: (Int) throws(StoreError) -> Void = { _ throws(StoreError) in }
    ) throws(StoreError) -> CompactionReport {
        var compaction = try Compaction(path, until: step, atOnceBytes)
        do throws(StoreError) {
            try compaction.moveAll(hook)
        } catch {
            if step == nil { compaction.giveUp() }
            throw error
        }
        return compaction.report
    }

    private init(_ path: String, until step: Step?, _ atOnceBytes: Int) throws(StoreError) {
        let folder = StoreFolder(path: path)
        guard folder.device != nil else { throw folder.absence }
        let lock = try CompactionLock(folder, waitingFor: .moments)
        let generations = try Generations(of: folder)
        guard let live = generations.live else { throw folder.absence }
        let oldPath = folder.environmentPath(live)
        try FileOwner.check(oldPath)
        for number in generations.obsolete { folder.remove(number) }
        let number = (generations.states.first?.number ?? live) + 1
        let source = try OpenGeneration(in: folder, creatingFor: nil, mapBytes: Store.mapBytes, faults: nil)
        try folder.makeEnvironment(number)
        // What one left that died before LMDB's first page was whole.
        try folder.clearUnfinished(number)
        let copy: Environment
        do throws(StorageError) {
            let mapBytes = try source.environment.statistics().mapBytes
            copy = try Environment(path: folder.environmentPath(number), access: .write, mapBytes: mapBytes)
        } catch {
            // On a full disk nothing stays of what takes room on it.
            folder.remove(number)
            throw StoreError(error)
        }
        try FileOwner.take(from: oldPath, to: folder.environmentPath(number))
        self.folder = folder
        self.lock = lock
        self.source = source
        self.copy = copy
        self.number = number
        lastStep = step
        self.atOnceBytes = atOnceBytes
    }

    /// Removes what was copied, unless the store has moved there.
    private borrowing func giveUp() {
        guard let generations = try? Generations(of: folder, above: source.number - 1) else { return }
        if generations.live == source.number { folder.remove(number) }
    }

    private func stop(at step: Step) throws(StoreError) {
        if step == lastStep { throw .refused(.other, description: "stopped behind \(step)") }
    }

    private mutating func moveAll(_ hook: (Int) throws(StoreError) -> Void) throws(StoreError) {
        report.bytesBefore = try CompactionReport.bytes(of: source.environment)
        if report.bytesBefore <= atOnceBytes {
            try stop(at: .begun)
            try stop(at: .copied)
            try switchOver { copy, transaction, successor throws(StorageError) in
                var value = successor.encoded()
                Checksum.seal(&value, key: Key.superblock)
                return (try copy.appendAtOnce(from: transaction, but: Key.superblock, value), 0)
            }
        } else {
            var superblock = source.superblock
            superblock.state = .copy
            try put(superblock)
            try stop(at: .begun)
            let base = try copyAll(hook)
            try leaveSparePages()
            try stop(at: .copied)
            try hook(Compaction.roundsMax + 1)
            try switchOver { copy, transaction, successor throws(StorageError) in
                let changed = try copy.catchUp(from: base, to: transaction, except: Key.superblock)
                try copy.write(wrap: { $0 }) { transaction throws(StorageError) in
                    var value = successor.encoded()
                    Checksum.seal(&value, key: Key.superblock)
                    try transaction.put(Key.superblock, value)
                }
                return (0, changed)
            }
        }
        try stop(at: .moved)
        folder.remove(source.number)
        try stop(at: .removed)
        report.bytesAfter = try CompactionReport.bytes(of: copy)
    }

    /// Copies what is there, then what came meanwhile.
    /// - Returns: the view that the copy equals.
    private mutating func copyAll(_ hook: (Int) throws(StoreError) -> Void) throws(StoreError) -> ReadTransaction {
        var base = try converting { () throws(StorageError) in try source.environment.beginRead() }
        report.records = try converting { () throws(StorageError) in
            try copy.append(from: base, except: Key.superblock)
        }
        // Each round is shorter than the one before, unless others write as fast as it copies; what comes within
        // milliseconds is left to the last step.
        for round in 1...Compaction.roundsMax {
            try hook(round)
            let now = try converting { () throws(StorageError) in try source.environment.beginRead() }
            let count = try converting { () throws(StorageError) in
                try copy.catchUp(from: base, to: now, except: Key.superblock)
            }
            base = now
            report.rounds = round
            report.recordsMeanwhile += count
            if count < 1000 { break }
        }
        return base
    }

    private func leaveSparePages() throws(StoreError) {
        let (bytes, pages) = try converting { () throws(StorageError) in
            let statistics = try copy.statistics()
            return (statistics.pageBytes, statistics.filePages)
        }
        // The first of them has LMDB's own header.
        let spare = [UInt8](repeating: 0, count: Compaction.sparePages(in: pages) * bytes - 64)
        try copy.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            try converting { () throws(StorageError) in try transaction.put(Compaction.spareKey, spare) }
        }
        try copy.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            try converting { () throws(StorageError) in try transaction.delete(Compaction.spareKey) }
        }
    }

    /// No record's.
    private static let spareKey: [UInt8] = [.max]

    /// Under the lock of the old file: the rest, then the commit that moves the store.
    /// - Parameter finish: writes the rest and the superblock given into the copy; returns the records, and how many of
    ///   them were committed meanwhile.
    private mutating func switchOver(
        _ finish: (
            _ copy: borrowing Environment, _ source: borrowing WriteTransaction, _ successor: Superblock
        ) throws(StorageError) -> (records: Int, changed: Int)
    ) throws(StoreError) {
        var locked: UInt64 = 0
        var copied = (records: 0, changed: 0)
        try source.environment.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            let began = nanoseconds()
            var superblock = try transaction.superblock(path: folder.path)
            // The lock of the compaction forbids it.
            guard superblock.state == .live else {
                throw .refused(.other, description: "\(folder.path) was moved by another process")
            }
            superblock.state = .successor
            do throws(StorageError) {
                copied = try finish(copy, transaction, superblock)
            } catch {
                throw StoreError(error)
            }
            try converting { () throws(StorageError) in try copy.sync() }
            try FileOwner.syncFolders([folder.environmentPath(number), folder.generationsPath])
            try stop(at: .synced)
            superblock.state = .moved
            try transaction.put(Key.superblock, payload: superblock.encoded())
            locked = nanoseconds() - began
        }
        try converting { () throws(StorageError) in try source.environment.sync() }
        report.lockedNanoseconds = locked
        report.records += copied.records
        report.recordsMeanwhile += copied.changed
    }

    private func put(_ superblock: Superblock) throws(StoreError) {
        try copy.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            try transaction.put(Key.superblock, payload: superblock.encoded())
        }
    }

    private func nanoseconds() -> UInt64 {
        var time = timespec()
        // The kernel fills `time`; it fails only for a clock that does not exist.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension CompactionReport {
    fileprivate static func bytes(of environment: borrowing Environment) throws(StoreError) -> Int {
        do throws(StorageError) {
            let statistics = try environment.statistics()
            return statistics.filePages * statistics.pageBytes
        } catch {
            throw StoreError(error)
        }
    }
}
