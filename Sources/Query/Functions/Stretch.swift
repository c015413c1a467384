/// By how much a change between the first and the last sample of a window is stretched to the window's ends: what of
/// `rate`, `increase` and `delta` hangs on times alone, the same for all series that are sampled together.
struct Stretch: Sendable {
    /// Seconds from the first sample to the last; zero where the window has no two samples.
    private(set) var sampled = 0.0
    /// Seconds that the change is stretched by at each end: all there are where the end is nearer than 1.1 average
    /// intervals, half an interval otherwise.
    private var toStart = 0.0
    private var toEnd = 0.0
    /// One, or the range's seconds.
    private var divisor = 1.0
    /// By what a change is multiplied, unless it comes from zero.
    private var factor = 0.0

    /// Of a window that has no two samples.
    init() {}

    init(first: Int64, last: Int64, count: Int, window: (start: Int64, end: Int64), perSecond: Bool) {
        toStart = Double(first - window.start) / 1000
        toEnd = Double(window.end - last) / 1000
        sampled = Double(last - first) / 1000
        let average = sampled / Double(count - 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if toEnd >= threshold { toEnd = average / 2 }
        if perSecond { divisor = Double(window.end - window.start) / 1000 }
        factor = factor(toStart)
    }

    private func factor(_ toStart: Double) -> Double { (sampled + toStart + toEnd) / sampled / divisor }

    /// The change, stretched.
    @inline(__always) func callAsFunction(_ change: Double) -> Double { change * factor }

    /// The change of a counter, stretched; never to before the moment at which it was zero.
    /// - Parameter first: The counter's first value.
    @inline(__always) func callAsFunction(_ change: Double, from first: Double) -> Double {
        guard change > 0, first >= 0 else { return change * factor }
        // Most counters are far from zero: more than rounding could make of these products.
        let product = first * sampled
        if product > 1e-290, product > toStart * change * 1.000000001 { return change * factor }
        return fromZero(change, first)
    }

    @inline(never) private func fromZero(_ change: Double, _ first: Double) -> Double {
        let toZero = sampled * (first / change)
        return toZero < toStart ? change * factor(toZero) : change * factor
    }
}
