package import Model

extension SeriesSelection {
    /// Replaces the content of `windows` by those of series `index` that end in (`start`, `end`], at `tier`.
    /// The selection's range must reach over all of their samples: from `start` rounded down to a multiple of the
    /// window's length, without it, through `end`.
    ///
    /// Where windows are stored they are read; where they are not (not sealed yet, written by a store that made none),
    /// they are made of the samples. Late samples that wait for their merge are in them.
    package func readWindows(
        _ index: Int, _ tier: Tier, after start: Timestamp, through end: Timestamp, into windows: inout WindowColumns
    ) throws(StoreError) {
        windows.removeAll()
        let length = tier.windowMilliseconds
        let lowest = Recorder.times.lowerBound
        // Whole windows only: samples are looked at from the start of the first through the end of the last.
        let after = max(lowest, start.milliseconds)
        let first = tier.windowEnd(of: after + 1) - length
        let last = tier.windowEnd(of: min(max(lowest, end.milliseconds), Recorder.times.upperBound) + 1) - length
        guard first < last else { return }
        let recent = recentSamples(index, after: first, through: last)
        var shared: Set<Int64> = []
        for pieces in try plan(tier).pieces {
            var ofGroup = WindowColumns()
            for piece in pieces where piece.after < last && piece.through > first {
                try read(
                    piece, index, tier, after: max(first, piece.after), through: min(last, piece.through),
                    except: recent.again, into: &ofGroup)
            }
            if windows.count > 0 { shared.formUnion(Set(windows.ends).intersection(ofGroup.ends)) }
            windows.mix(ofGroup)
        }
        var samples = SampleColumn()
        // A series that is in two groups within one window: what its samples were in order only they can tell.
        let rawStart = shared.isEmpty ? 0 : try coverage(of: index).raw
        for end in shared.sorted() where end - length >= rawStart {
            let range = TimeRange(minMilliseconds: end - length + 1, maxMilliseconds: end)
            try read(index, in: range, into: &samples)
            windows.replace(after: end - length, through: end, with: Rollup.windows(of: samples, tier))
        }
        for span in recent.again.sorted() {
            let range = TimeRange(
                minMilliseconds: max(first, span * 1000) + 1,
                maxMilliseconds: min(last, (span + Block.rawSpanSeconds) * 1000))
            try read(index, in: range, into: &samples)
            windows.mix(Rollup.windows(of: samples, tier))
        }
        windows.mix(Rollup.windows(of: recent.others, tier))
    }

    /// What is left of series `index` at each tier, in the selection's range. Where it may have been in several classes
    /// those count in which it has windows whose samples are gone: what one of them has forgotten says nothing of
    /// samples that were kept, or imported, in another.
    package func coverage(of index: Int) throws(StoreError) -> TierCoverage {
        let classes = try snapshot.retentionClasses()
        if isMade[index] { return classes[RetentionClass.frames]?.forgotten ?? TierCoverage() }
        let own = RetentionClass.number(of: labels[index], classes)
        let others = RetentionClass.others(than: own, of: labels[index], classes)
        if others.isEmpty { return classes[own]?.forgotten ?? TierCoverage() }
        var coverage = TierCoverage()
        for number in [own] + others {
            guard let forgotten = classes[number]?.forgotten, forgotten.raw > range.min.milliseconds else { continue }
            guard let last = try lastWindow(index, ofClass: number, through: forgotten.raw) else { continue }
            for tier in Tier.allCases { coverage[tier] = max(coverage[tier], min(forgotten[tier], last)) }
        }
        return coverage
    }

    /// The end of the last window that a series has in the groups of a class, in the selection's range and through
    /// `end`; nil where it has none.
    private func lastWindow(_ index: Int, ofClass number: UInt8, through end: Int64) throws(StoreError) -> Int64? {
        let groups = try snapshot.groups()
        var last: Int64?
        for pieces in try plan(.hour).pieces where groups[pieces[0].group]?.retentionClass == number {
            for piece in pieces.reversed() where piece.isInWindows && piece.after < end && piece.through > last ?? .min
            {
                var windows = WindowColumns()
                try read(piece, index, .hour, after: piece.after, through: piece.through, except: [], into: &windows)
                let inRange = windows.ends.last {
                    let start = $0 - Tier.hour.windowMilliseconds
                    return $0 > range.min.milliseconds && start < min(end, range.max.milliseconds)
                }
                guard let inRange else { continue }
                last = max(last ?? .min, inRange)
                break
            }
        }
        return last
    }

    private func plan(_ tier: Tier) throws(StoreError) -> TierPlan {
        if let known = plans[tier] { return known }
        let plan = try TierPlan(tier, in: range, snapshot)
        plans[tier] = plan
        return plan
    }

