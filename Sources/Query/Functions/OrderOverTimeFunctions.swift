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

    /// The first of the best values of each window. A queue keeps the places that may still become the best: a value
    /// that is beaten by a later one never will. Equal values stay, so the earliest stands, as in a plain walk
    /// (which tells 0 from −0).
    static func extreme<Order: Preference>(_ order: Order.Type) -> RangeKernel {
        { windows, _, row in
            var queue = BestPlaces<Order>(keepsFirst: true)
            for step in 0..<windows.count {
                let window = windows[step]
                queue.move(to: window, of: windows.values)
                guard !window.isEmpty else { continue }
                row[step] = queue.best.map { windows.values[$0] } ?? .nan
            }
        }
    }
}

/// Which of two values is the better one. A type and no closure, so that the innermost loop is compiled for each.
protocol Preference: SendableMetatype {
    static func isBetter(_ lhs: Double, _ rhs: Double) -> Bool
}

enum Least: Preference {
    @inline(__always) static func isBetter(_ lhs: Double, _ rhs: Double) -> Bool { lhs < rhs }
}

enum Greatest: Preference {
    @inline(__always) static func isBetter(_ lhs: Double, _ rhs: Double) -> Bool { lhs > rhs }
}

/// The places that are, or may still become, the best of a window that moves forward.
struct BestPlaces<Order: Preference> {
    private var queue: [Int] = []
    private var head = 0
    private var next = 0
    /// Whether the first of equally good values is the best, or the last.
    private let keepsFirst: Bool

    init(keepsFirst: Bool) { self.keepsFirst = keepsFirst }

    /// Where the best value stands; nil where there is none but NaN.
    @inline(__always) var best: Int? { head < queue.count ? queue[head] : nil }

    @inline(__always) mutating func move(to window: Range<Int>, of values: [Double]) {
        while next < window.upperBound {
            let value = values[next]
            if !value.isNaN {
                while queue.count > head {
                    let last = values[queue[queue.count - 1]]
                    guard Order.isBetter(value, last) || (!keepsFirst && value == last) else { break }
                    queue.removeLast()
                }
                queue.append(next)
            }
            next += 1
        }
        while head < queue.count, queue[head] < window.lowerBound { head += 1 }
    }
}
