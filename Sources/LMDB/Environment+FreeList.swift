import CLMDB

// LMDB keeps its free pages in a tree of its own, database 0, one record a commit. A commit frees the six or seven
// pages that it replaces and takes as many from the oldest record, so a store of small commits has a record for each
// seven free pages; beyond some 49 records they take several leaves, of which each commit writes the oldest, the newest
// and their root.
//
// LMDB joins records when it looks for pages: it reads them, oldest first, until it has a long enough run, and what
// it does not need becomes one record of up to 509 pages. So a transaction that asks for runs that only late records
// have, and gives them back before its commit, makes of a hundred records one. Nothing of it is written: pages that a
// transaction took and freed again are never dirty at its commit.

/// Runs of pages to ask for, one after the other, so that LMDB reads through its free list; empty where there is
/// nothing to gain.
package struct FreeListGathering: Hashable, Sendable {
    package private(set) var runs: [Int] = []
    /// Bytes of a page.
    let pageBytes: Int
    /// The commit that it was made at; it is for the next one alone.
    let commit: Int

    /// More free pages than that are left as they are: LMDB would have to write the numbers of all of them anew.
    private static let pagesMax = 2048
    /// As many keys as a leaf nearly always has room for.
    private static let runsMax = 64
    /// Pages that the transaction takes for the path to its first key before it asks for a run.
    private static let pathPages = 4
    /// LMDB gives up after so many records for each page of the run, and takes new pages.
    private static let recordsPerPage = 60

    /// - Parameter records: the numbers of the pages that may be used again, in the order of the commits that freed
    ///   them.
    init(of records: [[Int]], at commit: Int, pageBytes: Int) {
        self.commit = commit
        self.pageBytes = pageBytes
        if records.reduce(0, { $0 + $1.count }) > FreeListGathering.pagesMax { return }
        var free: [Int] = []
        var next = 0
        while next < records.count, free.count < FreeListGathering.pathPages {
            free.merge(records[next])
            next += 1
        }
        if free.count < FreeListGathering.pathPages { return }
        free.removeFirst(FreeListGathering.pathPages)
        // LMDB reads on until it has the run. Shorter ones are asked for when no longer one is left: asking for what is
        // nowhere would lengthen the file.
        var length = max(1, records.reduce(0) { $0 + $1.count } / FreeListGathering.runsMax)
        while length > 0, next < records.count {
            var all = free
            var read = next
            while runs.count < FreeListGathering.runsMax {
                if all.removeRun(of: length) {
                    runs.append(length)
                    free = all
                    next = read
                    continue
                }
                guard read < min(records.count, next + length * FreeListGathering.recordsPerPage - 1) else { break }
                all.merge(records[read])
                read += 1
            }
            length /= 2
        }
    }
}

extension [Int] {
    /// Takes out the first `count` consecutive numbers, as LMDB does; false where there are none.
    fileprivate mutating func removeRun(of count: Int) -> Bool {
        var length = 0
        for place in indices {
            length = place > 0 && self[place - 1] + 1 == self[place] ? length + 1 : 1
            if length == count {
                removeSubrange(place - count + 1...place)
                return true
            }
        }
        return false
    }

    /// Puts ascending numbers between ascending ones.
    fileprivate mutating func merge(_ others: [Int]) {
        var merged: [Int] = []
        merged.reserveCapacity(count + others.count)
        var place = 0
        for other in others {
            while place < count, self[place] < other {
                merged.append(self[place])
                place += 1
            }
            merged.append(other)
        }
        merged.append(contentsOf: self[place...])
        self = merged
    }
}

extension Environment {
    /// How the next transaction of this process can shorten LMDB's free list; nil while the list fits one page.
    ///
    /// A reader that comes in between keeps pages that it asks for, which are then taken from behind the last one.
    package func planGathering() throws(StorageError) -> FreeListGathering? {
        if try freeListLeaves() <= 1 { return nil }
        // Before this function's own transaction, which would be one of them.
        let held = try readers().compactMap(\.commit).min() ?? .max
        let transaction = try beginRead()
        let oldest = min(held, transaction.commitNumber)
        var records: [[Int]] = []
        try transaction.forEachFreeListRecord { commit, pages in
            guard commit < oldest else { return false }
            records.append(pages)
            return true
        }
        return FreeListGathering(of: records, at: transaction.commitNumber, pageBytes: try statistics().pageBytes)
    }

