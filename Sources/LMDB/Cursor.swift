import CLMDB

/// A place among the keys, which are in order of their bytes. Cannot outlive its transaction.
@safe package struct Cursor: ~Copyable, ~Escapable {
    private let handle: OpaquePointer
    private let path: String
    private var currentKey: UnsafeRawBufferPointer
    private var currentValue: UnsafeRawBufferPointer

    @_lifetime(immortal)
    init(handle: OpaquePointer, path: String) {
        unsafe self.handle = unsafe handle
        self.path = path
        unsafe currentKey = UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe currentValue = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit { unsafe mdb_cursor_close(handle) }

    /// The key that the cursor stands on; empty before the first successful move.
    package var key: RawSpan {
        @_lifetime(borrow self)
        get {
            // Valid while the transaction makes no change, and the cursor is borrowed as long as the span lives.
            unsafe _overrideLifetime(RawSpan(_unsafeBytes: currentKey), borrowing: self)
        }
    }

    package var value: RawSpan {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(RawSpan(_unsafeBytes: currentValue), borrowing: self)
        }
    }

    /// Moves to the first key that is not before `key`; false where there is none.
    package mutating func seek(_ key: [UInt8]) throws(StorageError) -> Bool {
        let (code, foundKey, foundValue) = unsafe key.withUnsafeBytes { bytes in
            var name = unsafe MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            var value = unsafe MDB_val()
            let code = unsafe mdb_cursor_get(handle, &name, &value, MDB_SET_RANGE)
            return unsafe (code, name, value)
        }
        return try unsafe arrive(code, foundKey, foundValue)
    }

    /// Moves to the last key that is before `key`; false where there is none.
    package mutating func seekBefore(_ key: [UInt8]) throws(StorageError) -> Bool {
        try seek(key) ? previous() : last()
    }

    /// Moves to the next key; false where there is none.
    package mutating func next() throws(StorageError) -> Bool { try move(MDB_NEXT) }
    /// Moves to the key before; false where there is none.
    package mutating func previous() throws(StorageError) -> Bool { try move(MDB_PREV) }
    /// Moves to the first key; false in an empty store.
    package mutating func first() throws(StorageError) -> Bool { try move(MDB_FIRST) }
    /// Moves to the last key; false in an empty store.
    package mutating func last() throws(StorageError) -> Bool { try move(MDB_LAST) }

    mutating func deleteCurrent() throws(StorageError) {
        try StorageError.check(unsafe mdb_cursor_del(handle, 0), "delete from", path)
    }

    private mutating func move(_ operation: MDB_cursor_op) throws(StorageError) -> Bool {
        var name = unsafe MDB_val()
        var value = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(handle, &name, &value, operation)
        return try unsafe arrive(code, name, value)
    }

    private mutating func arrive(_ code: Int32, _ key: MDB_val, _ value: MDB_val) throws(StorageError) -> Bool {
        if code == MDB_NOTFOUND { return false }
        try StorageError.check(code, "read", path)
        unsafe currentKey = UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size)
        unsafe currentValue = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
        return true
    }
}
