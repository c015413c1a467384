import Model
import TestSupport
import Testing

@testable import Query

/// Scans may say "maybe" too often, never too rarely.
struct ColumnScanTests {
    @Test func findsWhatIsThere() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            var values: [Double] = []
            var last = 0.0
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                last += Double.random(in: 0...3, using: &random)
                values.append(last)
            }
            #expect(!mayHaveNaN(values))
            #expect(!mayFall(values))
            guard let place = values.indices.randomElement(using: &random) else { continue }
            var marked = values
            marked[place] = Bool.random(using: &random) ? .nan : .staleMarker
            #expect(mayHaveNaN(marked), "at \(place) of \(values.count)")
            guard place > 0 else { continue }
            var fallen = values
            fallen[place] = [values[place - 1].nextDown, -.infinity, 0].randomElement(using: &random) ?? 0
            let falls = fallen[place] < fallen[place - 1]
            #expect(!falls || mayFall(fallen), "at \(place) of \(values.count)")
        }
    }

    private func mayHaveNaN(_ values: [Double]) -> Bool { ColumnScan.mayHaveNaN(values.span) }

    private func mayFall(_ values: [Double]) -> Bool { ColumnScan.mayFall(values.span) }

    @Test func tellsArraysApart() {
        let times: [Int64] = [1, 2, 3]
        let same = times
        #expect(times.isSameArray(as: same))
        #expect(!times.isSameArray(as: Array(times.dropLast())))
        #expect(!times.isSameArray(as: times.map { $0 + 1 }))
    }
}
