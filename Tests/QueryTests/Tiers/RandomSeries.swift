import Model
import TSDB
import TestSupport

/// Random series of the kinds that windows could get wrong.
enum RandomSeries: CaseIterable {
    case wholeCounter, fractionalCounter, restlessCounter, wholeGauge, decimals, special, constant, sparse

    /// Samples from shortly after `start` on, with gaps and stale markers. Two to forty of them fill a window of
    /// `window` milliseconds, but where they pause.
    func column(_ random: inout SeededGenerator, window: Int64, windows: Int, start: Int64 = 0) -> SampleColumn {
        var column = SampleColumn()
        let interval = window / Int64.random(in: 2...40, using: &random)
        let jitter = Bool.random(using: &random)
        var time = start + (jitter ? Int64.random(in: 1...interval, using: &random) : interval)
        var counter = 0.0
        let constant = oneOf([0.0, -0.0, 0.1, 7], &random)
        while time <= start + Int64(windows) * window {
            let value: Double
            switch self {
            case .wholeCounter:
                counter += Double(Int.random(in: 0...90, using: &random))
                if Int.random(in: 0..<60, using: &random) == 0 { counter = 3 }
                value = counter
            case .fractionalCounter:
                counter += Double.random(in: 0...9, using: &random)
                if Int.random(in: 0..<150, using: &random) == 0 { counter = 0.3 }
                value = counter
            case .restlessCounter:
                counter += Double.random(in: 0...9, using: &random)
                if Int.random(in: 0..<5, using: &random) == 0 { counter = 0.3 }
                value = counter
            case .wholeGauge: value = Double(Int.random(in: -5...1000, using: &random))
            case .decimals: value = Double(Int.random(in: -900...900, using: &random)) / 100
            case .special:
                value = oneOf([.nan, .infinity, -.infinity, 0, -0.0, 1, 2.5], &random)
            case .constant: value = constant
            case .sparse: value = Double.random(in: -1...1, using: &random)
            }
            let isStale = Int.random(in: 0..<30, using: &random) == 0
            column.append(time, isStale ? .staleMarker : value)
            time += jitter ? Int64.random(in: 1...(2 * interval), using: &random) : interval
            let pauses = isStale ? 2 : self == .sparse ? 3 : 50
            if Int.random(in: 0..<pauses, using: &random) == 0 {
                time += Int64.random(in: 0...(3 * window), using: &random)
            }
        }
        return column
    }
}

/// One of the values, by chance.
func oneOf(_ values: [Double], _ random: inout SeededGenerator) -> Double {
    values[Int.random(in: values.indices, using: &random)]
}

extension SampleColumn {
    /// Without the samples up to and at `time`.
    func later(than time: Int64) -> SampleColumn {
        var rest = SampleColumn()
        for place in timestamps.indices where timestamps[place] > time { rest.append(timestamps[place], values[place]) }
        return rest
    }

    /// The samples up to and at `time`.
    func through(_ time: Int64) -> SampleColumn {
        var rest = SampleColumn()
        for place in timestamps.indices where timestamps[place] <= time {
            rest.append(timestamps[place], values[place])
        }
        return rest
    }
}

/// Equal bits, or ordinary NaNs both.
func isSameAnswer(_ lhs: Double, _ rhs: Double) -> Bool {
    lhs.bitPattern == rhs.bitPattern
        || (lhs.isNaN && rhs.isNaN
            && (lhs.bitPattern == Double.staleMarkerBits) == (rhs.bitPattern == Double.staleMarkerBits))
}
