/// The sums of windows that move forward: of each what ``CompensatedSum/finite(_:)`` makes of it alone, to the bit.
/// Four windows in a row are added up together; see ``WindowLanes``.
struct WindowSums {
    private static let width = 4

    private var sums = [CompensatedSum](repeating: CompensatedSum(), count: width)
    /// The step that ``sums`` begins with.
    private var first = -width
    /// The greatest of the series' values where none is negative: a sum that has come so far is not less than what is
    /// added to it, and then its error is found with three operations fewer (Dekker, 1971); it is the same number.
    private var greatest = Double.infinity

    /// - Parameter values: Those of the whole series.
    init(_ values: [Double]) {
        var (least, greatest) = (0.0, 0.0)
        for value in values {
            if value < least { least = value }
            if value > greatest { greatest = value }
        }
        if least == 0 { self.greatest = greatest }
    }

    /// The sum of the window of `step`. Steps are asked for in ascending order.
    mutating func sum(of step: Int, _ windows: Windows) -> CompensatedSum {
        if step < first + Self.width { return sums[step - first] }
        guard let lanes = WindowLanes(Self.width, from: step, windows) else {
            return CompensatedSum.finite(windows.values[windows[step]])
        }
        first = step
        addUp(lanes, windows)
        return sums[0]
    }

    /// Values that are added between two looks at how far the sums have come.
    private static let valuesAtOnce = 8

    private func isFar(_ total: SIMD4<Double>) -> Bool {
        total[0] >= greatest && total[1] >= greatest && total[2] >= greatest && total[3] >= greatest
    }

    private mutating func addUp(_ lanes: WindowLanes, _ windows: Windows) {
        let values = windows.values
        let span = values.span
        let (a, b, c, d) = (lanes.starts[0], lanes.starts[1], lanes.starts[2], lanes.starts[3])
        var total = SIMD4<Double>()
        var error = SIMD4<Double>()
        var place = 0
        while place < lanes.count, !isFar(total) {
            for place in place..<min(place + Self.valuesAtOnce, lanes.count) {
                // In bounds: each lane's window has so many values.
                let x = unsafe span.four(a, b, c, d, place)
                let next = total + x
                let added = next - total
                error += (total - (next - added)) + (x - added)
                total = next
            }
            place = min(place + Self.valuesAtOnce, lanes.count)
        }
        for place in place..<lanes.count {
            // In bounds, as above.
            let x = unsafe span.four(a, b, c, d, place)
            let next = total + x
            error += (total - next) + x
            total = next
        }
        for lane in 0..<Self.width {
            sums[lane] = CompensatedSum(total[lane], error: error[lane])
                .addingFinite(values[lanes.rest(lane, of: windows[first + lane])])
        }
    }
}
