// Straight lines through a window: least squares, all four sums compensated.

extension Function {
    static let deriv = Function(
        window: "deriv", "Per-second slope of a gauge over the range, by least squares.",
        FunctionExample("deriv(disk_used[5m])", over: ["disk_used 0+60x10"], at: 10, gives: ["{} 1"]),
        tiers: .line(.slope)
    ) { windows, _, row throws(QueryError) in
        var checkpoint = windows.checkpoint
        for step in 0..<windows.count {
            let window = windows[step]
            guard window.count >= 2 else { continue }
            try checkpoint.pass(window.count)
            row[step] = line(windows, window, zero: windows.times[window.lowerBound]).slope
        }
    }

    static let predictLinear = Function(
        FunctionSignature("predict_linear", [.rangeVector, .scalar]),
        "Value of a gauge the given number of seconds from now, by least squares over the range.",
        example: FunctionExample(
            "predict_linear(disk_used[5m], 3600)", over: ["disk_used 0+60x10"], at: 10, gives: ["{} 4200"]),
        kernel: .window(
            { windows, parameters, row throws(QueryError) in
                var checkpoint = windows.checkpoint
                for step in 0..<windows.count {
                    let window = windows[step]
                    guard window.count >= 2 else { continue }
                    try checkpoint.pass(window.count)
                    let fit = line(windows, window, zero: windows.clock.time(step))
                    row[step] = fit.slope * parameters[0, at: step] + fit.intercept
                }
            }, .line(.prediction), keepsName: false))

    /// The least-squares line through the window's samples; x is in seconds from the moment `zero`.
    private static func line(
        _ windows: Windows, _ window: Range<Int>, zero: Int64
    ) -> (slope: Double, intercept: Double) {
        let times = windows.times
        let values = windows.values
        let first = values[window.lowerBound]
        var isConstant = true
        var x = CompensatedSum()
        var y = CompensatedSum()
        var xy = CompensatedSum()
        var xx = CompensatedSum()
        for place in window {
            let value = values[place]
            // NaN differs from itself, so a window that begins with one is no constant once it has a second sample.
            if place > window.lowerBound && value != first { isConstant = false }
            let seconds = Double(times[place].subtractingClamped(zero)) / 1000
            x.add(seconds)
            y.add(value)
            xy.add(seconds * value)
            xx.add(seconds * seconds)
        }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let n = Double(window.count)
        let sumX = x.sum + x.error
        let sumY = y.sum + y.error
        let covariance = (xy.sum + xy.error) - sumX * sumY / n
        let variance = (xx.sum + xx.error) - sumX * sumX / n
        let slope = covariance / variance
        return (slope, sumY / n - slope * sumX / n)
    }
}
