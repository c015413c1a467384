import Model

/// Checks that each part of a tree is of a type that its place allows, in the order and words of Prometheus.
struct TypeCheck {
    /// The query's text, for positions.
    let bytes: [UInt8]
    let functions: (String) -> FunctionSignature?

    /// The type of `expression`, once all below it is found right.
    @discardableResult
    func check(_ expression: Expression) throws(ParseError) -> ValueType {
        switch expression {
        case .number: return .scalar
        case .string: return .string
        case .selector(let node):
            try check(node)
            return .instantVector
        case .range(let node):
            try check(node.selector)
            return .rangeVector
        case .subquery(let node):
            let type = try check(node.expression)
            if type != .instantVector {
                let found = type == .rangeVector ? "matrix" : type.rawValue
                throw error("subquery is only allowed on instant vector, got \(found) instead", at: node.span.start)
            }
            return .rangeVector
        case .call(let node): return try check(node)
        case .aggregation(let node): return try check(node)
        case .unary(let node):
            let type = try check(node.expression)
            if type != .scalar && type != .instantVector {
                let problem = "unary expression only allowed on expressions of type scalar or instant vector"
                throw error("\(problem), got \"\(type.rawValue)\"", at: node.span.start)
            }
            return type
        case .binary(let node): return try check(node)
        case .parenthesized(let inner, _): return try check(inner)
        }
    }

    // MARK: Selectors

    private func check(_ selector: VectorSelector) throws(ParseError) {
        if let name = selector.name {
            // The last condition is the name before the braces; another one inside says it twice.
            if let other = selector.matchers.dropLast().first(where: { $0.name == Labels.metricNameLabel }) {
                let names = "\(QuotedText.quote(name)) or \(QuotedText.quote(other.value))"
                throw error("metric name must not be set twice: \(names)", at: selector.span.start)
            }
        } else if selector.matchers.allSatisfy({ $0.matchesEmpty }) {
            throw error("vector selector must contain at least one non-empty matcher", at: selector.span.start)
        }
    }

    // MARK: Calls

    private func check(_ call: Call) throws(ParseError) -> ValueType {
        guard let signature = functions(call.function) else {
            throw error("unknown function with name \(QuotedText.quote(call.function))", at: call.span.start)
        }
        try checkCount(call, signature)
        var rest = call.arguments[...]
        if call.function == "info", call.arguments.count > 1 {
            try checkInfoSelector(call)
            rest = rest.prefix(1)
        }
        for (index, argument) in rest.enumerated() {
            let wanted = signature.type(ofArgument: index)
            try expect(argument, wanted, in: "call to function \(QuotedText.quote(call.function))")
        }
        return signature.returns
    }

    private func checkCount(_ call: Call, _ signature: FunctionSignature) throws(ParseError) {
        let count = call.arguments.count
        let (least, most) = (signature.argumentCountMin, signature.argumentCountMax)
        let wanted: String
        if least == most {
            if count == least { return }
            wanted = "\(least)"
        } else if count < least {
            wanted = "at least \(least)"
        } else if let most, count > most {
            wanted = "at most \(most)"
        } else {
            return
        }
        let name = QuotedText.quote(call.function)
        throw error("expected \(wanted) argument(s) in call to \(name), got \(count)", at: call.span.start)
    }

    /// The second argument of `info` is a selector without a name, which may match anything.
    private func checkInfoSelector(_ call: Call) throws(ParseError) {
        let argument = call.arguments[1]
        guard case .selector(let selector) = argument else {
            let type = try check(argument)
            if type != .instantVector {
                let found = "expected type instant vector in call to function \"info\", got \(type.rawValue)"
                throw error(found, at: call.span.start)
            }
            throw error("expected label selectors only", at: argument.span.start)
        }
        if selector.name != nil {
            throw error("expected label selectors only, got vector selector instead", at: argument.span.start)
        }
        try expect(call.arguments[0], .instantVector, in: "call to function \"info\"")
    }

    // MARK: Aggregations

    private func check(_ aggregation: Aggregation) throws(ParseError) -> ValueType {
        try expect(aggregation.expression, .instantVector, in: "aggregation expression")
        if let parameter = aggregation.parameter {
            let wanted: ValueType = aggregation.operation == .countValues ? .string : .scalar
            try expect(parameter, wanted, in: "aggregation parameter")
        }
        return .instantVector
    }

    // MARK: Operators

    private func check(_ binary: BinaryOperation) throws(ParseError) -> ValueType {
        let left = try check(binary.lhs)
        let right = try check(binary.rhs)
        let sign = binary.operationSpan.start
        let operation = binary.operation
        if binary.returnsBool && !operation.isComparison {
            throw error("bool modifier can only be used on comparison operators", at: sign)
        }
        if operation.isComparison && !binary.returnsBool && left == .scalar && right == .scalar {
            throw error("comparisons between scalars must use BOOL modifier", at: sign)
        }
        if let matching = binary.matching, matching.isOn,
            let twice = matching.labels.first(where: { matching.include.contains($0) })
        {
            let label = QuotedText.quote(twice)
            throw error("label \(label) must not occur in ON and GROUP clause at once", at: sign)
        }
        for (side, type) in [(binary.lhs, left), (binary.rhs, right)] where type != .scalar && type != .instantVector {
            let problem = "binary expression must contain only scalar and instant vector types"
            throw error(problem, at: side.span.start)
        }
        try checkMatching(binary, areVectors: left == .instantVector && right == .instantVector)
        return left == .scalar && right == .scalar ? .scalar : .instantVector
    }

    private func checkMatching(_ binary: BinaryOperation, areVectors: Bool) throws(ParseError) {
        let start = binary.span.start
        let operation = QuotedText.quote(binary.operation.rawValue)
        let hasFill = binary.matching?.fillLeft != nil || binary.matching?.fillRight != nil
        if !areVectors {
            if binary.matching?.labels.isEmpty == false {
                throw error("vector matching only allowed between instant vectors", at: start)
            }
            if hasFill { throw error("filling in missing series only allowed between instant vectors", at: start) }
            if binary.operation.isSetOperation {
                throw error("set operator \(operation) not allowed in binary scalar expression", at: start)
            }
        } else if binary.operation.isSetOperation {
            if binary.matching?.cardinality != .manyToMany {
                throw error("no grouping allowed for \(operation) operation", at: start)
            }
            if hasFill { throw error("filling in missing series not allowed for set operators", at: start) }
        }
    }

    private func expect(_ node: Expression, _ wanted: ValueType, in place: String) throws(ParseError) {
        let found = try check(node)
        if found != wanted {
            let message = "expected type \(wanted.rawValue) in \(place), got \(found.rawValue)"
            throw ParseError(message, at: node.span.start, in: bytes, expected: wanted.rawValue)
        }
    }

    private func error(_ message: String, at offset: Int) -> ParseError {
        ParseError(message, at: offset, in: bytes)
    }
}
