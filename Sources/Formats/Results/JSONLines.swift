import Model
import Query

/// One JSON object a line and series, in the shapes of Prometheus' results and without its envelope, so that a long
/// answer can be read as it comes:
///
///     {"metric":{"__name__":"up"},"values":[[1700001265,"1"],[1700001270,"1"]]}
///
/// A scalar is `{"value":[t,"v"]}`, a string `{"value":[t,"text"]}`. Annotations are not part of it.
enum JSONLines {
    static func write(_ result: QueryResult, into writer: inout TextWriter) {
        switch result.value {
        case .scalar(let sample):
            writer.write("{\"value\":[\(TimeText.unix(sample.time)),\"\(FloatText.plain(sample.value))\"]}\n")
        case .string(let time, let text):
            writer.write("{\"value\":[" + TimeText.unix(time) + ",")
            JSONText.write(string: text, into: &writer)
            writer.write("]}\n")
        case .vector(let series):
            for one in series { line(one, isMatrix: false, into: &writer) }
        case .matrix(let series):
            for one in series { line(one, isMatrix: true, into: &writer) }
        }
    }

    private static func line(_ series: ResultSeries, isMatrix: Bool, into writer: inout TextWriter) {
        PrometheusJSON.write(series, isMatrix: isMatrix, into: &writer)
        writer.write("\n")
    }
}
