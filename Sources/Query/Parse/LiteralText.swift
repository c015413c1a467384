/// What stands in a string literal, escapes undone.
package struct LiteralText: Hashable, Sendable {
    /// Bytes that were no UTF-8, which `\x` and `\377` can give, are U+FFFD.
    package let text: String
    /// All bytes, where they were no UTF-8.
    private let raw: [UInt8]?

    init(_ bytes: some Collection<UInt8>) {
        let exact = String(validating: bytes, as: UTF8.self)
        text = exact ?? String(decoding: bytes, as: UTF8.self)
        raw = exact == nil ? Array(bytes) : nil
    }

    /// Whether a label can have it as its name.
    var isLabelName: Bool { raw == nil && !text.isEmpty }

    /// The literal as Prometheus prints it, in double quotes.
    var quoted: String {
        if let raw { QuotedText.quote(raw) } else { QuotedText.quote(text) }
    }
}
