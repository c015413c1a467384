// What a counter or gauge did within a window: its ends, extrapolated, or its last two samples.

extension Function {
    private static let requests = [#"http_requests_total{path="/"} 0+60x10"#]

    static let rate = Function(
        window: "rate",
        "Per-second average increase of a counter over the range, resets accounted for, extrapolated to its ends.",
        FunctionExample("rate(http_requests_total[5m])", over: requests, at: 10, gives: [#"{path="/"} 1"#]),
        tiers: .extrapolated(isCounter: true, perSecond: true), extrapolated(isCounter: true, perSecond: true))

    static let increase = Function(
        window: "increase", "Increase of a counter over the range, resets accounted for, extrapolated to its ends.",
        FunctionExample("increase(http_requests_total[5m])", over: requests, at: 10, gives: [#"{path="/"} 300"#]),
        tiers: .extrapolated(isCounter: true, perSecond: false), extrapolated(isCounter: true, perSecond: false))

    static let delta = Function(
        window: "delta", "Difference of a gauge between the ends of the range, extrapolated to them.",
        FunctionExample("delta(temperature[4m])", over: ["temperature 30-2x10"], at: 10, gives: ["{} -8"]),
        tiers: .extrapolated(isCounter: false, perSecond: false), extrapolated(isCounter: false, perSecond: false))

    static let irate = Function(
        window: "irate", "Per-second increase of a counter between the last two samples of the range.",
        FunctionExample("irate(http_requests_total[5m])", over: requests, at: 10, gives: [#"{path="/"} 1"#]),
        tiers: .lastDifference(isRate: true), lastDifference(isRate: true))

    static let idelta = Function(
        window: "idelta", "Difference of the last two samples of the range.",
        FunctionExample("idelta(temperature[5m])", over: ["temperature 20 21 25"], at: 2, gives: ["{} 4"]),
        tiers: .lastDifference(isRate: false), lastDifference(isRate: false))

    static let changes = Function(
        window: "changes", "How often the value changed within the range.",
        FunctionExample("changes(state[10m])", over: ["state 1 1 2 2 1"], at: 4, gives: ["{} 2"]),
        tiers: .changes, adjacent { before, after in before != after && !(before.isNaN && after.isNaN) })

    static let resets = Function(
        window: "resets", "How often the value fell within the range.",
        FunctionExample("resets(uptime[10m])", over: ["uptime 1 2 1 2 1"], at: 4, gives: ["{} 2"]),
        tiers: .resets, adjacent { before, after in after < before })

    /// `rate`, `increase` and `delta`.
    ///
    /// The places where the counter fell are looked up once a series; a window then adds the values before its own
    /// falls, in order of time, which is the same sum as adding them while walking the window.
    private static func extrapolated(isCounter: Bool, perSecond: Bool) -> RangeKernel {
        { windows, _, row in
            let stretches = windows.stretches(perSecond: perSecond)
            let values = windows.values
            let falls = isCounter ? placesOfFalls(values.span) : []
            var nextFall = 0
            var results = row.mutableSpan
            for step in stretches.indices {
                let window = windows[step]
                guard window.count >= 2 else { continue }
                let first = window.lowerBound
                let last = window.upperBound - 1
                var change = values[last] - values[first]
                if nextFall < falls.count {
                    while nextFall < falls.count, falls[nextFall] <= first { nextFall += 1 }
                    var fall = nextFall
                    while fall < falls.count, falls[fall] <= last {
                        change += values[falls[fall] - 1]
                        fall += 1
                    }
                }
                // Nothing times whatever it is stretched by, which is a positive number.
                if change == 0 {
                    results[step] = change
                } else {
                    results[step] = isCounter ? stretches[step](change, from: values[first]) : stretches[step](change)
                }
            }
        }
    }

    /// The places of values that are less than the one before them. Most series never fall.
    private static func placesOfFalls(_ values: Span<Double>) -> [Int] {
        if !ColumnScan.mayFall(values) { return [] }
        return (1..<values.count).filter { values[$0] < values[$0 - 1] }
    }

    /// `irate` and `idelta`.
    private static func lastDifference(isRate: Bool) -> RangeKernel {
        { windows, _, row in
            let times = windows.times
            let values = windows.values
            for step in 0..<windows.count {
                let window = windows[step]
                guard window.count >= 2 else { continue }
                let last = window.upperBound - 1
                let fell = values[last] < values[last - 1]
                let difference = isRate && fell ? values[last] : values[last] - values[last - 1]
                row[step] = isRate ? difference / (Double(times[last] - times[last - 1]) / 1000) : difference
            }
        }
    }

    /// Counts the neighbours that satisfy `isCounted`: a running count over the series, subtracted at a window's ends.
    @inline(__always)
    private static func adjacent(_ isCounted: @escaping @Sendable (Double, Double) -> Bool) -> RangeKernel {
        { windows, _, row in
            let values = windows.values
            // counted[i]: pairs that end at or before place i.
            var counted = [Int](repeating: 0, count: values.count)
            var total = 0
            for place in 1..<max(1, values.count) {
                total &+= isCounted(values[place - 1], values[place]) ? 1 : 0
                counted[place] = total
            }
            for step in 0..<windows.count {
                let window = windows[step]
                guard !window.isEmpty else { continue }
                row[step] = Double(counted[window.upperBound - 1] - counted[window.lowerBound])
            }
        }
    }
}
