import LMDB
import Model

/// The records behind the sorted part of a day's registry, which have what was named since that was written.
enum RegistryTail {
    /// More series than this go to the sorted part at once: a record of them would want contiguous pages.
    private static let seriesMax = 1000

    /// Whether samples from outside add a record of `count` new series, or the sorted part is written anew: with many
    /// of them next to those that are sorted it is no more work, and readers look through records one by one.
    static func takes(_ count: Int, sorted: Int, records: Int) -> Bool {
        count <= min(seriesMax, max(16, sorted / 8)) && records < recordsMax / 2
    }

    /// What stripe numbers leave for records is 4,095.
    static let recordsMax = 4096
}

/// The registry of the day that is being written: gives ids to series and writes the new ones as tail records.
struct DayWriter {
    /// Start of the day in seconds.
    let day: Int64
    /// Label set of each id.
    private(set) var labels: [Labels] = []
    private var idOfLabels: [Labels: UInt32] = [:]
    private var idOfReference: [UInt32] = []
    /// Ids below it are in the store.
    private var writtenCount = 0
    private var tailCount = 0
    /// Series that a day names at most.
    var seriesMax = StoreLimits.daySeriesMax

    /// Reads what the store knows of the day.
    init(day: Int64, store: Store) throws(StoreError) {
        self.day = day
        let snapshot = try store.snapshot()
        var labels: [Labels] = []
        var tails = 0
        try snapshot.withRegistry(day) { registry throws(StoreError) in
            // A series whose name is damaged is another one from now on; its id stays taken.
            labels = try registry.allLabels(tolerating: DamageList(writing: ()), in: snapshot.transaction)
            tails = registry.tailCount
        }
        self.labels = labels
        for (id, one) in labels.enumerated() { idOfLabels[one] = UInt32(id) }
        writtenCount = labels.count
        tailCount = tails
    }

    /// Whether there are series that ``writeTail(in:)`` has to write.
    var hasNews: Bool { writtenCount < labels.count }

    /// The id of a reference; a new one where the day has not seen the series.
    mutating func id(of reference: Int, _ series: SeriesTable) -> UInt32 {
        while idOfReference.count <= reference { idOfReference.append(.max) }
        if idOfReference[reference] != .max { return idOfReference[reference] }
        let name = series.labels[reference]
        let id = idOfLabels[name] ?? UInt32(labels.count)
        if Int(id) == labels.count {
            labels.append(name)
            idOfLabels[name] = id
        }
        idOfReference[reference] = id
        return id
    }

    /// The row without the samples of series that the day has no room to name (``seriesMax``).
    mutating func admit(_ row: Scrape.Row, _ series: SeriesTable, _ refused: inout RefusedSeries) -> Scrape.Row {
        // Far from the limit nothing has to be looked up.
        if labels.count + row.samples.count <= seriesMax { return row }
        var admitted = row
        admitted.samples.removeAll(keepingCapacity: true)
        for sample in row.samples {
            let name = series.labels[sample.series.index]
            if idOfLabels[name] != nil || labels.count < seriesMax {
                _ = id(of: sample.series.index, series)
                admitted.samples.append(sample)
            } else {
                refused.add(name)
            }
        }
        return admitted
    }

    /// Writes the series that are new since the last call, as one record behind the sorted part.
    mutating func writeTail(in transaction: borrowing WriteTransaction) throws(StoreError) {
        let key = Key.registry(span: .day, start: day, stripe: Key.firstTailStripe + UInt16(tailCount))
        try transaction.put(
            key, payload: RegistryWriter.encodeTail(firstID: writtenCount, labels[writtenCount...]))
        writtenCount = labels.count
        tailCount += 1
    }

    /// Whether the tail has to be merged before more can be written.
    var isTailFull: Bool { tailCount >= RegistryTail.recordsMax - 1 }

    /// Merges the tail records into the sorted part, in the transaction given.
    /// - Returns: false where there was nothing to merge.
    static func merge(day: Int64, _ labels: [Labels], in transaction: borrowing WriteTransaction, stripeBytes: Int)
        throws(StoreError)
    {
        try replace(day: day, by: RegistryWriter.encode(labels), in: transaction, stripeBytes: stripeBytes)
    }

    /// Puts a registry, encoded, in the place of the day's sorted part and its tail.
    static func replace(
        day: Int64, by bytes: [UInt8], in transaction: borrowing WriteTransaction, stripeBytes: Int
    ) throws(StoreError) {
        guard Stripes.fit(bytes.count, stripeBytes: stripeBytes, limit: Key.firstTailStripe) else {
            throw .invalid("the registry of one day exceeds \(Int(Key.firstTailStripe) * stripeBytes) bytes")
        }
        do throws(StorageError) {
            let written = try Stripes.write(
                bytes, stripeBytes: stripeBytes,
                key: { Key.registry(span: .day, start: day, stripe: $0) }, in: transaction)
            // What is left of a longer sorted part, and the tail.
            _ = try transaction.deleteRange(
                from: Key.registry(span: .day, start: day, stripe: UInt16(written))
            ) { key in
                guard let name = key.registryKey() else { return false }
                return name.span == RegistrySpan.day.rawValue && name.start == day
            }
        } catch {
            throw StoreError(error)
        }
    }
}
