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
            try toleratingRegistry(day) { registry throws(StoreError) in
                let ids = try registry.ids(matching: matchers, in: transaction)
                found.reserve(ids.count, day: day)
                for id in ids {
                    try stopCheck.pass()
                    do throws(StoreError) {
                        let labels = try registry.labels(of: id, in: transaction)
                        // The name of a series whose samples were deleted.
                        if !labels.isEmpty { found.add(labels, day: day, id: id) }
                    } catch {
                        try damage.tolerate(error, range: TimeRange(day: day), series: true)
                    }
                }
            }
        }
        if !found.labels.isEmpty { try readHead(into: &found, in: range) }
        for start in try registryStarts(.thirtyDays, in: range) {
            let range = TimeRange(
                minMilliseconds: start * 1000 + 1, maxMilliseconds: (start + TierBlock.longSpanSeconds) * 1000)
            try tolerating(range) { () throws(StoreError) in
                var registry = try longRegistry(start)
                registry.stop = stopCheck
                for id in try registry.ids(matching: matchers, in: transaction) {
                    try stopCheck.pass()
                    guard
                        let labels = try tolerating(
                            range, series: true,
                            { () throws(StoreError) in
                                try registry.labels(of: id, in: transaction)
                            }), !labels.isEmpty
                    else { continue }
                    // An empty one as above: its windows were deleted.
                    found.longIDs.append(id, of: found.place(of: labels), start: start)
                }
            }
        }
        try addProcessSeries(matchers, to: &found, in: range)
        let order = try labelOrder(of: found.labels)
        return SeriesSelection(
            self, range: range, blocks: found.labels.isEmpty ? [] : try blockReferences(in: range),
            labels: try put(found.labels, in: order), ids: try found.ids.sorted(by: order, stopCheck),
            longIDs: try found.longIDs.sorted(by: order, stopCheck), recent: try put(found.recent, in: order),
            isMade: try put(found.isMade, in: order))
    }

    private func put<Element>(_ elements: [Element], in order: [Int]) throws(StoreError) -> [Element] {
        var stop = stopCheck
        var result: [Element] = []
        result.reserveCapacity(order.count)
        for place in order {
            try stop.pass()
            result.append(elements[place])
        }
        return result
    }

    /// The places of label sets in their order. Of a million they take a second.
    private func labelOrder(of labels: [Labels]) throws(StoreError) -> [Int] {
        var order = Array(labels.indices)
        var stop = stopCheck
        // A sort passes on what its comparison throws, whatever it is.
        do {
            try order.sort {
                // Of some twenty comparisons a series.
                try stop.pass()
                return labels[$0] < labels[$1]
            }
        } catch let error as StoreError {
            throw error
        } catch {
            preconditionFailure("a comparison of labels throws errors of the store alone")
        }
        return order
    }

    /// What a selection collects before it is put into order.
    struct FoundSeries {
        private var names = LabelNumbers()
        /// Ids in the registries of days.
        private(set) var ids = SeriesIDs.Found()
        /// Ids in the registries of 30 days.
        var longIDs = SeriesIDs.Found()
        var recent: [SampleColumn] = []
        /// Whether the series is made from process frames.
        var isMade: [Bool] = []
        /// Place of the series with an id of a day.
        private(set) var placesByID: [Int64: [UInt32: Int]] = [:]
        /// The lowest and the highest of these ids.
        private(set) var idBounds: ClosedRange<UInt32>?

        var labels: [Labels] { names.labels }

        /// Makes room for ids of a day at once: a table that grows as it is filled is made anew again and again.
        mutating func reserve(_ count: Int, day: Int64) {
            if count > 0 { placesByID[day, default: [:]].reserveCapacity(count) }
        }

        mutating func add(_ series: Labels, day: Int64, id: UInt32) {
            let place = self.place(of: series)
            ids.append(id, of: place, start: day)
            placesByID[day, default: [:]][id] = place
            idBounds = min(idBounds?.lowerBound ?? id, id)...max(idBounds?.upperBound ?? id, id)
        }

        func contains(_ series: Labels) -> Bool { names.number(of: series) != nil }

        mutating func place(of series: Labels) -> Int {
            let place = names.insert(series)
            if place == isMade.count {
                isMade.append(false)
                recent.append(SampleColumn())
            }
            return place
        }
    }

    /// A group's chain in the head, and which of its slots are wanted.
    private struct Chain {
        var decoder = HeadRowDecoder()
        var mapped = 0
        var wanted: [(slot: Int, place: Int)] = []
        /// Whether the rows up to the next key row have nothing that is wanted.
        var isSkipped = false

        /// Finds the slots that came with the row read last.
        mutating func map(_ places: [UInt32: Int]) {
            for slot in mapped..<decoder.ids.count {
                if let place = places[decoder.ids[slot]] { wanted.append((slot, place)) }
            }
            mapped = decoder.ids.count
        }
    }

    /// Decodes the head's rows of `range` for the series found, and adds the late batches.
    private func readHead(into found: inout FoundSeries, in range: TimeRange) throws(StoreError) {
        guard let bounds = found.idBounds else { return }
        if try !readRows(found.placesByID, bounds, into: &found.recent, in: range, skipping: true) {
            found.recent = [SampleColumn](repeating: SampleColumn(), count: found.recent.count)
            _ = try readRows(found.placesByID, bounds, into: &found.recent, in: range, skipping: false)
        }
        try readLateBatches(found.placesByID, into: &found.recent)
    }

    /// - Parameters:
    ///   - bounds: of the ids: they are looked at before they are looked up, since a selection's lie close together.
    ///   - skipping: whether to leave out the chains of groups that have none of the series.
    /// - Returns: false where a chain that was left out got new series on its way, so that it has to be read after all.
    private func readRows(
        _ placesByID: [Int64: [UInt32: Int]], _ bounds: ClosedRange<UInt32>, into columns: inout [SampleColumn],
        in range: TimeRange, skipping: Bool
    ) throws(StoreError) -> Bool {
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        let entries = try HeadScan.entries(
            from: min, through: max, groups: Set(try groups().keys), tolerating: damage, in: transaction)
        var chains: [UInt16: Chain] = [:]
        var isComplete = true
        try HeadScan.rows(entries: entries, through: max, tolerating: damage, stop: stopCheck, in: transaction) {
            group, time, payload throws(CodecError) in
            var chain = chains.removeValue(forKey: group) ?? Chain()
            defer { chains[group] = chain }
            let places = placesByID[Block.spanStart(time, length: Block.daySeconds)] ?? [:]
            let isKey = try HeadRowDecoder.kind(of: payload) == .key
            if skipping, isKey || chain.isSkipped {
                let names = try HeadRowDecoder.names(payload) { bounds.contains($0) && places[$0] != nil }
                if !isKey, names { isComplete = false }
                if isKey { chain.isSkipped = !names }
                if chain.isSkipped { return }
            }
            try chain.decoder.decode(payload)
            if isKey {
                chain.mapped = 0
                chain.wanted.removeAll(keepingCapacity: true)
            }
            if chain.mapped < chain.decoder.ids.count { chain.map(places) }
            if time < min { return }
            for (slot, place) in chain.wanted where chain.decoder.slots[slot].isPresent {
                columns[place].append(time, Double(bitPattern: chain.decoder.slots[slot].bits))
            }
        }
        return isComplete
    }

    private func readLateBatches(
        _ placesByID: [Int64: [UInt32: Int]], into columns: inout [SampleColumn]
    ) throws(StoreError) {
        try forEachLateBatch(tolerating: damage) { _, batch throws(StoreError) in
            guard let places = placesByID[batch.day] else { return }
            for one in batch.series {
                guard let place = places[one.id] else { continue }
                columns[place].timestamps += one.times
                columns[place].values += one.values
            }
        }
    }
}
