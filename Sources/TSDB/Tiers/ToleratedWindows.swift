import LMDB
import Model

// Blocks of windows of which a part cannot be read, for those who go on without it: who answers a query, and who writes
// other blocks in their place. A bad stripe costs the series that touch it. What it costs is made of the samples again
// where those are kept, and is named in a list of damage.

extension Snapshot {
    /// The ids of the series of a block, ascending; of a directory that is damaged those that can be read.
    /// - Parameter kept: what is left of the group: where that is finer than the block nothing is lost with its ids.
    func ids(
        in reference: TierReference, or kept: TierCoverage, tolerating damage: DamageList
    ) throws(StoreError) -> [UInt32] {
        let (start, end) = (reference.start * 1000, reference.endSeconds * 1000)
        let finer = reference.layer.tier == .hour ? kept.minute : kept.raw
        let range = finer > start ? TimeRange(minMilliseconds: start + 1, maxMilliseconds: end) : nil
        return try damage.tolerating(range) { () throws(StoreError) in
            try withTierBlock(reference) { block throws(StoreError) in
                var ids: [UInt32] = []
                for number in 0..<block.segmentCount {
                    ids +=
                        try damage.tolerating(range) { () throws(StoreError) in
                            try block.segment(number, in: transaction).map(\.id)
                        } ?? []
                }
                return ids
            }
        } ?? []
    }

    /// The ids of the series of several blocks.
    func ids(
        in references: [TierReference], or kept: TierCoverage, tolerating damage: DamageList
    ) throws(StoreError) -> Set<UInt32> {
        var ids: Set<UInt32> = []
        for reference in references { ids.formUnion(try self.ids(in: reference, or: kept, tolerating: damage)) }
        return ids
    }

    /// The ids of the series that the raw blocks of a group have in (`after`, `through`], both in seconds.
    func rawIDs(
        group: UInt16, after: Int64, through: Int64, tolerating damage: DamageList
    ) throws(StoreError) -> Set<UInt32> {
        var ids: Set<UInt32> = []
        for start in try rawStarts(group: group, after: after, through: through) {
            let found = try damage.tolerating(TimeRange(span: start)) { () throws(StoreError) in
                try withBlock(BlockReference(group: group, start: start)) { block throws(StoreError) in
                    try block.allEntries(in: transaction).map(\.id)
                }
            }
            ids.formUnion(found ?? [])
        }
        return ids
    }

    /// The windows of a series of a block whose ids are those of a day; where they cannot be read, those of finer
    /// windows or of its samples. Nil where the block has none.
    /// - Parameter kept: what is left of the group at each tier.
    func windows(
        of id: UInt32, in reference: TierReference, or kept: TierCoverage, tolerating damage: DamageList
    ) throws(StoreError) -> WindowColumns? {
        do throws(StoreError) {
            return try windows(of: id, in: reference)
        } catch {
            guard let loss = damage.describe(error) else { throw error }
            var found = WindowColumns()
            let (start, end) = (reference.start * 1000, reference.endSeconds * 1000)
            let first = try appendWindows(
                of: id, group: reference.group, reference.layer.tier, after: start, through: end,
                insteadOf: reference.layer.tier, kept, tolerating: damage, to: &found)
            damage.add(loss, from: start, through: first)
            return found
        }
    }

    /// Appends the windows of (`after`, `through`], ends of windows both, that finer windows or samples make. Of hours
    /// that are lost the day's minutes tell as much, as far as they go back; a slice of minutes is newer than those.
    /// - Parameters:
    ///   - id: of the day that the range lies in.
    ///   - lost: the tier of what cannot be read.
    ///   - kept: what is left of the series at each tier.
    /// - Returns: the moment up to which there is nothing finer any more.
    func appendWindows(
        of id: UInt32, group: UInt16, _ tier: Tier, after: Int64, through: Int64, insteadOf lost: Tier,
        _ kept: TierCoverage, tolerating damage: DamageList, to windows: inout WindowColumns
    ) throws(StoreError) -> Int64 {
        func bound(_ forgotten: Int64) -> Int64 {
            forgotten > after ? min(through, tier.windowEnd(of: forgotten)) : after
        }
        let day = Block.spanStart(after + 1, length: Block.daySeconds)
        let minutes = TierReference(group: group, layer: .minuteBlock, start: day)
        if lost == .hour, try hasBlock(minutes) {
            do throws(StoreError) {
                if let found = try self.windows(of: id, in: minutes) {
                    var longer = WindowColumns()
                    Rollup.append(found, tier, to: &longer)
                    let first = bound(kept.minute)
                    windows.append(
                        longer, longer.firstIndex(endingAfter: first)..<longer.firstIndex(endingAfter: through))
                    return first
                }
            } catch {
                guard let loss = damage.describe(error) else { throw error }
                damage.add(loss.record, loss.reason)
            }
        }
        let first = bound(kept.raw)
        try appendWindows(
            ofSamples: id, group: group, tier, after: first, through: through, tolerating: damage, to: &windows)
        return first
    }

