import LMDB
import Model

/// Walks the rows of the head in order of time, all groups together, each group's chain decoded.
struct HeadScan {
    /// The group number that a tick's process frame has instead of a group.
    static let frameGroup: UInt16 = 0xffff

    /// Where each group's chain has to be entered so that all rows from `time` on can be decoded: the time of the key
    /// row. Groups without a row in [time, end] are left out.
    static func entries(
        from time: Int64, through end: Int64, groups: Set<UInt16>, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [UInt16: Int64] {
        var entries: [UInt16: Int64] = [:]
        let path = transaction.path
        try transaction.scan(from: Key.headRow(time: time, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= end else { return .stop }
            if groups.contains(row.group), entries[row.group] == nil {
                // Its checksum is looked at when the row is read, a few lines on.
                let beginning = value.extracting(first: min(value.byteCount, 11)).array()
                let age: Int64
                do throws(CodecError) {
                    switch try HeadRowDecoder.kind(of: beginning) {
                    case .key: age = 0
                    case .delta(let milliseconds): age = milliseconds
                    }
                } catch {
                    throw StoreError(error, path: path, record: record(row))
                }
                let (entry, overflow) = row.time.subtractingReportingOverflow(age)
                if overflow { throw .damaged(path: path, record: record(row), reason: "age of the row") }
                entries[row.group] = entry
            }
            return entries.count == groups.count ? .stop : .next
        }
        return entries
    }

    /// Calls `body` with each row's group, time and payload from its group's entry on through `end`.
    /// A row whose key row is not there is damage: read on top of another it would give wrong values.
    static func rows(
        entries: [UInt16: Int64], through end: Int64, in transaction: borrowing ReadTransaction,
        _ body: (_ group: UInt16, _ time: Int64, _ payload: [UInt8]) throws(CodecError) -> Void
    ) throws(StoreError) {
        guard let first = entries.values.min() else { return }
        let path = transaction.path
        var keyTimes: [UInt16: Int64] = [:]
        try transaction.scan(from: Key.headRow(time: first, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= end else { return .stop }
            guard let entry = entries[row.group], row.time >= entry else { return .next }
            let payload = try checked(key, value, path)
            do throws(CodecError) {
                switch try HeadRowDecoder.kind(of: payload) {
                case .key: keyTimes[row.group] = row.time
                case .delta(let age):
                    guard keyTimes[row.group] == row.time &- age else {
                        throw .malformed(position: 1, reason: "its key row is missing")
                    }
                }
                try body(row.group, row.time, payload)
            } catch {
                throw StoreError(error, path: path, record: record(row))
            }
            return .next
        }
    }

    private static func checked(_ key: RawSpan, _ value: RawSpan, _ path: String) throws(StoreError) -> [UInt8] {
        if let payload = Checksum.payload(of: value, key: key) { return payload }
        let row = key.headRowKey() ?? (0, 0)
        throw .damaged(path: path, record: record(row), reason: "wrong checksum")
    }

    static func record(_ row: (time: Int64, group: UInt16)) -> String {
        "row of group \(row.group) at \(Double(row.time) / 1000)"
    }
}
