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
        // NaN differs from itself, so a window that begins with one is no constant once it has a second sample.
        let isConstant = !window.dropFirst().contains { values[$0] != first }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let sums = finiteSums(times, values, window, zero)
        let last = sums.total + sums.error
        if last.x.isFinite && last.y.isFinite && last.z.isFinite && last.w.isFinite {
            return line(x: last.x, y: last.y, xy: last.z, xx: last.w, count: window.count)
        }
        var x = CompensatedSum()
        var y = CompensatedSum()
        var xy = CompensatedSum()
        var xx = CompensatedSum()
        for place in window {
            let value = values[place]
            let seconds = Double(times[place].subtractingClamped(zero)) / 1000
            x.add(seconds)
            y.add(value)
            xy.add(seconds * value)
            xx.add(seconds * seconds)
        }
        return line(
            x: x.sum + x.error, y: y.sum + y.error, xy: xy.sum + xy.error, xx: xx.sum + xx.error, count: window.count)
    }

    /// The line of a window's four sums.
    private static func line(
        x: Double, y: Double, xy: Double, xx: Double, count: Int
    ) -> (slope: Double, intercept: Double) {
        let n = Double(count)
        let slope = (xy - x * y / n) / (xx - x * x / n)
        return (slope, y / n - slope * x / n)
    }

    /// The sums of x, y, xy and xx side by side, where they come out finite; see ``CompensatedSum/finite(_:)``.
    private static func finiteSums(
        _ times: [Int64], _ values: [Double], _ window: Range<Int>, _ zero: Int64
    ) -> (total: SIMD4<Double>, error: SIMD4<Double>) {
        var total = SIMD4<Double>()
        var error = SIMD4<Double>()
        for place in window {
            let value = values[place]
            let seconds = Double(times[place].subtractingClamped(zero)) / 1000
            let x = SIMD4(seconds, value, seconds * value, seconds * seconds)
            let next = total + x
            let added = next - total
            error += (total - (next - added)) + (x - added)
            total = next
        }
        return (total, error)
    }
}
