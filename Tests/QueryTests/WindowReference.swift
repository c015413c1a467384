import Glibc

/// The functions over range vectors, each written down as plainly as possible for one window: what the sliding kernels
/// have to equal to the bit.
struct WindowReference {
    typealias Point = (time: Int64, value: Double)

    /// The samples of one window, in order of time, without stale markers.
    var points: [Point]
    /// The window is (start, end], in milliseconds.
    var start: Int64
    var end: Int64
    /// The moment of evaluation.
    var clock: Int64
    /// The scalar argument of quantile_over_time and predict_linear.
    var parameter: Double
    /// The second one of double_exponential_smoothing.
    var secondParameter = 0.0

    static let names = [
        "rate", "increase", "delta", "irate", "idelta", "deriv", "predict_linear", "changes", "resets",
        "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
        "first_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time",
        "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_min_over_time", "ts_of_max_over_time",
    ]

    /// Nil where the function has no answer.
    func value(of name: String) -> Double? {
        if points.isEmpty { return nil }
        let values = points.map(\.value)
        switch name {
        case "rate": return extrapolated(isCounter: true).map { $0.change * ($0.factor / (Double(end - start) / 1000)) }
        case "increase": return extrapolated(isCounter: true).map { $0.change * $0.factor }
        case "delta": return extrapolated(isCounter: false).map { $0.change * $0.factor }
        case "irate":
            return lastTwo.map { a, b in
                (b.value < a.value ? b.value : b.value - a.value) / (Double(b.time - a.time) / 1000)
            }
        case "idelta": return lastTwo.map { $1.value - $0.value }
        case "deriv": return line(from: points[0].time)?.slope
        case "predict_linear": return line(from: clock).map { $0.slope * parameter + $0.intercept }
        case "changes": return pairs { $0 != $1 && !($0.isNaN && $1.isNaN) }
        case "resets": return pairs { $1 < $0 }
        case "avg_over_time": return mean
        case "min_over_time": return values.dropFirst().reduce(values[0]) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case "max_over_time": return values.dropFirst().reduce(values[0]) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case "sum_over_time":
            let (sum, error) = values.reduce((0.0, 0.0)) { Self.add($0, $1) }
            return sum.isInfinite ? sum : sum + error
        case "count_over_time": return Double(points.count)
        case "last_over_time": return values.last
        case "first_over_time": return values.first
        case "present_over_time": return 1
        case "stdvar_over_time": return variance
        case "stddev_over_time": return variance.squareRoot()
        case "quantile_over_time": return quantile(parameter, of: values)
        case "mad_over_time":
            if values.contains(where: \.isNaN) { return .nan }
            let median = quantile(0.5, of: values)
            return quantile(0.5, of: values.map { abs($0 - median) })
        case "ts_of_first_over_time": return points.first.map { Double($0.time) / 1000 }
        case "ts_of_last_over_time": return points.last.map { Double($0.time) / 1000 }
        case "ts_of_min_over_time": return time { $0 <= $1 }
        case "ts_of_max_over_time": return time { $0 >= $1 }
        case "double_exponential_smoothing": return smoothed
        default: return nil
        }
    }

    /// One compensated addition.
    private static func add(_ total: (Double, Double), _ x: Double) -> (Double, Double) {
        let (s, c) = total
        let t = s + x
        if t.isInfinite { return (t, 0) }
        return (t, c + (abs(s) >= abs(x) ? (s - t) + x : (x - t) + s))
    }

    private var lastTwo: (Point, Point)? {
        points.count < 2 ? nil : (points[points.count - 2], points[points.count - 1])
    }

    private func pairs(_ isCounted: (Double, Double) -> Bool) -> Double {
        Double(zip(points, points.dropFirst()).filter { isCounted($0.value, $1.value) }.count)
    }

    private func extrapolated(isCounter: Bool) -> (change: Double, factor: Double)? {
        guard let first = points.first, let last = points.last, points.count > 1 else { return nil }
        var change = last.value - first.value
        if isCounter {
            for (a, b) in zip(points, points.dropFirst()) where b.value < a.value { change += a.value }
        }
        let sampled = Double(last.time - first.time) / 1000
        let average = sampled / Double(points.count - 1)
        var before = Double(first.time - start) / 1000
        var after = Double(end - last.time) / 1000
        if before >= average * 1.1 { before = average / 2 }
        if isCounter, change > 0, first.value >= 0 { before = min(before, sampled * (first.value / change)) }
        if after >= average * 1.1 { after = average / 2 }
        return (change, (sampled + before + after) / sampled)
    }

    private func line(from zero: Int64) -> (slope: Double, intercept: Double)? {
        if points.count < 2 { return nil }
        if points.dropFirst().allSatisfy({ $0.value == points[0].value }) {
            return points[0].value.isInfinite ? (.nan, .nan) : (0, points[0].value)
        }
        func total(_ term: (Double, Double) -> Double) -> Double {
            let (s, c) = points.reduce((0.0, 0.0)) { Self.add($0, term(Double($1.time - zero) / 1000, $1.value)) }
            return s + c
        }
        let n = Double(points.count)
        let x = total { x, _ in x }
        let y = total { _, y in y }
        let slope = (total { x, y in x * y } - x * y / n) / (total { x, _ in x * x } - x * x / n)
        return (slope, y / n - slope * x / n)
    }

    private var mean: Double {
        var total = (points[0].value, 0.0)
        var incremental = false
        for (index, point) in points.enumerated().dropFirst() {
            let n = Double(index + 1)
            if !incremental {
                let next = Self.add(total, point.value)
                if !next.0.isInfinite {
                    total = next
                    continue
                }
                incremental = true
                total = (total.0 / (n - 1), total.1 / (n - 1))
            }
            let q = (n - 1) / n
            total = Self.add((q * total.0, q * total.1), point.value / n)
        }
        let n = Double(points.count)
        return incremental ? total.0 + total.1 : total.0 / n + total.1 / n
    }

    private var variance: Double {
        var n = 0.0
        var mean = (0.0, 0.0)
        var squares = (0.0, 0.0)
        for point in points {
            n += 1
            let d = point.value - (mean.0 + mean.1)
            mean = Self.add(mean, d / n)
            squares = Self.add(squares, d * (point.value - (mean.0 + mean.1)))
        }
        return (squares.0 + squares.1) / n
    }

    private func quantile(_ parameter: Double, of values: [Double]) -> Double {
        if parameter.isNaN { return .nan }
        if parameter < 0 { return -.infinity }
        if parameter > 1 { return .infinity }
        let sorted = values.filter(\.isNaN) + values.filter { !$0.isNaN }.sorted()
        let rank = parameter * Double(sorted.count - 1)
        let low = Int(rank.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        let w = rank - rank.rounded(.down)
        return sorted[low] * (1 - w) + sorted[high] * w
    }

    /// The time of the value that each one at least as good has replaced.
    private func time(_ isAsGood: (Double, Double) -> Bool) -> Double {
        var best = points[0]
        for point in points where isAsGood(point.value, best.value) || best.value.isNaN { best = point }
        return Double(best.time) / 1000
    }

    private var smoothed: Double? {
        guard points.count >= 2 else { return nil }
        var (before, level, trend) = (0.0, points[0].value, points[1].value - points[0].value)
        for (index, point) in points.enumerated().dropFirst() {
            if index > 1 { trend = secondParameter * (level - before) + (1 - secondParameter) * trend }
            let next = parameter * point.value + (1 - parameter) * (level + trend)
            (before, level) = (level, next)
        }
        return level
    }
}
