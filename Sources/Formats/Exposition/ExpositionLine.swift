package import Model

/// A line of a page, made without a string.
package enum ExpositionLine {
    /// All of a line before the value, but for the space.
    package static func text(_ labels: Labels) -> [UInt8] {
        var writer = TextWriter()
        write(labels, into: &writer)
        return writer.take()
    }

    /// `name{label="value",…}`
    static func write(_ labels: Labels, into writer: inout TextWriter) {
        let bytes = labels.bytes
        if let name = labels.value(of: Labels.metricNameLabel) {
            writeName(bytes[name], also: UInt8(ascii: ":"), NameText.legacyMetricName, into: &writer)
        } else {
            writer.write(NameText.legacyMetricName(""))
        }
        var separator = UInt8(ascii: "{")
        labels.forEachField { name, value in
            if name.count == 8, bytes[name].elementsEqual(Labels.metricNameLabel.utf8) { return }
            writer.write(byte: separator)
            separator = UInt8(ascii: ",")
            writeName(bytes[name], also: UInt8(ascii: "_"), NameText.legacyLabelName, into: &writer)
            writer.write(byte: UInt8(ascii: "="))
            writer.write(byte: UInt8(ascii: "\""))
            ExpositionWriter.escape(bytes[value], quote: true, into: &writer)
            writer.write(byte: UInt8(ascii: "\""))
        }
        if separator == UInt8(ascii: ",") { writer.write(byte: UInt8(ascii: "}")) }
    }

    private static func writeName(
        _ name: ArraySlice<UInt8>, also allowed: UInt8, _ replaced: (String) -> String, into writer: inout TextWriter
    ) {
        let isPlain = name.allSatisfy { byte in
            (byte | 32 >= 97 && byte | 32 <= 122) || byte == UInt8(ascii: "_") || byte == allowed
                || (byte >= 48 && byte <= 57)
        }
        if isPlain, let first = name.first, first < 48 || first > 57 {
            writer.write(name)
        } else {
            writer.write(replaced(String(decoding: name, as: UTF8.self)))
        }
    }

    /// As ``FloatText/short(_:)``.
    static func write(_ value: Double, into writer: inout TextWriter) {
        if value == 0 || (value.magnitude >= 1e-4 && value.magnitude < 1e21) {
            let start = writer.bytes.count
            // The text fits into what NumberText asks for.
            unsafe writer.write(capacity: NumberText.bytesMax) { unsafe NumberText.write(plain: value, to: $0) ?? 0 }
            if writer.bytes.count > start { return }
        }
        writer.write(FloatText.short(value))
    }
}
