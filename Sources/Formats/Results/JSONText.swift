/// JSON's strings (RFC 8259), the only part of JSON that needs care in writing.
package enum JSONText {
    /// `text` in quotes. Characters outside ASCII stay as they are.
    package static func write(string text: some Sequence<UInt8>, into writer: inout TextWriter) {
        writer.write(byte: UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): writer.write("\\\"")
            case UInt8(ascii: "\\"): writer.write("\\\\")
            case UInt8(ascii: "\n"): writer.write("\\n")
            case UInt8(ascii: "\r"): writer.write("\\r")
            case UInt8(ascii: "\t"): writer.write("\\t")
            case 0..<32:
                let hex = String(byte, radix: 16)
                writer.write("\\u00" + (hex.count == 1 ? "0" : "") + hex)
            default: writer.write(byte: byte)
            }
        }
        writer.write(byte: UInt8(ascii: "\""))
    }

    /// As ``write(string:into:)``, of bytes that are UTF-8, or else become it as Swift's strings have it.
    static func write(bytes: ArraySlice<UInt8>, into writer: inout TextWriter) {
        let isPlain = bytes.allSatisfy { $0 >= 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        guard isPlain else { return write(string: String(decoding: bytes, as: UTF8.self), into: &writer) }
        writer.write(byte: UInt8(ascii: "\""))
        writer.write(bytes)
        writer.write(byte: UInt8(ascii: "\""))
    }

    /// Writes `text` as a JSON string, quotes included (RFC 8259).
    package static func write(string text: String, into writer: inout TextWriter) {
        write(string: text.utf8, into: &writer)
    }

    /// `[a,b]`
    package static func write<Element>(
        list: some Sequence<Element>, into writer: inout TextWriter, _ body: (Element, inout TextWriter) -> Void
    ) {
        writer.write(byte: UInt8(ascii: "["))
        var first = true
        for element in list {
            if !first { writer.write(byte: UInt8(ascii: ",")) }
            first = false
            body(element, &writer)
        }
        writer.write(byte: UInt8(ascii: "]"))
    }
}
