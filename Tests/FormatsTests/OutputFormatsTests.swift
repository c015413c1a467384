import Formats
import Model
import Query
import Testing

/// The texts that formats make of `result`, by the name they are asked for with.
func formatted(
    _ name: String, _ value: QueryValue, _ annotations: [Annotation] = [],
    _ change: (inout FormatOptions) -> Void = { _ in }
) throws -> String {
    let format = try #require(OutputFormats.named(name))
    var options = FormatOptions()
    change(&options)
    var writer = TextWriter()
    try format.write(QueryResult(value: value, annotations: annotations), options, into: &writer)
    return writer.text
}

func series(_ labels: Labels, _ samples: (Int64, Double)...) -> ResultSeries {
    ResultSeries(
        labels: labels, samples: samples.map { Sample(time: Timestamp(milliseconds: $0.0), value: $0.1) })
}

@Suite struct OutputFormatsTests {
    @Test func namesAreUniqueAndFound() {
        let names = OutputFormats.all.map(\.name)
        #expect(names == ["table", "json", "jsonl", "csv", "openmetrics"])
        #expect(OutputFormats.named("CSV") == nil)
        #expect(OutputFormats.named("") == nil)
    }

    @Test(arguments: ["table", "json", "jsonl", "csv"])
    func bareValuesLookAlikeInAllFormats(_ format: String) throws {
        let vector = QueryValue.vector([
            series(Labels(name: "a"), (1000, 0.1)), series(Labels(name: "b"), (1000, .nan)),
        ])
        #expect(try formatted(format, vector, [], { $0.isQuiet = true }) == "0.1\nNaN\n")
        let scalar = QueryValue.scalar(Sample(time: Timestamp(milliseconds: 0), value: 1e21))
        #expect(try formatted(format, scalar, [], { $0.isQuiet = true }) == "1000000000000000000000\n")
        let text = QueryValue.string(time: Timestamp(milliseconds: 0), value: "hi")
        #expect(try formatted(format, text, [], { $0.isQuiet = true }) == "hi\n")
        let matrix = QueryValue.matrix([series(.empty, (0, 1), (1000, -.infinity))])
        #expect(try formatted(format, matrix, [], { $0.isQuiet = true }) == "1\n-Inf\n")
    }
}
