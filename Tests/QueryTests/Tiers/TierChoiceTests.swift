import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Which resolution answers, as far as it is decided before anything is read.
struct TierChoiceTests {
    private static let hour: Int64 = 3_600_000

    @Test func windowsAreTakenWhereAllEndsMeet() {
        func check(_ start: Int64, _ step: Int64, _ count: Int, _ range: Int64, _ expected: Tier?) {
            let found = TierChoice.aligned(StepGrid(start: start, step: step, count: count), milliseconds: range)
            #expect(found == expected, "\(count) moments from \(start) by \(step), \(range)")
        }
        let hour = Self.hour
        check(0, 0, 1, 24 * hour, .hour)
        check(-5 * hour, 2 * hour, 30, 24 * hour, .hour)
        check(1000, 0, 1, 24 * hour, nil)
        check(60_000, 0, 1, 24 * hour, .minute)
        check(0, 60_000, 30, 24 * hour, .minute)
        check(0, hour, 30, 24 * hour + 60_000, .minute)
        check(0, hour, 30, 24 * hour + 1, nil)
        check(0, 30_000, 30, 24 * hour, nil)
        // Few windows are not worth it, no moment reads nothing.
        check(0, 0, 1, hour, nil)
        check(0, 60_000, 11, 300_000, nil)
        check(0, 60_000, 2000, 300_000, nil)
        check(0, 60_000, 2000, 0, nil)
        check(0, hour, 100, 0, .hour)
        check(0, 60_000, 61, hour, .minute)
        check(0, hour, 0, 24 * hour, nil)
        // A grid of one moment has no step.
        check(2 * hour, 7, 1, 24 * hour, .hour)
    }

    /// Reads (0, 10 h] with different amounts gone.
    @Test func piecesMeetAtEndsOfWindows() {
        let hour = Self.hour
        let reads = TimeRange(minMilliseconds: 90_001, maxMilliseconds: 10 * hour + 90_000)
        func check(_ coverage: TierCoverage, _ expected: String, forced: Tier? = nil, aligned: Tier? = nil) {
            let pieces = TierChoice(forced: forced, aligned: aligned).pieces(of: reads, coverage)
            var text = pieces.windows.map { "\($0.tier.name) (\($0.after / 1000), \($0.through / 1000)]" }
            if let after = pieces.samplesAfter {
                text.append(after == .min ? "all samples" : "samples \(after / 1000)")
            }
            #expect(text.joined(separator: ", ") == expected)
        }
        check(TierCoverage(), "all samples")
        check(TierCoverage(), "1m (60, 36120]", forced: .minute)
        check(TierCoverage(), "1h (0, 39600]", forced: .hour)
        check(TierCoverage(raw: .max, minute: .min, hour: .min), "all samples", forced: .raw)
        check(TierCoverage(), "1m (60, 36120]", aligned: .minute)
        check(TierCoverage(raw: 90_000, minute: 0, hour: 0), "all samples")
        check(TierCoverage(raw: 90_001, minute: .min, hour: .min), "1m (60, 120], samples 120")
        check(TierCoverage(raw: 2 * hour, minute: .min, hour: .min), "1m (60, 7200], samples 7200")
        // A window that is not complete is no window, a moment within one no seam.
        check(
            TierCoverage(raw: 2 * hour - 1, minute: 61_000, hour: .min), "1h (0, 3600], 1m (3600, 7200], samples 7200")
        check(
            TierCoverage(raw: 8 * hour, minute: 4 * hour, hour: .min), "1h (0, 14400], 1m (14400, 28800], samples 28800"
        )
        check(TierCoverage(raw: 4 * hour, minute: 4 * hour, hour: .min), "1h (0, 14400], samples 14400")
        check(TierCoverage(raw: 50 * hour, minute: 40 * hour, hour: .min), "1h (0, 39600]")
        check(TierCoverage(raw: 50 * hour, minute: 4 * hour, hour: .min), "1h (0, 14400], 1m (14400, 36120]")
        check(TierCoverage(raw: 50 * hour, minute: .min, hour: .min), "1m (60, 36120]")
        // Windows that answer the same are of no use where they are gone, too.
        check(TierCoverage(raw: 61_000, minute: 61_000, hour: .min), "all samples", aligned: .minute)
    }

    @Test func enclosingRangesCutNoWindow() {
        let reads = TimeRange(minMilliseconds: 90_001, maxMilliseconds: 7_200_001)
        let wide = TierChoice.enclosing(reads, .hour)
        #expect(wide.min.milliseconds == 1 && wide.max.milliseconds == 3 * Self.hour)
        #expect(TierChoice.enclosing(wide, .hour) == wide)
    }
}
