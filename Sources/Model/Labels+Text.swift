extension Labels: CustomStringConvertible {
    /// As PromQL writes a series: `up{job="node"}`; `{}` for the empty set.
    package var description: String {
        var text = ""
        var pairs: [String] = []
        for label in self {
            if label.name == Labels.metricNameLabel, Labels.isMetricName(label.value) {
                text = label.value
            } else {
                let name = Labels.isLabelName(label.name) ? label.name : Labels.quote(label.name)
                pairs.append("\(name)=\(Labels.quote(label.value))")
            }
        }
        if pairs.isEmpty { return text.isEmpty ? "{}" : text }
        return "\(text){\(pairs.joined(separator: ", "))}"
    }

    /// `text` as a double-quoted PromQL string.
    package static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            // Parsers take it for a byte that is no UTF-8.
            case "\u{FFFD}": quoted += "\\ufffd"
            default:
                if scalar.value < 32 || scalar.value == 127 {
                    let hex = String(scalar.value, radix: 16)
                    quoted += "\\x" + (hex.count == 1 ? "0" : "") + hex
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    /// Whether `text` can stand unquoted as a metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    package static func isMetricName(_ text: String) -> Bool {
        isName(text) { $0 == UInt8(ascii: ":") }
    }

    /// Whether `text` can stand unquoted as a label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
    package static func isLabelName(_ text: String) -> Bool {
        isName(text) { _ in false }
    }

    private static func isName(_ text: String, also: (UInt8) -> Bool) -> Bool {
        var first = true
        for byte in text.utf8 {
            let isLetter = (byte | 32 >= 97 && byte | 32 <= 122) || byte == UInt8(ascii: "_") || also(byte)
            guard isLetter || (!first && byte >= 48 && byte <= 57) else { return false }
            first = false
        }
        return !first
    }
}
