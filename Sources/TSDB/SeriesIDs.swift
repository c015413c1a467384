/// The ids of series in the registries of several spans, by series and then by start of span: all in one array, since
/// as many small ones as there are series take longer to make and to free than the search itself.
struct SeriesIDs {
    typealias Entry = (start: Int64, id: UInt32)

    private var list: [Entry] = []
    /// Where the ids of each series begin; one more than there are series.
    private var starts: [Int] = [0]

    /// The ids of one series, by start ascending.
    subscript(index: Int) -> ArraySlice<Entry> { list[starts[index]..<starts[index + 1]] }

    /// Ids in the order in which a search finds them: by start, each with the place of its series.
    struct Found {
        private var entries: [(place: Int, start: Int64, id: UInt32)] = []

        mutating func append(_ id: UInt32, of place: Int, start: Int64) { entries.append((place, start, id)) }

        /// - Parameter order: the places of the series in the order in which they are to be.
        func sorted(by order: [Int], _ stop: StopCheck) throws(StoreError) -> SeriesIDs {
            var stop = stop
            var ids = SeriesIDs()
            var ranks = [Int](repeating: 0, count: order.count)
            for (rank, place) in order.enumerated() { ranks[place] = rank }
            var next = [Int](repeating: 0, count: order.count + 1)
            for entry in entries { next[ranks[entry.place] + 1] += 1 }
            try stop.pass(order.count / 16)
            for rank in order.indices { next[rank + 1] += next[rank] }
            ids.starts = next
            ids.list = [Entry](repeating: (0, 0), count: entries.count)
            for entry in entries {
                try stop.pass()
                let rank = ranks[entry.place]
                ids.list[next[rank]] = (entry.start, entry.id)
                next[rank] += 1
            }
            return ids
        }
    }
}
