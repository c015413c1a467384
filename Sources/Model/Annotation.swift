/// Something a person should know about an answer that is still an answer.
package struct Annotation: Hashable, Sendable {
    /// How much it matters.
    package enum Severity: Hashable, Sendable {
        /// The answer may be wrong.
        case warning
        /// The query may not mean what its author thinks.
        case info
    }

    package var severity: Severity
    /// Prometheus' wording, with the position at its end: `… (1:5)`.
    package var message: String

    package init(_ severity: Severity, _ message: String) {
        self.severity = severity
        self.message = message
    }
}
