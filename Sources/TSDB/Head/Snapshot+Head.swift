import LMDB
import Model

extension Snapshot {
    /// The superblock as of this snapshot.
    func currentSuperblock() throws(StoreError) -> Superblock {
        guard let payload = try transaction.payload(of: Key.superblock, record: "superblock") else {
            throw .damaged(path: store.path, record: "superblock", reason: "missing")
        }
        return try Superblock.decode(payload, path: store.path)
    }

    /// Time of the oldest row in milliseconds, but for frames that came late; nil where the head is empty.
    func oldestHeadTime() throws(StoreError) -> Int64? {
        var oldest: Int64?
        try transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            if row.group == HeadScan.lateFrameGroup { return .next }
            oldest = row.time
            return .stop
        }
        return oldest
    }

    /// Time of the last row of each group that has rows, the frames' among them, but for those that came late.
    func lastRowTimes() throws(StoreError) -> [UInt16: Int64] {
        var times: [UInt16: Int64] = [:]
        try transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            if row.group == HeadScan.lateFrameGroup { return .next }
            times[row.group] = row.time
            return .next
        }
        return times
    }

    /// Time of the newest process frame; nil where there is none.
    func lastFrameTime() throws(StoreError) -> Int64? {
        let row = try lastRowTimes()[HeadScan.frameGroup]
        let end = Key.frameBlock(tier: 1, start: .min, stripe: 0)
        let last = try transaction.lastKey(before: end) { $0.frameBlockKey() }
        guard let last, last.tier == 0, row ?? .min < TimeRange(span: last.start).max.milliseconds else { return row }
        let block = FrameBlockReference(tier: 0, start: last.start)
        let times = try tolerating { () throws(StoreError) in try frameBlock(block, tolerating: damage).times } ?? []
        return max(row ?? .min, times.last ?? .min)
    }

    /// What was live when recording ended.
    struct LastRow {
        var group: UInt16
        var time: Int64
        /// Ids, in the registry of the row's day, of the series that have a sample in the row.
        var presentIDs: [UInt32]
    }

    /// The last row of each group, frames included.
    func lastRows() throws(StoreError) -> [LastRow] {
        let times = try lastRowTimes()
        var rows: [LastRow] = []
        for (group, time) in times.sorted(by: { $0.key < $1.key }) {
            if group == HeadScan.frameGroup {
                rows.append(LastRow(group: group, time: time, presentIDs: []))
                continue
            }
            let entries = try HeadScan.entries(from: time, through: time, groups: [group], in: transaction)
            var decoder = HeadRowDecoder()
            try HeadScan.rows(entries: entries, through: time, in: transaction) { _, _, payload throws(CodecError) in
                try decoder.decode(payload)
            }
            let present = decoder.slots.indices.filter {
                decoder.slots[$0].isPresent && decoder.slots[$0].tag != HeadState.staleTag
            }
            rows.append(LastRow(group: group, time: time, presentIDs: present.map { decoder.ids[$0] }))
        }
        return rows
    }

    /// The newest raw block of each group.
    func newestBlocks() throws(StoreError) -> [BlockReference] {
        var newest: [BlockReference] = []
        for group in try groups().keys {
            let end = Key.block(group: group, tier: 1, start: .min, stripe: 0)
            let last = try transaction.lastKey(before: end) { $0.blockKey() }
            if let last, last.group == group, last.tier == 0 {
                newest.append(BlockReference(group: group, start: last.start))
            }
        }
        return newest
    }
}
