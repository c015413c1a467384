package import Model
package import TSDB

/// The series that a set of matchers selects in a ``StoreView``, in label order, and the way to their samples: a
/// ``SeriesSelection`` that knows aliases. Not to be used from two threads at once.
package final class ViewSelection {
    /// The label sets, ascending; the place of one is the index of its series.
    package let labels: [Labels]
    private let stored: SeriesSelection
    private let made: AliasedSeries?
    private let range: TimeRange
    /// Where each series is; empty where all are stored ones, at their own index.
    private var places: [Place] = []
    private var column = SampleColumn()
    private var other = SampleColumn()
    /// Whether two series had the same labels, of which one stands: which one, the range decides.
    private(set) var hasTwins = false
    /// What windows did not tell of sums and differences that were read so far.
    private(set) var losses = WindowLosses()

    private enum Place {
        case stored(Int)
        case made(Int)
        /// Both have these labels. The stored one wins, unless it was only known by name in the time that is asked for:
        /// registries remember a series for the whole day.
        case either(stored: Int, made: Int)
    }

    init(_ stored: SeriesSelection, _ made: AliasedSeries?, in range: TimeRange) {
        self.stored = stored
        self.made = made
        self.range = range
        guard let made else {
            labels = stored.labels
            return
        }
        hasTwins = made.hasTwins
        var labels: [Labels] = []
        var (left, right) = (0, 0)
        while left < stored.count || right < made.series.count {
            if right == made.series.count || (left < stored.count && stored.labels[left] < made.series[right].labels) {
                labels.append(stored.labels[left])
                places.append(.stored(left))
                left += 1
            } else if left < stored.count, stored.labels[left] == made.series[right].labels {
                labels.append(stored.labels[left])
                places.append(.either(stored: left, made: right))
                hasTwins = true
                left += 1
                right += 1
            } else {
                labels.append(made.series[right].labels)
                places.append(.made(right))
                right += 1
            }
        }
        self.labels = labels
    }

    package var count: Int { labels.count }

    /// What aliases of the selection stand for, as `name = formula`.
    var formulas: [String] { made?.formulas ?? [] }

    /// As ``SeriesSelection/chunksRead``.
    var chunksRead: Int { stored.chunksRead + (made?.sources.chunksRead ?? 0) }

    /// As ``SeriesSelection/storesWindows(_:)``, which is a matter of blocks and not of series.
    func storesWindows(_ tier: Tier) throws(StoreError) -> Bool { try stored.storesWindows(tier) }

    /// As ``SeriesSelection/skipNumbers()``, where no alias makes other values of those that are read.
    func skipNumbers() {
        if made == nil { stored.skipNumbers() }
    }

    /// As ``SeriesSelection/read(_:in:into:)``.
    package func read(_ index: Int, in range: TimeRange, into column: inout SampleColumn) throws(StoreError) {
        switch try place(index) {
        case .stored(let index): try stored.read(index, in: range, into: &column)
        case .made(let source, let series): try read(series, of: source, in: range, into: &column)
        }
    }

    /// As ``SeriesSelection/readWindows(_:_:after:through:into:)``.
    package func readWindows(
        _ index: Int, _ tier: Tier, after start: Timestamp, through end: Timestamp, into windows: inout WindowColumns
    ) throws(StoreError) {
        switch try place(index) {
        case .stored(let index):
            try stored.readWindows(index, tier, after: start, through: end, into: &windows)
        case .made(let source, let series):
            if let operation = series.operation, let second = series.second {
                try readWindows(
                    series.first, operation, second, of: source, tier, after: start, through: end, into: &windows)
            } else {
                try source.readWindows(series.first, tier, after: start, through: end, into: &windows)
            }
            series.scale.apply(to: &windows)
        }
    }

    /// As ``SeriesSelection/coverage(of:)``; of a sum or difference what is left of both.
    package func coverage(of index: Int) throws(StoreError) -> TierCoverage {
        switch try place(index) {
        case .stored(let index): return try stored.coverage(of: index)
        case .made(let source, let series): return try coverage(of: series, in: source)
        }
    }

    /// The choice of a selector as it is for a series: windows of a sum are none that answer as its samples do, and a
    /// factor may make two values one, which is then no fall.
    func choice(_ choice: TierChoice, _ index: Int) throws(StoreError) -> TierChoice {
        guard made != nil, choice.aligned != nil, case .made(_, let series) = try place(index) else { return choice }
        var choice = choice
        if series.operation != nil || (choice.readsFalls && !series.scale.isExact) { choice.aligned = nil }
        return choice
    }

    // MARK: - Series of aliases

    private enum Found {
        case stored(Int)
        case made(SeriesSelection, AliasedSeries.Series)
    }

    /// Where a series is read.
    private func place(_ index: Int) throws(StoreError) -> Found {
        guard let made else { return .stored(index) }
        switch places[index] {
        case .stored(let index): return .stored(index)
        case .made(let place): return .made(made.sources, made.series[place])
        case .either(let stored, let place):
            let isThere = try hasSamples(stored)
            places[index] = isThere ? .stored(stored) : .made(place)
            return isThere ? .stored(stored) : .made(made.sources, made.series[place])
        }
    }

    /// Whether a stored series has anything in the range that was selected.
    private func hasSamples(_ index: Int) throws(StoreError) -> Bool {
        var samples = SampleColumn()
        try stored.read(index, in: range, into: &samples)
        if samples.count > 0 { return true }
        let coverage = try stored.coverage(of: index)
        guard coverage.raw >= range.min.milliseconds else { return false }
        var windows = WindowColumns()
        for tier in [Tier.hour, .minute] {
            try stored.readWindows(
                index, tier, after: Timestamp(milliseconds: range.min.milliseconds.subtractingClamped(1)),
                through: range.max,
                into: &windows)
            if windows.count > 0 { return true }
        }
        return false
    }

    private func read(
        _ series: AliasedSeries.Series, of source: SeriesSelection, in range: TimeRange,
        into result: inout SampleColumn
    ) throws(StoreError) {
        if let operation = series.operation, let second = series.second {
            try source.read(series.first, in: range, into: &column)
            try source.read(second, in: range, into: &other)
            operation.join(column, other, into: &result)
        } else {
            try source.read(series.first, in: range, into: &result)
        }
        series.scale.apply(to: &result)
    }

    private func coverage(
        of series: AliasedSeries.Series, in source: SeriesSelection
    ) throws(StoreError) -> TierCoverage {
        var coverage = try source.coverage(of: series.first)
        guard let second = series.second else { return coverage }
        let other = try source.coverage(of: second)
        for tier in Tier.allCases { coverage[tier] = max(coverage[tier], other[tier]) }
        return coverage
    }

    /// The windows of a sum or difference: made of samples where both have theirs still, of windows where not.
    private func readWindows(
        _ first: Int, _ operation: Formula.Operation, _ second: Int, of source: SeriesSelection, _ tier: Tier,
        after start: Timestamp, through end: Timestamp, into windows: inout WindowColumns
    ) throws(StoreError) {
        let through = tier.windowStart(of: end.milliseconds)
        let after = tier.windowStart(of: start.milliseconds)
        let raw = max(try source.coverage(of: first).raw, try source.coverage(of: second).raw)
        // The first end of a window behind which there are samples.
        let seam = raw <= after ? after : min(through, tier.windowEnd(of: raw))
        windows.removeAll()
        if after < seam {
            var others = WindowColumns()
            try source.readWindows(
                first, tier, after: Timestamp(milliseconds: after), through: Timestamp(milliseconds: seam),
                into: &windows)
            try source.readWindows(
                second, tier, after: Timestamp(milliseconds: after), through: Timestamp(milliseconds: seam),
                into: &others)
            windows = operation.join(windows, others, &losses)
        }
        guard seam < through else { return }
        let range = TimeRange(minMilliseconds: seam + 1, maxMilliseconds: through)
        try source.read(first, in: range, into: &column)
        try source.read(second, in: range, into: &other)
        var joined = SampleColumn()
        operation.join(column, other, into: &joined)
        Rollup.append(joined, tier, to: &windows)
    }
}
