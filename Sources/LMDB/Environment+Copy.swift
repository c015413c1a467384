import CLMDB
import Glibc

// Copies from one environment to another. The order of keys makes the copy: appended, leaves come out full (measured on
// a month of 300 series: docs/performance.md), where LMDB's own compacting copy takes pages over as they are.
//
// What was committed while a copy was made is found without reading it: two views of one file that were both held from
// their beginning share the pages that did not change, because no page that a view shows is ever written again. So a
// value that lies at the same address of the map in both is the same value.

extension Environment {
    /// Appends everything that `source` shows, but for `key`, to this environment, which holds nothing behind it.
    ///
    /// - Parameters:
    ///   - batchBytes: what one transaction writes; it is kept in memory until it is committed.
    ///   - progress: told the bytes of each batch.
    /// - Returns: number of records.
    package func append(
        from source: borrowing ReadTransaction, except key: [UInt8], batchBytes: Int = 16 << 20,
        progress: (Int) -> Void = { _ in }
    ) throws(StorageError) -> Int {
        var walk = try unsafe RawWalk(source.handle, source.database, source.path)
        var count = 0
        try walk.move(MDB_FIRST)
        while walk.isFound {
            var bytes = 0
            try write(wrap: { $0 }) { transaction throws(StorageError) in
                while walk.isFound, bytes < batchBytes {
                    if !walk.isKey(key) {
                        try transaction.append(walk.key, walk.value)
                        bytes += walk.key.byteCount + walk.value.byteCount
                        count += 1
                    }
                    try walk.move(MDB_NEXT)
                }
            }
            progress(bytes)
        }
        return count
    }

    /// Appends everything that `source` shows to this environment, which holds nothing, in one transaction: so the file
    /// has no free page behind it.
    ///
    /// - Parameters:
    ///   - key: has `value` here.
    /// - Returns: number of the other records.
    package func appendAtOnce(
        from source: borrowing WriteTransaction, but key: [UInt8], _ value: [UInt8]
    ) throws(StorageError) -> Int {
        var walk = try unsafe RawWalk(source.handle, source.database, source.path)
        var count = 0
        try walk.move(MDB_FIRST)
        try write(wrap: { $0 }) { transaction throws(StorageError) in
            while walk.isFound {
                if walk.isKey(key) {
                    try unsafe transaction.append(walk.key, value.span.bytes)
                } else {
                    try transaction.append(walk.key, walk.value)
                    count += 1
                }
                try walk.move(MDB_NEXT)
            }
        }
        return count
    }

    /// Brings this environment, which holds what `old` shows, to what `new` shows, but for `key`, in one transaction.
    /// `old` was held since before anything of `new` was written.
    /// - Returns: number of records that had changed.
    package func catchUp(
        from old: borrowing ReadTransaction, to new: borrowing ReadTransaction, except key: [UInt8]
    ) throws(StorageError) -> Int {
        let before = try unsafe RawWalk(old.handle, old.database, old.path)
        let after = try unsafe RawWalk(new.handle, new.database, new.path)
        return try catchUp(before, after, key)
    }

    /// As the other, to what a write transaction shows that has not written yet.
    package func catchUp(
        from old: borrowing ReadTransaction, to new: borrowing WriteTransaction, except key: [UInt8]
    ) throws(StorageError) -> Int {
        let before = try unsafe RawWalk(old.handle, old.database, old.path)
        let after = try unsafe RawWalk(new.handle, new.database, new.path)
        return try catchUp(before, after, key)
    }

    private func catchUp(
        _ before: consuming RawWalk, _ after: consuming RawWalk, _ key: [UInt8]
    ) throws(StorageError) -> Int {
        var old = before
        var new = after
        var count = 0
        try old.move(MDB_FIRST)
        try new.move(MDB_FIRST)
        try write(wrap: { $0 }) { transaction throws(StorageError) in
            while old.isFound || new.isFound {
                let order = old.order(to: new)
                if order < 0 {
                    if !old.isKey(key) {
                        try transaction.delete(old.keyBytes)
                        count += 1
                    }
                    try old.move(MDB_NEXT)
                    continue
                }
                if order > 0 || !old.isSameValue(as: new), !new.isKey(key) {
                    try transaction.put(new.keyBytes, new.valueBytes)
                    count += 1
                }
                if order == 0 { try old.move(MDB_NEXT) }
                try new.move(MDB_NEXT)
            }
        }
        return count
    }
}

/// A cursor by addresses, for walks that compare them. Lives within the functions above, while their transactions do,
/// which is what keeps its pointers in bounds.
@safe private struct RawWalk: ~Copyable {
    private let cursor: OpaquePointer
    private let path: String
    private(set) var isFound = false
    private var currentKey: UnsafeRawBufferPointer
    private var currentValue: UnsafeRawBufferPointer

    init(_ transaction: OpaquePointer, _ database: UInt32, _ path: String) throws(StorageError) {
        unsafe cursor = try Lookup.openCursor(transaction, database, path)
        self.path = path
        unsafe currentKey = UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe currentValue = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit { unsafe mdb_cursor_close(cursor) }

    var key: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(RawSpan(_unsafeBytes: currentKey), borrowing: self) }
    }

    var value: RawSpan {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(RawSpan(_unsafeBytes: currentValue), borrowing: self) }
    }

    var keyBytes: [UInt8] { unsafe Array(currentKey) }
    var valueBytes: [UInt8] { unsafe Array(currentValue) }

    mutating func move(_ operation: MDB_cursor_op) throws(StorageError) {
        var name = unsafe MDB_val()
        var bytes = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(cursor, &name, &bytes, operation)
        isFound = code == 0
        if code == MDB_NOTFOUND { return }
        try StorageError.check(code, "read", path)
        unsafe currentKey = UnsafeRawBufferPointer(start: name.mv_data, count: name.mv_size)
        unsafe currentValue = UnsafeRawBufferPointer(start: bytes.mv_data, count: bytes.mv_size)
    }

    func isKey(_ other: [UInt8]) -> Bool { unsafe currentKey.elementsEqual(other) }

    /// Below 0 where the key here comes first, or there is none there: LMDB's own order.
    func order(to other: borrowing RawWalk) -> Int {
        guard isFound else { return 1 }
        guard other.isFound, let mine = unsafe currentKey.baseAddress, let theirs = unsafe other.currentKey.baseAddress
        else { return -1 }
        let order = unsafe memcmp(mine, theirs, min(currentKey.count, other.currentKey.count))
        return unsafe order != 0 ? Int(order) : currentKey.count - other.currentKey.count
    }

    func isSameValue(as other: borrowing RawWalk) -> Bool {
        unsafe currentValue.baseAddress == other.currentValue.baseAddress
            && currentValue.count == other.currentValue.count
    }
}
