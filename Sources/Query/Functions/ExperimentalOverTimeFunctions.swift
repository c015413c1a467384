import Model
import TSDB

// Functions over ranges that Prometheus has behind --enable-feature=promql-experimental-functions.

extension Function {
    private static let load = ["load 1 5 3"]

    static let doubleExponentialSmoothing = Function(
        FunctionSignature(
            "double_exponential_smoothing", [.rangeVector, .scalar, .scalar], isExperimental: true),
        "A gauge smoothed over the range, its trend kept (Holt and Winters, without seasons). The smoothing and the "
            + "trend factor lie between 0 and 1: the higher, the more the newest samples count.",
        example: FunctionExample(
            "double_exponential_smoothing(load[10m], 0.5, 0.5)", over: ["load 1 2 3 4"], at: 3, gives: ["{} 4"]),
        kernel: .window(smooth, .means(smooth), keepsName: false))

    static let madOverTime = Function(
        FunctionSignature("mad_over_time", [.rangeVector], isExperimental: true),
        "Median of the samples' distances from their median.",
        example: FunctionExample("mad_over_time(load[10m])", over: ["load 1 2 9"], at: 2, gives: ["{} 1"]),
        kernel: .window(medianDistance, .means(medianDistance), keepsName: false))

    static let tsOfFirstOverTime = Function(
        FunctionSignature("ts_of_first_over_time", [.rangeVector], isExperimental: true),
        "When the oldest sample in the range was taken, in seconds since 1970.",
        example: FunctionExample("ts_of_first_over_time(load[3m])", over: load, at: 2, gives: ["{} 0"]),
        kernel: .window(
            { windows, _, row in
                for step in 0..<windows.count where !windows[step].isEmpty {
                    row[step] = seconds(windows.times[windows[step].lowerBound])
                }
            }, .timeOfEnd(isFirst: true), keepsName: false))

    static let tsOfLastOverTime = Function(
        FunctionSignature("ts_of_last_over_time", [.rangeVector], isExperimental: true),
        "When the newest sample in the range was taken, in seconds since 1970.",
        example: FunctionExample("ts_of_last_over_time(load[10m])", over: load, at: 5, gives: ["{} 120"]),
        kernel: .window(
            { windows, _, row in
                for step in 0..<windows.count where !windows[step].isEmpty {
                    row[step] = seconds(windows.times[windows[step].upperBound - 1])
                }
            }, .timeOfEnd(isFirst: false), keepsName: false))

    static let tsOfMinOverTime = Function(
        FunctionSignature("ts_of_min_over_time", [.rangeVector], isExperimental: true),
        "When the least sample in the range was taken, in seconds since 1970; the last of equal ones.",
        example: FunctionExample("ts_of_min_over_time(load[10m])", over: load, at: 2, gives: ["{} 0"]),
        kernel: .window(timeOfExtreme(Least.self), .timeOfExtreme(Least.self) { $0.minima }, keepsName: false))

    static let tsOfMaxOverTime = Function(
        FunctionSignature("ts_of_max_over_time", [.rangeVector], isExperimental: true),
        "When the greatest sample in the range was taken, in seconds since 1970; the last of equal ones.",
        example: FunctionExample("ts_of_max_over_time(load[10m])", over: load, at: 2, gives: ["{} 60"]),
        kernel: .window(timeOfExtreme(Greatest.self), .timeOfExtreme(Greatest.self) { $0.maxima }, keepsName: false))

    static func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1000 }

    static func timeOfExtreme<Order: Preference>(_ order: Order.Type) -> RangeKernel {
        { windows, _, row in
            var queue = BestPlaces<Order>(keepsFirst: false)
            for step in 0..<windows.count {
                let window = windows[step]
                queue.move(to: step, of: windows)
                guard !window.isEmpty else { continue }
                // Each NaN takes the place of the one before.
                row[step] = seconds(windows.times[queue.best ?? window.upperBound - 1])
            }
        }
    }

    private static let medianDistance: RangeKernel = { windows, _, row throws(QueryError) in
        var checkpoint = windows.checkpoint
        for step in 0..<windows.count where !windows[step].isEmpty {
            // Two sorts.
            try checkpoint.pass(20 * windows[step].count)
            let values = Array(windows.values[windows[step]])
            if values.contains(where: \.isNaN) {
                row[step] = .nan
                continue
            }
            let median = Quantile.median(values)
            row[step] = Quantile.median(values.map { ($0 - median).magnitude.quieted })
        }
    }

    private static let smooth: RangeKernel = { windows, parameters, row throws(QueryError) in
        var checkpoint = windows.checkpoint
        for step in 0..<windows.count where !windows[step].isEmpty {
            let (smoothing, trending) = (parameters[0, at: step], parameters[1, at: step])
            if smoothing <= 0 || smoothing >= 1 {
                throw QueryError.execution(
                    "invalid smoothing factor. Expected: 0 < sf < 1, got: \(sixDigits(smoothing))")
            }
            if trending <= 0 || trending >= 1 {
                throw QueryError.execution("invalid trend factor. Expected: 0 < tf < 1, got: \(sixDigits(trending))")
            }
            let values = windows.values[windows[step]]
            guard values.count >= 2 else { continue }
            try checkpoint.pass(values.count)
            let start = values.startIndex
            var before = 0.0
            var level = values[start]
            var trend = values[start + 1] - values[start]
            for place in values.indices.dropFirst() {
                let weighted = smoothing * values[place]
                if place > start + 1 { trend = trending * (level - before) + (1 - trending) * trend }
                let rest = (1 - smoothing) * (level + trend)
                (before, level) = (level, weighted + rest)
            }
            row[step] = level
        }
    }

    /// As C's and Go's `%f` write a number.
    private static func sixDigits(_ value: Double) -> String {
        guard value.isFinite else { return FloatText.plain(value) }
        guard let millionths = Int64(exactly: (value * 1e6).rounded(.toNearestOrEven)) else {
            return FloatText.plain(value.rounded()) + ".000000"
        }
        let digits = String(millionths.magnitude % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - digits.utf8.count)
        return "\(value < 0 ? "-" : "")\(millionths.magnitude / 1_000_000).\(zeros)\(digits)"
    }
}
