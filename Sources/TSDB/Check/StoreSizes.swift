import LMDB

/// What a store's bytes are spent on, by kind of record: keys and values as they were handed to LMDB, so that what is
/// missing to the file is pages' headers, slack and free pages.
package struct StoreSizes: Hashable, Sendable {
    /// The records of one kind.
    package struct Part: Hashable, Sendable {
        package var records = 0
        package var keyBytes = 0
        package var valueBytes = 0
        package var bytes: Int { keyBytes + valueBytes }
    }

    /// Stripes of sealed blocks of samples.
    package var blocks = Part()
    /// Stripes of blocks of windows, of a minute and of an hour.
    package var minutes = Part()
    package var hours = Part()
    /// Stripes of sealed blocks of process frames.
    package var frameBlocks = Part()
    /// Registries of days: names of series.
    package var registries = Part()
    /// Scrapes that are not sealed yet, process frames among them.
    package var rows = Part()
    /// Late batches.
    package var lateBatches = Part()
    /// Superblock, groups, metadata, events.
    package var other = Part()
    /// Bytes of the file that are or once were used.
    package var fileBytes = 0

    /// Keys and values of all records.
    package var liveBytes: Int {
        [blocks, minutes, hours, frameBlocks, registries, rows, lateBatches, other].reduce(0) { $0 + $1.bytes }
    }
}

extension Snapshot {
    /// Adds up all records. Cost: a walk over all keys; the values themselves are not read.
    package func sizes() throws(StoreError) -> StoreSizes {
        var sizes = StoreSizes()
        try transaction.scan(from: Key.superblock) { key, value throws(StoreError) in
            StoreSizes.add(key, value, to: &sizes[keyPath: StoreSizes.part(of: key)])
            return .next
        }
        sizes.fileBytes = try store.fileBytes()
        return sizes
    }
}

extension StoreSizes {
    fileprivate static func add(_ key: RawSpan, _ value: RawSpan, to part: inout Part) {
        part.records += 1
        part.keyBytes += key.byteCount
        part.valueBytes += value.byteCount
    }

    fileprivate static func part(of key: RawSpan) -> WritableKeyPath<StoreSizes, Part> {
        if let name = key.blockKey() {
            return TierLayer(rawValue: name.tier).map { $0.tier == .minute ? \.minutes : \.hours } ?? \.blocks
        }
        if key.isKey(.frameBlock) { return \.frameBlocks }
        if key.isKey(.registry) { return \.registries }
        if key.isKey(.headRow) { return \.rows }
        if key.isKey(.lateBatch) { return \.lateBatches }
        return \.other
    }
}
