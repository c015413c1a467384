package import Model
package import Query

/// Answers in the envelope of Prometheus' HTTP API, version 1.
///
///     {"status":"success","data":{"resultType":"vector","result":[{"metric":{…},"value":[1700001265,"42"]}]}}
///     {"status":"error","errorType":"bad_data","error":"…"}
///
/// Times are numbers of seconds, values are strings, because JSON has no NaN and no infinities. `warnings` and `infos`
/// are there only when they say something. No line end follows.
package enum PrometheusJSON {
    /// Writes the success envelope around a result, with its warnings and infos.
    /// - Parameter showsStatistics: whether `data` has `stats`, as `stats=all` asks for them.
    package static func write(
        _ result: QueryResult, showsStatistics: Bool = false, into writer: inout TextWriter
    ) {
        var pieces = PrometheusPieces(result, showsStatistics: showsStatistics, pieceBytes: .max)
        pieces.write(into: &writer)
    }

    /// `{"status":"error",…}`; `data` is left out.
    package static func write(errorType: String, message: String, into writer: inout TextWriter) {
        writer.write("{\"status\":\"error\",\"errorType\":")
        JSONText.write(string: errorType, into: &writer)
        writer.write(",\"error\":")
        JSONText.write(string: message, into: &writer)
        writer.write("}")
    }

    /// A list of names: label names, label values.
    package static func write(names: [String], annotations: [Annotation] = [], into writer: inout TextWriter) {
        begin(into: &writer)
        JSONText.write(list: names, into: &writer) { JSONText.write(string: $0, into: &$1) }
        end(annotations: annotations, into: &writer)
    }

    /// A list of label sets.
    package static func write(series: [Labels], annotations: [Annotation] = [], into writer: inout TextWriter) {
        begin(into: &writer)
        JSONText.write(list: series, into: &writer) { write($0, into: &$1) }
        end(annotations: annotations, into: &writer)
    }

    /// What is known of metrics, by name; each name has a list because Prometheus' targets may disagree.
    package static func write(families: [MetricFamily], into writer: inout TextWriter) {
        begin(into: &writer)
        writer.write("{")
        for (index, family) in families.enumerated() {
            if index > 0 { writer.write(",") }
            JSONText.write(string: family.name, into: &writer)
            writer.write(":[{\"type\":")
            JSONText.write(string: ExpositionFormat.openMetrics.word(for: family.kind), into: &writer)
            writer.write(",\"help\":")
            JSONText.write(string: family.help, into: &writer)
            writer.write(",\"unit\":")
            JSONText.write(string: family.unit, into: &writer)
            writer.write("}]")
        }
        writer.write("}")
        end(annotations: [], into: &writer)
    }

    /// The success envelope around JSON that is at hand.
    package static func write(data: String, into writer: inout TextWriter) {
        begin(into: &writer)
        writer.write(data)
        end(annotations: [], into: &writer)
    }

    /// Warnings that are shown, and infos, as Prometheus has it; of more than these only the number.
    private static let annotationsMax = 10

    static func begin(into writer: inout TextWriter) {
        writer.write("{\"status\":\"success\",\"data\":")
    }

    static func end(annotations: [Annotation], into writer: inout TextWriter) {
        for (key, severity) in [("warnings", Annotation.Severity.warning), ("infos", .info)] {
            let messages = annotations.filter { $0.severity == severity }.map(\.message)
            if messages.isEmpty { continue }
            var shown = Array(messages.prefix(annotationsMax))
            if messages.count > shown.count {
                let kind = severity == .warning ? "warning" : "info"
                shown.append("\(messages.count - shown.count) more \(kind) annotations omitted")
            }
            writer.write(",\"\(key)\":")
            JSONText.write(list: shown, into: &writer) { JSONText.write(string: $0, into: &$1) }
        }
        writer.write("}")
    }

    /// `"stats"`. What Prometheus counts as samples is here what was read: samples, and windows in place of them.
    static func write(_ statistics: QueryStatistics, into writer: inout TextWriter) {
        func seconds(_ nanoseconds: UInt64) -> String { FloatText.plain(Double(nanoseconds) / 1e9) }
        let prepared = statistics.parseNanoseconds + statistics.selectNanoseconds
        let total = seconds(prepared + statistics.evaluateNanoseconds)
        writer.write(",\"stats\":{\"timings\":{\"evalTotalTime\":\(total),\"resultSortTime\":0")
        writer.write(",\"queryPreparationTime\":\(seconds(prepared))")
        writer.write(",\"innerEvalTime\":\(seconds(statistics.evaluateNanoseconds)),\"execQueueTime\":0")
        writer.write(",\"execTotalTime\":\(total)},\"samples\":{\"totalQueryableSamples\":")
        let read = statistics.samples + statistics.windows
        writer.write("\(read),\"peakSamples\":\(read)}")
        if !statistics.nodes.isEmpty {
            // Not Prometheus': who asks for all gets what each part of the plan took.
            writer.write(",\"nodes\":")
            JSONText.write(list: statistics.nodes, into: &writer) { node, writer in
                writer.write("{\"node\":")
                JSONText.write(string: node.name, into: &writer)
                writer.write(",\"depth\":\(node.depth),\"evaluations\":\(node.evaluations)")
                writer.write(",\"seconds\":\(seconds(node.nanoseconds))}")
            }
        }
        writer.write("}")
    }

    /// `{"metric":{…},"value":[…]}`, or `"values":[[…],…]` in a matrix.
    static func write(_ series: ResultSeries, isMatrix: Bool, into writer: inout TextWriter) {
        writer.write("{\"metric\":")
        write(series.labels, into: &writer)
        if isMatrix {
            writer.reserve(series.samples.count * 32)
            writer.write(",\"values\":")
            JSONText.write(list: series.samples, into: &writer) { write($0, into: &$1) }
        } else if let sample = series.samples.last {
            writer.write(",\"value\":")
            write(sample, into: &writer)
        }
        writer.write("}")
    }

    /// `{"name":"value",…}` in order of names.
    package static func write(_ labels: Labels, into writer: inout TextWriter) {
        writer.write(byte: UInt8(ascii: "{"))
        labels.forEachField { name, value in
            JSONText.write(bytes: labels.bytes[name], into: &writer)
            writer.write(byte: UInt8(ascii: ":"))
            JSONText.write(bytes: labels.bytes[value], into: &writer)
            writer.write(byte: UInt8(ascii: ","))
        }
        writer.removeTrailing(UInt8(ascii: ","))
        writer.write(byte: UInt8(ascii: "}"))
    }

    /// `[1700001265,"42"]`
    static func write(_ sample: Sample, into writer: inout TextWriter) {
        SampleLists.write(sample, into: &writer)
    }
}
