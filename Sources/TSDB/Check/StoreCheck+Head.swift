import LMDB
import Model

extension StoreCheck {
    /// Every group's chain of rows decodes from key row to key row, and its ids have names.
    mutating func checkRows() throws(StoreError) {
        let first = try firstRows().filter { !HeadScan.isFrame($0.key) }
        for group in first.keys.sorted() { expectGroup(group, of: "rows") }
        /// What is known of a group while its rows go by.
        struct Chain {
            var decoder = HeadRowDecoder()
            var ids: Set<UInt32> = []
            var day = Int64.min
        }
        var chains: [UInt16: Chain] = [:]
        var days: [(group: UInt16, day: Int64, ids: Set<UInt32>)] = []
        var report = self.report
        let damage = DamageList()
        try HeadScan.rows(entries: first, through: .max, tolerating: damage, in: snapshot.transaction) {
            group, time, payload throws(CodecError) in
            var chain = chains.removeValue(forKey: group) ?? Chain()
            try chain.decoder.decode(payload)
            let day = Block.spanStart(time, length: Block.daySeconds)
            if day != chain.day {
                if !chain.ids.isEmpty { days.append((group, chain.day, chain.ids)) }
                chain.ids = []
                chain.day = day
            }
            var count = 0
            for (slot, state) in chain.decoder.slots.enumerated() where state.isPresent {
                count += 1
                chain.ids.insert(chain.decoder.ids[slot])
            }
            report.count(samples: count, from: time, through: time)
            chains[group] = chain
        }
        for (group, chain) in chains where !chain.ids.isEmpty { days.append((group, chain.day, chain.ids)) }
        report.add(damage)
        self.report = report
        for (group, day, ids) in days { expectIDs(ids, at: day * 1000 + 1, of: "rows of group \(group)") }
    }

    mutating func checkFrameRows() throws(StoreError) {
        let first = try firstRows().filter { HeadScan.isFrame($0.key) }
        var rows = FrameRows()
        var report = self.report
        let damage = DamageList()
        try HeadScan.rows(entries: first, through: .max, tolerating: damage, in: snapshot.transaction) {
            group, time, payload throws(CodecError) in
            try rows.add(group, time, payload)
            report.frames += 1
        }
        report.add(damage)
        self.report = report
    }

    /// Time of the oldest row of each group.
    private func firstRows() throws(StoreError) -> [UInt16: Int64] {
        var first: [UInt16: Int64] = [:]
        try snapshot.transaction.scan(from: [Key.Kind.headRow.rawValue]) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return key.isKey(.headRow) ? .next : .stop }
            if first[row.group] == nil { first[row.group] = row.time }
            return .next
        }
        return first
    }

    mutating func checkLateBatches() throws(StoreError) {
        let damage = DamageList()
        var batches: [(UInt64, LateBatch)] = []
        try snapshot.forEachLateBatch(tolerating: damage) { sequence, batch throws(StoreError) in
            batches.append((sequence, LateBatch(day: batch.day, group: batch.group, series: batch.series)))
        }
        report.add(damage)
        for (sequence, batch) in batches {
            let title = "late batch \(sequence)"
            expectGroup(batch.group, of: title)
            expectIDs(batch.series.map(\.id), at: batch.day * 1000 + 1, of: title)
            let day = TimeRange(day: batch.day)
            for one in batch.series where one.times.contains(where: { !day.contains(Timestamp(milliseconds: $0)) }) {
                report.add(title, "it has samples of another day than it says")
                break
            }
            let count = batch.series.reduce(0) { $0 + $1.times.count }
            report.count(samples: count, from: batch.minTime, through: batch.maxTime)
        }
    }
}