    /// Appends the windows of (`after`, `through`], ends of windows both, that the samples of a group's raw blocks
    /// make.
    /// - Parameter id: of the day that the range lies in.
    func appendWindows(
        ofSamples id: UInt32, group: UInt16, _ tier: Tier, after: Int64, through: Int64,
        tolerating damage: DamageList, to windows: inout WindowColumns
    ) throws(StoreError) {
        for start in try rawStarts(group: group, after: after / 1000, through: through / 1000) {
            let reference = BlockReference(group: group, start: start)
            let found = try damage.tolerating(TimeRange(span: start), series: true) { () throws(StoreError) in
                try self.windows(of: id, inSamples: reference, tier, after: after, through: through)
            }
            if let found = found ?? nil { windows.append(found, 0..<found.count) }
        }
    }
}

// MARK: - Folds

extension Snapshot {
    /// What is left of a group's series at each tier.
    func coverage(ofGroup group: UInt16) throws(StoreError) -> TierCoverage {
        guard let definition = try groups()[group] else { return TierCoverage() }
        return try retentionClasses()[definition.retentionClass]?.forgotten ?? TierCoverage()
    }

    /// The names that a day's registry has for the ids; nil where one of them cannot be read.
    func labels(
        of ids: [UInt32], onDay day: Int64, tolerating damage: DamageList
    ) throws(StoreError) -> [Labels]? {
        try damage.tolerating { () throws(StoreError) in
            try withRegistry(day) { registry throws(StoreError) in
                var labels: [Labels] = []
                for id in ids { labels.append(try registry.labels(of: id, in: transaction)) }
                return labels
            }
        }
    }

    /// The windows of a series of a block of 30 days; where they cannot be read, what is left of each of its days.
    func longWindows(
        of id: UInt32, _ labels: Labels, in reference: TierReference, or kept: TierCoverage,
        tolerating damage: DamageList
    ) throws(StoreError) -> WindowColumns {
        do throws(StoreError) {
            return try windows(of: id, in: reference) ?? WindowColumns()
        } catch {
            guard let loss = damage.describe(error) else { throw error }
            var found = WindowColumns()
            var lost = reference.start * 1000
            for day in stride(from: reference.start, to: reference.endSeconds, by: Int(Block.daySeconds)) {
                let (start, end) = (day * 1000, (day + Block.daySeconds) * 1000)
                let known = try damage.tolerating { () throws(StoreError) in try dayID(of: labels, day) }
                guard let id = known ?? nil else {
                    if known == nil || kept.minute >= end { lost = end }
                    continue
                }
                let first = try appendWindows(
                    of: id, group: reference.group, .hour, after: start, through: end, insteadOf: .hour, kept,
                    tolerating: damage, to: &found)
                if first > start { lost = first }
            }
            damage.add(loss, from: reference.start * 1000, through: lost)
            return found
        }
    }
}

extension DamageList {
    /// As ``events(at:)``, of what nothing else has.
    func eventsOfLosses(at milliseconds: Int64) -> [Event] {
        zip(losses, events(at: milliseconds)).filter { $0.0.range != nil }.map(\.1)
    }

    /// Keeps in mind that windows cannot be read, which costs those of one series in (`start`, `end`]; none where
    /// others have taken their place, and the block alone is named.
    func add(_ loss: (record: String, reason: String), from start: Int64, through end: Int64) {
        guard start < end else {
            add(loss.record, loss.reason)
            return
        }
        let range = TimeRange(minMilliseconds: start + 1, maxMilliseconds: end)
        add(loss.record, loss.reason, range: range, series: true)
    }
}

// MARK: - Queries

extension SeriesSelection {
    /// Adds what is left of the windows in (`after`, `through`] where a source of them is damaged: those of finer
    /// windows that go back as far, then those of the samples. Late samples are not among them.
    func readInstead(
        of source: TierPlan.Source, _ error: StoreError, _ piece: TierPlan.Piece, _ index: Int, _ tier: Tier,
        after: Int64, through: Int64, into windows: inout WindowColumns
    ) throws(StoreError) {
        let damage = snapshot.damage
        guard let loss = damage.describe(error) else { throw error }
        guard case .windows(let damaged) = source else {
            damage.add(loss, from: after, through: through)
            return
        }
        // Not the series' own: what it had in another class is kept as that is.
        let kept = try snapshot.coverage(ofGroup: damaged.group)
        var lost = after
        var start = after
        while start < through {
            let day = Block.spanStart(start + 1, length: Block.daySeconds)
            let end = min(through, (day + Block.daySeconds) * 1000)
            if let id = dayID(index, at: day) {
                let first = try snapshot.appendWindows(
                    of: id, group: damaged.group, tier, after: start, through: end, insteadOf: damaged.layer.tier, kept,
                    tolerating: damage, to: &windows)
                if first > start { lost = first }
            } else if kept.minute >= end {
                // The day's names went with its minutes.
                lost = end
            }
            start = end
        }
        damage.add(loss, from: after, through: lost)
    }
}
