/// Records that were found in a file without LMDB's help, in order of keys: what a read transaction can be made of when
/// LMDB cannot be trusted with the file.
package final class RecordMap: Sendable {
    package let file: PageFile
    let records: [PageRecord]
    /// The commit whose records they are; 0 where that is not known.
    package let commit: Int

    /// - Parameter records: in any order; of records with equal keys the first is kept.
    package init(_ file: PageFile, records: [PageRecord], commit: Int) {
        self.file = file
        self.commit = commit
        var kept: [PageRecord] = []
        kept.reserveCapacity(records.count)
        let isAscending = zip(records, records.dropFirst()).allSatisfy { RecordMap.precedes($0.key, $1.key) }
        let order =
            isAscending
            ? Array(records.indices)
            : records.indices.sorted {
                records[$0].key == records[$1].key ? $0 < $1 : RecordMap.precedes(records[$0].key, records[$1].key)
            }
        for place in order where kept.last?.key != records[place].key { kept.append(records[place]) }
        self.records = kept
    }

    package var count: Int { records.count }

    /// Records whose values lie on pages of their own.
    package var bigRecordCount: Int { records.reduce(0) { $0 + ($1.valueBytes > file.pageBytes / 2 ? 1 : 0) } }

    private static func precedes(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool { lhs.lexicographicallyPrecedes(rhs) }

    /// Place of the first record whose key is not before `key`; ``count`` where there is none.
    func place(of key: [UInt8]) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if RecordMap.precedes(records[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The value at a place, in the map of the file; empty where the file ends before it does.
    func value(at place: Int) -> UnsafeRawBufferPointer {
        let record = records[place]
        // Lives as long as the file's map does, which whoever holds this value keeps.
        let found = unsafe file.buffer(of: record.page, from: record.offset, record.valueBytes)
        return unsafe found ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
