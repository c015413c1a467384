// Straight lines through a window: least squares, all four sums compensated.

extension Function {
    static let deriv = Function(
        window: "deriv", "Per-second slope of a gauge over the range, by least squares.",
        FunctionExample("deriv(disk_used[5m])", over: ["disk_used 0+60x10"], at: 10, gives: ["{} 1"]),
        tiers: .line(.slope)
    ) { windows, _, row throws(QueryError) in
        let times = windows.times
        try forEachLine(windows, zero: { times[windows[$0].lowerBound] }) { step, line in row[step] = line.slope }
    }

    static let predictLinear = Function(
        FunctionSignature("predict_linear", [.rangeVector, .scalar]),
        "Value of a gauge the given number of seconds from now, by least squares over the range.",
        example: FunctionExample(
            "predict_linear(disk_used[5m], 3600)", over: ["disk_used 0+60x10"], at: 10, gives: ["{} 4200"]),
        kernel: .window(
            { windows, parameters, row throws(QueryError) in
                let clock = windows.clock
                try forEachLine(windows, zero: { clock.time($0) }) { step, line in
                    row[step] = line.slope * parameters[0, at: step] + line.intercept
                }
            }, .line(.prediction), keepsName: false))

    /// The least-squares line through the samples of each window that has two of them.
    /// - Parameter zero: The moment that x counts its seconds from, for a window that is not empty.
    private static func forEachLine(
        _ windows: Windows, zero: (_ step: Int) -> Int64, _ body: (_ step: Int, Line) -> Void
    ) throws(QueryError) {
        guard let base = windows.times.first else { return }
        var checkpoint = windows.checkpoint
        let times = windows.times.map { exact($0.subtractingClamped(base)) }
        for steps in windows.pieces {
            try checkpoint.pass(2 * windows.work(of: steps))
            let zeros = steps.map { windows[$0].isEmpty ? 0 : exact(zero($0).subtractingClamped(base)) }
            let sums = windows.lines(of: steps, times: times, zeros: zeros)
            for step in steps where windows[step].count >= 2 {
                body(step, line(windows, step, sums[step - steps.lowerBound], zero))
            }
        }
    }

    /// A distance in milliseconds where it and its difference from others are numbers that a Float64 has, else NaN.
    private static func exact(_ milliseconds: Int64) -> Double {
        milliseconds.magnitude < 1 << 52 ? Double(milliseconds) : .nan
    }

    private struct Line {
        var slope: Double
        var intercept: Double
    }

    /// - Parameter sums: Those of the window, where they are finite.
    private static func line(_ windows: Windows, _ step: Int, _ sums: LineSums, _ zero: (Int) -> Int64) -> Line {
        let window = windows[step]
        let values = windows.values
        let first = values[window.lowerBound]
        // NaN differs from itself, so a window that begins with one is no constant once it has a second sample.
        let isConstant = !window.dropFirst().contains { values[$0] != first }
        if isConstant {
            return first.isInfinite ? Line(slope: .nan, intercept: .nan) : Line(slope: 0, intercept: first)
        }
        var sums = sums
        if !sums.isFinite {
            let zero = zero(step)
            sums = LineSums()
            for place in window {
                sums.add(Double(windows.times[place].subtractingClamped(zero)) / 1000, values[place])
            }
        }
        let n = Double(window.count)
        let (x, y) = (sums.x.sum + sums.x.error, sums.y.sum + sums.y.error)
        let (xy, xx) = (sums.xy.sum + sums.xy.error, sums.xx.sum + sums.xx.error)
        let slope = (xy - x * y / n) / (xx - x * x / n)
        return Line(slope: slope, intercept: y / n - slope * x / n)
    }
}
