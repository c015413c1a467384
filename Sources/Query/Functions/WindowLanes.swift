/// Windows in a row that are walked at the same time, each in a lane of its own from its first value on.
///
/// Rounding forbids to take off what leaves a window, so every window is walked whole. But in a walk each step waits
/// for the one before; those of several windows wait at the same time, and two lanes share an instruction.
struct WindowLanes {
    /// Place of the first value of each lane's window.
    let starts: [Int]
    /// So many values have all of them.
    let count: Int

    /// Shorter windows are walked one by one.
    private static let countMin = 8

    /// The windows of `width` steps from `step` on; nil where one of them is missing or short.
    init?(_ width: Int, from step: Int, _ windows: Windows) {
        guard step + width <= windows.count else { return nil }
        var count = Int.max
        for lane in 0..<width { count = min(count, windows[step + lane].count) }
        guard count >= Self.countMin else { return nil }
        self.count = count
        starts = (0..<width).map { windows[step + $0].lowerBound }
    }

    /// What the window of a step has behind that.
    func rest(_ lane: Int, of window: Range<Int>) -> Range<Int> { starts[lane] + count..<window.upperBound }
}

extension Span<Double> {
    /// The values at four places.
    /// - Parameter offset: From each of the places on; what is there is in bounds.
    @inline(__always) @unsafe func four(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ offset: Int) -> SIMD4<Double> {
        unsafe SIMD4(
            self[unchecked: a &+ offset], self[unchecked: b &+ offset], self[unchecked: c &+ offset],
            self[unchecked: d &+ offset])
    }
}
