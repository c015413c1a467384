import Model

/// Makes time columns and presence lists out of series that each have times of their own.
enum BlockAssembly {
    /// Merges samples into those of a block; of samples with equal times the new one stays.
    static func merge(
        _ block: [UInt32: SampleColumn], _ late: [UInt32: SampleColumn]
    ) -> (times: [[Int64]], series: [BlockSeries]) {
        var columns = block
        for (id, column) in late {
            columns[id, default: SampleColumn()].timestamps += column.timestamps
            columns[id]?.values += column.values
            columns[id]?.normalize()
        }
        return assemble(columns)
    }

    /// Column 0 is the union of all times, which a scraped group's series have but for gaps. A series that would need
    /// many runs of presence there gets a column of its own, shared with those that have the very same times.
    static func assemble(_ columns: [UInt32: SampleColumn]) -> (times: [[Int64]], series: [BlockSeries]) {
        let sorted = columns.filter { $0.value.count > 0 }.sorted { $0.key < $1.key }
        // Series of one scrape follow each other, so most are told apart from the last one alone.
        var distinct: [[Int64]] = []
        var known: [[Int64]: Int] = [:]
        var chosen: [Int] = []
        for (_, column) in sorted {
            if let last = chosen.last, distinct[last] == column.timestamps {
                chosen.append(last)
                continue
            }
            let place = known[column.timestamps] ?? distinct.count
            if place == distinct.count {
                known[column.timestamps] = place
                distinct.append(column.timestamps)
            }
            chosen.append(place)
        }
        var times: [[Int64]] = []
        var forms: [(column: Int, presence: Presence)?] = Array(repeating: nil, count: distinct.count)
        if let union = union(of: distinct) {
            for (place, own) in distinct.enumerated() {
                let presence = presence(of: own, in: union)
                // A run costs two or three bytes; a column of jittered times about half a byte a tick.
                if presence.runs.count <= 16 + own.count / 8 { forms[place] = (0, presence) }
            }
            if forms.contains(where: { $0 != nil }) { times.append(union) }
        }
        var series: [BlockSeries] = []
        series.reserveCapacity(sorted.count)
        for (index, (id, column)) in sorted.enumerated() {
            let place = chosen[index]
            let form = forms[place] ?? (times.count, Presence(runs: [Presence.Run(gap: 0, length: column.count)]))
            if forms[place] == nil { times.append(distinct[place]) }
            forms[place] = form
            series.append(
                BlockSeries(id: id, timeColumn: form.column, presence: form.presence, values: column.values))
        }
        return (times, series)
    }

    /// All times of the columns; nil where they have so little in common that it would serve none of them.
    private static func union(of columns: [[Int64]]) -> [Int64]? {
        guard var union = columns.max(by: { $0.count < $1.count }) else { return nil }
        // Series of half the length are told by few runs in a union twice as long, or not at all.
        let limit = 2 * union.count + 64
        var merged: [Int64] = []
        for column in columns where column.count <= union.count && column != union {
            merged.removeAll(keepingCapacity: true)
            var (left, right) = (0, 0)
            while left < union.count, right < column.count {
                let (a, b) = (union[left], column[right])
                merged.append(min(a, b))
                if a <= b { left += 1 }
                if b <= a { right += 1 }
            }
            merged.append(contentsOf: union[left...])
            merged.append(contentsOf: column[right...])
            if merged.count > limit { return nil }
            swap(&union, &merged)
        }
        return union
    }

    /// Where `column`, all of whose times `union` has, is present in it.
    private static func presence(of column: [Int64], in union: [Int64]) -> Presence {
        if column.count == union.count { return Presence(runs: [Presence.Run(gap: 0, length: column.count)]) }
        var presence = Presence()
        var (end, place) = (0, 0)
        for time in column {
            while union[place] < time { place += 1 }
            presence.append(place, end: &end)
            place += 1
        }
        return presence
    }
}

extension Snapshot {
    /// All samples of a block by series id.
    /// - Parameter damage: series that are damaged are left out and named there; without it the damage is thrown.
    func columns(
        of reference: BlockReference, tolerating damage: DamageList? = nil
    ) throws(StoreError) -> [UInt32: SampleColumn] {
        var columns: [UInt32: SampleColumn] = [:]
        let span = TimeRange(span: reference.start)
        do throws(StoreError) {
            try withBlock(reference) { block throws(StoreError) in
                var decoder = ChunkDecoder()
                var values: [Double] = []
                for segment in 0..<block.segmentCount {
                    var entries: [BlockReader.Entry] = []
                    do throws(StoreError) {
                        entries = try block.segment(segment, in: transaction)
                    } catch {
                        guard let damage else { throw error }
                        try damage.tolerate(error, range: span)
                    }
                    for entry in entries {
                        var column = SampleColumn()
                        do throws(StoreError) {
                            try block.read(
                                entry, from: .min, through: .max, using: &decoder, &values, into: &column,
                                in: transaction)
                            columns[entry.id] = column
                        } catch {
                            guard let damage else { throw error }
                            try damage.tolerate(error, range: span, series: true)
                        }
                    }
                }
            }
        } catch {
            guard let damage else { throw error }
            try damage.tolerate(error, range: span)
        }
        return columns
    }
}
