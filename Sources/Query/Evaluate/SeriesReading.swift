import Model
import TSDB

// Which series a selector finds, and how each is read: its samples, or windows in their place.

/// The series that a selector found, in label order.
struct FoundSeries {
    let selection: ViewSelection
    /// What is left of each; empty where nobody asks.
    let coverage: [TierCoverage]
    /// Whether the windows that might answer in place of samples would have to be made of samples.
    var lacksWindows = false

    var labels: [Labels] { selection.labels }
}

extension Evaluation {
    /// The series that a selector finds, counted.
    mutating func find(_ plan: SelectorPlan) throws(QueryError) -> FoundSeries {
        let begun = clock.now
        let range = plan.tiers.selected(for: plan.reads)
        var found = try select(plan, in: range)
        // Whether samples are gone is known only now. Windows in their place have to be complete.
        let wide = TierChoice.enclosing(plan.reads, .hour)
        if wide != range, found.coverage.contains(where: { $0.raw >= plan.reads.min.milliseconds }) {
            found = try select(plan, in: wide)
        }
        select(clock.now - begun)
        try account(series: found.labels.count)
        statistics.selectors[plan.span, default: SelectorUsage()].series += found.labels.count
        if !found.selection.formulas.isEmpty {
            statistics.selectors[plan.span, default: SelectorUsage()].aliases = found.selection.formulas
            statistics.dependsOnRange = statistics.dependsOnRange || found.selection.hasTwins
        }
        return found
    }

    private func select(_ plan: SelectorPlan, in range: TimeRange) throws(QueryError) -> FoundSeries {
        let selection = try source.select(plan.matchers, in: range)
        var coverage: [TierCoverage] = []
        if plan.tiers.forced == nil {
            coverage.reserveCapacity(selection.labels.count)
            var checkpoint = Checkpoint(interruption)
            for series in selection.labels.indices {
                try checkpoint.pass(20)
                coverage.append(try source.coverage(selection, series))
            }
        }
        var found = FoundSeries(selection: selection, coverage: coverage)
        if plan.tiers.forced == nil, let aligned = plan.tiers.aligned, !selection.labels.isEmpty {
            found.lacksWindows = try !source.storesWindows(aligned, selection)
        }
        return found
    }

    /// Replaces `content` by what answers for a series, counted.
    mutating func read(
        _ found: FoundSeries, _ index: Int, of plan: SelectorPlan, into content: inout SeriesContent
    ) throws(QueryError) {
        try interruption.check()
        let begun = clock.now
        content.removeAll()
        let coverage = found.coverage.isEmpty ? TierCoverage() : found.coverage[index]
        let tiers = try source.choice(plan.tiers, found.selection, index)
        var pieces = tiers.pieces(of: plan.reads, coverage)
        if found.lacksWindows && plan.reads.min.milliseconds > coverage.raw { pieces = .samples }
        try read(found.selection, index, pieces, of: plan, into: &content)
        let isChoice = tiers.forced == nil && tiers.dependsOnFalls
        if isChoice && content.windows.hasOrderedFalls && plan.reads.min.milliseconds > coverage.raw {
            // The samples are there as well.
            content.removeAll()
            pieces = .samples
        }
        content.seam = pieces.samplesAfter ?? .max
        if let after = pieces.samplesAfter {
            var range = plan.reads
            range.min.milliseconds = max(range.min.milliseconds, after.addingClamped(1))
            let before = found.selection.chunksRead
            try read(found.selection, index, in: range, into: &content)
            statistics.chunks += found.selection.chunksRead - before
            try account(samples: content.samples.count, windows: 0)
            statistics.selectors[plan.span, default: SelectorUsage()].samples += content.samples.count
        }
        select(clock.now - begun)
    }

    /// How much of a series is read at once: at a sample a second, what takes 40 ms.
    private static let readMilliseconds: Int64 = 32 * 86_400_000

    /// Reads the samples of a series; a long one in pieces, so that the query can be stopped between them.
    private mutating func read(
        _ selection: ViewSelection, _ index: Int, in range: TimeRange, into content: inout SeriesContent
    ) throws(QueryError) {
        let (first, last) = (range.min.milliseconds, range.max.milliseconds)
        let span = last.subtractingClamped(first)
        guard span > 2 * Self.readMilliseconds else {
            return try source.read(selection, index, in: range, into: &content.samples)
        }
        // Who asks about all times there are does not get more pieces for it.
        let length = max(Self.readMilliseconds, span / 200)
        var start = first
        while start <= last {
            try interruption.check()
            let end = min(last, start.addingClamped(length - 1))
            let piece = TimeRange(minMilliseconds: start, maxMilliseconds: end)
            try source.read(selection, index, in: piece, into: &content.piece)
            content.samples.timestamps += content.piece.timestamps
            content.samples.values += content.piece.values
            if end == .max { return }
            start = end + 1
        }
    }

    /// Reads the windows of all pieces.
    private mutating func read(
        _ selection: ViewSelection, _ index: Int, _ pieces: SeriesPieces, of plan: SelectorPlan,
        into content: inout SeriesContent
    ) throws(QueryError) {
        for piece in pieces.windows {
            try source.read(selection, index, piece, into: &content.next)
            try account(samples: 0, windows: content.next.count)
            statistics.selectors[plan.span, default: SelectorUsage()].count(content.next.count, of: piece.tier)
            content.windows.append(&content.next, piece.tier)
        }
    }
}
