/// The sums of windows that move forward: of each what ``CompensatedSum/finite(_:)`` makes of it alone, to the bit.
///
/// Rounding forbids to take off what leaves a window, so every window is added up from its first value. But four
/// windows in a row share most of their values, and each of their sums waits for its own last addition: done together
/// they wait at the same time (measured: benchmark-query, a day's mean every hour of a month, 0.8 ns an addition).
struct WindowSums {
    /// How many windows are done together.
    static let width = 4
    /// Windows that share fewer values are added up one by one.
    private static let sharedCountMin = 32

    private var sums = [CompensatedSum](repeating: CompensatedSum(), count: width)
    /// The step that ``sums`` begins with.
    private var first = -width

    init() {}

    /// The sum of the window of `step`. Steps are asked for in ascending order.
    mutating func sum(of step: Int, _ windows: Windows) -> CompensatedSum {
        if step < first + Self.width { return sums[step - first] }
        guard let shared = Self.shared(from: step, windows) else {
            return CompensatedSum.finite(windows.values[windows[step]])
        }
        first = step
        addUp(shared, windows)
        return sums[0]
    }

    /// The values that the windows of four steps have in common, if they are worth it.
    static func shared(from step: Int, _ windows: Windows) -> Range<Int>? {
        guard step + width <= windows.count else { return nil }
        // Both ends of a window only move forward.
        let low = windows[step + width - 1].lowerBound
        let high = windows[step].upperBound
        return high - low >= sharedCountMin ? low..<high : nil
    }

    private mutating func addUp(_ shared: Range<Int>, _ windows: Windows) {
        let values = windows.values
        var total = SIMD4<Double>()
        var error = SIMD4<Double>()
        for lane in 0..<Self.width {
            let head = CompensatedSum.finite(values[windows[first + lane].lowerBound..<shared.lowerBound])
            total[lane] = head.sum
            error[lane] = head.error
        }
        for value in values[shared] {
            let x = SIMD4(repeating: value)
            let next = total + x
            let added = next - total
            error += (total - (next - added)) + (x - added)
            total = next
        }
        for lane in 0..<Self.width {
            let head = CompensatedSum(total[lane], error: error[lane])
            sums[lane] = head.addingFinite(values[shared.upperBound..<windows[first + lane].upperBound])
        }
    }
}
