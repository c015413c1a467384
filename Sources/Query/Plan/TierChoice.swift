import Model
import TSDB

/// From which resolutions a selector may be answered. What is left of each is known only per series; see
/// ``pieces(of:_:)``.
///
/// Samples answer as long as they exist, except where windows answer to the bit what the samples would: there the
/// windows do, which are fewer. Where samples are gone, the finest windows that are left take their place.
struct TierChoice: Hashable, Sendable {
    /// The only resolution that is asked, as the caller wants it; nil leaves the choice to what is left.
    var forced: Tier?
    /// The longest windows that answer as the samples do; nil where none do.
    var aligned: Tier?
    /// Whether they do so only as long as the order in which falls are added up does not matter.
    var dependsOnFalls = false
    /// Whether the answer counts or adds up falls.
    var readsFalls = false

    /// The longest windows that have ends at all ends of the ranges of `milliseconds` that end at the moments.
    static func aligned(_ moments: StepGrid, milliseconds: Int64) -> Tier? {
        if moments.count == 0 { return nil }
        let span = moments.end.subtractingClamped(moments.start).addingClamped(milliseconds)
        for tier in [Tier.hour, .minute] {
            let length = tier.windowMilliseconds
            let isAligned =
                moments.start % length == 0 && (moments.count == 1 || moments.step % length == 0)
                && milliseconds % length == 0
            if isAligned && isWorthwhile(tier, span: span, range: milliseconds) { return tier }
        }
        return nil
    }

    /// A window costs as much as ten samples do, so that minutes gain little over samples of 5 s, and only where ranges
    /// are long (measured: benchmarks/query; 30 days of a day's maximum 37 ms from minutes, 71 ms from samples, 6 ms
    /// from hours; instant vectors and ranges of 5 minutes 14 ms from minutes, 9 ms from samples).
    private static func isWorthwhile(_ tier: Tier, span: Int64, range: Int64) -> Bool {
        switch tier {
        case .raw: false
        case .minute: range >= Tier.hour.windowMilliseconds && span >= 2 * Tier.hour.windowMilliseconds
        case .hour: span >= 2 * Tier.hour.windowMilliseconds
        }
    }

    /// What has to be selected so that all windows that may be read are complete.
    func selected(for reads: TimeRange) -> TimeRange {
        guard let tier = forced ?? aligned, tier != .raw else { return reads }
        return TierChoice.enclosing(reads, tier)
    }

    /// The range and the rest of the windows that it cuts.
    static func enclosing(_ reads: TimeRange, _ tier: Tier) -> TimeRange {
        TimeRange(
            minMilliseconds: tier.windowStart(of: reads.min.milliseconds - 1) + 1,
            maxMilliseconds: tier.windowEnd(of: reads.max.milliseconds))
    }

    /// How a series is read of which `coverage` is left.
    func pieces(of reads: TimeRange, _ coverage: TierCoverage) -> SeriesPieces {
        let after = reads.min.milliseconds - 1
        let through = reads.max.milliseconds
        if forced == .raw { return .samples }
        if let forced { return .windows(forced, after, through) }
        if let aligned, aligned.windowStart(of: after) >= coverage[aligned] {
            return .windows(aligned, after, through)
        }
        if after >= coverage.raw { return .samples }
        return .finest(after, through, coverage)
    }
}

/// How one series is read: windows of an hour, then of a minute, then samples; each part may be missing.
struct SeriesPieces: Hashable, Sendable {
    /// The windows of a tier that end in (after, through]; both are multiples of their length.
    struct Piece: Hashable, Sendable {
        var tier: Tier
        var after: Int64
        var through: Int64
    }

    var windows: [Piece] = []
    /// Samples answer for what is later than this; nil where windows answer to the end.
    var samplesAfter: Int64? = .min

    static let samples = SeriesPieces()

    static func windows(_ tier: Tier, _ after: Int64, _ through: Int64) -> SeriesPieces {
        SeriesPieces(
            windows: [Piece(tier: tier, after: tier.windowStart(of: after), through: tier.windowEnd(of: through))],
            samplesAfter: nil)
    }

    /// At each moment the finest that is left. A seam lies where both sides have the end of a window.
    static func finest(_ after: Int64, _ through: Int64, _ coverage: TierCoverage) -> SeriesPieces {
        var pieces = SeriesPieces()
        let minutes = Tier.hour.ceiling(coverage.minute)
        let samples = max(Tier.minute.ceiling(coverage.raw), minutes)
        var start = after
        if Tier.minute.windowStart(of: after) < coverage.minute {
            pieces.append(.hour, after, min(minutes, through))
            start = minutes
        }
        if start < min(samples, through) { pieces.append(.minute, start, min(samples, through)) }
        pieces.samplesAfter = through > samples ? samples : nil
        return pieces
    }

    private mutating func append(_ tier: Tier, _ after: Int64, _ through: Int64) {
        let piece = Piece(tier: tier, after: tier.windowStart(of: after), through: tier.windowEnd(of: through))
        if piece.after < piece.through { windows.append(piece) }
    }
}

extension Tier {
    /// Start of the window that begins at or last before the moment.
    /// - Precondition: the tier has windows.
    func windowStart(of milliseconds: Int64) -> Int64 {
        let end = windowEnd(of: milliseconds)
        return end == milliseconds ? end : end - windowMilliseconds
    }

    /// The first end of a window that is not before the moment, which may be as early as there is.
    fileprivate func ceiling(_ milliseconds: Int64) -> Int64 {
        milliseconds == .min ? .min : windowEnd(of: milliseconds)
    }

    /// As an adjective: `1-minute`.
    var adjective: String {
        switch self {
        case .raw: "raw"
        case .minute: "1-minute"
        case .hour: "1-hour"
        }
    }
}
