/// How the windows of a series follow from those of another one of its block (Codec/ColumnRelation.swift): used space
/// from free space, one device's counter from another's. Form 8, drawn in TierBlock.swift.
///
/// What holds for samples holds for the first, last, lowest and highest of them, but that lowest and highest change
/// places where one series falls as the other rises. Sums follow up to a few units in the last place, which are stored.
struct WindowRelation {
    let relation: ColumnRelation

    /// Values that follow, one for each window that has samples.
    struct Values {
        var firsts: [Double] = []
        var lasts: [Double] = []
        var minima: [Double] = []
        var maxima: [Double] = []
        var sums: [Double] = []
    }

    func values(from source: WindowColumns, _ filled: [Int]) -> Values {
        let count = filled.count
        var column: [Double] = []
        column.reserveCapacity(count * 4)
        for one in [source.firsts, source.lasts, source.minima, source.maxima] {
            for index in filled { column.append(one[index]) }
        }
        let origin = column.first ?? 0
        relation.apply(to: &column)
        var values = Values()
        values.firsts = Array(column[..<count])
        values.lasts = Array(column[count..<2 * count])
        values.minima = Array(column[2 * count..<3 * count])
        values.maxima = Array(column[(3 * count)...])
        if case .affine(_, _, _, let multiplier, _) = relation, multiplier < 0 { swap(&values.minima, &values.maxima) }
        for index in filled { values.sums.append(sum(source.sums[index], source.counts[index], origin)) }
        return values
    }

    /// What samples that follow add up to. Wrapping: what damage makes of it is wrong, never a trap.
    private func sum(_ sum: Double, _ count: Int, _ origin: Double) -> Double {
        switch relation {
        case .same: return sum
        case .affine(let scale, let sourceScale, let first, let multiplier, let divisor):
            let start = sourceScale.nearest(origin) ?? 0
            let above = (sourceScale.nearest(sum) ?? 0) &- Int64(count) &* start
            return scale.value(Int64(count) &* first &+ above / divisor &* multiplier)
        case .percent(let total, let isMultipliedFirst):
            return sum.isNaN ? sum : ColumnRelation.percent(sum, of: Double(total), isMultipliedFirst)
        }
    }

    // MARK: - Writing

    /// The form of `windows` that refers to `source`, `distance` entries before; nil where they do not follow from it.
    func encoded(_ windows: WindowColumns, from source: WindowColumns, distance: Int) -> ByteWriter? {
        let filled = windows.counts.indices.filter { windows.counts[$0] > 0 }
        let values = values(from: source, filled)
        var corrections: [Int64] = []
        for (place, index) in filled.enumerated() {
            guard windows.firsts[index].bitPattern == values.firsts[place].bitPattern,
                windows.lasts[index].bitPattern == values.lasts[place].bitPattern,
                windows.minima[index].bitPattern == values.minima[place].bitPattern,
                windows.maxima[index].bitPattern == values.maxima[place].bitPattern
            else { return nil }
            let bits = windows.sums[index].bitPattern &- values.sums[place].bitPattern
            corrections.append(Int64(bitPattern: bits))
        }
        var form = TierBlock.Form.reference
        let hasResets = filled.contains { windows.resetCounts[$0] > 0 }
        let isSame = relation == .same && hasSameResets(windows, source)
        if hasResets { form |= isSame ? TierBlock.Form.resetsFollow : TierBlock.Form.hasResets }
        var writer = ByteWriter()
        writer.u8(form)
        var total: UInt64 = 0
        if case .percent(let whole, _) = relation { total = whole }
        writer.varint(total)
        var chunk = ByteWriter()
        relation.encode(distance: distance, parameter: 0, into: &chunk)
        writer.field(chunk.bytes)
        IntegerColumn.encode(corrections, orders: 0...0, into: &writer)
        if !hasResets || isSame { return writer }
        IntegerColumn.encode(filled.map { Int64(windows.resetCounts[$0]) }, into: &writer)
        if let (scale, low, high) = integers(values) {
            guard let sums = WindowIntegers.resetSums(windows, filled, scale, low, high) else { return nil }
            writer.append(sums.bytes)
        } else {
            var sums = ByteWriter()
            var encoder = ChunkEncoder()
            let some = filled.filter { windows.resetCounts[$0] > 0 }
            _ = encoder.encode(some.map { windows.resetSums[$0] }, into: &sums)
            writer.field(sums.bytes)
        }
        return writer
    }

    private func hasSameResets(_ windows: WindowColumns, _ source: WindowColumns) -> Bool {
        windows.resetCounts == source.resetCounts
            && zip(windows.resetSums, source.resetSums).allSatisfy { $0.bitPattern == $1.bitPattern }
    }

    /// Lowest and highest as integers, where the relation is one between integers.
    private func integers(_ values: Values) -> (scale: Scale, low: [Int64], high: [Int64])? {
        guard case .affine(let scale, _, _, _, _) = relation else { return nil }
        return (scale, values.minima.map { scale.nearest($0) ?? 0 }, values.maxima.map { scale.nearest($0) ?? 0 })
    }

    // MARK: - Reading

    /// Reads what stands in front of the rest: enough to fetch the other's windows.
    static func decode(
        from reader: inout ByteReader
    ) throws(CodecError) -> (relation: WindowRelation, distance: Int) {
        let total = try reader.varint()
        guard total < 1 << 53 else { throw .malformed(position: reader.position, reason: "total of a reference") }
        var chunk = ByteReader(Array(try reader.field()))
        let (relation, distance) = try ColumnRelation.decode(from: &chunk, parameters: total == 0 ? [] : [total])
        return (WindowRelation(relation: relation), distance)
    }

    /// Fills in the values of `windows`, which have samples where `source` has.
    func decode(
        _ windows: inout WindowColumns, from source: WindowColumns, form: UInt8, _ filled: [Int],
        _ reader: inout ByteReader
    ) throws(CodecError) {
        let values = values(from: source, filled)
        let corrections = try IntegerColumn.decode(count: filled.count, from: &reader)
        for (place, index) in filled.enumerated() {
            let bits = values.sums[place].bitPattern &+ UInt64(bitPattern: corrections[place])
            windows.setValues(
                index, first: values.firsts[place], last: values.lasts[place], min: values.minima[place],
                max: values.maxima[place], sum: Double(bitPattern: bits))
        }
        if form & TierBlock.Form.resetsFollow != 0 {
            for index in filled {
                windows.setResets(index, source.resetCounts[index], sum: source.resetSums[index])
            }
        }
        guard form & TierBlock.Form.hasResets != 0 else { return }
        let integers = integers(values)
        try WindowValues.decodeResets(&windows, filled, from: &reader) { counts, places, reader throws(CodecError) in
            if let (scale, low, high) = integers {
                return try WindowIntegers.decodeResetSums(counts, at: places, scale, low, high, from: &reader)
            }
            return try WindowValues.column(places.count, from: &reader)
        }
    }
}
