/// Text from an input as a message may have it: one line of moderate length, in which nothing commands a terminal.
package enum ToldText {
    /// Characters from the start, and as many from the end, of what is longer than both.
    private static let partMax = 100

    /// `text` without what would break a line or command a terminal, and without its middle where it is long.
    package static func line(_ text: String) -> String {
        let scalars = text.unicodeScalars
        // Of a text of megabytes only the ends are walked over.
        let head = scalars.prefix(partMax)
        let rest = scalars[head.endIndex...]
        let tail = rest.suffix(partMax)
        var told = ""
        for scalar in head { write(scalar, to: &told) }
        if tail.startIndex > rest.startIndex { told += " [...] " }
        for scalar in tail { write(scalar, to: &told) }
        return told
    }

    private static func write(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.value {
        case 9: text += "\\t"
        case 10: text += "\\n"
        case 13: text += "\\r"
        // Controls; marks that turn the direction of what follows; other ends of lines.
        case ..<32, 127..<160, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069:
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
    }
}
