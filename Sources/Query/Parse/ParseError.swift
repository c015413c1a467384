/// Why a text is no query, and where: Prometheus' own words where it has some.
package struct ParseError: Error, Hashable, CustomStringConvertible {
    /// One word wide, so that the frames of the parser, each of which has room for errors at each call, stay small.
    private let facts: Facts

    /// What is wrong, without the position.
    package var message: String { facts.message }
    /// Where, as an offset in bytes, `[0, size of the text]`.
    package var offset: Int { facts.offset }
    /// The line of ``offset``, the first being 1.
    package var line: Int { facts.line }
    /// The byte within the line, the first being 1.
    package var column: Int { facts.column }
    /// What could have stood there, for a person: `"," or ")"`. Nil where the text was understood but means nothing.
    package var expected: String? { facts.expected }
    /// The name that was perhaps meant, where an unknown one was given.
    package var suggestion: String? { facts.suggestion }

    init(
        _ message: String, at offset: Int, in bytes: [UInt8], expected: String? = nil, suggestion: String? = nil
    ) {
        facts = Facts(message, at: min(max(offset, 0), bytes.count), in: bytes, expected, suggestion)
    }

    /// As Prometheus' API writes it: `1:5: parse error: unexpected <by>`.
    package var description: String {
        let position = facts.isPositionKnown ? "\(line):\(column)" : "unknown position"
        return "\(position): parse error: \(message)"
    }

    package static func == (lhs: ParseError, rhs: ParseError) -> Bool {
        lhs.description == rhs.description && lhs.expected == rhs.expected && lhs.suggestion == rhs.suggestion
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(description) }

    private final class Facts: Sendable {
        let message: String
        let offset: Int
        let line: Int
        let column: Int
        let expected: String?
        let suggestion: String?
        /// False for the empty text only: there Prometheus knows of no position.
        let isPositionKnown: Bool

        init(_ message: String, at offset: Int, in bytes: [UInt8], _ expected: String?, _ suggestion: String?) {
            self.message = message
            self.offset = offset
            self.expected = expected
            self.suggestion = suggestion
            let before = bytes[..<offset]
            line = 1 + before.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
            column = offset - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
            isPositionKnown = !bytes.isEmpty
        }
    }
}
