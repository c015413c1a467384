/// The moments at which an expression is evaluated: `start`, `start + step`, …, `count` of them, in milliseconds.
/// A step of zero repeats one moment, which is what `@` makes of a grid.
package struct StepGrid: Hashable, Sendable {
    package var start: Int64
    package var step: Int64
    package var count: Int

    package init(start: Int64, step: Int64, count: Int) {
        self.start = start
        self.step = step
        self.count = count
    }

    package init(instant: Int64) {
        self.init(start: instant, step: 0, count: 1)
    }

    /// All moments from `start` on, by `step` > 0, that are not after `end`; at most `countMax` of them.
    package init(start: Int64, end: Int64, step: Int64, countMax: Int = .max) {
        precondition(step > 0, "a grid of many moments needs a positive step")
        // The distance of any two Int64 fits into UInt64.
        let distance = start > end ? nil : UInt64(bitPattern: end &- start) / UInt64(step)
        let count = distance.map { Int(clamping: $0).addingClamped(1) } ?? 0
        self.init(start: start, step: step, count: min(count, countMax))
    }

    /// Times beyond this many milliseconds from 1970, 36 million years, are not asked about: within it no sum of a time
    /// and a duration overflows.
    static let timeMax: Int64 = 1 << 60

    /// The moment of a step; `index` from 0.
    package func time(_ index: Int) -> Int64 { start + Int64(index) * step }

    /// The last moment; the first one where there is none.
    package var end: Int64 { count > 0 ? time(count - 1) : start }

    /// The first `count` moments.
    func prefix(_ count: Int) -> StepGrid { StepGrid(start: start, step: step, count: count) }

    /// The moments behind the first `count`.
    func dropFirst(_ count: Int) -> StepGrid {
        StepGrid(start: time(count), step: step, count: self.count - count)
    }

    /// The grid of the first moment alone.
    package var first: StepGrid { StepGrid(instant: start) }
}

extension FixedWidthInteger {
    /// The sum, or the nearest bound where it does not fit.
    func addingClamped(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest bound where it does not fit.
    func subtractingClamped(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
