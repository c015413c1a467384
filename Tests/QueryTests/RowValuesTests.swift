import Model
import TSDB
import TestSupport
import Testing

@testable import Query

@Suite struct RowValuesTests {
    private func narrowed(_ values: [Double]) -> RowValues? { RowValues(narrowing: values.span) }

    @Test(
        arguments: [
            [0], [1, 2, 3], [-5, 7], [0.1, 0.2, 0.3], [12.25, -0.5], [0.001, 4_294_967.295], [9_007_199_254_740_992],
            [1e15, 1e15 + 4_294_967_295], [0.30000000000000004 - 0.00000000000000004],
        ] as [[Double]])
    func whatFitsIsNarrowAndTheSame(values: [Double]) throws {
        let narrow = try #require(narrowed(values))
        #expect(narrow.map(\.bitPattern) == values.map(\.bitPattern))
        #expect(narrow == .full(values[...]) && RowValues.full(values[...]) == narrow)
        #expect(Set([narrow, .full(values[...])]).count == 1)
    }

    @Test(
        arguments: [
            [], [-0.0], [1, .nan], [.infinity], [.staleMarker], [1.0 / 3], [0, 4_294_967_296], [0.0001],
            [0x1p53 + 2], [-0x1p60, 1], [5e-324], [0.001, 4_294_968],
        ] as [[Double]])
    func whatDoesNotFitIsLeft(values: [Double]) {
        #expect(narrowed(values) == nil)
    }

    @Test func anyColumnIsTheSameToTheBitOrLeft() {
        var random = SeededGenerator(seed: 11)
        var narrowCount = 0
        for _ in 0..<2000 {
            let divisor = ([1, 10, 100, 1000, 3, 2048] as [Double]).randomElement(using: &random)!
            let bits = Int64.random(in: 0...54, using: &random)
            let base = Double(Int64.random(in: -(1 << 54)...(1 << 54), using: &random) >> bits)
            var values = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                (base + Double(Int64.random(in: 0...(1 << 33), using: &random) >> 3)) / divisor
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                values[.random(in: values.indices, using: &random)] = Double(
                    bitPattern: .random(in: 0 ... .max, using: &random))
            }
            guard let narrow = narrowed(values) else { continue }
            narrowCount += 1
            #expect(narrow.map(\.bitPattern) == values.map(\.bitPattern))
            let from = Int.random(in: values.indices, using: &random)
            let part = from..<Int.random(in: from...values.count, using: &random)
            #expect(narrow.part(part) == .full(values[part]))
            var list: [Double] = [7]
            narrow.append(part, to: &list)
            #expect(list == [7] + values[part])
        }
        #expect(narrowCount > 500)
    }

    /// A range query answers the same, be its rows wide or narrow, also where a cache joins them.
    @Test func narrowAnswersAreTheSame() throws {
        var random = SeededGenerator(seed: 12)
        let store = try TestStore()
        let series = (0..<12).map { number in
            let samples = (0..<50 as Range<Int64>).compactMap { minute in
                Int.random(in: 0..<9, using: &random) == 0
                    ? nil
                    : Sample(
                        time: Timestamp(milliseconds: minute * 60_000),
                        value: Double(Int.random(in: 0...900_000, using: &random)) / [1, 100, 7][number % 3])
            }
            return (labels: Labels(name: "m", ["i": "\(number)"]), samples: samples)
        }
        try store.load(series, intervalMilliseconds: 60_000)
        let snapshot = try store.snapshot()
        let time = QueryTime.range(
            start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 3_000_000), stepMilliseconds: 60_000)
        var limits = QueryLimits()
        limits.wideValuesMax = 100
        for query in ["m", "m > 400", "rate(m[5m])", "max_over_time(m[4m])", "m unless m > 500", "sum by (i) (m)"] {
            let wide = try QueryEngine().evaluate(query, at: time, in: snapshot)
            let narrow = try QueryEngine(limits: limits).evaluate(query, at: time, in: snapshot)
            #expect(narrow.value == wide.value, "\(query)")
            guard case .matrix(let series) = narrow.value else { continue }
            let isNarrow = series.contains { if case .narrow = $0.samples.values { true } else { false } }
            #expect(
                isNarrow == (query != "rate(m[5m])" && !query.hasPrefix("sum") && !query.contains("unless")), "\(query)"
            )
            // What a cache does.
            let halves = series.map { one in
                let half = one.samples.count / 2
                return one.samples.part(0..<half).joined(
                    with: one.samples.part(half..<one.samples.count), like: nil)
            }
            #expect(halves == series.map(\.samples))
        }
    }
}
