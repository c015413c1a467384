// What hangs on the order of a window's values: least, greatest, quantiles. All three slide.

extension Function {
    static let minOverTime = Function(
        window: "min_over_time", "Least of the samples in the range; NaN only where there is nothing else.",
        FunctionExample("min_over_time(load[10m])", over: ["load 1 5 3"], at: 2, gives: ["{} 1"]),
        tiers: .min, extreme(Least.self))

    static let maxOverTime = Function(
        window: "max_over_time", "Greatest of the samples in the range; NaN only where there is nothing else.",
        FunctionExample("max_over_time(load[10m])", over: ["load 1 5 3"], at: 2, gives: ["{} 5"]),
        tiers: .max, extreme(Greatest.self))

    static let quantileOverTime = Function(
        FunctionSignature("quantile_over_time", [.scalar, .rangeVector]),
        "The φ-quantile (0 ≤ φ ≤ 1) of the samples in the range, interpolated between the two nearest ranks.",
        example: FunctionExample(
            "quantile_over_time(0.5, load[10m])", over: ["load 1 5 3 2"], at: 3, gives: ["{} 2.5"]),
        kernel: .window(
            { windows, parameters, row throws(QueryError) in
                var sorted = SortedWindow()
                var checkpoint = windows.checkpoint
                for step in 0..<windows.count where !windows[step].isEmpty {
                    try checkpoint.pass(4 * windows[step].count)
                    sorted.move(to: windows[step], of: windows.values)
                    row[step] = sorted.quantile(parameters[0, at: step])
                }
            }, .quantile, keepsName: false))

    /// The first of the best values of each window, as in a plain walk (which tells 0 from −0).
    static func extreme<Order: Preference>(_ order: Order.Type) -> RangeKernel {
        { windows, _, row in
            var queue = BestPlaces<Order>(keepsFirst: true)
            for step in 0..<windows.count {
                queue.move(to: step, of: windows)
                guard !windows[step].isEmpty else { continue }
                row[step] = queue.best.map { windows.values[$0] } ?? .nan
            }
        }
    }
}
