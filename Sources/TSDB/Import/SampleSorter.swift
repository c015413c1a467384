import Model

// Sorts samples of any order and number by span, series and arrival with bounded memory. What arrives is collected;
// when it is `capacity` samples, they are sorted and written as a run; in the end all runs are merged.
//
//   run     pieces, by span, then series; words of 8 bytes
//   piece   span start (s) | series << 32 | count | count times (ms) | count values (bits)
//
// Of one run, a piece holds all samples of its series and span, in order of arrival; of several runs the older one
// arrived earlier. So a merge that keeps equal pieces in order of runs hands out samples in order of arrival.

/// See the drawing.
struct SampleSorter: ~Copyable {
    /// 16 bytes a sample and as much a piece, which in the worst case (no two neighbours of one series) is a sample.
    static let defaultCapacity = 2_000_000

    /// Neighbours of one series and span.
    private struct Piece {
        var series: UInt32
        /// Place in `spans`.
        var span: UInt32
        var start: UInt32
        var count: UInt32
    }

    private let folder: StoreFolder
    private let capacity: Int
    private var times: [Int64] = []
    private var values: [Double] = []
    private var pieces: [Piece] = []
    private var spans: [Int64] = []
    private var placeOfSpan: [Int64: UInt32] = [:]
    private var file: SpillFile?
    /// The one run of an input that fits into memory.
    private var memory: [UInt64] = []
    /// Where each run lies, in words.
    private var runs: [Range<Int>] = []
    private(set) var sampleCount = 0
    /// Bytes that were written to the temporary file.
    private(set) var spilledBytes = 0
    /// The series of the runs by day.
    private(set) var days = SeriesOfDays()

    init(folder: StoreFolder, capacity: Int = SampleSorter.defaultCapacity) {
        self.folder = folder
        self.capacity = capacity
    }

    /// Adds samples, neighbours of one series in one go.
    /// - Parameters:
    ///   - numbers: what the batch calls the series of each sample.
    ///   - series: what they are called here; ``UInt32/max`` where the series is refused.
    /// - Returns: how many samples were refused.
    mutating func append(
        _ numbers: [UInt32], _ series: [UInt32], _ newTimes: [Int64], _ newValues: [Double]
    ) throws(StoreError) -> Int {
        var refused = 0
        var at = 0
        while at < numbers.count {
            let number = numbers[at]
            let span = Block.spanStart(newTimes[at])
            let range = TimeRange(span: span)
            let (low, high) = (range.min.milliseconds, range.max.milliseconds)
            let limit = min(numbers.count, at + max(1, capacity - times.count - pieces.count))
            var end = at + 1
            while end < limit, numbers[end] == number, newTimes[end] >= low, newTimes[end] <= high { end += 1 }
            if series[Int(number)] == .max {
                refused += end - at
            } else {
                add(series[Int(number)], span, count: end - at)
                times.append(contentsOf: newTimes[at..<end])
                values.append(contentsOf: newValues[at..<end])
                sampleCount += end - at
                if times.count + pieces.count >= capacity { try spill(isLast: false) }
            }
            at = end
        }
        return refused
    }

    private mutating func add(_ series: UInt32, _ span: Int64, count: Int) {
        if let last = pieces.last, last.series == series, spans[Int(last.span)] == span {
            pieces[pieces.count - 1].count += UInt32(count)
            return
        }
        var place = pieces.last.map(\.span) ?? 0
        if pieces.isEmpty || spans[Int(place)] != span {
            place = placeOfSpan[span] ?? UInt32(spans.count)
            if Int(place) == spans.count {
                spans.append(span)
                placeOfSpan[span] = place
            }
        }
        pieces.append(Piece(series: series, span: place, start: UInt32(times.count), count: UInt32(count)))
    }

    // MARK: - Runs

