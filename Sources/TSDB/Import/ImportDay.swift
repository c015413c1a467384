import LMDB
import Model

/// The series of one UTC day as an import needs them: the day's ids of the import's numbers.
///
/// Holds only while the store's generation is the one at which it was read: registries are merged and, with retention,
/// dropped by others.
struct ImportDay {
    /// Start of the day in seconds.
    let day: Int64
    private(set) var generation: UInt64
    /// Series of the day, whoever named them.
    private(set) var count: Int
    private var ids: [UInt32]
    private var tailCount: Int
    private var sortedCount: Int

    init(day: Int64, _ snapshot: Snapshot, _ table: LabelTable) throws(StoreError) {
        var ids = [UInt32](repeating: .max, count: table.count)
        var (count, tails, sorted) = (0, 0, 0)
        try snapshot.withRegistry(day) { registry throws(StoreError) in
            count = registry.count
            tails = registry.tailCount
            sorted = registry.seriesCount
            for id in 0..<UInt32(registry.count) {
                let labels = try registry.labels(of: id, in: snapshot.transaction)
                if let number = table.number(of: labels) { ids[number] = id }
            }
        }
        self.day = day
        self.ids = ids
        (self.count, tailCount, sortedCount) = (count, tails, sorted)
        generation = try snapshot.currentSuperblock().generation
    }

    /// The day's id of a series; nil where the day has not seen it.
    func id(of series: Int) -> UInt32? { ids[series] == .max ? nil : ids[series] }

    /// Names series that the day has not seen, in one transaction.
    /// - Returns: false, with nothing changed, where others have changed the store meanwhile.
    mutating func register(_ news: [Int], _ table: LabelTable, in store: Store) throws(StoreError) -> Bool {
        let isTail = RegistryTail.takes(news.count, sorted: sortedCount, records: tailCount)
        var known: [Labels] = []
        if !isTail {
            let snapshot = try store.snapshot()
            try snapshot.withRegistry(day) { registry throws(StoreError) in
                known = try registry.allLabels(in: snapshot.transaction)
            }
        }
        // The names of a million series are where the table has them, and nowhere else.
        let sorted =
            isTail
            ? []
            : RegistryWriter.encode(count: known.count + news.count) { id in
                id < known.count ? known[id].bytes[...] : table.bytes(of: news[id - known.count])
            }
        known = []
        let labels = isTail ? news.map { table.labels(of: $0) } : []
        let (day, count, tailCount, generation) = (day, count, tailCount, generation)
        let isDone = try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation else { return false }
            if isTail {
                try transaction.put(
                    Key.registry(span: .day, start: day, stripe: Key.firstTailStripe + UInt16(tailCount)),
                    payload: RegistryWriter.encodeTail(firstID: count, labels[...]))
            } else {
                try DayWriter.replace(
                    day: day, by: sorted, in: transaction, stripeBytes: store.superblock.stripeBytes)
            }
            try transaction.raiseGeneration(of: store)
            return true
        }
        guard isDone else { return false }
        for (place, series) in news.enumerated() { ids[series] = UInt32(count + place) }
        self.count += news.count
        self.tailCount = isTail ? tailCount + 1 : 0
        if !isTail { sortedCount = self.count }
        self.generation = generation + 1
        return true
    }

    /// A transaction of this import has raised the generation.
    mutating func followGeneration() { generation += 1 }

    /// Whether the registry has a tail, which the agent merges in the days it records alone.
    var hasTail: Bool { tailCount > 0 }
}
