import LMDB

/// What a scan does after a record.
enum ScanStep {
    case next
    case stop
    /// Goes on at the first key not before this one.
    case seek([UInt8])
}

extension ReadTransaction {
    /// Calls `body` with key and value of each record from the first key not before `first` on, in order of keys.
    func scan(
        from first: [UInt8], _ body: (RawSpan, RawSpan) throws(StoreError) -> ScanStep
    ) throws(StoreError) {
        var failure: StoreError?
        do throws(StorageError) {
            var cursor = try cursor()
            try cursor.scan(from: first, &failure, body)
        } catch {
            throw StoreError(error)
        }
        if let failure { throw failure }
    }

    /// What `decode` makes of the last key before `end`; nil where there is none, or it makes nothing of it.
    func lastKey<Value>(before end: [UInt8], _ decode: (RawSpan) -> Value?) throws(StoreError) -> Value? {
        do throws(StorageError) {
            var cursor = try cursor()
            return try cursor.seekBefore(end) ? decode(cursor.key) : nil
        } catch {
            throw StoreError(error)
        }
    }

    /// The checked payload of a record; nil where there is none.
    func payload(of key: [UInt8], record: String) throws(StoreError) -> [UInt8]? {
        let payload: [UInt8]?
        do throws(StorageError) {
            guard let value = try value(of: key) else { return nil }
            payload = unsafe Checksum.payload(of: value, key: key.span.bytes)
        } catch {
            throw StoreError(error)
        }
        guard let payload else { throw .damaged(path: path, record: record, reason: "wrong checksum") }
        return payload
    }
}

extension WriteTransaction {
    /// As ``ReadTransaction``'s; `body` must not change the store.
    func scan(
        from first: [UInt8], _ body: (RawSpan, RawSpan) throws(StoreError) -> ScanStep
    ) throws(StoreError) {
        var failure: StoreError?
        do throws(StorageError) {
            var cursor = try cursor()
            try cursor.scan(from: first, &failure, body)
        } catch {
            throw StoreError(error)
        }
        if let failure { throw failure }
    }

    /// The payload of a record as this transaction sees it; nil where there is none, or its checksum is wrong.
    func payload(of key: [UInt8]) throws(StoreError) -> [UInt8]? {
        do throws(StorageError) {
            return try withValue(of: key) { value in
                guard let value else { return nil }
                return unsafe Checksum.payload(of: value, key: key.span.bytes)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Writes a record with its checksum.
    func put(_ key: [UInt8], payload: [UInt8]) throws(StoreError) {
        var value = payload
        Checksum.seal(&value, key: key)
        do throws(StorageError) {
            try put(key, value)
        } catch {
            throw StoreError(error)
        }
    }
}

extension Cursor {
    @_lifetime(self: copy self)
    fileprivate mutating func scan(
        from first: [UInt8], _ failure: inout StoreError?, _ body: (RawSpan, RawSpan) throws(StoreError) -> ScanStep
    ) throws(StorageError) {
        var found = try seek(first)
        while found {
            let step: ScanStep
            do throws(StoreError) {
                step = try body(key, value)
            } catch {
                failure = error
                return
            }
            switch step {
            case .next: found = try next()
            case .stop: return
            case .seek(let key): found = try seek(key)
            }
        }
    }
}
