/// Finds, while a block is written, the columns that follow from an earlier one (Codec/ColumnRelation.swift).
///
/// Columns that are no references themselves are registered under their fingerprints; each further column is looked up
/// there. What is found is applied and compared bit by bit before it counts, so a hash that lies costs time only.
///
/// 1. A reference never leads to a reference.
/// 2. Both series have the same time column and presence list.
/// 3. The relation, applied to the other's values, gives exactly the column.
struct ReferenceFinder {
    /// The block's table, in the order of first use.
    private(set) var parameters: [UInt64] = []

    private struct Known {
        var index: Int
        var times: UInt64
        var scale: Scale
        var step: Int64
        var isConstant: Bool
    }

    private var byKey: [UInt64: Known] = [:]
    /// The same, by key, first integer and step: columns that are not only alike but the same.
    private var byContent: [UInt64: Known] = [:]
    private var byShape: [UInt64: [Int]] = [:]
    private var totals = PercentTotals()
    private var fingerprint = ColumnFingerprint()
    private var derived = ColumnFingerprint()
    private var column: [Double] = []

    /// Columns of equal shape that are tried. Many are equal only where all rise; there, the nearest are likeliest.
    private static let shapesMax = 8
    /// A chunk of this many bytes or fewer is not worth a look.
    private static let chunkBytesMin = 6

    init() {}

    /// The reference that takes less than the `chunk` of series `index`, if there is one; else the series is
    /// registered, so that later ones may refer to it.
    ///
    /// - Parameters:
    ///   - times: equal for series of equal time column and presence list.
    ///   - scale: what the chunk encoder thinks of the column; nil for a constant.
    mutating func reference(
        for index: Int, in series: [BlockSeries], times: UInt64, scale: Scale?, chunkBytes: Int
    ) -> [UInt8]? {
        let values = series[index].values
        guard chunkBytes > 0, let value = values.first else { return nil }
        if let scale {
            fingerprint.take(values.span, scale: scale, times: times)
        } else {
            // All samples are like the first.
            let scale = ScaledIntegers.candidates(for: values.span.extracting(first: 1)).first ?? .units
            fingerprint.take(values.span.extracting(first: 1), scale: scale, times: times)
            totals.take(constant: value)
        }
        if chunkBytes > ReferenceFinder.chunkBytesMin {
            if let bytes = likeKnown(index, series, times, below: chunkBytes) { return bytes }
            if fingerprint.isIrregular, let bytes = percent(index, series, times, below: chunkBytes) { return bytes }
        }
        register(index, times)
        return nil
    }

    private mutating func register(_ index: Int, _ times: UInt64) {
        let known = Known(
            index: index, times: times, scale: fingerprint.scale, step: fingerprint.step,
            isConstant: fingerprint.isConstant)
        if byKey[fingerprint.key] == nil { byKey[fingerprint.key] = known }
        if byContent[fingerprint.content] == nil { byContent[fingerprint.content] = known }
        if !fingerprint.isIrregular, !fingerprint.isConstant { byShape[fingerprint.shape, default: []].append(index) }
    }

    // MARK: - The same differences

    private mutating func likeKnown(
        _ index: Int, _ series: [BlockSeries], _ times: UInt64, below limit: Int
    ) -> [UInt8]? {
        if let known = byContent[fingerprint.content], known.times == times,
            let bytes = confirm(.same, index, series, of: known.index, below: limit)
        {
            return bytes
        }
        guard let known = byKey[fingerprint.key], known.times == times, let first = fingerprint.first,
            !known.isConstant, !fingerprint.isConstant
        else { return nil }
        let steps = [fingerprint.step, known.step]
        let common = Int64(Differences.commonDivisor(of: steps.span))
        let relation = ColumnRelation.affine(
            scale: fingerprint.scale, sourceScale: known.scale, first: first.integer,
            multiplier: fingerprint.step / common * known.step.signum(), divisor: abs(known.step) / common)
        return confirm(relation, index, series, of: known.index, below: limit)
    }

    // MARK: - Percents

    private mutating func percent(
        _ index: Int, _ series: [BlockSeries], _ times: UInt64, below limit: Int
    ) -> [UInt8]? {
        for total in totals.all {
            if let bytes = percent(of: total, index, series, times, below: limit) { return bytes }
        }
        guard !fingerprint.isConstant else { return nil }
        for other in (byShape[fingerprint.shape] ?? []).suffix(ReferenceFinder.shapesMax).reversed() {
            guard let total = ReferenceFinder.total(series[index].values, of: series[other].values) else { continue }
            for isMultipliedFirst in [false, true] {
                let relation = ColumnRelation.percent(of: total, isMultipliedFirst: isMultipliedFirst)
                guard let bytes = confirm(relation, index, series, of: other, below: limit) else { continue }
                totals.take(total)
                return bytes
            }
        }
        return nil
    }

    /// The total that the first percentage of a column speaks of, if it is a whole number.
    private static func total(_ percents: [Double], of values: [Double]) -> UInt64? {
        guard percents.count == values.count,
            let place = percents.indices.first(where: { percents[$0] != 0 && percents[$0].isFinite && values[$0] != 0 })
        else { return nil }
        let total = (values[place] / percents[place] * 100).rounded()
        return total >= 1 && total < 0x1p53 ? UInt64(total) : nil
    }

    /// Computes back what the percents are of, and looks for that.
    private mutating func percent(
        of total: UInt64, _ index: Int, _ series: [BlockSeries], _ times: UInt64, below limit: Int
    ) -> [UInt8]? {
        let values = series[index].values
        let whole = Double(total)
        var parts: [Double] = []
        var ways = [false, true]
        for value in fingerprint.isConstant ? values[..<1] : values[...] {
            let part = (value / 100 * whole).rounded()
            parts.append(value.isNaN ? value : part)
            if value.isNaN { continue }
            ways.removeAll { ColumnRelation.percent(part, of: whole, $0).bitPattern != value.bitPattern }
            if ways.isEmpty { return nil }
        }
        derived.take(parts.span, scale: .units, times: times)
        guard let known = byContent[derived.content], known.times == times else { return nil }
        for isMultipliedFirst in ways {
            let relation = ColumnRelation.percent(of: total, isMultipliedFirst: isMultipliedFirst)
            if let bytes = confirm(relation, index, series, of: known.index, below: limit) { return bytes }
        }
        return nil
    }

    // MARK: - Proof

    /// The reference chunk, where it takes less than `limit` bytes and the relation gives exactly the column.
    private mutating func confirm(
        _ relation: ColumnRelation, _ index: Int, _ series: [BlockSeries], of other: Int, below limit: Int
    ) -> [UInt8]? {
        let values = series[index].values
        guard series[other].values.count == values.count, series[other].timeColumn == series[index].timeColumn,
            series[other].presence == series[index].presence
        else { return nil }
        column = series[other].values
        relation.apply(to: &column)
        for i in values.indices where values[i].bitPattern != column[i].bitPattern { return nil }
        var parameter = 0
        var cost = 0
        if case .percent(let total, _) = relation {
            parameter = parameters.firstIndex(of: total) ?? parameters.count
            if parameter == parameters.count { cost = 8 }
        }
        var writer = ByteWriter()
        relation.encode(distance: index - other, parameter: parameter, into: &writer)
        guard writer.count + cost < limit else { return nil }
        if case .percent(let total, _) = relation, cost > 0 { parameters.append(total) }
        return writer.bytes
    }
}
