// Aggregation of a window's samples: count, sum, mean, spread, ends.

extension Function {
    private static let load = ["load 1 5 3"]

    static let countOverTime = Function(
        window: "count_over_time", "How many samples the range holds.",
        FunctionExample("count_over_time(load[10m])", over: load, at: 2, gives: ["{} 3"]), readsValues: false,
        tiers: .count
    ) { windows, _, row in
        for step in 0..<windows.count where !windows[step].isEmpty { row[step] = Double(windows[step].count) }
    }

    static let presentOverTime = Function(
        window: "present_over_time", "1 for each series that has a sample in the range.",
        FunctionExample("present_over_time(load[10m])", over: load, at: 2, gives: ["{} 1"]), readsValues: false,
        tiers: .present
    ) { windows, _, row in
        for step in 0..<windows.count where !windows[step].isEmpty { row[step] = 1 }
    }

    static let absentOverTime = Function(
        FunctionSignature("absent_over_time", [.rangeVector]),
        "1 where no series has a sample in the range, with the labels that the selector asks for by `=`.",
        example: FunctionExample(
            #"absent_over_time(load{host="b"}[10m])"#, over: load, at: 2, gives: [#"{host="b"} 1"#]),
        kernel: .absentOverTime, readsValues: false)

    static let lastOverTime = Function(
        window: "last_over_time", "The newest sample in the range; keeps the metric name.",
        FunctionExample("last_over_time(load[10m])", over: load, at: 2, gives: ["load 3"]), keepsName: true,
        tiers: .last
    ) { windows, _, row in
        for step in 0..<windows.count where !windows[step].isEmpty {
            row[step] = windows.values[windows[step].upperBound - 1]
        }
    }

    static let firstOverTime = Function(
        window: "first_over_time", "The oldest sample in the range; keeps the metric name.",
        FunctionExample("first_over_time(load[10m])", over: load, at: 2, gives: ["load 1"]), keepsName: true,
        tiers: .first
    ) { windows, _, row in
        for step in 0..<windows.count where !windows[step].isEmpty {
            row[step] = windows.values[windows[step].lowerBound]
        }
    }

    static let sumOverTime = Function(
        window: "sum_over_time", "Sum of the samples in the range.",
        FunctionExample("sum_over_time(load[10m])", over: load, at: 2, gives: ["{} 9"]), tiers: .sum
    ) { windows, _, row throws(QueryError) in
        let values = windows.values
        if let running = exactRunningSums(values) {
            for step in 0..<windows.count where !windows[step].isEmpty {
                row[step] = running[windows[step].upperBound] - running[windows[step].lowerBound]
            }
            return
        }
        var checkpoint = windows.checkpoint
        for steps in windows.pieces {
            try checkpoint.pass(windows.work(of: steps))
            let sums = windows.sums(of: steps)
            for step in steps where !windows[step].isEmpty {
                var total = sums[step - steps.lowerBound]
                if !(total.sum + total.error).isFinite {
                    total = CompensatedSum()
                    for place in windows[step] { total.add(values[place]) }
                }
                row[step] = total.sum.isInfinite ? total.sum : total.sum + total.error
            }
        }
    }

    static let avgOverTime = Function(
        window: "avg_over_time", "Mean of the samples in the range.",
        FunctionExample("avg_over_time(load[10m])", over: load, at: 2, gives: ["{} 3"]), tiers: .avg
    ) { windows, _, row throws(QueryError) in
        let values = windows.values
        if let running = exactRunningSums(values) {
            for step in 0..<windows.count where !windows[step].isEmpty {
                let window = windows[step]
                // The error term of an exact sum is zero; adding it turns a negative zero into zero, as there.
                row[step] = (running[window.upperBound] - running[window.lowerBound]) / Double(window.count) + 0
            }
            return
        }
        var checkpoint = windows.checkpoint
        for steps in windows.pieces {
            try checkpoint.pass(windows.work(of: steps))
            let sums = windows.sums(of: steps)
            for step in steps where !windows[step].isEmpty {
                let window = windows[step]
                let total = sums[step - steps.lowerBound]
                if (total.sum + total.error).isFinite {
                    let count = Double(window.count)
                    row[step] = total.sum / count + total.error / count
                    continue
                }
                var mean = CompensatedMean(first: values[window.lowerBound])
                for place in window.dropFirst() { mean.add(values[place]) }
                row[step] = mean.value
            }
        }
    }

    static let stdvarOverTime = Function(
        window: "stdvar_over_time", "Population variance of the samples in the range.",
        FunctionExample("stdvar_over_time(load[10m])", over: ["load 1 5 3 3"], at: 3, gives: ["{} 2"]),
        tiers: .spread(isRoot: false)
    ) { windows, _, row throws(QueryError) in
        try forEachVariance(windows) { step, variance in row[step] = variance }
    }

    static let stddevOverTime = Function(
        window: "stddev_over_time", "Population standard deviation of the samples in the range.",
        FunctionExample("stddev_over_time(load[10m])", over: ["load 2 6"], at: 1, gives: ["{} 2"]),
        tiers: .spread(isRoot: true)
    ) { windows, _, row throws(QueryError) in
        try forEachVariance(windows) { step, variance in row[step] = variance.squareRoot() }
    }

    /// The variance of each window that is not empty.
    private static func forEachVariance(
        _ windows: Windows, _ body: (_ step: Int, _ variance: Double) -> Void
    ) throws(QueryError) {
        var checkpoint = windows.checkpoint
        for steps in windows.pieces {
            // Each value takes a division, for which others wait.
            try checkpoint.pass(2 * windows.work(of: steps))
            let variances = windows.variances(of: steps)
            for step in steps where !windows[step].isEmpty { body(step, variances[step - steps.lowerBound]) }
        }
    }

    /// The sums of the values before each place, if all of them are exact: whole numbers whose magnitudes together
    /// stay below 2^53. Any sum of neighbours is then their difference, to the bit and in any order.
    private static func exactRunningSums(_ values: [Double]) -> [Double]? {
        var sums = [Double](repeating: 0, count: values.count + 1)
        var running = sums.mutableSpan
        var sum = 0.0
        var magnitude = 0.0
        for place in values.indices {
            let value = values[place]
            magnitude += value.magnitude
            // The magnitude comes first: what is beyond it may not fit an integer.
            guard magnitude < 0x1p53, value == Double(Int64(value)) else { return nil }
            sum += value
            running[place + 1] = sum
        }
        return sums
    }
}
