/// What stands between a binary operator and its right side, and lists of labels in parentheses.
extension Parser {
    struct BinaryModifiers {
        var returnsBool = false
        var matching = VectorMatching(cardinality: .oneToOne, labels: [], isOn: false, include: [])

        var hasFill: Bool { matching.fillLeft != nil || matching.fillRight != nil }
    }

    /// `bool on (…) group_left (…) fill (…)`, each optional.
    mutating func binaryModifiers() throws(ParseError) -> BinaryModifiers {
        var modifiers = BinaryModifiers()
        if try take(if: .keyword(.bool)) != nil { modifiers.returnsBool = true }
        let word = try peek().kind
        if word == .keyword(.on) || word == .keyword(.ignoring) {
            try take()
            modifiers.matching.isOn = word == .keyword(.on)
            modifiers.matching.labels = try groupingLabels().names
            try groupModifier(&modifiers.matching)
        }
        try fillModifiers(&modifiers.matching)
        return modifiers
    }

    private mutating func groupModifier(_ matching: inout VectorMatching) throws(ParseError) {
        if try take(if: .keyword(.groupLeft)) != nil {
            matching.cardinality = .manyToOne
        } else if try take(if: .keyword(.groupRight)) != nil {
            matching.cardinality = .oneToMany
        } else {
            return
        }
        if try peek().kind == .leftParenthesis { matching.include = try groupingLabels().names }
    }

    /// `fill (x)`, or `fill_left (x)` and `fill_right (x)` in any order.
    private mutating func fillModifiers(_ matching: inout VectorMatching) throws(ParseError) {
        if try take(if: .keyword(.fill)) != nil {
            matching.fillLeft = try fillValue()
            matching.fillRight = matching.fillLeft
            return
        }
        while true {
            if matching.fillLeft == nil, try take(if: .keyword(.fillLeft)) != nil {
                matching.fillLeft = try fillValue()
            } else if matching.fillRight == nil, try take(if: .keyword(.fillRight)) != nil {
                matching.fillRight = try fillValue()
            } else {
                return
            }
        }
    }

    private mutating func fillValue() throws(ParseError) -> Double {
        try take(.leftParenthesis, expected: "\"(\"")
        let isNegative = try take(if: .operation(.subtract)) != nil
        if !isNegative { _ = try take(if: .operation(.add)) }
        let value = try number(take(.number, expected: "a number"))
        try take(.rightParenthesis, expected: "\")\"")
        return isNegative ? -value : value
    }

    /// `(a, "b.c")`, perhaps empty, perhaps with a comma at its end; and where it ends.
    mutating func groupingLabels() throws(ParseError) -> (names: [String], end: Int) {
        let open = try take()
        guard open.kind == .leftParenthesis else {
            throw unexpected(open, in: .groupingLabels, expected: "\"(\"")
        }
        var names: [String] = []
        if let close = try take(if: .rightParenthesis) { return (names, close.end) }
        while true {
            names.append(try groupingLabel())
            let separator = try take()
            switch separator.kind {
            case .rightParenthesis: return (names, separator.end)
            case .comma: if let close = try take(if: .rightParenthesis) { return (names, close.end) }
            default: throw unexpected(separator, in: .groupingLabels, expected: "\",\" or \")\"")
            }
        }
    }

    private mutating func groupingLabel() throws(ParseError) -> String {
        let token = try take()
        switch token.kind {
        case .identifier, .metricIdentifier, .aggregation, .keyword, .preprocessor, .operation(.and), .operation(.or),
            .operation(.unless), .operation(.atan2):
            return text(token)
        case .string:
            let name = LiteralValue.string(lexer.bytes[token.start..<token.end])
            guard name.isLabelName else {
                throw error("invalid label name for grouping: \(name.quoted)", at: token.start)
            }
            return name.text
        default: throw unexpected(token, in: .groupingLabels, expected: "label")
        }
    }
}
