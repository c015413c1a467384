import LMDB
import Model

/// Walks the rows of the head in order of time, all groups together, each group's chain decoded.
struct HeadScan {
    /// The group number that a tick's process frame has instead of a group.
    static let frameGroup: UInt16 = 0xffff

    /// Where each group's chain has to be entered so that all rows from `time` on can be decoded: the time of the key
    /// row. Groups without a row in [time, end] are left out.
    /// - Parameter damage: rows that are damaged are passed over and named there; without it they are thrown.
    static func entries(
        from time: Int64, through end: Int64, groups: Set<UInt16>, tolerating damage: DamageList? = nil,
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [UInt16: Int64] {
        var entries: [UInt16: Int64] = [:]
        let path = transaction.path
        try transaction.scan(from: Key.headRow(time: time, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= end else { return .stop }
            guard groups.contains(row.group), entries[row.group] == nil else { return .next }
            do throws(StoreError) {
                // Its checksum is looked at when the row is read, a few lines on.
                let beginning = value.extracting(first: min(value.byteCount, 16)).array()
                entries[row.group] = try entry(row, beginning, path)
            } catch {
                guard let damage else { throw error }
                try damage.tolerate(error, range: TimeRange(minMilliseconds: row.time, maxMilliseconds: row.time))
            }
            return entries.count == groups.count ? .stop : .next
        }
        return entries
    }

    /// Time of the key row that `row` is read on top of.
    private static func entry(
        _ row: (time: Int64, group: UInt16), _ payload: [UInt8], _ path: String
    ) throws(StoreError) -> Int64 {
        do throws(CodecError) {
            guard case .delta(let age, _) = try HeadRowDecoder.kind(of: payload) else { return row.time }
            let (entry, overflow) = row.time.subtractingReportingOverflow(age)
            if overflow { throw .malformed(position: 1, reason: "age of the row") }
            return entry
        } catch {
            throw StoreError(error, path: path, record: record(row))
        }
    }

    /// How far a group's chain was read.
    private struct Chain {
        var keyTime: Int64
        var place = 0
        /// Where the chain is broken: its loss among the damages. Rows are passed over up to the next key row.
        var loss: Int?
    }

    /// Calls `body` with each row's group, time and payload from its group's entry on through `end`.
    /// A row whose key row, or any between, is not there is damage: read on top of another it would give wrong values.
    /// - Parameter damage: a chain that breaks is passed over up to its next key row, and named there; without it the
    ///   damage is thrown.
    static func rows(
        entries: [UInt16: Int64], through end: Int64, tolerating damage: DamageList? = nil,
        stop: StopCheck = StopCheck(), in transaction: borrowing ReadTransaction,
        _ body: (_ group: UInt16, _ time: Int64, _ payload: [UInt8]) throws(CodecError) -> Void
    ) throws(StoreError) {
        guard let first = entries.values.min() else { return }
        let path = transaction.path
        var chains: [UInt16: Chain] = [:]
        var stop = stop
        try transaction.scan(from: Key.headRow(time: first, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= end else { return .stop }
            // A byte or two a series.
            try stop.pass(1 + value.byteCount / 8)
            guard let entry = entries[row.group], row.time >= entry else { return .next }
            do throws(StoreError) {
                let payload = try checked(key, value, path)
                guard try follow(row, payload, &chains, damage, path) else { return .next }
                do throws(CodecError) {
                    try body(row.group, row.time, payload)
                } catch {
                    throw StoreError(error, path: path, record: record(row))
                }
            } catch {
                guard let damage, let (record, reason) = damage.describe(error) else { throw error }
                let lost = TimeRange(minMilliseconds: row.time, maxMilliseconds: row.time)
                if let loss = chains[row.group]?.loss {
                    damage.extend(loss, through: row.time)
                } else {
                    let loss = damage.add(record, reason, range: lost)
                    chains[row.group] = Chain(keyTime: .min, loss: loss)
                }
            }
            return .next
        }
    }

    /// Whether `row` goes on where its group's chain stands; false where the chain is broken already.
    private static func follow(
        _ row: (time: Int64, group: UInt16), _ payload: [UInt8], _ chains: inout [UInt16: Chain],
        _ damage: DamageList?, _ path: String
    ) throws(StoreError) -> Bool {
        do throws(CodecError) {
            switch try HeadRowDecoder.kind(of: payload) {
            case .key: chains[row.group] = Chain(keyTime: row.time)
            case .delta(let age, let place):
                if let loss = chains[row.group]?.loss {
                    damage?.extend(loss, through: row.time)
                    return false
                }
                guard let chain = chains[row.group], chain.keyTime == row.time &- age else {
                    throw .malformed(position: 1, reason: "its key row is missing")
                }
                guard place == chain.place + 1 else {
                    throw .malformed(position: 1, reason: "the row before it is missing")
                }
                chains[row.group]?.place = place
            }
            return true
        } catch {
            throw StoreError(error, path: path, record: record(row))
        }
    }

    private static func checked(_ key: RawSpan, _ value: RawSpan, _ path: String) throws(StoreError) -> [UInt8] {
        if let payload = Checksum.payload(of: value, key: key) { return payload }
        let row = key.headRowKey() ?? (0, 0)
        throw .damaged(path: path, record: record(row), reason: "wrong checksum")
    }

    static func record(_ row: (time: Int64, group: UInt16)) -> String {
        isFrame(row.group)
            ? "process row at \(UTCText.format(Timestamp(milliseconds: row.time)))"
            : "row of group \(row.group) at \(UTCText.format(Timestamp(milliseconds: row.time)))"
    }
}