    /// Writes what was collected as a run.
    private mutating func spill(isLast: Bool) throws(StoreError) {
        if pieces.isEmpty { return }
        let order = sortedPieces()
        let inMemory = isLast && runs.isEmpty
        if !inMemory && file == nil { file = try SpillFile(in: folder) }
        let start = file?.count ?? 0
        var words: [UInt64] = []
        var at = 0
        while at < order.count {
            let first = pieces[Int(order[at])]
            var end = at
            var count = 0
            while end < order.count {
                let piece = pieces[Int(order[end])]
                guard piece.series == first.series, piece.span == first.span else { break }
                count += Int(piece.count)
                end += 1
            }
            days.insert(first.series, in: spans[Int(first.span)])
            words.append(UInt64(bitPattern: spans[Int(first.span)]))
            words.append(UInt64(first.series) << 32 | UInt64(count))
            for place in at..<end {
                let piece = pieces[Int(order[place])]
                for time in times[Int(piece.start)..<Int(piece.start + piece.count)] {
                    words.append(UInt64(bitPattern: time))
                }
            }
            for place in at..<end {
                let piece = pieces[Int(order[place])]
                for value in values[Int(piece.start)..<Int(piece.start + piece.count)] {
                    words.append(value.bitPattern)
                }
            }
            at = end
            if !inMemory && words.count >= 1 << 16 {
                try file?.append(words)
                words.removeAll(keepingCapacity: true)
            }
        }
        if inMemory {
            memory = words
            runs.append(0..<words.count)
        } else {
            try file?.append(words)
            runs.append(start..<(file?.count ?? start))
            spilledBytes = (file?.count ?? 0) * 8
        }
        forget()
    }

    private mutating func forget() {
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        placeOfSpan.removeAll(keepingCapacity: true)
    }

    /// The pieces by span, series and arrival. Two stable counting sorts, or for few pieces one by comparison: counting
    /// costs as much as there are series.
    private func sortedPieces() -> [UInt32] {
        let spanOrder = spans.indices.sorted { spans[$0] < spans[$1] }
        var rank = [UInt32](repeating: 0, count: spans.count)
        for (place, span) in spanOrder.enumerated() { rank[span] = UInt32(place) }
        var order = (0..<UInt32(pieces.count)).map { $0 }
        if pieces.count <= 1 << 14 {
            order.sort {
                let (lhs, rhs) = (pieces[Int($0)], pieces[Int($1)])
                return (rank[Int(lhs.span)], lhs.series, $0) < (rank[Int(rhs.span)], rhs.series, $1)
            }
            return order
        }
        let seriesMax = Int(pieces.lazy.map(\.series).max() ?? 0)
        order = SampleSorter.countingSort(order, keys: seriesMax + 1) { Int(pieces[Int($0)].series) }
        return SampleSorter.countingSort(order, keys: spans.count) { Int(rank[Int(pieces[Int($0)].span)]) }
    }

    @inline(__always)
    private static func countingSort(_ order: [UInt32], keys: Int, _ key: (UInt32) -> Int) -> [UInt32] {
        var ends = [UInt32](repeating: 0, count: keys + 1)
        for item in order { ends[key(item) + 1] += 1 }
        for place in 1..<ends.count { ends[place] += ends[place - 1] }
        var sorted = [UInt32](repeating: 0, count: order.count)
        for item in order {
            let place = key(item)
            sorted[Int(ends[place])] = item
            ends[place] += 1
        }
        return sorted
    }

    // MARK: - Merging

    /// Sorts what was collected last: no more samples come.
    mutating func finish() throws(StoreError) {
        try spill(isLast: true)
        (times, values, pieces) = ([], [], [])
    }

    /// Calls `body` with each span and series that there are samples of, by span, then series, and the samples in order
    /// of arrival. Once, after ``finish()``.
    ///
    /// - Parameter body: may take the column; it is emptied before the next call.
    mutating func drain(
        _ body: (_ span: Int64, _ series: Int, _ column: inout SampleColumn) throws(StoreError) -> Void
    ) throws(StoreError) {
        var readers: [PieceReader] = []
        for run in runs {
            var reader = PieceReader(run)
            try reader.load(file, memory)
            readers.append(reader)
        }
        var heap = RunHeap(readers.indices.filter { !readers[$0].isAtEnd }.map { (readers[$0].head, $0) })
        var column = SampleColumn()
        while let first = heap.first {
            let head = first.head
            while let next = heap.first, next.head == head {
                try readers[next.run].take(into: &column, file, memory)
                if readers[next.run].isAtEnd {
                    heap.removeFirst()
                } else {
                    heap.replaceFirst(head: readers[next.run].head)
                }
            }
            try body(head.span, Int(head.series), &column)
            column.removeAll()
        }
        (memory, runs) = ([], [])
        file = nil
    }
}
