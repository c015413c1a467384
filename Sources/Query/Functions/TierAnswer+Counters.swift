// What a counter or gauge did, from windows: ends and falls are known, what lies between two ends is not.

import Model
import TSDB

extension TierAnswer {
    /// `rate`, `increase` and `delta`. A range that cuts windows is answered by the rate over the whole of them.
    static func extrapolated(isCounter: Bool, perSecond: Bool) -> TierAnswer {
        TierAnswer(isCounter ? .exactInOrder : .exact) { windows, _, row, remarks in
            let columns = windows.columns
            let falls = isCounter ? Fall.all(in: windows) : []
            let (firsts, lasts) = (columns.firsts, columns.lasts)
            let (firstTimes, lastTimes) = (columns.firstTimes, columns.lastTimes)
            let counts = RunningCount(columns.counts)
            var nextFall = 0
            for step in 0..<windows.count {
                let range = windows[step]
                let count = counts[range]
                guard count >= 2 else { continue }
                let (first, last) = (range.lowerBound, range.upperBound - 1)
                var change = lasts[last] - firsts[first]
                while nextFall < falls.count, falls[nextFall].needs < first { nextFall += 1 }
                for fall in falls[nextFall...] {
                    if fall.window > last { break }
                    change += fall.before
                }
                let isCut = windows.isCut(step)
                let bounds = isCut ? windows.enclosing(step) : (windows.start(step), windows.ends.time(step))
                let stretch = Stretch(
                    first: firstTimes[first], last: lastTimes[last], count: count, window: bounds,
                    perSecond: perSecond)
                var value = isCounter ? stretch(change, from: firsts[first]) : stretch(change)
                if isCut {
                    if !perSecond { value *= Double(windows.rangeMilliseconds) / Double(bounds.1 - bounds.0) }
                    remarks.enclosing(windows.tier)
                }
                row[step] = value
            }
        }
    }

    /// `irate` and `idelta`. The last two samples are known where a window has no more than two; of others it is the
    /// mean difference.
    static func lastDifference(isRate: Bool) -> TierAnswer {
        TierAnswer(.estimated) { windows, _, row, remarks in
            let columns = windows.columns
            let counts = RunningCount(columns.counts)
            for step in 0..<windows.count {
                let range = windows[step]
                guard counts[range] >= 2 else { continue }
                let last = range.upperBound - 1
                let window = columns[last]
                var (before, beforeTime, intervals) = (window.first, window.firstTime, Double(window.count - 1))
                if window.count == 1 {
                    (before, beforeTime, intervals) = (columns.lasts[last - 1], columns.lastTimes[last - 1], 1)
                }
                let fell = window.count <= 2 ? window.last < before : window.resets > 0
                var change = window.last - before
                if isRate && fell { change = window.count <= 2 ? window.last : change + window.resetSum }
                row[step] =
                    isRate ? change / (Double(window.lastTime - beforeTime) / 1000) : change / intervals
                let isKnown = window.lastTime <= windows.ends.time(step) && beforeTime > windows.start(step)
                if window.count > 2 || !isKnown { remarks.estimated(windows.tier) }
            }
        }
    }

    /// Falls within the windows and between them. Those of windows that a range cuts may lie outside of it.
    static let resets = TierAnswer(.exact) { windows, _, row, remarks in
        let columns = windows.columns
        let within = RunningCount(columns.resetCounts)
        let between = RunningCount(
            columns.firsts.indices.map { $0 > 0 && columns.firsts[$0] < columns.lasts[$0 - 1] ? 1 : 0 })
        func count(_ range: Range<Int>) -> Int {
            range.isEmpty ? 0 : within[range] + between[range.dropFirst()]
        }
        for step in 0..<windows.count where !windows[step].isEmpty {
            let all = count(windows[step])
            row[step] = Double(all)
            guard windows.isCut(step) else { continue }
            if !windows.holdsSample(step) { remarks.enclosing(windows.tier) }
            let known = count(windows.whole(step))
            if all > known {
                remarks.enclosing(windows.tier, within: Double(all - known))
            }
        }
    }

    /// The changes that the windows show: there were as many, and maybe more.
    static let changes = TierAnswer(.estimated) { windows, _, row, remarks in
        let columns = windows.columns
        func differ(_ before: Double, _ after: Double) -> Bool { before != after && !(before.isNaN && after.isNaN) }
        let seen = RunningCount((0..<columns.count).map { Fall.changesSeen(columns[$0]) })
        let possible = RunningCount((0..<columns.count).map { Fall.changesPossible(columns[$0]) })
        let between = RunningCount(
            columns.firsts.indices.map { $0 > 0 && differ(columns.lasts[$0 - 1], columns.firsts[$0]) ? 1 : 0 })
        for step in 0..<windows.count where !windows[step].isEmpty {
            let range = windows[step]
            let edges = between[range.dropFirst()]
            let least = seen[range] + edges
            let most = possible[range] + edges
            row[step] = Double(least)
            if !windows.holdsSample(step) { remarks.estimated(windows.tier) }
            let whole = windows.isCut(step) ? windows.whole(step) : range
            let known = whole.isEmpty ? 0 : seen[whole] + between[whole.dropFirst()]
            if most > known {
                let bound = Swift.max(most - least, least - known)
                remarks.estimated(windows.tier, within: Double(bound))
            }
        }
    }
}

/// Counts of windows, added up, so that the sum over a range is a difference.
struct RunningCount {
    private var sums: [Int] = [0]

    init(_ counts: [Int]) {
        sums.reserveCapacity(counts.count + 1)
        var sum = 0
        for count in counts {
            sum += count
            sums.append(sum)
        }
    }

    @inline(__always) subscript(range: Range<Int>) -> Int { sums[range.upperBound] - sums[range.lowerBound] }
}

/// Where a counter fell.
private struct Fall {
    /// The window whose first sample, or one after it, is the lower one.
    var window: Int
    /// The first window that a range must touch for the fall to lie in it.
    var needs: Int
    /// The value before the fall, or the sum of those before all falls in the window.
    var before: Double

    /// In order of time.
    static func all(in windows: TierWindows) -> [Fall] {
        let columns = windows.columns
        var falls: [Fall] = []
        for index in 0..<columns.count {
            if index > 0, columns.firsts[index] < columns.lasts[index - 1] {
                falls.append(Fall(window: index, needs: index - 1, before: columns.lasts[index - 1]))
            }
            if columns.resetCounts[index] > 0 {
                falls.append(Fall(window: index, needs: index, before: columns.resetSums[index]))
            }
        }
        return falls
    }

    /// The way from the first over the least and the greatest to the last sample has at least so many changes.
    static func changesSeen(_ window: Window) -> Int {
        if window.count == 1 { return 0 }
        var values: [Double] = []
        for value in [window.first, window.last, window.min, window.max]
        where !values.contains(where: { $0 == value || ($0.isNaN && value.isNaN) }) {
            values.append(value)
        }
        let returns = window.first == window.last || (window.first.isNaN && window.last.isNaN)
        let path = values.count > 1 && returns ? values.count : values.count - 1
        return max(path, window.resets)
    }

    static func changesPossible(_ window: Window) -> Int {
        if window.count == 1 { return 0 }
        // A sum is NaN where a sample is.
        if window.min == window.max && !window.sum.isNaN { return 0 }
        return window.count == 2 ? changesSeen(window) : window.count - 1
    }
}
