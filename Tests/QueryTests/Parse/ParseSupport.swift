import Model
import Query
import Testing

/// Reads `text` with all stable functions; with the experimental ones and their like where `experimental` says so.
func parse(_ text: String, experimental: Bool = false) throws(ParseError) -> Expression {
    let options = ParserOptions(experimental: experimental, functionNames: SignatureTable.all.map(\.name))
    return try Parser.parse(text, functions: SignatureTable.function(named:), options: options)
}

/// Expects that `text` is accepted and printed as `printed`, and that the printed text is the same query.
func accept(
    _ text: String, _ printed: String? = nil, experimental: Bool = false,
    _ location: SourceLocation = #_sourceLocation
) {
    do {
        let tree = try parse(text, experimental: experimental)
        let canonical = Printer.print(tree, source: text)
        #expect(canonical == printed ?? text, "\(text)", sourceLocation: location)
        let again = try parse(canonical, experimental: experimental)
        #expect(shape(again) == shape(tree), "\(text) → \(canonical)", sourceLocation: location)
    } catch {
        Issue.record("\(text): \(error)", sourceLocation: location)
    }
}

/// Expects that `text` is refused with `message`, position included.
func reject(
    _ text: String, _ message: String, experimental: Bool = false, _ location: SourceLocation = #_sourceLocation
) {
    do {
        let tree = try parse(text, experimental: experimental)
        Issue.record("\(text): accepted as \(shape(tree))", sourceLocation: location)
    } catch {
        let position = error.description.replacing(": parse error: ", with: " ", maxReplacements: 1)
        #expect(position == message, "\(text)", sourceLocation: location)
    }
}

/// Expects that `text` is understood as `shape`, every operation in parentheses.
func understand(
    _ text: String, _ wanted: String, experimental: Bool = false, _ location: SourceLocation = #_sourceLocation
) {
    do {
        let found = shape(try parse(text, experimental: experimental))
        #expect(found == wanted, "\(text)", sourceLocation: location)
    } catch {
        Issue.record("\(text): \(error)", sourceLocation: location)
    }
}

/// The tree as text without spans: each node in parentheses, conditions sorted. Equal for equal trees only.
func shape(_ expression: Expression) -> String {
    switch expression {
    case .number(let value, _): FloatText.plain(value)
    case .string(let value, _): Labels.quote(value.text)
    case .selector(let node): shape(node) + shape(node.modifiers)
    case .range(let node): "\(shape(node.selector))[\(shape(node.duration))]\(shape(node.selector.modifiers))"
    case .subquery(let node):
        "(\(shape(node.expression)))[\(shape(node.range)):\(node.step.map(shape) ?? "")]\(shape(node.modifiers))"
    case .call(let node): "\(node.function)(\(node.arguments.map(shape).joined(separator: ", ")))"
    case .aggregation(let node):
        "\(node.operation) \(shape(node.grouping)) (\(node.parameter.map { shape($0) + ", " } ?? "")"
            + "\(shape(node.expression)))"
    case .unary(let node): "(\(node.sign.rawValue) \(shape(node.expression)))"
    case .binary(let node):
        "(\(shape(node.lhs)) \(node.operation.rawValue)\(node.returnsBool ? " bool" : "")"
            + "\(node.matching.map(shape) ?? "") \(shape(node.rhs)))"
    case .parenthesized(let inner, _): "{\(shape(inner))}"
    }
}

private func shape(_ selector: VectorSelector) -> String {
    (selector.name ?? "") + "<" + selector.matchers.map(\.description).sorted().joined(separator: ",") + ">"
}

private func shape(_ modifiers: TimeModifiers) -> String {
    var text = ""
    switch modifiers.at {
    case .time(let time): text += "@\(time.milliseconds)"
    case .start: text += "@start"
    case .end: text += "@end"
    case nil: break
    }
    // An offset of nothing is none.
    if let offset = modifiers.offset, shape(offset) != "0.0" { text += "+\(shape(offset))" }
    return text
}

func shape(_ duration: DurationExpression) -> String {
    switch duration {
    case .literal(let seconds, _): "\(seconds)"
    case .step: "step"
    case .range: "range"
    case .minimum(let a, let b): "min(\(shape(a)), \(shape(b)))"
    case .maximum(let a, let b): "max(\(shape(a)), \(shape(b)))"
    case .negated(let inner): "(- \(shape(inner)))"
    case .binary(let operation, let a, let b): "(\(shape(a)) \(operation.rawValue) \(shape(b)))"
    case .parenthesized(let inner): "{\(shape(inner))}"
    }
}

private func shape(_ grouping: Aggregation.Grouping) -> String {
    switch grouping {
    case .by(let names): "by \(names)"
    case .without(let names): "without \(names)"
    }
}

private func shape(_ matching: VectorMatching) -> String {
    var text = " [\(matching.cardinality.rawValue) \(matching.isOn ? "on" : "ignoring") \(matching.labels)"
    if !matching.include.isEmpty { text += " include \(matching.include)" }
    if let fill = matching.fillLeft { text += " left \(fill)" }
    if let fill = matching.fillRight { text += " right \(fill)" }
    return text + "]"
}
