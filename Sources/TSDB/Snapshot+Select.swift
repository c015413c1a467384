import LMDB
package import Model

extension Snapshot {
    /// The series that satisfy all matchers and were named in the days of `range`, in label order.
    /// A series may turn out to have no sample in the range itself.
    ///
    /// Cost: a look-up in the registry of each day; the rows of the head that lie in the range are decoded once.
    package func select(_ matchers: [Matcher], in range: TimeRange) throws(StoreError) -> SeriesSelection {
        var found = FoundSeries()
        for day in try registryDays(in: range) {
            try withRegistry(day) { registry throws(StoreError) in
                for id in try registry.ids(matching: matchers, in: transaction) {
                    found.add(try registry.labels(of: id, in: transaction), day: day, id: id)
                }
            }
        }
        if !found.labels.isEmpty { try readHead(into: &found, in: range) }
        try addProcessSeries(matchers, to: &found, in: range)
        let order = found.labels.indices.sorted { found.labels[$0] < found.labels[$1] }
        return SeriesSelection(
            self, range: range, blocks: found.labels.isEmpty ? [] : try blockReferences(in: range),
            labels: order.map { found.labels[$0] }, ids: order.map { found.ids[$0] },
            recent: order.map { found.recent[$0] })
    }

    /// What a selection collects before it is put into order.
    struct FoundSeries {
        var labels: [Labels] = []
        var ids: [[(day: Int64, id: UInt32)]] = []
        var recent: [SampleColumn] = []
        private var places: [Labels: Int] = [:]
        /// Place of the series with an id of a day.
        private(set) var placesByID: [Int64: [UInt32: Int]] = [:]

        mutating func add(_ series: Labels, day: Int64, id: UInt32) {
            let place = self.place(of: series)
            ids[place].append((day, id))
            placesByID[day, default: [:]][id] = place
        }

        func contains(_ series: Labels) -> Bool { places[series] != nil }

        mutating func place(of series: Labels) -> Int {
            if let known = places[series] { return known }
            let place = labels.count
            places[series] = place
            labels.append(series)
            ids.append([])
            recent.append(SampleColumn())
            return place
        }
    }

    /// Decodes the head's rows of `range` for the series found.
    private func readHead(into found: inout FoundSeries, in range: TimeRange) throws(StoreError) {
        /// A group's chain, and which of its slots are wanted.
        struct Chain {
            var decoder = HeadRowDecoder()
            var mapped = 0
            var wanted: [(slot: Int, place: Int)] = []
        }
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        let entries = try HeadScan.entries(
            from: min, through: max, groups: Set(try groups().keys), in: transaction)
        var chains: [UInt16: Chain] = [:]
        let placesByID = found.placesByID
        var columns = found.recent
        try HeadScan.rows(entries: entries, through: max, in: transaction) { group, time, payload throws(CodecError) in
            var chain = chains.removeValue(forKey: group) ?? Chain()
            try chain.decoder.decode(payload)
            if try HeadRowDecoder.kind(of: payload) == .key {
                chain.mapped = 0
                chain.wanted.removeAll(keepingCapacity: true)
            }
            if chain.mapped < chain.decoder.ids.count {
                let places = placesByID[Block.spanStart(time, length: Block.daySeconds)] ?? [:]
                for slot in chain.mapped..<chain.decoder.ids.count {
                    if let place = places[chain.decoder.ids[slot]] { chain.wanted.append((slot, place)) }
                }
                chain.mapped = chain.decoder.ids.count
            }
            if time >= min {
                for (slot, place) in chain.wanted where chain.decoder.slots[slot].isPresent {
                    columns[place].append(time, Double(bitPattern: chain.decoder.slots[slot].bits))
                }
            }
            chains[group] = chain
        }
        try forEachLateBatch { _, batch throws(StoreError) in
            guard let places = placesByID[batch.day] else { return }
            for one in batch.series {
                guard let place = places[one.id] else { continue }
                columns[place].timestamps += one.times
                columns[place].values += one.values
            }
        }
        found.recent = columns
    }
}
