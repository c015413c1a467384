/// One condition on a label: `name = value`, `!=`, `=~` or `!~`. A label that a series lacks has the empty value.
package struct Matcher: Sendable {
    /// The four conditions, in PromQL's spelling.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case doesNotMatch = "!~"
    }

    package let name: String
    package let operation: Operation
    package let value: String
    private let expression: RegularExpression?

    /// - Throws: ``RegularExpressionError`` where `value` has to be an RE2 expression and is none.
    package init(_ name: String, _ operation: Operation, _ value: String) throws(RegularExpressionError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: expression = nil
        case .matches, .doesNotMatch: expression = try RegularExpression(value)
        }
    }

    package init(_ name: String, equals value: String) {
        self.name = name
        operation = .equal
        self.value = value
        expression = nil
    }

    /// Whether a label value satisfies the condition.
    package func matches(_ candidate: ArraySlice<UInt8>) -> Bool {
        switch operation {
        case .equal: candidate.elementsEqual(value.utf8)
        case .notEqual: !candidate.elementsEqual(value.utf8)
        case .matches: expression?.matches(candidate) ?? false
        case .doesNotMatch: !(expression?.matches(candidate) ?? false)
        }
    }

    /// Whether a label value satisfies the condition.
    package func matches(_ candidate: String) -> Bool { matches(Array(candidate.utf8)[...]) }

    /// Whether the series named by `labels` satisfies the condition.
    package func matches(_ labels: Labels) -> Bool {
        guard let place = labels.value(of: name) else { return matchesEmpty }
        return matches(labels.bytes[place])
    }

    /// Whether a series without the label satisfies the condition.
    package var matchesEmpty: Bool { matches([][...]) }
}

extension Matcher: Hashable {
    package static func == (lhs: Matcher, rhs: Matcher) -> Bool {
        lhs.operation == rhs.operation && lhs.name.utf8.elementsEqual(rhs.name.utf8)
            && lhs.value.utf8.elementsEqual(rhs.value.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

extension Matcher: CustomStringConvertible {
    package var description: String {
        let shown = Labels.isLabelName(name) ? name : Labels.quote(name)
        return "\(shown)\(operation.rawValue)\(Labels.quote(value))"
    }
}
