// What hangs on the order of a window's values: least, greatest, quantiles. All three slide.

extension Function {
    static let minOverTime = Function(
        window: "min_over_time", "Least of the samples in the range; NaN only where there is nothing else.",
        FunctionExample("min_over_time(load[10m])", over: ["load 1 5 3"], at: 2, gives: ["{} 1"]),
        tiers: .min, extreme { $0 < $1 })

    static let maxOverTime = Function(
        window: "max_over_time", "Greatest of the samples in the range; NaN only where there is nothing else.",
        FunctionExample("max_over_time(load[10m])", over: ["load 1 5 3"], at: 2, gives: ["{} 5"]),
        tiers: .max, extreme { $0 > $1 })

    static let quantileOverTime = Function(
        FunctionSignature("quantile_over_time", [.scalar, .rangeVector]),
        "The φ-quantile (0 ≤ φ ≤ 1) of the samples in the range, interpolated between the two nearest ranks.",
        example: FunctionExample(
            "quantile_over_time(0.5, load[10m])", over: ["load 1 5 3 2"], at: 3, gives: ["{} 2.5"]),
        kernel: .window(
            { windows, parameters, row in
                var sorted = SortedWindow()
                for step in 0..<windows.count {
                    sorted.move(to: windows[step], of: windows.values)
                    guard !windows[step].isEmpty else { continue }
                    row[step] = Quantile.value(parameters[0, at: step], ofSorted: sorted.values[...])
                }
            }, .quantile, keepsName: false))

    /// The first of the best values of each window. A queue keeps the places that may still become the best: a value
    /// that is beaten by a later one never will. Equal values stay, so the earliest stands, as in a plain walk
    /// (which tells 0 from −0).
    static func extreme(_ isBetter: @escaping @Sendable (Double, Double) -> Bool) -> RangeKernel {
        { windows, _, row in
            let values = windows.values
            var queue: [Int] = []
            var head = 0
            var next = 0
            for step in 0..<windows.count {
                let window = windows[step]
                while next < window.upperBound {
                    let value = values[next]
                    if !value.isNaN {
                        while queue.count > head, isBetter(value, values[queue[queue.count - 1]]) {
                            queue.removeLast()
                        }
                        queue.append(next)
                    }
                    next += 1
                }
                while head < queue.count, queue[head] < window.lowerBound { head += 1 }
                guard !window.isEmpty else { continue }
                row[step] = head < queue.count ? values[queue[head]] : .nan
            }
        }
    }
}

/// The values of a window in ``Quantile``'s order, kept up as the window moves forward.
private struct SortedWindow {
    private(set) var values: [Double] = []
    private var window = 0..<0

    mutating func move(to next: Range<Int>, of samples: [Double]) {
        // Both ends of a window only move forward.
        let kept = next.lowerBound..<max(next.lowerBound, window.upperBound)
        if kept.count < next.count / 2 {
            // Most of it is new: sorting costs less than inserting.
            values.removeAll(keepingCapacity: true)
            values.append(contentsOf: samples[next])
            values.sort(by: Quantile.precedes)
        } else {
            for place in window.lowerBound..<min(kept.lowerBound, window.upperBound) {
                values.remove(at: firstPlace(of: samples[place]))
            }
            for place in kept.upperBound..<next.upperBound {
                values.insert(samples[place], at: firstPlace(of: samples[place]))
            }
        }
        window = next
    }

    /// Where the first value stands that does not precede `value`.
    private func firstPlace(of value: Double) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if Quantile.precedes(values[middle], value) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
