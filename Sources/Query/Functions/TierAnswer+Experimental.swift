// Experimental functions, from windows.

import Model
import TSDB

extension TierAnswer {
    /// A guess: the function over the windows' means in place of the samples, or the newest sample where that needs
    /// more than there are windows.
    static func means(_ kernel: @escaping RangeKernel) -> TierAnswer {
        TierAnswer(.estimated) { windows, parameters, row, remarks throws(QueryError) in
            let columns = windows.columns
            let means = columns.sums.indices.map { columns.sums[$0] / Double(columns.counts[$0]) }
            var samples = windows.samples(means)
            try kernel(&samples, parameters, &row)
            let counts = RunningCount(columns.counts)
            for step in 0..<windows.count where !windows[step].isEmpty {
                if row[step].isAbsent && counts[windows[step]] > 1 {
                    row[step] = columns.lasts[windows[step].upperBound - 1]
                }
                if row[step].isPresent { remarks.estimated(windows.tier) }
            }
        }
    }

    /// The time of the oldest or the newest sample. Of a window that the range cuts, the nearest time that is known.
    static func timeOfEnd(isFirst: Bool) -> TierAnswer {
        TierAnswer(.exact) { windows, _, row, remarks in
            let columns = windows.columns
            for step in 0..<windows.count where !windows[step].isEmpty {
                let index = isFirst ? windows[step].lowerBound : windows[step].upperBound - 1
                let isCut = isFirst ? windows.isCutAtStart(step) : windows.isCutAtEnd(step)
                let first = Function.seconds(columns.firstTimes[index])
                let last = Function.seconds(columns.lastTimes[index])
                row[step] = isFirst == isCut ? last : first
                if isCut { remarks.enclosing(windows.tier, within: last - first) }
            }
        }
    }

    /// A window knows its extreme and not when it was: that lies between its first and its last sample.
    static func timeOfExtreme<Order: Preference>(
        _ order: Order.Type, of column: @escaping @Sendable (WindowColumns) -> [Double]
    ) -> TierAnswer {
        let kernel = Function.timeOfExtreme(order)
        return TierAnswer(.estimated) { windows, parameters, row, remarks throws(QueryError) in
            var samples = windows.samples(column(windows.columns))
            try kernel(&samples, parameters, &row)
            for step in 0..<windows.count where !windows[step].isEmpty {
                // The extreme of a window that is cut may lie outside of the range, and the one within anywhere.
                let length = Double(windows.tier.windowMilliseconds) / 1000
                remarks.estimated(windows.tier, within: windows.isCut(step) ? nil : length)
            }
        }
    }
}
