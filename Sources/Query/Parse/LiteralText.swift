/// What stands in a string literal, escapes undone.
package struct LiteralText: Hashable, Sendable {
    /// Bytes that were no UTF-8, which `\x` and `\377` can give, are U+FFFD.
    package let text: String
    /// Whether all bytes were UTF-8.
    package let isUTF8: Bool

    init(_ bytes: some Collection<UInt8>) {
        let exact = String(validating: bytes, as: UTF8.self)
        text = exact ?? String(decoding: bytes, as: UTF8.self)
        isUTF8 = exact != nil
    }

    /// Whether a label can have it as its name.
    var isLabelName: Bool { isUTF8 && !text.isEmpty }
}
