/// The values of windows that are integers over one scale: form 3 of WindowValues.swift, drawn in TierBlock.swift.
///
/// Windows of a counter and of a gauge differ in what is worth storing. A counter's min is its first and its max its
/// last; a gauge begins where it ended, or anywhere, and its bounds are those of its kind or of its moment. So each of
/// first, min and max is stored in the shorter of two ways, or not at all. A sum is what is left of it when the samples
/// that are known (first, last, and min and max where they are others) are taken out; what is left lies between so many
/// times min and so many times max, and so do the samples before resets.
struct WindowIntegers {
    private var scale: Scale
    private var first: [Int64] = []
    private var last: [Int64] = []
    private var low: [Int64] = []
    private var high: [Int64] = []
    private var sums: [Int64] = []
    private var bounds: [Int64] = []
    private var corrections: [Int64] = []

    /// Nil where no scale holds all values exactly, or what they can add up to is too much.
    init?(_ windows: WindowColumns, _ filled: [Int]) {
        var values: [Double] = []
        values.reserveCapacity(filled.count * 4)
        for column in [windows.firsts, windows.lasts, windows.minima, windows.maxima] {
            for index in filled { values.append(column[index]) }
        }
        let candidates = ScaledIntegers.candidates(for: values.span)
        guard let scale = candidates.first(where: { scale in values.allSatisfy { scale.exact($0) != nil } }) else {
            return nil
        }
        self.scale = scale
        let exact = values.map { scale.exact($0) ?? 0 }
        let count = filled.count
        first = Array(exact[..<count])
        last = Array(exact[count..<2 * count])
        low = Array(exact[2 * count..<3 * count])
        high = Array(exact[(3 * count)...])
        for (place, index) in filled.enumerated() {
            guard let room = room(place, windows.counts[index]) else { return nil }
            let (share, correction) = scale.share(of: windows.sums[index], room)
            sums.append(share)
            bounds.append(room.bound)
            corrections.append(correction)
        }
    }

    /// The least that the samples of a window can add up to, and how much more it can be at most. Nil where that is
    /// beyond what is coded so.
    private func room(_ place: Int, _ count: Int) -> (least: Int64, bound: Int64)? {
        let (from, to, bottom, top) = (first[place], last[place], low[place], high[place])
        var known = from
        var others = Int64(count) - 1
        if count > 1 {
            known &+= to
            others -= 1
        }
        if bottom < min(from, to) {
            known &+= bottom
            others -= 1
        }
        if top > max(from, to) {
            known &+= top
            others -= 1
        }
        if others <= 0 { return (known, 0) }
        guard let bound = WindowIntegers.bound(others, bottom, top) else { return nil }
        return (known &+ others &* bottom, bound)
    }

    /// How much `count` numbers between `bottom` and `top` can add up to above the least.
    private static func bound(_ count: Int64, _ bottom: Int64, _ top: Int64) -> Int64? {
        let (range, isFar) = top.subtractingReportingOverflow(bottom)
        let (bound, isLarge) = range.multipliedReportingOverflow(by: count)
        return isFar || isLarge || bound < 0 || bound > Shares.boundMax ? nil : bound
    }

    // MARK: - Writing

    func encode(into writer: inout ByteWriter) {
        var gaps: [Int64] = []
        for place in first.indices { gaps.append(first[place] - (place == 0 ? last[place] : last[place - 1])) }
        let below = low.indices.map { min(first[$0], last[$0]) - low[$0] }
        let above = high.indices.map { high[$0] - max(first[$0], last[$0]) }
        let columns = [
            WindowIntegers.shorter(gaps, first), WindowIntegers.shorter(below, low),
            WindowIntegers.shorter(above, high),
        ]
        let isCorrected = corrections.contains { $0 != 0 }
        writer.u8(scale.code)
        var parts: UInt8 = isCorrected ? TierBlock.Parts.corrections : 0
        for (place, column) in columns.enumerated() { parts |= column.way << UInt8(2 * place) }
        writer.u8(parts)
        IntegerColumn.encode(last, into: &writer)
        for column in columns { writer.append(column.bytes.bytes) }
        Shares.encode(sums, of: bounds, into: &writer)
        if isCorrected { IntegerColumn.encode(corrections, orders: 0...0, into: &writer) }
    }

    /// A column as a distance or as it is; nothing for distances that are all 0.
    private static func shorter(_ distances: [Int64], _ values: [Int64]) -> (way: UInt8, bytes: ByteWriter) {
        var near = ByteWriter()
        if distances.allSatisfy({ $0 == 0 }) { return (TierBlock.Parts.none, near) }
        IntegerColumn.encode(distances, into: &near)
        // A column of few bits a window has little to gain.
        if near.count <= distances.count / 8 { return (TierBlock.Parts.distance, near) }
        var own = ByteWriter()
        IntegerColumn.encode(values, into: &own)
        return own.count < near.count ? (TierBlock.Parts.itself, own) : (TierBlock.Parts.distance, near)
    }

    /// The bytes of the sums before resets, those of windows that have any; nil where they can be too much.
    func resetSums(_ windows: WindowColumns, _ filled: [Int]) -> ByteWriter? {
        WindowIntegers.resetSums(windows, filled, scale, low, high)
    }

