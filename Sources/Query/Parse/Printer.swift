import Model

/// Writes a tree as the text that Prometheus' `Expr.String()` writes: one form for all spellings of a query.
package struct Printer {
    private(set) var text = ""
    /// The query that was parsed, where it is known: it tells which numbers were written as durations.
    private let source: [UInt8]?

    /// The canonical text of `expression`. Reading it again gives the same tree, but for spans.
    ///
    /// - Parameter source: the text that `expression` was parsed from. With it, numbers that were written with units
    ///   keep them (`10m`), as in Prometheus; without it they are seconds (`600`).
    package static func print(_ expression: Expression, source: String? = nil) -> String {
        var printer = Printer(source: source.map { Array($0.utf8) })
        printer.write(expression)
        return printer.text
    }

    init(source: [UInt8]?) { self.source = source }

    mutating func write(_ expression: Expression) {
        switch expression {
        case .number(let value, let span): text += isDuration(span) ? duration(value) : FloatText.plain(value)
        case .string(let value, _): text += value.quoted
        case .selector(let node):
            write(node)
            write(node.modifiers)
        case .range(let node):
            write(node.selector)
            text += "[\(topDuration(node.duration))]"
            write(node.selector.modifiers)
        case .subquery(let node):
            write(node.expression)
            writeWindow(of: node)
        case .call(let node):
            text += node.function + "("
            write(list: node.arguments)
            text += ")"
        case .aggregation(let node): write(node)
        case .unary(let node):
            text += node.sign.rawValue
            write(node.expression)
        case .binary(let node): write(node)
        case .parenthesized(let inner, _):
            text += "("
            write(inner)
            text += ")"
        }
    }

    private mutating func write(list: [Expression]) {
        for (index, expression) in list.enumerated() {
            if index > 0 { text += ", " }
            write(expression)
        }
    }

    /// What stands behind the expression of a subquery: `[range:step]` and its modifiers.
    mutating func writeWindow(of subquery: Subquery) {
        text += "[\(topDuration(subquery.range)):\(subquery.step.map(topDuration) ?? "")]"
        write(subquery.modifiers)
    }

    // MARK: Selectors

    /// Name and conditions, without modifiers.
    private mutating func write(_ selector: VectorSelector) {
        text += selector.name ?? ""
        let shown = selector.name == nil ? selector.matchers[...] : selector.matchers.dropLast()
        let conditions = shown.map { matcher in
            let name = Labels.isLabelName(matcher.name) ? matcher.name : QuotedText.quote(matcher.name)
            return name + matcher.operation.rawValue + QuotedText.quote(matcher.value)
        }
        if !conditions.isEmpty {
            // By bytes, as Go sorts.
            let sorted = conditions.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            text += "{\(sorted.joined(separator: ","))}"
        }
    }

    private mutating func write(_ modifiers: TimeModifiers) {
        switch modifiers.at {
        case .time(let time): text += " @ \(seconds(time))"
        case .start: text += " @ start()"
        case .end: text += " @ end()"
        case nil: break
        }
        switch modifiers.offset {
        case nil, .literal(0, _): break
        case .some(let offset): text += " offset \(topDuration(offset))"
        }
    }

    /// Seconds with three digits behind the point.
    private func seconds(_ time: Timestamp) -> String {
        let (whole, rest) = time.milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        let zeros = String(repeating: "0", count: 3 - digits.utf8.count)
        return "\(time.milliseconds < 0 ? "-" : "")\(whole).\(zeros)\(digits)"
    }

    // MARK: Durations

    /// A duration that stands alone: a literal has units, however it was written.
    private func topDuration(_ expression: DurationExpression) -> String {
        if case .literal(let seconds, _) = expression { return duration(seconds) }
        return durationText(expression)
    }

    private func durationText(_ expression: DurationExpression) -> String {
        switch expression {
        case .literal(let seconds, let isNumber): isNumber ? FloatText.plain(seconds) : duration(seconds)
        case .step: "step()"
        case .range: "range()"
        case .minimum(let a, let b): "min_of(\(durationText(a)), \(durationText(b)))"
        case .maximum(let a, let b): "max_of(\(durationText(a)), \(durationText(b)))"
        case .negated(let inner): "-" + durationText(inner)
        case .binary(let operation, let a, let b): "\(durationText(a)) \(operation.rawValue) \(durationText(b))"
        case .parenthesized(let inner): "(\(durationText(inner)))"
        }
    }

    /// Seconds in units, cut to whole milliseconds as Go does on the way through nanoseconds.
    private func duration(_ seconds: Double) -> String {
        guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded()) else { return FloatText.plain(seconds) }
        return DurationText.format(nanoseconds / 1_000_000)
    }

    /// Whether the number at `span` was written with units. It may have signs before it.
    private func isDuration(_ span: SourceSpan) -> Bool {
        guard let source, span.start >= 0, span.end <= source.count, span.start < span.end else { return false }
        let last = source[span.end - 1]
        guard isAlphabetic(last), let digits = source[span.start..<span.end].firstIndex(where: { isDigit($0) }) else {
            return false
        }
        // The letters of `0xd` are digits.
        return digits + 1 >= span.end || source[digits + 1] | 32 != UInt8(ascii: "x")
    }

    // MARK: Aggregations and operators

    private mutating func write(_ aggregation: Aggregation) {
        writeHead(of: aggregation)
        text += "("
        write(list: (aggregation.parameter.map { [$0] } ?? []) + [aggregation.expression])
        text += ")"
    }

    /// The operation and how it groups, before the parenthesis.
    mutating func writeHead(of aggregation: Aggregation) {
        text += aggregation.operation.rawValue
        switch aggregation.grouping {
        case .by([]): break
        case .by(let names): text += " by (\(labels(names))) "
        case .without(let names): text += " without (\(labels(names))) "
        }
    }

    private mutating func write(_ binary: BinaryOperation) {
        write(binary.lhs)
        text += " "
        writeOperator(of: binary)
        text += " "
        write(binary.rhs)
    }

    /// The operator with `bool` and how the sides are matched.
    mutating func writeOperator(of binary: BinaryOperation) {
        text += binary.operation.rawValue
        if binary.returnsBool { text += " bool" }
        if let matching = binary.matching { write(matching) }
    }

    private mutating func write(_ matching: VectorMatching) {
        let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if !matching.labels.isEmpty || matching.isOn || isGrouped {
            text += " \(matching.isOn ? "on" : "ignoring") (\(labels(matching.labels)))"
        }
        if isGrouped {
            let side = matching.cardinality == .manyToOne ? "left" : "right"
            text += " group_\(side) (\(labels(matching.include)))"
        }
        switch (matching.fillLeft, matching.fillRight) {
        case (let left?, let right?) where left.bitPattern == right.bitPattern:
            text += " fill (\(FloatText.short(left)))"
        case (let left, let right):
            if let left { text += " fill_left (\(FloatText.short(left)))" }
            if let right { text += " fill_right (\(FloatText.short(right)))" }
        }
    }

    private func labels(_ names: [String]) -> String {
        names.map { Labels.isLabelName($0) ? $0 : QuotedText.quote($0) }.joined(separator: ", ")
    }
}

extension Expression: CustomStringConvertible {
    /// The canonical text; see ``Printer``.
    package var description: String { Printer.print(self) }
}
