import CLMDB
import Synchronization

/// One consistent view of the store. Ends when the value does; what it returned ends with it.
@safe package struct ReadTransaction: ~Copyable {
    /// What is read: LMDB, or records that were found without it.
    @safe private enum Source {
        case lmdb(OpaquePointer, database: UInt32, EnvironmentOwner)
        case records(RecordMap)
    }

    private let source: Source
    /// Checks pages before LMDB reads them; nil where they are believed.
    private var pages: PageGuard?
    package let path: String

    init(handle: OpaquePointer, database: UInt32, path: String, owner: EnvironmentOwner) {
        owner.readTransactions.add(1, ordering: .sequentiallyConsistent)
        unsafe source = .lmdb(handle, database: database, owner)
        self.path = path
        pages = nil
    }

    /// The same view, whose pages are checked before LMDB reads them.
    consuming func checking(_ pages: PageGuard) -> ReadTransaction {
        self.pages = pages
        return self
    }

    /// A view of records that were found without LMDB.
    package init(_ records: RecordMap, path: String) {
        source = .records(records)
        self.path = path
        pages = nil
    }

    /// What this room's walks over LMDB's own trees need.
    /// - Precondition: it is LMDB that is read.
    var handle: OpaquePointer {
        guard case .lmdb(let handle, _, _) = source else { preconditionFailure("no transaction of LMDB") }
        return unsafe handle
    }

    /// As ``handle``.
    var database: UInt32 {
        guard case .lmdb(_, let database, _) = source else { preconditionFailure("no transaction of LMDB") }
        return database
    }

    deinit {
        if case .lmdb(let handle, _, let owner) = source {
            unsafe mdb_txn_abort(handle)
            owner.readTransactions.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    /// The value of `key`, in the map: valid while the transaction lives, which the compiler sees to.
    @_lifetime(borrow self)
    package func value(of key: [UInt8]) throws(StorageError) -> RawSpan? {
        let found: UnsafeRawBufferPointer?
        switch source {
        case .lmdb(let handle, let database, _):
            _ = try pages?.leaf(of: key)
            unsafe found = try Lookup.value(of: key, handle, database, path)
        case .records(let records):
            let place = records.place(of: key)
            let isFound = place < records.count && records.records[place].key == key
            unsafe found = isFound ? records.value(at: place) : nil
        }
        guard let found = unsafe found else { return nil }
        let span = unsafe RawSpan(_unsafeBytes: found)
        // The pages of a read transaction stay as they are until it ends.
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// A cursor that stands nowhere yet; cannot outlive the transaction.
    @_lifetime(borrow self)
    package func cursor() throws(StorageError) -> Cursor {
        let cursor: Cursor
        switch source {
        case .lmdb(let handle, let database, _):
            cursor = try unsafe Cursor(handle: Lookup.openCursor(handle, database, path), path: path, pages: pages)
        case .records(let records): cursor = Cursor(records, path: path)
        }
        return unsafe _overrideLifetime(cursor, borrowing: self)
    }

    /// What is shown; nil for records that were found without LMDB.
    package var view: ReadView? {
        guard case .lmdb(let handle, _, let owner) = source else { return nil }
        return unsafe ReadView(environment: owner.number, commit: mdb_txn_id(handle))
    }

    /// The number of the commit that this view shows. Grows with each commit.
    package var commitNumber: Int {
        switch source {
        case .lmdb(let handle, _, _): unsafe mdb_txn_id(handle)
        case .records(let records): records.commit
        }
    }
}

/// One commit of one environment of this process: read transactions of the same view read the same bytes.
package struct ReadView: Hashable, Sendable {
    package let environment: Int
    package let commit: Int
}

/// The calls that read and write transactions share.
enum Lookup {
    static func value(
        of key: [UInt8], _ transaction: OpaquePointer, _ database: UInt32, _ path: String
    ) throws(StorageError) -> UnsafeRawBufferPointer? {
        var found = unsafe MDB_val()
        // LMDB reads the key during the call only.
        let code = unsafe key.withUnsafeBytes { bytes in
            var name = unsafe MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return unsafe mdb_get(transaction, database, &name, &found)
        }
        if code == MDB_NOTFOUND { return nil }
        try StorageError.check(code, "read", path)
        return unsafe UnsafeRawBufferPointer(start: found.mv_data, count: found.mv_size)
    }

    static func openCursor(
        _ transaction: OpaquePointer, _ database: UInt32, _ path: String
    ) throws(StorageError) -> OpaquePointer {
        var opened: OpaquePointer?
        try StorageError.check(unsafe mdb_cursor_open(transaction, database, &opened), "open a cursor in", path)
        guard let cursor = unsafe opened else { throw StorageError(MDB_CORRUPTED, "open a cursor in", path: path) }
        return unsafe cursor
    }
}
