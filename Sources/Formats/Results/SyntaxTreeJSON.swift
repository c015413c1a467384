import Model
package import Query

/// A query's tree in the form of Prometheus' `/api/v1/parse_query`, which draws the tree view of its web page.
///
///     {"bool":false,"lhs":{…},"matching":null,"op":"+","rhs":{…},"type":"binaryExpr"}
///
/// Keys are in order of their names, as Go writes maps. Durations are milliseconds; those that are computed from others
/// are known only when the query runs, and are 0 here as they are there.
package enum SyntaxTreeJSON {
    /// The tree alone, without an envelope.
    package static func write(_ expression: Query.Expression, into writer: inout TextWriter) {
        switch expression {
        case .number(let value, _):
            writer.write("{\"type\":\"numberLiteral\",\"val\":\"\(FloatText.plain(value))\"}")
        case .string(let value, _):
            writer.write("{\"type\":\"stringLiteral\",\"val\":")
            JSONText.write(string: value.text, into: &writer)
            writer.write("}")
        case .parenthesized(let inner, _): write("{\"expr\":", inner, ",\"type\":\"parenExpr\"}", into: &writer)
        case .unary(let unary):
            let end = ",\"op\":\"\(unary.sign.rawValue)\",\"type\":\"unaryExpr\"}"
            write("{\"expr\":", unary.expression, end, into: &writer)
        case .selector(let selector): write(selector, range: nil, into: &writer)
        case .range(let range): write(range.selector, range: range.duration, into: &writer)
        case .subquery(let subquery): write(subquery, into: &writer)
        case .call(let call): write(call, into: &writer)
        case .aggregation(let aggregation): write(aggregation, into: &writer)
        case .binary(let binary): write(binary, into: &writer)
        }
    }

    private static func write(
        _ start: String, _ expression: Query.Expression, _ end: String, into writer: inout TextWriter
    ) {
        writer.write(start)
        write(expression, into: &writer)
        writer.write(end)
    }

    private static func write(strings: [String], into writer: inout TextWriter) {
        JSONText.write(list: strings, into: &writer) { JSONText.write(string: $0, into: &$1) }
    }

    // MARK: - Selectors

    private static func write(
        _ selector: VectorSelector, range: DurationExpression?, into writer: inout TextWriter
    ) {
        writer.write("{\"anchored\":false,\"matchers\":")
        JSONText.write(list: selector.matchers, into: &writer) { matcher, writer in
            writer.write("{\"name\":")
            JSONText.write(string: matcher.name, into: &writer)
            writer.write(",\"type\":\"\(matcher.operation.rawValue)\",\"value\":")
            JSONText.write(string: matcher.value, into: &writer)
            writer.write("}")
        }
        writer.write(",\"name\":")
        JSONText.write(string: selector.name ?? "", into: &writer)
        writer.write(",\"offset\":\(milliseconds(selector.modifiers.offset))")
        if let range { writer.write(",\"range\":\(milliseconds(range))") }
        writer.write(",\"smoothed\":false")
        writeAt(selector.modifiers.at, into: &writer)
        writer.write(",\"type\":\"\(range == nil ? "vectorSelector" : "matrixSelector")\"}")
    }

    private static func write(_ subquery: Subquery, into writer: inout TextWriter) {
        write("{\"expr\":", subquery.expression, ",\"offset\":", into: &writer)
        writer.write("\(milliseconds(subquery.modifiers.offset)),\"range\":\(milliseconds(subquery.range))")
        writeAt(subquery.modifiers.at, step: milliseconds(subquery.step), into: &writer)
        writer.write(",\"type\":\"subquery\"}")
    }

    /// `startOrEnd` and `timestamp`, between which the step of a subquery stands.
    private static func writeAt(_ at: TimeModifiers.At?, step: Int64? = nil, into writer: inout TextWriter) {
        let border: String
        var time = "null"
        switch at {
        case .start?: border = "\"start\""
        case .end?: border = "\"end\""
        case .time(let moment)?: (border, time) = ("null", "\(moment.milliseconds)")
        case nil: border = "null"
        }
        writer.write(",\"startOrEnd\":\(border)")
        if let step { writer.write(",\"step\":\(step)") }
        writer.write(",\"timestamp\":\(time)")
    }

    private static func milliseconds(_ duration: DurationExpression?) -> Int64 {
        guard case .literal(let seconds, _)? = duration else { return 0 }
        // By way of nanoseconds, as Go's durations are.
        return Int64(exactly: (seconds * 1e9).rounded()).map { $0 / 1_000_000 } ?? 0
    }

    // MARK: - Calls and operators

    private static func write(_ call: Call, into writer: inout TextWriter) {
        writer.write("{\"args\":")
        JSONText.write(list: call.arguments, into: &writer) { write($0, into: &$1) }
        writer.write(",\"func\":{\"argTypes\":")
        let signature = FunctionRegistry.function(named: call.function)?.signature
        write(strings: (signature?.arguments ?? []).map(word(for:)), into: &writer)
        writer.write(",\"name\":")
        JSONText.write(string: call.function, into: &writer)
        let returns = word(for: signature?.returns ?? .instantVector)
        writer.write(",\"returnType\":\"\(returns)\",\"variadic\":\(signature?.variadic ?? 0)},\"type\":\"call\"}")
    }

    /// The types as Prometheus' parser names them.
    private static func word(for type: ValueType) -> String {
        switch type {
        case .scalar: "scalar"
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        case .string: "string"
        }
    }

    private static func write(_ aggregation: Aggregation, into writer: inout TextWriter) {
        write("{\"expr\":", aggregation.expression, ",\"grouping\":", into: &writer)
        let (names, isWithout) =
            switch aggregation.grouping {
            case .by(let names): (names, false)
            case .without(let names): (names, true)
            }
        write(strings: names, into: &writer)
        writer.write(",\"op\":\"\(aggregation.operation.rawValue)\",\"param\":")
        if let parameter = aggregation.parameter { write(parameter, into: &writer) } else { writer.write("null") }
        writer.write(",\"type\":\"aggregation\",\"without\":\(isWithout)}")
    }

    private static func write(_ binary: BinaryOperation, into writer: inout TextWriter) {
        write("{\"bool\":\(binary.returnsBool),\"lhs\":", binary.lhs, ",\"matching\":", into: &writer)
        if let matching = binary.matching {
            writer.write("{\"card\":\"\(matching.cardinality.rawValue)\",\"fillValues\":{\"lhs\":")
            writer.write(number(matching.fillLeft) + ",\"rhs\":" + number(matching.fillRight) + "},\"include\":")
            write(strings: matching.include, into: &writer)
            writer.write(",\"labels\":")
            write(strings: matching.labels, into: &writer)
            writer.write(",\"on\":\(matching.isOn)}")
        } else {
            writer.write("null")
        }
        write(
            ",\"op\":\"\(binary.operation.rawValue)\",\"rhs\":", binary.rhs, ",\"type\":\"binaryExpr\"}", into: &writer)
    }

    /// JSON has no NaN and no infinities; null is the nearest to them.
    private static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "null" }
        return FloatText.short(value)
    }
}

extension PrometheusJSON {
    /// The success envelope around a query's tree: the answer of `/api/v1/parse_query`.
    package static func write(tree: Query.Expression, into writer: inout TextWriter) {
        begin(into: &writer)
        SyntaxTreeJSON.write(tree, into: &writer)
        end(annotations: [], into: &writer)
    }

    /// The success envelope around a text: the answer of `/api/v1/format_query`.
    package static func write(text: String, into writer: inout TextWriter) {
        begin(into: &writer)
        JSONText.write(string: text, into: &writer)
        end(annotations: [], into: &writer)
    }
}
