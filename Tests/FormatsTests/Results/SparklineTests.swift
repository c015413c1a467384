import Model
import Testing

@testable import Formats

@Suite struct SparklineTests {
    private func text(_ values: [Double], width: Int) -> String {
        let samples = values.enumerated().map {
            Sample(time: Timestamp(milliseconds: Int64($0.offset) * 1000), value: $0.element)
        }
        let range = TimeRange(minMilliseconds: 0, maxMilliseconds: Int64(max(0, values.count - 1)) * 1000)
        return Sparkline.text(samples, over: range, width: width)
    }

    @Test func shapes() {
        #expect(text([0, 1, 2, 3, 4, 5, 6, 7], width: 8) == "▁▂▃▄▅▆▇█")
        #expect(text([5, 5, 5], width: 3) == "▁▁▁")
        #expect(text([1], width: 4) == "▁")
        #expect(text([0, .nan, 1], width: 3) == "▁ █")
        #expect(text([0, 1, .infinity], width: 3) == "▁█")
        #expect(text([.nan, .infinity], width: 2) == "")
        #expect(text([], width: 3) == "")
        // Two samples a cell show their mean.
        #expect(text([0, 0, 4, 4, 8, 8], width: 3) == "▁▅█")
        #expect(text([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], width: 2) == "▁█")
    }
}
