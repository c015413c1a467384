/// Finds, while a block of windows is written, the series whose windows follow from those of an earlier one
/// (WindowRelation.swift), as Block/ReferenceFinder.swift does for samples.
///
/// What is kept of a series are hashes; the windows of one that may be referred to are decoded again from the bytes
/// that were written, so that a block of any size takes little memory.
///
/// 1. A reference never leads to a reference.
/// 2. Both series have the same shape.
/// 3. The relation, applied to the other's windows, gives exactly these, but for what is stored with it.
struct WindowReferences {
    private struct Known {
        var index: Int
        var scale: Scale
        var step: Int64
    }

    private var byKey: [UInt64: Known] = [:]
    private var byContent: [UInt64: Known] = [:]
    private var byShape: [UInt64: [Int]] = [:]
    private var totals = PercentTotals()
    private var fingerprint = ColumnFingerprint()
    private var derived = ColumnFingerprint()

    /// Columns of equal shape that are tried.
    private static let shapesMax = 4
    /// What takes fewer bytes is not worth a look.
    private static let byteCountMin = 24

    init() {}

    /// The form of `windows` that refers to an earlier series and takes less than `byteCount`, if there is one; else
    /// the series is registered, so that later ones may refer to it.
    /// - Parameters:
    ///   - index: of the series in the block's directory.
    ///   - shape: equal for series that share one.
    ///   - other: the windows of an earlier series of that shape.
    mutating func reference(
        for windows: WindowColumns, at index: Int, shape: Int, byteCount: Int, other: (Int) -> WindowColumns?
    ) -> ByteWriter? {
        var column: [Double] = []
        for place in windows.counts.indices where windows.counts[place] > 0 {
            column.append(windows.firsts[place])
            column.append(windows.lasts[place])
        }
        guard let value = column.first else { return nil }
        if column.allSatisfy({ $0.bitPattern == value.bitPattern }) { totals.take(constant: value) }
        guard byteCount > WindowReferences.byteCountMin else { return nil }
        let scale = ScaledIntegers.candidates(for: column.span).first ?? .units
        let times = ColumnFingerprint.mixed(0, UInt64(shape))
        fingerprint.take(column.span, scale: scale, times: times)
        for (relation, source) in candidates(column, times, other) {
            guard let before = other(source) else { continue }
            let found = WindowRelation(relation: relation).encoded(windows, from: before, distance: index - source)
            if let found, found.count < byteCount { return found }
        }
        register(index)
        return nil
    }

    private mutating func register(_ index: Int) {
        let known = Known(index: index, scale: fingerprint.scale, step: fingerprint.step)
        if byKey[fingerprint.key] == nil { byKey[fingerprint.key] = known }
        if byContent[fingerprint.content] == nil { byContent[fingerprint.content] = known }
        if !fingerprint.isIrregular, !fingerprint.isConstant { byShape[fingerprint.shape, default: []].append(index) }
    }

    /// Relations that the hashes suggest, and to which series, the likeliest first.
    private mutating func candidates(
        _ column: [Double], _ times: UInt64, _ other: (Int) -> WindowColumns?
    ) -> [(relation: ColumnRelation, source: Int)] {
        var found: [(ColumnRelation, Int)] = []
        if let known = byContent[fingerprint.content] { found.append((.same, known.index)) }
        if let known = byKey[fingerprint.key], let first = fingerprint.first, !fingerprint.isConstant {
            let steps = [fingerprint.step, known.step]
            let common = Int64(Differences.commonDivisor(of: steps.span))
            let relation = ColumnRelation.affine(
                scale: fingerprint.scale, sourceScale: known.scale, first: first.integer,
                multiplier: fingerprint.step / common * known.step.signum(), divisor: abs(known.step) / common)
            found.append((relation, known.index))
        }
        guard fingerprint.isIrregular else { return found }
        for total in totals.all {
            if let source = part(of: total, column, times) { found += WindowReferences.percents(of: total, source) }
        }
        for source in (byShape[fingerprint.shape] ?? []).suffix(WindowReferences.shapesMax).reversed() {
            guard let total = WindowReferences.total(column, of: other(source)) else { continue }
            found += WindowReferences.percents(of: total, source)
        }
        return found
    }

    /// Both ways in which programs compute percents.
    private static func percents(of total: UInt64, _ source: Int) -> [(ColumnRelation, Int)] {
        [
            (.percent(of: total, isMultipliedFirst: false), source),
            (.percent(of: total, isMultipliedFirst: true), source),
        ]
    }

    /// The earlier series whose percents of `total` the column may be.
    private mutating func part(of total: UInt64, _ column: [Double], _ times: UInt64) -> Int? {
        let whole = Double(total)
        let parts = column.map { ($0 / 100 * whole).rounded() }
        guard parts.allSatisfy({ $0.magnitude < 0x1p53 }) else { return nil }
        derived.take(parts.span, scale: .units, times: times)
        return byContent[derived.content]?.index
    }

    /// The whole number of which the first percentage speaks.
    private static func total(_ percents: [Double], of windows: WindowColumns?) -> UInt64? {
        guard let windows, let place = windows.counts.indices.first(where: { windows.counts[$0] > 0 }),
            let percent = percents.first, percent != 0, windows.firsts[place] != 0
        else { return nil }
        let total = (windows.firsts[place] / percent * 100).rounded()
        return total >= 1 && total < 0x1p53 ? UInt64(total) : nil
    }
}
