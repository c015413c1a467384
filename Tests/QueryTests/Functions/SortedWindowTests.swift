import TestSupport
import Testing

@testable import Query

/// A window that is kept sorted as it moves against one that is sorted anew.
struct SortedWindowTests {
    @Test(arguments: UInt64(0)..<40)
    func equalsSortingAnew(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let samples = (0..<600).map { _ -> Double in
            switch Int.random(in: 0..<12, using: &random) {
            case 0: .nan
            case 1: [.infinity, -.infinity, 0, .greatestFiniteMagnitude].randomElement(using: &random) ?? 0
            case 2..<8: Double(Int.random(in: -4...4, using: &random))
            default: Double.random(in: -1e6...1e6, using: &random)
            }
        }
        var window = SortedWindow()
        // Small steps, large ones, and such that leave nothing of the window.
        let stride = [1, 3, 9, 40, 200].randomElement(using: &random) ?? 1
        let length = [5, 13, 60, 150].randomElement(using: &random) ?? 5
        var (low, high) = (0, 0)
        while high < samples.count {
            high = min(samples.count, high + Int.random(in: 0...stride, using: &random) + 1)
            low = max(low, min(high, high - length + Int.random(in: -2...2, using: &random)))
            window.move(to: low..<high, of: samples)
            if low == high { continue }
            let sorted = samples[low..<high].sorted(by: Quantile.precedes)
            for phi in [0, 0.013, 0.5, 0.9, 1, -1, 2, .nan] {
                let (found, expected) = (window.quantile(phi), Quantile.value(phi, ofSorted: sorted[...]))
                #expect(
                    found == expected || (found.isNaN && expected.isNaN),
                    "seed \(seed), \(low)..<\(high), φ \(phi): \(found), not \(expected)")
            }
        }
    }

    /// So few values are sorted as Go sorts them: of 0 and −0 the one that came first stands first.
    @Test func keepsTheOrderOfZeros() {
        var window = SortedWindow()
        window.move(to: 0..<3, of: [-0.0, -0.0, 0])
        #expect(window.quantile(0).sign == .minus)
        window.move(to: 1..<4, of: [-0.0, 0, -0.0, -0.0])
        #expect(window.quantile(0).sign == .plus)
    }
}
