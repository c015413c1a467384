import Model

/// The rows of one group in one span, decoded into what a block is made of.
struct HeadRows {
    /// Keys of the rows, in order, and checksums of what was read under them; nil where what is there is damaged.
    private(set) var keys: [[UInt8]] = []
    private(set) var checksums: [UInt32?] = []
    /// Rows that are damaged, or cannot be read because one before them is. They go with the others: nothing will ever
    /// be made of them, and a span that could not be sealed would grow for ever.
    let damage = DamageList(writing: ())
    private(set) var times: [Int64] = []
    /// In order of ids.
    private(set) var series: [BlockSeries] = []

    /// Nil where the span has no rows of the group.
    init?(group: UInt16, from first: Int64, through last: Int64, in store: Store) throws(StoreError) {
        try self.init(group: group, from: first, through: last, in: store.snapshot())
    }

    /// As one snapshot shows them.
    init?(group: UInt16, from first: Int64, through last: Int64, in snapshot: Snapshot) throws(StoreError) {
        let entries = try HeadScan.entries(
            from: first, through: last, groups: [group], tolerating: damage, in: snapshot.transaction)
        if entries.isEmpty && damage.isEmpty { return nil }
        var decoder = HeadRowDecoder()
        var placeOfID: [UInt32: Int] = [:]
        var places: [Int] = []
        var placesOfChain: Set<Int> = []
        var ends: [Int] = []
        var (keys, checksums, times, series) = (keys, checksums, times, series)
        try HeadScan.rows(entries: entries, through: last, tolerating: damage, in: snapshot.transaction) {
            group, time, payload throws(CodecError) in
            try decoder.decode(payload)
            if try HeadRowDecoder.kind(of: payload) == .key {
                places.removeAll(keepingCapacity: true)
                placesOfChain.removeAll(keepingCapacity: true)
            }
            for slot in places.count..<decoder.ids.count {
                let id = decoder.ids[slot]
                if placeOfID[id] == nil {
                    placeOfID[id] = series.count
                    series.append(BlockSeries(id: id, timeColumn: 0, presence: Presence(), values: []))
                    ends.append(0)
                }
                let place = placeOfID[id] ?? 0
                // Before anything of the row is taken: a row that is passed over must leave no trace.
                guard placesOfChain.insert(place).inserted else {
                    throw .malformed(position: slot, reason: "a series twice in a row")
                }
                places.append(place)
            }
            let tick = times.count
            for slot in decoder.slots.indices where decoder.slots[slot].isPresent {
                let place = places[slot]
                series[place].presence.append(tick, end: &ends[place])
                series[place].values.append(Double(bitPattern: decoder.slots[slot].bits))
            }
            keys.append(Key.headRow(time: time, group: group))
            checksums.append(HeadRows.checksum(payload))
            times.append(time)
        }
        if !damage.isEmpty {
            (keys, checksums) = try HeadRows.allRows(of: group, from: first, through: last, in: snapshot)
        }
        self.keys = keys
        self.checksums = checksums
        self.times = times
        // A series that appears in no row with a sample is none.
        self.series = series.filter { !$0.values.isEmpty }.sorted { $0.id < $1.id }
    }

    /// The keys of all rows of a group in a span, readable or not.
    static func allRows(
        of group: UInt16, from first: Int64, through last: Int64, in snapshot: Snapshot
    ) throws(StoreError) -> (keys: [[UInt8]], checksums: [UInt32?]) {
        var keys: [[UInt8]] = []
        var checksums: [UInt32?] = []
        try snapshot.transaction.scan(from: Key.headRow(time: first, group: 0)) { key, value throws(StoreError) in
            guard let row = key.headRowKey(), row.time <= last else { return .stop }
            if row.group != group { return .next }
            keys.append(key.array())
            checksums.append(Checksum.payload(of: value, key: key).map(checksum))
            return .next
        }
        return (keys, checksums)
    }

    /// The samples by series id.
    func columns() -> [UInt32: SampleColumn] {
        var columns: [UInt32: SampleColumn] = [:]
        for one in series {
            var column = SampleColumn()
            var tick = 0
            for run in one.presence.runs {
                tick += run.gap
                column.timestamps.append(contentsOf: times[tick..<tick + run.length])
                tick += run.length
            }
            column.values = one.values
            columns[one.id] = column
        }
        return columns
    }

    /// What tells a row from another that took its place.
    static func checksum(_ payload: [UInt8]) -> UInt32 { Checksum.plain(payload) }
}
