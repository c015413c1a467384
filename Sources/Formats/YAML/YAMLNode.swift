/// A value of a YAML document, and where it stands.
package struct YAMLNode: Hashable, Sendable {
    /// What it is.
    package enum Content: Hashable, Sendable {
        /// The text, and whether it was written plain, without quotes: only then may it mean a number, true or nothing.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the document's order; no two keys are alike.
        case mapping([Entry])
    }

    /// A key and its value.
    package struct Entry: Hashable, Sendable {
        package var key: String
        /// Where the key stands.
        package var place: YAMLPlace
        package var value: YAMLNode
    }

    package var content: Content
    package var place: YAMLPlace

    package init(_ content: Content, at place: YAMLPlace) {
        self.content = content
        self.place = place
    }

    /// Whether it is nothing: `~`, `null`, or a value that was left out.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// As a message names it.
    package var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place in a text, both numbers from 1.
package struct YAMLPlace: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (lhs: YAMLPlace, rhs: YAMLPlace) -> Bool {
        (lhs.line, lhs.column) < (rhs.line, rhs.column)
    }

    package var description: String { "\(line):\(column)" }
}

/// Why a text is no YAML document that is taken here.
package struct YAMLError: Error, Hashable, Sendable {
    package let place: YAMLPlace
    /// What was found and what to do.
    package let reason: String
}
