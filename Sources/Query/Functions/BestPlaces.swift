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

/// The places that are, or may still become, the best of windows that move forward.
///
/// Samples are cut where windows begin. A piece lies within a window or outside of it, so its best value speaks for all
/// of it; a queue keeps the pieces' best places, but for those that a later one beats, which can never become the best.
struct BestPlaces<Order: Preference> {
    private var queue: [Int] = []
    private var head = 0
    /// The first sample that has not been looked at.
    private var next = 0
    /// The first window that begins behind ``next``.
    private var nextCut = 0
    /// Whether the first of equally good values is the best, or the last.
    private let keepsFirst: Bool

    init(keepsFirst: Bool) { self.keepsFirst = keepsFirst }

    /// Where the best value stands; nil where there is none but NaN.
    @inline(__always) var best: Int? { head < queue.count ? queue[head] : nil }

    /// Steps are given in ascending order; both ends of their windows only move forward.
    @inline(__always) mutating func move(to step: Int, of windows: Windows) {
        let window = windows[step]
        let values = windows.values
        next = max(next, window.lowerBound)
        while next < window.upperBound {
            while nextCut < windows.count, windows[nextCut].lowerBound <= next { nextCut += 1 }
            let cut = nextCut < windows.count ? windows[nextCut].lowerBound : window.upperBound
            let end = min(cut, window.upperBound)
            if let place = place(in: next..<end, of: values) { push(place, of: values) }
            next = end
        }
        while head < queue.count, queue[head] < window.lowerBound { head += 1 }
    }

    @inline(__always) private func place(in piece: Range<Int>, of values: [Double]) -> Int? {
        guard var best = piece.first(where: { !values[$0].isNaN }) else { return nil }
        var value = values[best]
        for place in best + 1..<piece.upperBound where isBetter(values[place], value) {
            best = place
            value = values[place]
        }
        return best
    }

    @inline(__always) private func isBetter(_ later: Double, _ earlier: Double) -> Bool {
        Order.isBetter(later, earlier) || (!keepsFirst && later == earlier)
    }

    @inline(__always) private mutating func push(_ place: Int, of values: [Double]) {
        while queue.count > head, isBetter(values[place], values[queue[queue.count - 1]]) { queue.removeLast() }
        queue.append(place)
    }
}
