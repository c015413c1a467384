import Model
import Query

/// The values of an answer and nothing else, one a line, with every digit that they need: for `$(…)` in a script.
enum BareValues {
    static func write(_ result: QueryResult, into writer: inout TextWriter) {
        switch result.value {
        case .scalar(let sample): writer.write(FloatText.plain(sample.value) + "\n")
        case .string(_, let text): writer.write(text + "\n")
        case .vector(let series), .matrix(let series):
            for one in series {
                for sample in one.samples { writer.write(FloatText.plain(sample.value) + "\n") }
            }
        }
    }
}