    /// The same for values whose `low` and `high` under `scale` are known otherwise.
    static func resetSums(
        _ windows: WindowColumns, _ filled: [Int], _ scale: Scale, _ low: [Int64], _ high: [Int64]
    ) -> ByteWriter? {
        var shares: [Int64] = []
        var bounds: [Int64] = []
        var corrections: [Int64] = []
        for (place, index) in filled.enumerated() where windows.resetCounts[index] > 0 {
            let count = Int64(windows.resetCounts[index])
            guard let bound = bound(count, low[place], high[place]) else { return nil }
            let (share, correction) = scale.share(of: windows.resetSums[index], (count &* low[place], bound))
            shares.append(share)
            bounds.append(bound)
            corrections.append(correction)
        }
        var writer = ByteWriter()
        Shares.encode(shares, of: bounds, into: &writer)
        IntegerColumn.encode(corrections, orders: 0...0, into: &writer)
        return writer
    }

    // MARK: - Reading

    /// Fills in the values of `windows`.
    init(
        decoding windows: inout WindowColumns, _ filled: [Int], from reader: inout ByteReader
    ) throws(CodecError) {
        scale = try Scale(code: try reader.u8(), at: reader.position)
        let position = reader.position
        let parts = try reader.u8()
        guard parts & ~TierBlock.Parts.known == 0 else {
            throw .malformed(position: position, reason: "unknown parts of windows")
        }
        last = try IntegerColumn.decode(count: filled.count, from: &reader)
        var columns: [(way: UInt8, values: [Int64])] = []
        for place in 0..<3 as Range<UInt8> {
            let way = parts >> (2 * place) & TierBlock.Parts.wayMask
            guard way <= TierBlock.Parts.itself else {
                throw .malformed(position: position, reason: "unknown parts of windows")
            }
            let isThere = way != TierBlock.Parts.none
            let values = isThere ? try IntegerColumn.decode(count: filled.count, from: &reader) : []
            columns.append((way, values))
        }
        // Wrapping: damaged numbers give wrong values, never a trap; checksums tell damage.
        for (place, to) in last.enumerated() {
            let from = WindowIntegers.value(columns[0], place, near: place == 0 ? to : last[place - 1], rising: true)
            first.append(from)
            low.append(WindowIntegers.value(columns[1], place, near: min(from, to), rising: false))
            high.append(WindowIntegers.value(columns[2], place, near: max(from, to), rising: true))
        }
        var least: [Int64] = []
        for (place, index) in filled.enumerated() {
            guard let room = room(place, windows.counts[index]) else {
                throw .malformed(position: place, reason: "bounds of a window")
            }
            least.append(room.least)
            bounds.append(room.bound)
        }
        sums = try Shares.decode(of: bounds, from: &reader)
        if parts & TierBlock.Parts.corrections != 0 {
            corrections = try IntegerColumn.decode(count: filled.count, from: &reader)
        }
        for (place, index) in filled.enumerated() {
            var bits = scale.value(least[place] &+ sums[place]).bitPattern
            if !corrections.isEmpty { bits &+= UInt64(bitPattern: corrections[place]) }
            windows.setValues(
                index, first: scale.value(first[place]), last: scale.value(last[place]), min: scale.value(low[place]),
                max: scale.value(high[place]), sum: Double(bitPattern: bits))
        }
    }

    @inline(__always) private static func value(
        _ column: (way: UInt8, values: [Int64]), _ place: Int, near: Int64, rising: Bool
    ) -> Int64 {
        switch column.way {
        case TierBlock.Parts.none: near
        case TierBlock.Parts.itself: column.values[place]
        default: rising ? near &+ column.values[place] : near &- column.values[place]
        }
    }

    /// Reads the sums before resets of the windows at `places` of the filled ones, which have `counts` resets.
    func decodeResetSums(
        _ counts: [Int64], at places: [Int], from reader: inout ByteReader
    ) throws(CodecError) -> [Double] {
        try WindowIntegers.decodeResetSums(counts, at: places, scale, low, high, from: &reader)
    }

    /// The same for values whose `low` and `high` under `scale` are known otherwise.
    static func decodeResetSums(
        _ counts: [Int64], at places: [Int], _ scale: Scale, _ low: [Int64], _ high: [Int64],
        from reader: inout ByteReader
    ) throws(CodecError) -> [Double] {
        var bounds: [Int64] = []
        for place in places {
            guard let bound = bound(counts[place], low[place], high[place]) else {
                throw .malformed(position: place, reason: "bounds of a window")
            }
            bounds.append(bound)
        }
        let shares = try Shares.decode(of: bounds, from: &reader)
        let corrections = try IntegerColumn.decode(count: places.count, from: &reader)
        var sums: [Double] = []
        for (at, place) in places.enumerated() {
            let bits = scale.value(counts[place] &* low[place] &+ shares[at]).bitPattern
            sums.append(Double(bitPattern: bits &+ UInt64(bitPattern: corrections[at])))
        }
        return sums
    }
}

extension Scale {
    /// Where in its room a sum lies, and what its bits are beside those of the integer there. A sum of so many digits
    /// that it was rounded may lie beside its room; then the correction is larger, and the sum comes back all the same.
    fileprivate func share(of sum: Double, _ room: (least: Int64, bound: Int64)) -> (share: Int64, correction: Int64) {
        let scaled = sum * divisor
        // Above 2^53 float64s are integers, but few of them.
        let total = nearest(sum) ?? (scaled.magnitude < 0x1p62 ? Int64(scaled) : room.least)
        let share = min(max(total &- room.least, 0), room.bound)
        let bits = sum.bitPattern &- value(room.least &+ share).bitPattern
        return (share, Int64(bitPattern: bits))
    }
}
