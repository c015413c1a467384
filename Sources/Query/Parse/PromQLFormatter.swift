/// Writes a query for reading: what Prometheus' `/api/v1/format_query` answers and `promtool promql format` prints.
///
/// A part that fits in ``lineLengthMax`` bytes stays on one line, in the form of ``Printer``; a longer one is opened,
/// its own parts standing on lines of their own, two blanks further in. Selectors and literals are never broken.
package enum PromQLFormatter {
    /// The longest part that stays on one line, in bytes and without its indentation. Prometheus' bound.
    package static let lineLengthMax = 100

    /// The text of `expression` over as many lines as it needs. It reads back as the same tree, but for spans.
    ///
    /// - Parameter source: The text that `expression` was parsed from; see ``Printer/print(_:source:)``.
    package static func format(_ expression: Expression, source: String? = nil) -> String {
        Layout(source: source.map { Array($0.utf8) }).text(of: expression, level: 0)
    }
}

/// The recursion over a tree; each part is asked for with the level that it stands on.
private struct Layout {
    let source: [UInt8]?

    /// The part with its indentation, unless it is the one that has none: a subquery that fits on a line, in
    /// Prometheus, stands at the start of it.
    func text(of expression: Expression, level: Int) -> String {
        let line = flat { $0.write(expression) }
        let indent = indent(level)
        if case .unary(let unary) = expression {
            let operand = text(of: unary.expression, level: level).drop { $0 == " " }
            return indent + unary.sign.rawValue + operand
        }
        if case .subquery = expression, line.utf8.count <= PromQLFormatter.lineLengthMax { return line }
        guard line.utf8.count > PromQLFormatter.lineLengthMax else { return indent + line }
        switch expression {
        case .number, .string, .selector, .range, .unary: return indent + line
        case .subquery(let subquery):
            return text(of: subquery.expression, level: level) + flat { $0.writeWindow(of: subquery) }
        case .call(let call):
            return "\(indent)\(call.function)(\n\(list(call.arguments, level: level + 1))\n\(indent))"
        case .aggregation(let aggregation):
            let parts = (aggregation.parameter.map { [$0] } ?? []) + [aggregation.expression]
            let head = flat { $0.writeHead(of: aggregation) }
            return "\(indent)\(head)(\n\(list(parts, level: level + 1))\n\(indent))"
        case .binary(let binary):
            let lhs = text(of: binary.lhs, level: level + 1)
            let rhs = text(of: binary.rhs, level: level + 1)
            return "\(lhs)\n\(indent)\(flat { $0.writeOperator(of: binary) })\n\(rhs)"
        case .parenthesized(let inner, _):
            return "\(indent)(\n\(text(of: inner, level: level + 1))\n\(indent))"
        }
    }

    private func list(_ parts: [Expression], level: Int) -> String {
        parts.map { text(of: $0, level: level) }.joined(separator: ",\n")
    }

    private func flat(_ write: (inout Printer) -> Void) -> String {
        var printer = Printer(source: source)
        write(&printer)
        return printer.text
    }

    private func indent(_ level: Int) -> String { String(repeating: "  ", count: level) }
}
