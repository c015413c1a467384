import CLMDB
import Glibc

/// The one write transaction of the store; aborts unless it is committed. Lives inside ``Environment/write(wrap:_:)``.
@safe package struct WriteTransaction: ~Copyable {
    let handle: OpaquePointer
    let database: UInt32
    package let path: String
    private let faults: FaultPlan?
    private var isOpen = true

    init(handle: OpaquePointer, database: UInt32, path: String, faults: FaultPlan?) {
        unsafe self.handle = unsafe handle
        self.database = database
        self.path = path
        self.faults = faults
    }

    deinit { if isOpen { unsafe mdb_txn_abort(handle) } }

    consuming func commit() throws(StorageError) {
        // Thrown here, the transaction is aborted as a failed commit is.
        try faults?.check(.commit, "commit to", path)
        // mdb_txn_commit frees the transaction whether it succeeds or not.
        isOpen = false
        var code = unsafe mdb_txn_commit(handle)
        // A write that ends short where the disk does is told as EIO.
        if code == EIO, WriteTransaction.isDiskFull(path) { code = ENOSPC }
        try StorageError.check(code, "commit to", path)
    }

    /// Whether the file system has less room than the pages of a commit take, a megabyte.
    private static func isDiskFull(_ path: String) -> Bool {
        var status = statvfs()
        // The kernel fills the structure; the path is a C string during the call only.
        return unsafe statvfs(path, &status) == 0 && UInt64(status.f_bavail) * UInt64(status.f_frsize) < 1 << 20
    }

    /// The value of `key`; valid until this transaction's next change, which is why it is handed to a closure.
    package func withValue<Value>(
        of key: [UInt8], _ body: (RawSpan?) -> Value
    ) throws(StorageError) -> Value {
        guard let found = try unsafe Lookup.value(of: key, handle, database, path) else { return body(nil) }
        return unsafe body(RawSpan(_unsafeBytes: found))
    }

    /// Writes `value` under `key`, in place of what was there.
    package func put(_ key: [UInt8], _ value: [UInt8]) throws(StorageError) {
        try faults?.check(.put, "write to", path)
        // LMDB copies both during the call.
        let code = unsafe key.withUnsafeBytes { name in
            unsafe value.withUnsafeBytes { bytes in
                var name = unsafe MDB_val(
                    mv_size: name.count, mv_data: UnsafeMutableRawPointer(mutating: name.baseAddress))
                var bytes = unsafe MDB_val(
                    mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
                return unsafe mdb_put(handle, database, &name, &bytes, 0)
            }
        }
        try StorageError.check(code, "write to", path)
    }

    /// Writes `value` under `key`, which lies behind all keys of the store: leaves come out full, and no search is
    /// made.
    package func append(_ key: RawSpan, _ value: RawSpan) throws(StorageError) {
        try faults?.check(.put, "write to", path)
        // LMDB copies both during the call.
        let code = unsafe key.withUnsafeBytes { name in
            unsafe value.withUnsafeBytes { bytes in
                var name = unsafe MDB_val(
                    mv_size: name.count, mv_data: UnsafeMutableRawPointer(mutating: name.baseAddress))
                var bytes = unsafe MDB_val(
                    mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
                return unsafe mdb_put(handle, database, &name, &bytes, UInt32(MDB_APPEND))
            }
        }
        try StorageError.check(code, "write to", path)
    }

    /// Removes `key`; false where there was none.
    @discardableResult
    package func delete(_ key: [UInt8]) throws(StorageError) -> Bool {
        try faults?.check(.delete, "delete from", path)
        let code = unsafe key.withUnsafeBytes { name in
            var name = unsafe MDB_val(mv_size: name.count, mv_data: UnsafeMutableRawPointer(mutating: name.baseAddress))
            return unsafe mdb_del(handle, database, &name, nil)
        }
        if code == MDB_NOTFOUND { return false }
        try StorageError.check(code, "delete from", path)
        return true
    }

    /// Removes the keys from `first` on that satisfy `isDoomed`, in order, up to the first that does not or `limit`.
    /// Returns how many were removed.
    package func deleteRange(
        from first: [UInt8], limit: Int = .max, while isDoomed: (RawSpan) -> Bool
    ) throws(StorageError) -> Int {
        var removed = 0
        var cursor = try self.cursor()
        var found = try cursor.seek(first)
        while found, removed < limit, isDoomed(cursor.key) {
            try cursor.deleteCurrent()
            removed += 1
            // After a deletion LMDB's cursor stands on the next key, and MDB_NEXT returns that one.
            found = try cursor.next()
        }
        return removed
    }

    /// A cursor that stands nowhere yet; cannot outlive the transaction.
    @_lifetime(borrow self)
    package func cursor() throws(StorageError) -> Cursor {
        let cursor = try unsafe Cursor(handle: Lookup.openCursor(handle, database, path), path: path)
        return unsafe _overrideLifetime(cursor, borrowing: self)
    }

    package var commitNumber: Int { unsafe mdb_txn_id(handle) }
}
