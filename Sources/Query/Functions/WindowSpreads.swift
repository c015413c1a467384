/// The variance of windows that move forward, by Welford's recurrence with mean and sum of squares compensated: of each
/// what it is alone, to the bit. Eight windows in a row are done together; see ``WindowLanes``.
struct WindowSpreads {
    private static let width = 8

    private var variances: [Double] = []
    /// The step that ``variances`` begins with.
    private var first = 0

    init() {}

    /// The variance of the window of `step`, which is not empty. Steps are asked for in ascending order.
    mutating func variance(of step: Int, _ windows: Windows) -> Double {
        if step < first + variances.count { return finite(variances[step - first], step, windows) }
        guard let lanes = WindowLanes(Self.width, from: step, windows) else { return Self.alone(step, windows) }
        first = step
        addUp(lanes, windows)
        return finite(variances[0], step, windows)
    }

    /// What is not finite came about in another way: errors of infinite sums are none.
    private func finite(_ variance: Double, _ step: Int, _ windows: Windows) -> Double {
        variance.isFinite ? variance : Self.alone(step, windows)
    }

    private static func alone(_ step: Int, _ windows: Windows) -> Double {
        var spread = Spread()
        for value in windows.values[windows[step]] { spread.add(value) }
        return spread.variance
    }

    private mutating func addUp(_ lanes: WindowLanes, _ windows: Windows) {
        let values = windows.values
        let span = values.span
        let (a, b, c, d) = (lanes.starts[0], lanes.starts[1], lanes.starts[2], lanes.starts[3])
        let (e, f, g, h) = (lanes.starts[4], lanes.starts[5], lanes.starts[6], lanes.starts[7])
        var low = SpreadLanes()
        var high = SpreadLanes()
        var count = 0.0
        for place in 0..<lanes.count {
            count += 1
            // In bounds: each lane's window has so many values.
            unsafe low.add(span.four(a, b, c, d, place), count)
            unsafe high.add(span.four(e, f, g, h, place), count)
        }
        variances.removeAll(keepingCapacity: true)
        for lane in 0..<Self.width {
            var spread = lane < 4 ? low.spread(lane, count) : high.spread(lane - 4, count)
            for value in values[lanes.rest(lane, of: windows[first + lane])] { spread.add(value) }
            variances.append(spread.variance)
        }
    }
}

private struct Spread {
    var count = 0.0
    var mean = CompensatedSum()
    /// Sum of squared differences from the mean.
    var squares = CompensatedSum()

    @inline(__always) mutating func add(_ value: Double) {
        count += 1
        let difference = value - (mean.sum + mean.error)
        mean.add(difference / count)
        squares.add(difference * (value - (mean.sum + mean.error)))
    }

    var variance: Double { (squares.sum + squares.error) / count }
}

/// Four of them side by side, as long as all is finite.
private struct SpreadLanes {
    private var mean = SIMD4<Double>()
    private var meanError = SIMD4<Double>()
    private var squares = SIMD4<Double>()
    private var squaresError = SIMD4<Double>()

    /// - Parameter count: How many values there are with this one.
    @inline(__always) mutating func add(_ value: SIMD4<Double>, _ count: Double) {
        let difference = value - (mean + meanError)
        Self.add(difference / count, &mean, &meanError)
        Self.add(difference * (value - (mean + meanError)), &squares, &squaresError)
    }

    @inline(__always) private static func add(
        _ x: SIMD4<Double>, _ total: inout SIMD4<Double>, _ error: inout SIMD4<Double>
    ) {
        let next = total + x
        let added = next - total
        error += (total - (next - added)) + (x - added)
        total = next
    }

    func spread(_ lane: Int, _ count: Double) -> Spread {
        Spread(
            count: count, mean: CompensatedSum(mean[lane], error: meanError[lane]),
            squares: CompensatedSum(squares[lane], error: squaresError[lane]))
    }
}
