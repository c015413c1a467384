import Model
import Query
import TestSupport
import Testing

@testable import Formats

/// ``SampleLists`` against one text after the other.
@Suite struct SampleListsTests {
    private func slowly(_ samples: some Sequence<Sample>) -> String {
        let texts = samples.map { sample in
            let magnitude = sample.value.magnitude
            let isPlain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21)
            let number = isPlain ? FloatText.plain(sample.value) : FloatText.short(sample.value)
            let (seconds, rest) = sample.time.milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
            let decimals = rest == 0 ? "" : "." + String(1000 + rest).dropFirst()
            return "[\(sample.time.milliseconds < 0 ? "-" : "")\(seconds)\(decimals),\"\(number)\"]"
        }
        return "[\(texts.joined(separator: ","))]"
    }

    @Test func writesWhatOneByOneGives() {
        var random = SeededGenerator(seed: 5)
        let special: [Double] = [0, -0.0, .nan, .infinity, -.infinity, 5e-324, 1.7976931348623157e308, 1e21, -1e-7]
        for round in 0..<200 {
            let start = Int64.random(in: -2_000_000...2_000_000_000_000, using: &random)
            let series = (0..<4).map { _ in
                var samples: [Sample] = []
                for step in 0..<Int64.random(in: 0...150, using: &random) where Bool.random(using: &random) {
                    let value: Double
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0: value = samples.last?.value ?? 7
                    case 1: value = special.randomElement(using: &random)!
                    case 2: value = Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 100
                    case 3: value = Double(bitPattern: UInt64.random(in: 0 ... .max, using: &random))
                    default: value = Double(Int.random(in: 0...1_000_000_000_000, using: &random))
                    }
                    samples.append(Sample(time: Timestamp(milliseconds: start + step * 250), value: value))
                }
                return ResultSeries(labels: .empty, samples: samples)
            }
            let lists = SampleLists(series)
            for one in series {
                var writer = TextWriter()
                lists.write(one.samples, into: &writer)
                #expect(writer.text == slowly(one.samples), "round \(round)")
            }
        }
    }

    private func narrowed(_ samples: [Sample]) -> RowValues? {
        let values = samples.map(\.value)
        return RowValues(narrowing: values.span)
    }

    @Test func narrowRowsAreWrittenAsWideOnes() throws {
        var random = SeededGenerator(seed: 6)
        for count in [1, 63, 64, 65, 128, 1000] {
            for divisor in [1, 10, 100, 1000] as [Double] {
                let base = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
                let samples = (0..<Int64(count)).map { place in
                    Sample(
                        time: Timestamp(milliseconds: place * 1500),
                        value: Double(base + .random(in: 0...Int64(UInt32.max), using: &random)) / divisor)
                }
                let wide = SampleRow(samples)
                let narrow = SampleRow(
                    times: wide.times, values: try #require(narrowed(samples)))
                guard case .narrow = narrow.values else {
                    Issue.record("not narrow")
                    continue
                }
                var (one, other) = (TextWriter(), TextWriter())
                SampleLists([ResultSeries(labels: .empty, samples: narrow)]).write(narrow, into: &one)
                SampleLists([ResultSeries(labels: .empty, samples: wide)]).write(wide, into: &other)
                #expect(one.text == other.text)
            }
        }
    }

    @Test func theFarthestMoments() {
        for time in [Int64.min, .max, -1, 0, 1, 999, 1000, -1500] {
            let samples = SampleRow([Sample(time: Timestamp(milliseconds: time), value: 1)])
            var writer = TextWriter()
            SampleLists([ResultSeries(labels: .empty, samples: samples)]).write(samples, into: &writer)
            SampleLists([]).write(samples, into: &writer)
            #expect(writer.text == slowly(samples) + slowly(samples))
        }
    }
}