    /// Samples in (`first`, `last`] that are not in blocks yet: the spans that have to be made from samples again,
    /// because their blocks have others, and the samples of the other spans.
    private func recentSamples(
        _ index: Int, after first: Int64, through last: Int64
    ) -> (again: Set<Int64>, others: SampleColumn) {
        let column = recent[index]
        var again: Set<Int64> = []
        var others = SampleColumn()
        if column.count == 0 { return (again, others) }
        let sealed = isMade[index] ? [] : Set(blocks.map(\.start))
        for place in column.timestamps.indices {
            let time = column.timestamps[place]
            guard time > first, time <= last else { continue }
            let span = sealed.isEmpty ? 0 : Block.spanStart(time)
            if sealed.contains(span) {
                again.insert(span)
            } else {
                others.append(time, column.values[place])
            }
        }
        others.normalize()
        return (again, others)
    }

    /// Adds the windows of a piece that end in (`after`, `through`], but for the spans in `except`. What is damaged is
    /// named, and what else there is of it takes its place; see ToleratedWindows.swift.
    private func read(
        _ piece: TierPlan.Piece, _ index: Int, _ tier: Tier, after: Int64, through: Int64, except: Set<Int64>,
        into windows: inout WindowColumns
    ) throws(StoreError) {
        for source in piece.sources {
            var found = WindowColumns()
            do throws(StoreError) {
                guard let whole = try read(source, index, tier, after: after, through: through) else { continue }
                found = whole
                if piece.mayContinueHours, case .windows(let slice) = source, slice.layer == .minuteSlice {
                    found = try hours(before: found, slice, piece, index, after: after, through: through)
                }
            } catch {
                found.removeAll()
                try readInstead(of: source, error, piece, index, tier, after: after, through: through, into: &found)
            }
            let range = found.firstIndex(endingAfter: after)..<found.firstIndex(endingAfter: through)
            if except.isEmpty {
                windows.append(found, range)
            } else {
                for place in range where !except.contains(Block.spanStart(found.ends[place])) {
                    windows.append(found[place])
                }
            }
            return
        }
    }

    /// The hours of a slice of minutes whose span was evicted while it was open: what came before is in the hours.
    private func hours(
        before found: WindowColumns, _ slice: TierReference, _ piece: TierPlan.Piece, _ index: Int, after: Int64,
        through: Int64
    ) throws(StoreError) -> WindowColumns {
        // Not the series' own: it may have got another class since.
        let forgotten = try snapshot.coverage(ofGroup: slice.group).minute
        guard forgotten > after else { return found }
        for case .windows(let longer) in piece.sources where longer.layer.tier == .hour {
            guard let known = try read(.windows(longer), index, .hour, after: after, through: through),
                let id = dayID(index, at: slice.start), let minutes = try snapshot.windows(of: id, in: slice)
            else { continue }
            let range = known.firstIndex(endingAfter: after)..<known.firstIndex(endingAfter: through)
            var before = WindowColumns()
            before.append(known, range)
            return before.continued(.hour, by: minutes, wholeAfter: forgotten)
        }
        return found
    }

    /// The windows of one source; nil where it does not have the series.
    private func read(
        _ source: TierPlan.Source, _ index: Int, _ tier: Tier, after: Int64, through: Int64
    ) throws(StoreError) -> WindowColumns? {
        switch source {
        case .windows(let reference):
            let id: UInt32?
            if reference.layer.registrySpan == .thirtyDays {
                id = longIDs[index].first { $0.start == reference.start }?.id
            } else {
                id = dayID(index, at: reference.start)
            }
            guard let id, let found = try snapshot.windows(of: id, in: reference) else { return nil }
            if reference.layer.tier == tier { return found }
            var longer = WindowColumns()
            Rollup.append(found, tier, to: &longer)
            return longer
        case .samples(let reference):
            guard let id = dayID(index, at: reference.start) else { return nil }
            return try snapshot.windows(of: id, inSamples: reference, tier, after: after, through: through)
        }
    }

    /// The id that the series has in the registry of the day that `seconds` is in; a day includes its start here, since
    /// that is where a span within it begins.
    func dayID(_ index: Int, at seconds: Int64) -> UInt32? {
        let day = Block.day(of: seconds)
        let ids = ids[index]
        let place = ids.indices.partitioned { ids[$0].start < day }
        return place < ids.endIndex && ids[place].start == day ? ids[place].id : nil
    }
}

extension Snapshot {
    /// The windows made of a raw block's samples in (`after`, `through`]; nil where the block does not have the series.
    func windows(
        of id: UInt32, inSamples reference: BlockReference, _ tier: Tier, after: Int64 = .min, through: Int64 = .max
    ) throws(StoreError) -> WindowColumns? {
        var decoder = ChunkDecoder()
        var values: [Double] = []
        var samples = SampleColumn()
        let isThere = try withBlock(reference) { block throws(StoreError) in
            guard let entry = try block.entry(of: id, in: transaction) else { return false }
            try block.read(
                entry, from: after == .min ? .min : after + 1, through: through, using: &decoder, &values,
                into: &samples, in: transaction)
            return true
        }
        return isThere ? Rollup.windows(of: samples, tier) : nil
    }
}
