// Count, sum, mean and ends, from windows.

import Model
import TSDB

extension TierAnswer {
    static let count = TierAnswer(.exact) { windows, _, row, remarks in
        let counts = RunningCount(windows.columns.counts)
        let numbers = windows.isUncut ? [] : windows.columns.counts.map(Double.init)
        for step in 0..<windows.count where !windows[step].isEmpty {
            if windows.isCut(step) {
                row[step] = Double(counts[windows.whole(step)]) + cut(windows, step, numbers)
                remarks.enclosing(windows.tier)
            } else {
                row[step] = Double(counts[windows[step]])
            }
        }
    }

    /// Known where the first or the last sample of a window lies in the range; taken to be so where the range lies
    /// between the two.
    static let present = TierAnswer(.exact) { windows, _, row, remarks in
        for step in 0..<windows.count where !windows[step].isEmpty {
            row[step] = 1
            if !windows.holdsSample(step) { remarks.enclosing(windows.tier) }
        }
    }

    /// The newest sample; of a window that the range's end cuts, its first one is the newest that is known.
    static let last = TierAnswer(.exact) { windows, _, row, remarks in
        let columns = windows.columns
        for step in 0..<windows.count where !windows[step].isEmpty {
            let newest = windows[step].upperBound - 1
            let isCut = windows.isCutAtEnd(step)
            row[step] = isCut ? columns.firsts[newest] : columns.lasts[newest]
            if isCut { remarks.enclosing(windows.tier) }
        }
    }

    /// The oldest sample; of a window that the range's start cuts, its last one if it lies in the range.
    static let first = TierAnswer(.exact) { windows, _, row, remarks in
        let columns = windows.columns
        for step in 0..<windows.count where !windows[step].isEmpty {
            let oldest = windows[step].lowerBound
            let isCut = windows.isCutAtStart(step)
            let isLastWithin = columns.lastTimes[oldest] <= windows.ends.time(step)
            row[step] = isCut && isLastWithin ? columns.lasts[oldest] : columns.firsts[oldest]
            if isCut { remarks.enclosing(windows.tier) }
        }
    }

    static let sum = TierAnswer(.rounded) { windows, _, row, remarks throws(QueryError) in
        let sums = windows.columns.sums
        var checkpoint = windows.checkpoint
        for step in 0..<windows.count where !windows[step].isEmpty {
            try checkpoint.pass(windows[step].count)
            var total = CompensatedSum()
            let isCut = windows.isCut(step)
            for index in isCut ? windows.whole(step) : windows[step] { total.add(sums[index]) }
            if isCut {
                total.add(cut(windows, step, sums))
                remarks.enclosing(windows.tier)
            }
            row[step] = total.sum.isInfinite ? total.sum : total.sum + total.error
        }
    }

    /// Sum by count. Where sums of finite values overflow, the mean lies between the least and the greatest of them.
    static let avg = TierAnswer(.rounded) { windows, _, row, remarks throws(QueryError) in
        let sums = windows.columns.sums
        var checkpoint = windows.checkpoint
        let counts = RunningCount(windows.columns.counts)
        let numbers = windows.isUncut ? [] : windows.columns.counts.map(Double.init)
        for step in 0..<windows.count where !windows[step].isEmpty {
            var total = CompensatedSum()
            let isCut = windows.isCut(step)
            let whole = isCut ? windows.whole(step) : windows[step]
            try checkpoint.pass(whole.count)
            var count = Double(counts[whole])
            for index in whole { total.add(sums[index]) }
            if isCut {
                total.add(cut(windows, step, sums))
                count += cut(windows, step, numbers)
                remarks.enclosing(windows.tier)
            }
            row[step] = total.sum / count + total.error / count
            if row[step].isFinite { continue }
            let (least, greatest) = extent(windows, step)
            if least.isFinite && greatest.isFinite && !sums[windows[step]].contains(where: \.isNaN) {
                row[step] = least / 2 + greatest / 2
                remarks.chosen(windows.tier, within: greatest / 2 - least / 2)
            }
        }
    }

    /// What the windows that a range cuts contribute to a sum: the share of each that lies in it.
    private static func cut(_ windows: TierWindows, _ step: Int, _ values: [Double]) -> Double {
        let (all, whole) = (windows[step], windows.whole(step))
        var sum = 0.0
        if all.lowerBound < whole.lowerBound {
            sum += values[all.lowerBound] * windows.share(of: all.lowerBound, in: step)
        }
        if whole.upperBound < all.upperBound {
            sum += values[all.upperBound - 1] * windows.share(of: all.upperBound - 1, in: step)
        }
        return sum
    }

    /// Least and greatest of all samples of the windows that a range touches.
    static func extent(_ windows: TierWindows, _ step: Int) -> (least: Double, greatest: Double) {
        var (least, greatest) = (Double.nan, Double.nan)
        for index in windows[step] {
            let (low, high) = (windows.columns.minima[index], windows.columns.maxima[index])
            if least.isNaN || low < least { least = low }
            if greatest.isNaN || high > greatest { greatest = high }
        }
        return (least, greatest)
    }
}
