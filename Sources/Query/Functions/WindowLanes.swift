import CLanes

// What has to be walked window by window for the last bit, some windows side by side; see CLanes/kernels.h.
extension Windows {
    /// As many as are walked between two looks at whether somebody wants the answer.
    private static let stepsAtOnce = 32

    /// All steps, in pieces for the functions below.
    var pieces: [Range<Int>] {
        stride(from: 0, to: count, by: Self.stepsAtOnce).map { $0..<min($0 + Self.stepsAtOnce, count) }
    }

    /// How many values the windows of some steps have together.
    func work(of steps: Range<Int>) -> Int { steps.reduce(0) { $0 + self[$1].count } }

    /// Of each window the sum of its values as ``CompensatedSum`` makes it, to the bit, where that is finite; where it
    /// is not, nothing but that is right.
    func sums(of steps: Range<Int>) -> [CompensatedSum] {
        unsafe fill(steps, with: mon_sum()) { values, windows, sums in
            unsafe mon_window_sums(instructions, values, windows, sums)
        }
        .map { CompensatedSum($0) }
    }

    /// Of each window the population variance by Welford's recurrence, mean and sum of squares compensated.
    func variances(of steps: Range<Int>) -> [Double] {
        var variances = unsafe fill(steps, with: 0) { values, windows, variances in
            unsafe mon_window_variances(instructions, values, windows, variances)
        }
        for step in steps where !variances[step - steps.lowerBound].isFinite {
            // Errors of infinite sums are none, and then it comes out in another way.
            var spread = Spread()
            for value in values[self[step]] { spread.add(value) }
            variances[step - steps.lowerBound] = spread.variance
        }
        return variances
    }

    /// Of each window the sums of x, y, xy and xx, where they are finite.
    /// - Parameters:
    ///   - times: Those of all samples, in milliseconds from some moment.
    ///   - zeros: Where x is zero, for each of the steps.
    func lines(of steps: Range<Int>, times: [Double], zeros: [Double]) -> [LineSums] {
        precondition(times.count == values.count && zeros.count == steps.count, "a time a value, a zero a step")
        return unsafe fill(steps, with: mon_line()) { values, windows, lines in
            unsafe mon_window_lines(instructions, values, times, zeros, windows, lines)
        }
        .map { LineSums($0) }
    }

    private func fill<Result>(
        _ steps: Range<Int>, with empty: Result,
        _ body: (UnsafePointer<Double>?, mon_windows, UnsafeMutablePointer<Result>?) -> Void
    ) -> [Result] {
        precondition(steps.lowerBound >= 0 && steps.upperBound <= count, "steps of the grid")
        var results = [Result](repeating: empty, count: steps.count)
        unsafe lower.withUnsafeBufferPointer { lower in
            unsafe upper.withUnsafeBufferPointer { upper in
                unsafe values.withUnsafeBufferPointer { values in
                    // Every window lies among the values: that is how the places were found.
                    let windows = unsafe mon_windows(
                        lower: lower.baseAddress, upper: upper.baseAddress, first: steps.lowerBound, count: steps.count)
                    unsafe body(values.baseAddress, windows, &results)
                }
            }
        }
        return results
    }
}

/// The sums of a line by least squares.
struct LineSums {
    var x = CompensatedSum()
    var y = CompensatedSum()
    var xy = CompensatedSum()
    var xx = CompensatedSum()

    init() {}

    fileprivate init(_ line: mon_line) {
        x = CompensatedSum(line.x)
        y = CompensatedSum(line.y)
        xy = CompensatedSum(line.xy)
        xx = CompensatedSum(line.xx)
    }

    mutating func add(_ seconds: Double, _ value: Double) {
        x.add(seconds)
        y.add(value)
        xy.add(seconds * value)
        xx.add(seconds * seconds)
    }

    var isFinite: Bool {
        (x.sum + x.error).isFinite && (y.sum + y.error).isFinite && (xy.sum + xy.error).isFinite
            && (xx.sum + xx.error).isFinite
    }
}

extension CompensatedSum {
    fileprivate init(_ one: mon_sum) { self.init(one.sum, error: one.error) }
}

private struct Spread {
    private var count = 0.0
    private var mean = CompensatedSum()
    /// Sum of squared differences from the mean.
    private var squares = CompensatedSum()

    mutating func add(_ value: Double) {
        count += 1
        let difference = value - (mean.sum + mean.error)
        mean.add(difference / count)
        squares.add(difference * (value - (mean.sum + mean.error)))
    }

    var variance: Double { (squares.sum + squares.error) / count }
}
