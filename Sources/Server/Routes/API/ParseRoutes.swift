import Formats
import Model
import Query

/// What can be said of a query without the store.
enum ParseRoutes {
    static func format(_ request: Request, _ services: APIServices) throws -> Response {
        let text = APIParameters(request)["query"] ?? ""
        let printed = Printer.print(try services.engine.parse(text), source: text)
        return APIRoutes.json { writer in
            var data = TextWriter()
            JSONText.write(string: printed, into: &data)
            PrometheusJSON.write(data: data.text, into: &writer)
        }
    }

    static func tree(_ request: Request, _ services: APIServices) throws -> Response {
        let tree = try services.engine.parse(APIParameters(request)["query"] ?? "")
        return APIRoutes.json { PrometheusJSON.write(data: SyntaxJSON.text(of: tree), into: &$0) }
    }

    static func exemplars(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        let (start, end) = (try parameters.time("start"), try parameters.time("end"))
        if let start, let end, end < start {
            throw APIError.parameter("end", "end timestamp must not be before start timestamp")
        }
        _ = try services.engine.parse(parameters["query"] ?? "")
        return APIRoutes.json { PrometheusJSON.write(data: "[]", into: &$0) }
    }
}

/// A syntax tree as the JSON of Prometheus' `parse_query`.
enum SyntaxJSON {
    /// Query's `Expression`; FoundationEssentials has another one.
    static func text(of expression: Query.Expression) -> String {
        switch expression {
        case .number(let value, _): object("numberLiteral", [("val", string(number(value)))])
        case .string(let value, _): object("stringLiteral", [("val", string(value))])
        case .parenthesized(let inner, _): object("parenExpr", [("expr", text(of: inner))])
        case .unary(let node):
            object("unaryExpr", [("op", string(node.sign.rawValue)), ("expr", text(of: node.expression))])
        case .selector(let node): object("vectorSelector", fields(of: node))
        case .range(let node):
            object("matrixSelector", fields(of: node.selector) + [("range", milliseconds(node.duration))])
        case .subquery(let node):
            object(
                "subquery",
                [
                    ("expr", text(of: node.expression)), ("range", milliseconds(node.range)),
                    ("step", node.step.map(milliseconds) ?? "0"),
                ] + fields(of: node.modifiers))
        case .call(let node): text(of: node)
        case .aggregation(let node): text(of: node)
        case .binary(let node): text(of: node)
        }
    }

    private static func text(of node: Aggregation) -> String {
        let (names, isWithout) =
            switch node.grouping {
            case .by(let names): (names, false)
            case .without(let names): (names, true)
            }
        return object(
            "aggregation",
            [
                ("op", string(node.operation.rawValue)), ("expr", text(of: node.expression)),
                ("param", node.parameter.map { text(of: $0) } ?? "null"), ("grouping", list(names.map(string))),
                ("without", "\(isWithout)"),
            ])
    }

    private static func text(of node: Call) -> String {
        let signature = FunctionRegistry.function(named: node.function)?.signature
        // −1: any number of the last one; n > 0: n that may be left out.
        let variadic =
            switch signature?.arity {
            case .exact, nil: 0
            case .optionalLast: 1
            case .repeatedLast: -1
            }
        let function = [
            "\"name\":\(string(node.function))",
            "\"argTypes\":\(list((signature?.arguments ?? []).map { string(word(for: $0)) }))",
            "\"variadic\":\(variadic)",
            "\"returnType\":\(string(word(for: signature?.returns ?? .instantVector)))",
        ]
        return object(
            "call",
            [
                ("func", "{\(function.joined(separator: ","))}"),
                ("args", list(node.arguments.map { text(of: $0) })),
            ])
    }

    private static func text(of node: BinaryOperation) -> String {
        var matching = "null"
        if let found = node.matching {
            matching =
                "{\"card\":\(string(found.cardinality.rawValue)),\"labels\":\(list(found.labels.map(string)))"
                + ",\"on\":\(found.isOn),\"include\":\(list(found.include.map(string)))}"
        }
        return object(
            "binaryExpr",
            [
                ("op", string(node.operation.rawValue)), ("lhs", text(of: node.lhs)), ("rhs", text(of: node.rhs)),
                ("matching", matching), ("bool", "\(node.returnsBool)"),
            ])
    }

    private static func fields(of node: VectorSelector) -> [(String, String)] {
        let matchers = node.matchers.map { matcher in
            "{\"name\":\(string(matcher.name)),\"value\":\(string(matcher.value))"
                + ",\"type\":\(string(matcher.operation.rawValue))}"
        }
        return [("name", string(node.name ?? "")), ("matchers", list(matchers))] + fields(of: node.modifiers)
    }

    private static func fields(of modifiers: TimeModifiers) -> [(String, String)] {
        var (time, end) = ("null", "null")
        switch modifiers.at {
        case .time(let moment): time = "\(moment.milliseconds)"
        case .start: end = "\"start\""
        case .end: end = "\"end\""
        case nil: break
        }
        return [
            ("offset", modifiers.offset.map(milliseconds) ?? "0"), ("timestamp", time), ("startOrEnd", end),
        ]
    }

    /// What is no literal is known only when the query is asked: 0, as Prometheus has it.
    private static func milliseconds(_ duration: DurationExpression) -> String {
        switch duration {
        case .literal(let seconds, _): "\(Int64(exactly: (seconds * 1000).rounded(.towardZero)) ?? 0)"
        case .negated(.literal(let seconds, _)): "\(Int64(exactly: (-seconds * 1000).rounded(.towardZero)) ?? 0)"
        case .parenthesized(let inner): milliseconds(inner)
        case .step, .range, .minimum, .maximum, .negated, .binary: "0"
        }
    }

    private static func word(for type: ValueType) -> String {
        switch type {
        case .scalar: "scalar"
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        case .string: "string"
        }
    }

    private static func number(_ value: Double) -> String { FloatText.plain(value) }

    private static func object(_ type: String, _ fields: [(String, String)]) -> String {
        "{\"type\":\"\(type)\"" + fields.map { ",\"\($0.0)\":\($0.1)" }.joined() + "}"
    }

    private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }

    static func string(_ text: String) -> String {
        var writer = TextWriter()
        JSONText.write(string: text, into: &writer)
        return writer.text
    }
}