    private func freeListLeaves() throws(StorageError) -> Int {
        let transaction = try beginRead()
        var statistics = MDB_stat()
        // A C struct that LMDB fills.
        try StorageError.check(unsafe mdb_stat(transaction.handle, 0, &statistics), "look at the free list of", path)
        return Int(statistics.ms_leaf_pages)
    }

    /// Pages of the file that hold nothing: those on LMDB's free list, whoever still reads them.
    ///
    /// Cost: one step a record; a store that ages by small steps has about fifty.
    package func freePageCount() throws(StorageError) -> Int {
        var count = 0
        try beginRead().forEachFreeListRecord { _, pages in
            count += pages.count
            return true
        }
        return count
    }
}

extension ReadTransaction {
    /// Beyond any file's.
    private static let pageMax = 1 << 48

    /// Visits the records of the free list, oldest first: the commit that freed the pages, and their numbers,
    /// ascending; stops where `body` returns false.
    fileprivate func forEachFreeListRecord(
        _ body: (_ commit: Int, _ pages: [Int]) -> Bool
    ) throws(StorageError) {
        let cursor = try unsafe Lookup.openCursor(handle, 0, path)
        defer { unsafe mdb_cursor_close(cursor) }
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        var operation = MDB_FIRST
        while true {
            let code = unsafe mdb_cursor_get(cursor, &key, &value, operation)
            if code == MDB_NOTFOUND { return }
            try StorageError.check(code, "read the free list of", path)
            // A record is LMDB's MDB_IDL: how many, then the numbers, descending.
            guard unsafe key.mv_size == 8, let commit = unsafe key.mv_data, unsafe value.mv_size >= 8,
                let data = unsafe value.mv_data
            else { throw StorageError(MDB_CORRUPTED, "read the free list of", path: path) }
            // In bounds: the key is a word, and the value has at least one and as many more as it says.
            let count = unsafe Int(clamping: data.loadUnaligned(as: UInt.self))
            guard unsafe count <= value.mv_size / 8 - 1 else {
                throw StorageError(MDB_CORRUPTED, "read the free list of", path: path)
            }
            let pages = (0..<count).reversed().map {
                unsafe Int(clamping: data.loadUnaligned(fromByteOffset: 8 + $0 * 8, as: UInt.self))
            }
            guard pages.first ?? 2 >= 2, pages.last ?? 2 <= ReadTransaction.pageMax,
                zip(pages, pages.dropFirst()).allSatisfy({ $0 < $1 })
            else { throw StorageError(MDB_CORRUPTED, "read the free list of", path: path) }
            if unsafe !body(Int(clamping: commit.loadUnaligned(as: UInt.self)), pages) { return }
            operation = MDB_NEXT
        }
    }
}

extension WriteTransaction {
    /// Shortens LMDB's free list; to be done before anything else in the transaction.
    package func gatherFreePages(_ plan: FreeListGathering) throws(StorageError) {
        // After another writer's commit its runs may be gone, and LMDB would take them from behind the last page.
        guard commitNumber == plan.commit + 1 else { return }
        // Behind all keys, which begin with small numbers: on the leaf that rows are appended to anyway.
        for (index, pages) in plan.runs.enumerated() {
            let code = unsafe withKey(index) { key in
                // A value takes its pages less the header of the first. LMDB sets mv_data to room for it, which nothing
                // is written to.
                var value = unsafe MDB_val(mv_size: pages * plan.pageBytes - 16, mv_data: nil)
                return unsafe mdb_put(handle, database, &key, &value, UInt32(MDB_RESERVE | MDB_APPEND))
            }
            try StorageError.check(code, "gather free pages of", path)
        }
        for index in plan.runs.indices.reversed() {
            let code = unsafe withKey(index) { key in unsafe mdb_del(handle, database, &key, nil) }
            try StorageError.check(code, "gather free pages of", path)
        }
    }

    private func withKey(_ index: Int, _ body: (inout MDB_val) -> Int32) -> Int32 {
        let bytes: [UInt8] = [0xff, 0xff, UInt8(index)]
        // LMDB copies the key during the call.
        return unsafe bytes.withUnsafeBytes { bytes in
            var key = unsafe MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return unsafe body(&key)
        }
    }
}
