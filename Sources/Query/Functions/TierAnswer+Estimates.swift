// Spread and straight lines, from windows: their counts, sums and extremes say a good part of what the samples would.

import Model
import TSDB

extension TierAnswer {
    /// The variance between the windows' means, which is known, and within them, which has bounds: samples at least
    /// and greatest alone have half the square of their distance, and none has more than (greatest − mean) ·
    /// (mean − least) a sample (Bhatia and Davis, 2000). The guess is that of an even spread, a twelfth a sample.
    static func spread(isRoot: Bool) -> TierAnswer {
        TierAnswer(.estimated) { windows, _, row, remarks throws(QueryError) in
            let columns = windows.columns
            var checkpoint = windows.checkpoint
            for step in 0..<windows.count where !windows[step].isEmpty {
                let range = windows[step]
                try checkpoint.pass(4 * range.count)
                if !windows.holdsSample(step) { remarks.enclosing(windows.tier) }
                let extent = extent(windows, step)
                if extent.least == extent.greatest && extent.least.isFinite
                    && !range.contains(where: { columns.sums[$0].isNaN })
                {
                    row[step] = 0
                    continue
                }
                let count = range.reduce(0) { $0 + Double(columns.counts[$1]) }
                var total = CompensatedSum()
                for index in range { total.add(columns.sums[index]) }
                let mean = (total.sum + total.error) / count
                var (between, least, guess, most) = (0.0, 0.0, 0.0, 0.0)
                for index in range {
                    let weight = Double(columns.counts[index])
                    let own = columns.sums[index] / weight
                    let (low, high) = (columns.minima[index], columns.maxima[index])
                    between += weight * (own - mean) * (own - mean)
                    if low == high { continue }
                    let bottom = (high - low) * (high - low) / 2
                    let top = Swift.max(bottom, weight * (high - own) * (own - low))
                    least += bottom
                    most += top
                    guess += Swift.min(Swift.max(weight * (high - low) * (high - low) / 12, bottom), top)
                }
                func value(_ within: Double) -> Double {
                    let variance = (between + within) / count
                    return isRoot ? variance.squareRoot() : variance
                }
                row[step] = value(guess)
                if windows.isCut(step) {
                    remarks.enclosing(windows.tier)
                    remarks.estimated(windows.tier)
                } else if least < most || !row[step].isFinite {
                    remarks.estimated(
                        windows.tier, within: Swift.max(value(most) - row[step], row[step] - value(least)))
                }
            }
        }
    }

    /// Least squares through the windows' means, each as often as its window has samples; through the ends of a window
    /// that is alone.
    static func line(_ result: LineResult) -> TierAnswer {
        TierAnswer(.estimated) { windows, parameters, row, remarks throws(QueryError) in
            let counts = RunningCount(windows.columns.counts)
            var checkpoint = windows.checkpoint
            for step in 0..<windows.count where counts[windows[step]] >= 2 {
                try checkpoint.pass(2 * windows[step].count)
                let (slope, middle, mean) = line(windows, step)
                switch result {
                case .slope: row[step] = slope
                case .prediction:
                    let ahead = Double(windows.clock.time(step)) / 1000 - middle + parameters[0, at: step]
                    row[step] = mean + slope * ahead
                }
                if windows.isCut(step) { remarks.enclosing(windows.tier) }
                remarks.estimated(windows.tier)
            }
        }
    }

    /// What of a line a function answers.
    enum LineResult: Sendable {
        case slope
        case prediction
    }

    private static func line(
        _ windows: TierWindows, _ step: Int
    ) -> (slope: Double, middle: Double, mean: Double) {
        let columns = windows.columns
        let range = windows[step]
        // From the first sample on: times since 1970 have too many digits to be squared.
        let zero = columns.firstTimes[range.lowerBound]
        var (weights, middle, mean) = (0.0, 0.0, 0.0)
        func time(_ index: Int) -> Double {
            (Double(columns.firstTimes[index] - zero) + Double(columns.lastTimes[index] - zero)) / 2000
        }
        for index in range {
            let weight = Double(columns.counts[index])
            weights += weight
            middle += weight * time(index)
            mean += columns.sums[index]
        }
        middle /= weights
        mean /= weights
        let base = Double(zero) / 1000
        if range.count == 1 {
            let (first, last) = (columns.firsts[range.lowerBound], columns.lasts[range.lowerBound])
            let seconds = Double(columns.lastTimes[range.lowerBound] - zero) / 1000
            return ((last - first) / seconds, middle + base, mean)
        }
        var (covariance, variance) = (0.0, 0.0)
        for index in range {
            let weight = Double(columns.counts[index])
            let distance = time(index) - middle
            covariance += weight * distance * (columns.sums[index] / weight - mean)
            variance += weight * distance * distance
        }
        return (covariance / variance, middle + base, mean)
    }
}
