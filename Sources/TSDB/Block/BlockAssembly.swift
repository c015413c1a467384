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
        let union = Set(columns.values.flatMap(\.timestamps)).sorted()
        var place: [Int64: Int] = [:]
        for (index, time) in union.enumerated() { place[time] = index }
        var times = [union]
        var own: [[Int64]: Int] = [:]
        var series: [BlockSeries] = []
        for (id, column) in columns.sorted(by: { $0.key < $1.key }) where column.count > 0 {
            var presence = Presence()
            var end = 0
            for time in column.timestamps { presence.append(place[time] ?? 0, end: &end) }
            var timeColumn = 0
            // A run costs two or three bytes; a column of jittered times about half a byte a tick.
            if presence.runs.count > 16 + column.count / 8 {
                timeColumn = own[column.timestamps] ?? times.count
                if timeColumn == times.count {
                    own[column.timestamps] = timeColumn
                    times.append(column.timestamps)
                }
                presence = Presence(runs: [Presence.Run(gap: 0, length: column.count)])
            }
            series.append(BlockSeries(id: id, timeColumn: timeColumn, presence: presence, values: column.values))
        }
        if !series.contains(where: { $0.timeColumn == 0 }), times.count > 1 {
            times.removeFirst()
            for index in series.indices { series[index].timeColumn -= 1 }
        }
        return (times, series)
    }
}

extension Snapshot {
    /// All samples of a block by series id.
    func columns(of reference: BlockReference) throws(StoreError) -> [UInt32: SampleColumn] {
        try withBlock(reference) { block throws(StoreError) in
            var columns: [UInt32: SampleColumn] = [:]
            var decoder = ChunkDecoder()
            var values: [Double] = []
            for entry in try block.allEntries(in: transaction) {
                var column = SampleColumn()
                try block.read(
                    entry, from: .min, through: .max, using: &decoder, &values, into: &column, in: transaction)
                columns[entry.id] = column
            }
            return columns
        }
    }
}
