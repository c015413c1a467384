import Model

/// `topk` and `bottomk`: the series of a group with the greatest or least values, under their own labels.
enum BestSeries {
    /// - Parameter counts: How many per group, at each step; cut off to whole numbers.
    static func select(
        _ columns: consuming VectorColumns, _ groups: Groups, counts: [Double], takesGreatest: Bool
    ) throws(QueryError) -> VectorColumns {
        let limits = try SeriesCount.wholeNumbers(counts)
        let steps = columns.steps
        // In place: a value is looked at before it is taken away.
        var result = columns
        var order: [Int] = []
        let members = groups.members()
        var checkpoint = groups.checkpoint
        for step in 0..<steps {
            for number in 0..<groups.count {
                let group = members[number]
                var best = Heap(limit: limits[step], takesGreatest: takesGreatest)
                for series in group {
                    try checkpoint.pass(2)
                    let value = result.values[series * steps + step]
                    guard value.isPresent else { continue }
                    best.offer(value, series)
                    result.values[series * steps + step] = .absent
                }
                for (value, series) in try best.sorted(&checkpoint) {
                    result.values[series * steps + step] = value
                    if steps == 1 { order.append(series) }
                }
            }
        }
        if steps == 1 {
            // The order is part of an instant answer: groups as they appear, the best first within each.
            var ordered = VectorColumns(steps: 1)
            for series in order {
                try checkpoint.pass(10)
                ordered.append(result.labels[series], result.values[series])
            }
            return ordered
        }
        try result.removeEmptySeries(groups.interruption)
        return result
    }

    /// The best values so far, the worst of them at the root; which of equal values stay is decided by this very
    /// heap, as it is in Go's container/heap.
    struct Heap {
        private(set) var items: [(value: Double, series: Int)] = []
        private let limit: Int
        private let takesGreatest: Bool

        init(limit: Int, takesGreatest: Bool) {
            self.limit = limit
            self.takesGreatest = takesGreatest
        }

        /// Whether the first is the worse; NaN is worse than any number.
        private func isWorse(_ a: Double, _ b: Double) -> Bool {
            if a.isNaN { return true }
            return takesGreatest ? a < b : a > b
        }

        /// - Returns: Whether it is among them now.
        @discardableResult
        mutating func offer(_ value: Double, _ series: Int) -> Bool {
            if items.count < limit {
                items.append((value, series))
                siftUp(items.count - 1)
                return true
            } else if limit > 0, let root = items.first?.value {
                let isBetter = takesGreatest ? root < value : root > value
                if isBetter || (root.isNaN && !value.isNaN) {
                    items[0] = (value, series)
                    siftDown(0)
                    return true
                }
            }
            return false
        }

        /// The best first; equal values as they lie in the heap.
        func sorted(_ checkpoint: inout Checkpoint) throws(QueryError) -> [(value: Double, series: Int)] {
            let order = try Array(items.indices).sorted(&checkpoint) { a, b in
                let (x, y) = (items[a].value, items[b].value)
                if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
                return x == y ? a < b : isWorse(y, x)
            }
            return order.map { items[$0] }
        }

        private mutating func siftUp(_ start: Int) {
            var child = start
            while child > 0 {
                let parent = (child - 1) / 2
                guard isWorse(items[child].value, items[parent].value) else { return }
                items.swapAt(child, parent)
                child = parent
            }
        }

        private mutating func siftDown(_ start: Int) {
            var parent = start
            while 2 * parent + 1 < items.count {
                var child = 2 * parent + 1
                if child + 1 < items.count, isWorse(items[child + 1].value, items[child].value) { child += 1 }
                guard isWorse(items[child].value, items[parent].value) else { return }
                items.swapAt(child, parent)
                parent = child
            }
        }
    }
}

/// The k of `topk`, `bottomk` and `limitk`.
enum SeriesCount {
    /// - Throws: Prometheus' words for what is no whole number, unless all of them are below 1 anyway.
    static func wholeNumbers(_ counts: [Double]) throws(QueryError) -> [Int] {
        if counts.contains(where: \.isNaN) { throw .execution("Parameter value is NaN") }
        guard let greatest = counts.max(), let least = counts.min(), greatest >= 1 else {
            return [Int](repeating: 0, count: counts.count)
        }
        if least <= -0x1p63 { throw .execution("Scalar value \(FloatText.short(least)) underflows int64") }
        if greatest >= 0x1p63 { throw .execution("Scalar value \(FloatText.short(greatest)) overflows int64") }
        return counts.map { max(0, Int($0)) }
    }
}
