import Model
import TestSupport

@testable import TSDB

/// What the windows of a store that was killed have to say: each acknowledged sample is in its minute and its hour,
/// whether its own block is still there or not, and none is in them twice.
enum CrashWindows {
    static func problems(_ snapshot: Snapshot, _ acknowledged: [Int64], _ deaths: Int64) throws -> [String] {
        var problems: [String] = []
        let selection = try snapshot.select([], in: .all)
        var minutes: [Labels: [Int64: Window]] = [:]
        var hours: [Labels: [Int64: Window]] = [:]
        var columns = WindowColumns()
        for (index, labels) in selection.labels.enumerated() {
            for tier in [Tier.minute, .hour] {
                try selection.readWindows(
                    index, tier, after: TimeRange.all.min, through: TimeRange.all.max, into: &columns)
                let windows = (0..<columns.count).map { (columns[$0].end, columns[$0]) }
                if tier == .minute {
                    minutes[labels] = Dictionary(uniqueKeysWithValues: windows)
                } else {
                    hours[labels] = Dictionary(uniqueKeysWithValues: windows)
                }
            }
        }
        var counts: [Labels: [Int64: Int]] = [:]
        for number in acknowledged {
            for sample in CrashWorld.samples(number < 0 ? ~number : number, isLate: number < 0) {
                guard let window = minutes[sample.labels]?[Tier.minute.windowEnd(of: sample.time)] else {
                    problems.append("no minute: \(sample)")
                    continue
                }
                if number < 0 {
                    if window.count == 0 { problems.append("an empty minute: \(sample)") }
                    continue
                }
                let isStale = sample.value.isStaleMarker
                // A tick is a minute long, so a window has one sample.
                let isSame =
                    isStale
                    ? window.isStale && window.count == 0
                    : window.count == 1 && window.last.bitPattern == sample.value.bitPattern
                if !isSame { problems.append("another minute: \(sample), \(window)") }
                if !isStale {
                    counts[sample.labels, default: [:]][Tier.hour.windowEnd(of: sample.time), default: 0] += 1
                }
            }
        }
        for (labels, expected) in counts {
            for (end, count) in expected {
                // The last ticks may have been committed and not acknowledged.
                let found = hours[labels]?[end]?.count ?? 0
                if found < count || found > count + Int(deaths) {
                    problems.append("an hour of \(labels) to \(end): \(found) samples for \(count)")
                }
            }
        }
        return problems
    }
}
