// Least, greatest and quantiles, from windows.

import Model
import TSDB

extension TierAnswer {
    static let min = extreme(Least.self) { $0.minima }
    static let max = extreme(Greatest.self) { $0.maxima }

    /// The extreme of the windows' extremes. Of a window that a range cuts it may lie outside of the range; then the
    /// extreme of what is known to lie within says how far off the answer may be.
    private static func extreme<Order: Preference>(
        _ order: Order.Type, of column: @escaping @Sendable (WindowColumns) -> [Double]
    ) -> TierAnswer {
        let kernel = Function.extreme(order)
        return TierAnswer(.exact) { windows, parameters, row, remarks throws(QueryError) in
            let values = column(windows.columns)
            var samples = windows.samples(values)
            try kernel(&samples, parameters, &row)
            if windows.isUncut { return }
            var known = [Double](repeating: .absent, count: row.count)
            var whole = windows.samples(values, wholeOnly: true)
            try kernel(&whole, parameters, &known)
            for step in 0..<windows.count where windows.isCut(step) {
                var best = known[step].isAbsent ? .nan : known[step]
                for value in endsWithin(windows, step) where Order.isBetter(value, best) || best.isNaN { best = value }
                if best == row[step] || row[step].isNaN && windows.holdsSample(step) { continue }
                remarks.enclosing(windows.tier, within: (row[step] - best).magnitude)
            }
        }
    }

    /// The first and last samples of cut windows that lie in the range of a step.
    private static func endsWithin(_ windows: TierWindows, _ step: Int) -> [Double] {
        let columns = windows.columns
        let (start, end) = (windows.start(step), windows.ends.time(step))
        var values: [Double] = []
        for index in Set([windows[step].lowerBound, windows[step].upperBound - 1]) {
            let (first, last) = (columns.firstTimes[index], columns.lastTimes[index])
            if first > start && first <= end { values.append(columns.firsts[index]) }
            if last > start && last <= end { values.append(columns.lasts[index]) }
        }
        return values
    }

    /// The middle of what the windows allow. The k-th of all samples lies between the k-th of the windows' least and
    /// the k-th of their greatest values, each taken as often as its window has samples.
    static let quantile = TierAnswer(.estimated) { windows, parameters, row, remarks throws(QueryError) in
        var checkpoint = windows.checkpoint
        for step in 0..<windows.count where !windows[step].isEmpty {
            // Each window is sorted four times over.
            try checkpoint.pass(20 * windows[step].count)
            if !windows.holdsSample(step) { remarks.enclosing(windows.tier) }
            let phi = parameters[0, at: step]
            if !(phi >= 0 && phi <= 1) {
                row[step] = phi.isNaN ? .nan : phi < 0 ? -.infinity : .infinity
                continue
            }
            let bounds = QuantileBounds(windows, step)
            let (least, greatest) = (bounds.least.value(phi), bounds.greatest.value(phi))
            row[step] = bounds.isCut ? bounds.middle(phi) : least == greatest ? least : least / 2 + greatest / 2
            if least == greatest && !bounds.hasNaN { continue }
            let bound = bounds.hasNaN ? .infinity : Swift.max(greatest - row[step], row[step] - least)
            if bounds.isCut {
                remarks.enclosing(windows.tier, within: bound)
            } else {
                remarks.chosen(windows.tier, within: bound)
            }
        }
    }
}

/// The samples of a range, at their lowest and at their highest.
private struct QuantileBounds {
    var least = WeightedValues()
    var greatest = WeightedValues()
    /// Those of the windows as they are, where the range cuts some; the bounds then allow for any part of these.
    private var leastWhole = WeightedValues()
    private var greatestWhole = WeightedValues()
    var isCut: Bool
    /// A window's least and greatest values say nothing of NaNs, its sum does.
    var hasNaN = false

    init(_ windows: TierWindows, _ step: Int) {
        let columns = windows.columns
        isCut = windows.isCut(step)
        let whole = isCut ? windows.whole(step) : windows[step]
        let (lowest, highest) = TierAnswer.extent(windows, step)
        for index in windows[step] {
            let (low, high, count) = (columns.minima[index], columns.maxima[index], columns.counts[index])
            hasNaN = hasNaN || columns.sums[index].isNaN
            if isCut {
                leastWhole.add(low, high, count)
                greatestWhole.add(high, low, count)
            }
            if whole.contains(index) {
                least.add(low, high, count)
                greatest.add(high, low, count)
            } else {
                // Any number of its samples may be in the range: the lowest answer has them all, and as low as any.
                least.add(lowest, lowest, count)
                greatest.add(highest, highest, count)
            }
        }
        least.sort()
        greatest.sort()
        leastWhole.sort()
        greatestWhole.sort()
    }

    func middle(_ phi: Double) -> Double {
        let (low, high) = (leastWhole.value(phi), greatestWhole.value(phi))
        return low == high ? low : low / 2 + high / 2
    }
}

/// Values that stand for several samples each.
private struct WeightedValues {
    private var values: [(value: Double, count: Int)] = []
    private var total = 0

    /// A window of `count` samples of which one is `other` and the rest are `value`.
    mutating func add(_ value: Double, _ other: Double, _ count: Int) {
        total += count
        if count > 1 { values.append((other, 1)) }
        values.append((value, Swift.max(1, count - 1)))
    }

    mutating func sort() { values.sort { Quantile.precedes($0.value, $1.value) } }

    /// As ``Quantile/value(_:ofSorted:)`` of all the samples.
    func value(_ phi: Double) -> Double {
        let rank = phi * Double(total - 1)
        let below = rank.rounded(.down)
        let weight = rank - below
        let low = at(Int(below))
        let high = at(Swift.min(total - 1, Int(below) + 1))
        return low * (1 - weight) + high * weight
    }

    private func at(_ rank: Int) -> Double {
        var rest = rank
        for (value, count) in values {
            if rest < count { return value }
            rest -= count
        }
        return .nan
    }
}
