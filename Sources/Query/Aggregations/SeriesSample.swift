import Model

/// `limitk` and `limit_ratio` (experimental in Prometheus): some of the series, under their own labels.
enum SeriesSample {
    /// The first `counts` series of each group.
    static func first(
        _ columns: VectorColumns, _ groups: Groups, counts: [Double]
    ) throws(QueryError) -> VectorColumns {
        let limits = try SeriesCount.wholeNumbers(counts)
        let steps = columns.steps
        var result = columns
        var taken = [Int](repeating: 0, count: groups.count * steps)
        var checkpoint = groups.checkpoint
        for series in 0..<columns.count {
            try checkpoint.pass(steps)
            let base = groups.ofSeries[series] * steps
            for step in 0..<steps where columns.values[series * steps + step].isPresent {
                if taken[base + step] < limits[step] {
                    taken[base + step] += 1
                } else {
                    result.values[series * steps + step] = .absent
                }
            }
        }
        try result.removeEmptySeries(groups.interruption)
        return result
    }

    /// The series whose labels' hash falls into the share; a negative ratio takes the other ones. The hash is this
    /// program's own, so the series are not those that Prometheus would take.
    static func share(
        _ columns: VectorColumns, ratios: [Double], _ interruption: Interruption
    ) throws(QueryError) -> VectorColumns {
        if ratios.contains(where: \.isNaN) { throw .execution("Ratio value is NaN") }
        let steps = columns.steps
        var result = columns
        var checkpoint = Checkpoint(interruption)
        for series in 0..<columns.count {
            try checkpoint.pass(Checkpoint.labelsWork + steps)
            let place = position(of: columns.labels[series])
            for step in 0..<steps where columns.values[series * steps + step].isPresent {
                let ratio = min(1, max(-1, ratios[step]))
                let isTaken = ratio >= 0 ? place < ratio : place >= 1 + ratio
                if !isTaken { result.values[series * steps + step] = .absent }
            }
        }
        try result.removeEmptySeries(interruption)
        return result
    }

    /// Where in [0, 1) a label set stands: FNV-1a, mixed, so that it is the same in every run.
    private static func position(of labels: Labels) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in labels.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        return Double(hash >> 11) / 0x1p53
    }
}
