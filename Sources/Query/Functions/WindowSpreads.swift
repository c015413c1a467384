/// The variance of windows that move forward, by Welford's recurrence with mean and sum of squares compensated: of each
/// what it is alone, to the bit. Four windows in a row share most of their values and are done together; see
/// ``WindowSums``.
struct WindowSpreads {
    private var variances: [Double] = []
    /// The step that ``variances`` begins with.
    private var first = 0

    init() {}

    /// The variance of the window of `step`, which is not empty. Steps are asked for in ascending order.
    mutating func variance(of step: Int, _ windows: Windows) -> Double {
        if step < first + variances.count { return finite(variances[step - first], step, windows) }
        guard let shared = WindowSums.shared(from: step, windows) else { return Self.alone(step, windows) }
        first = step
        addUp(shared, windows)
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

    private mutating func addUp(_ shared: Range<Int>, _ windows: Windows) {
        let values = windows.values
        let steps = first..<first + WindowSums.width
        var spreads = steps.map { step in
            var spread = Spread()
            for value in values[windows[step].lowerBound..<shared.lowerBound] { spread.add(value) }
            return spread
        }
        var lanes = SpreadLanes(spreads)
        for value in values[shared] { lanes.add(SIMD4(repeating: value)) }
        lanes.store(into: &spreads)
        for (lane, step) in steps.enumerated() {
            for value in values[shared.upperBound..<windows[step].upperBound] { spreads[lane].add(value) }
        }
        variances = spreads.map(\.variance)
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
    private var count = SIMD4<Double>()
    private var mean = SIMD4<Double>()
    private var meanError = SIMD4<Double>()
    private var squares = SIMD4<Double>()
    private var squaresError = SIMD4<Double>()

    init(_ spreads: [Spread]) {
        for (lane, spread) in spreads.enumerated() {
            count[lane] = spread.count
            (mean[lane], meanError[lane]) = (spread.mean.sum, spread.mean.error)
            (squares[lane], squaresError[lane]) = (spread.squares.sum, spread.squares.error)
        }
    }

    @inline(__always) mutating func add(_ value: SIMD4<Double>) {
        count += 1
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

    func store(into spreads: inout [Spread]) {
        for lane in spreads.indices {
            spreads[lane].count = count[lane]
            spreads[lane].mean = CompensatedSum(mean[lane], error: meanError[lane])
            spreads[lane].squares = CompensatedSum(squares[lane], error: squaresError[lane])
        }
    }
}
