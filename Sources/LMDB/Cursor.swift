import CLMDB

/// A place among the keys, which are in order of their bytes. Cannot outlive its transaction.
@safe package struct Cursor: ~Copyable, ~Escapable {
    /// Nil where the records were found without LMDB.
    private let handle: OpaquePointer?
    private let records: RecordMap?
    /// Checks pages before LMDB reads them, and the leaf that the cursor stands on.
    private let pages: PageGuard?
    private var leaf: PageGuard.Place?
    private let path: String
    private var currentKey: UnsafeRawBufferPointer
    private var currentValue: UnsafeRawBufferPointer
    /// Where it stands among ``records``; -1 before the first move.
    private var place = -1

    @_lifetime(immortal)
    init(handle: OpaquePointer, path: String, pages: PageGuard? = nil) {
        unsafe self.handle = unsafe handle
        records = nil
        self.pages = pages
        self.path = path
        unsafe currentKey = UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe currentValue = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    @_lifetime(immortal)
    init(_ records: RecordMap, path: String) {
        unsafe handle = nil
        self.records = records
        pages = nil
        self.path = path
        unsafe currentKey = UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe currentValue = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        if let handle = unsafe handle { unsafe mdb_cursor_close(handle) }
    }

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
        if let records { return stand(at: records.place(of: key), of: records) }
        if let pages {
            leaf = try pages.leaf(of: key)
            // A key behind all of its leaf: LMDB goes on to the next.
            if let found = leaf, found.lastKey.lexicographicallyPrecedes(key) {
                leaf = try pages.leaf(after: found) ?? found
            }
        }
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
    package mutating func next() throws(StorageError) -> Bool {
        if let pages {
            // LMDB goes to the first key where the cursor stands nowhere.
            if let leaf {
                if isOnKey(leaf.lastKey), let after = try pages.leaf(after: leaf) { self.leaf = after }
            } else {
                leaf = try pages.firstLeaf()
            }
        }
        return try move(MDB_NEXT) { $0 + 1 }
    }

    /// Moves to the key before; false where there is none.
    package mutating func previous() throws(StorageError) -> Bool {
        if let pages {
            if let leaf {
                if isOnKey(leaf.firstKey), let before = try pages.leaf(before: leaf) { self.leaf = before }
            } else {
                leaf = try pages.lastLeaf()
            }
        }
        return try move(MDB_PREV) { $0 - 1 }
    }

    private func isOnKey(_ key: [UInt8]) -> Bool {
        unsafe key.withUnsafeBytes { unsafe $0.elementsEqual(currentKey) }
    }

    /// Moves to the first key; false in an empty store.
    package mutating func first() throws(StorageError) -> Bool {
        leaf = try pages?.firstLeaf()
        return try move(MDB_FIRST) { _ in 0 }
    }

    /// Moves to the last key; false in an empty store.
    package mutating func last() throws(StorageError) -> Bool {
        leaf = try pages?.lastLeaf()
        let count = records?.count ?? 0
        return try move(MDB_LAST) { _ in count - 1 }
    }

    mutating func deleteCurrent() throws(StorageError) {
        try StorageError.check(unsafe mdb_cursor_del(handle, 0), "delete from", path)
    }

    private mutating func move(_ operation: MDB_cursor_op, _ place: (Int) -> Int) throws(StorageError) -> Bool {
        if let records { return stand(at: place(self.place), of: records) }
        var name = unsafe MDB_val()
        var value = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(handle, &name, &value, operation)
        return try unsafe arrive(code, name, value)
    }

    private mutating func stand(at place: Int, of records: RecordMap) -> Bool {
        guard place >= 0, place < records.count else { return false }
        self.place = place
        // The array belongs to the map of records, which the cursor holds and nobody changes.
        unsafe records.records[place].key.withUnsafeBytes { unsafe currentKey = unsafe $0 }
        unsafe currentValue = records.value(at: place)
        return true
    }

    private mutating func arrive(_ code: Int32, _ key: MDB_val, _ value: MDB_val) throws(StorageError) -> Bool {
        if code == MDB_NOTFOUND { return false }
        try StorageError.check(code, "read", path)
        unsafe currentKey = UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size)
        unsafe currentValue = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
        return true
    }
}
