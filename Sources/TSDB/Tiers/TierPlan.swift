import Model

/// Where the windows of a tier are read in a range of time: which block, span by span. One for all series of a
/// selection.
///
/// A span's sources are in order of preference, and of each series the first that has it is read:
///
///     1m     minute slice, minute block
///     1h     minute slice (newer than what was folded), hour slice, hour block, minute slice or block
///
/// and samples where a group has no windows of the span at all.
struct TierPlan {
    enum Source: Hashable {
        case windows(TierReference)
        case samples(Snapshot.BlockReference)
    }

    /// Neighbouring spans with the same sources, one at least.
    struct Piece {
        var sources: [Source]
        /// The windows that end in (after, through], in milliseconds.
        var after: Int64
        var through: Int64

        var group: UInt16 {
            switch sources[0] {
            case .windows(let reference): reference.group
            case .samples(let reference): reference.group
            }
        }

        /// Whether there are windows, and not only samples.
        var isInWindows: Bool {
            if case .windows = sources[0] { return true }
            return false
        }

        /// Whether minutes stand before hours: what the minutes do not reach back to may be in these.
        var mayContinueHours: Bool {
            var hasMinutes = false
            for case .windows(let reference) in sources {
                if reference.layer == .minuteSlice { hasMinutes = true }
                if reference.layer.tier == .hour { return hasMinutes }
            }
            return false
        }
    }

    /// Per group that has any, by time.
    var pieces: [[Piece]] = []

    /// - Parameter range: of the selection.
    init(_ tier: Tier, in range: TimeRange, _ snapshot: Snapshot) throws(StoreError) {
        let after = Block.spanStart(range.min.milliseconds)
        let through = Block.spanStart(range.max.milliseconds) + Block.rawSpanSeconds
        for group in try snapshot.groups().keys.sorted() {
            let spans = try GroupSpans(group, after: after, through: through, snapshot)
            let pieces = spans.pieces(tier)
            if !pieces.isEmpty { self.pieces.append(pieces) }
        }
    }
}

/// What blocks a group has, by the start of their spans in seconds.
private struct GroupSpans {
    let group: UInt16
    let after: Int64
    let through: Int64
    private var raw: Set<Int64> = []
    private var layers: [TierLayer: Set<Int64>] = [:]

    init(_ group: UInt16, after: Int64, through: Int64, _ snapshot: Snapshot) throws(StoreError) {
        self.group = group
        self.after = after
        self.through = through
        raw = Set(try snapshot.rawStarts(group: group, after: after, through: through))
        for layer in TierLayer.allCases {
            let found = try snapshot.tierReferences(layer, group: group, after: after, through: through)
            layers[layer] = Set(found.map(\.start))
        }
    }

    /// Starts of the spans of 2 h that have a block, ascending.
    private var spans: [Int64] {
        var spans = raw
        for (layer, starts) in layers {
            for start in starts {
                let first = max(start, after)
                let end = min(start + layer.spanSeconds, through)
                for span in stride(from: first, to: end, by: Int(Block.rawSpanSeconds)) { spans.insert(span) }
            }
        }
        return spans.filter { $0 >= after && $0 < through }.sorted()
    }

    private func block(_ layer: TierLayer, at span: Int64) -> TierPlan.Source? {
        // The moment behind the span's start is the first of it.
        let start = Block.spanStart(span * 1000 + 1, length: layer.spanSeconds)
        guard layers[layer]?.contains(start) == true else { return nil }
        return .windows(TierReference(group: group, layer: layer, start: start))
    }

    private func sources(_ tier: Tier, at span: Int64) -> [TierPlan.Source] {
        let order: [TierLayer] =
            tier == .hour ? [.minuteSlice, .hourSlice, .hourBlock, .minuteBlock] : [.minuteSlice, .minuteBlock]
        let windows = order.compactMap { block($0, at: span) }
        if !windows.isEmpty || !raw.contains(span) { return windows }
        return [.samples(Snapshot.BlockReference(group: group, start: span))]
    }

    func pieces(_ tier: Tier) -> [TierPlan.Piece] {
        var pieces: [TierPlan.Piece] = []
        for span in spans {
            let sources = sources(tier, at: span)
            if sources.isEmpty { continue }
            let (start, end) = (span * 1000, (span + Block.rawSpanSeconds) * 1000)
            if let last = pieces.last, last.sources == sources, last.through == start {
                pieces[pieces.count - 1].through = end
            } else {
                pieces.append(TierPlan.Piece(sources: sources, after: start, through: end))
            }
        }
        return pieces
    }
}
