import Model

/// Names in the characters that both formats have always known.
enum NameText {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; each other character becomes `_`.
    static func legacyMetricName(_ name: String) -> String {
        Labels.isMetricName(name) ? name : replaced(name, also: UInt8(ascii: ":"))
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    static func legacyLabelName(_ name: String) -> String {
        Labels.isLabelName(name) ? name : replaced(name, also: UInt8(ascii: "_"))
    }

    private static func replaced(_ name: String, also allowed: UInt8) -> String {
        var bytes: [UInt8] = []
        for scalar in name.unicodeScalars {
            let byte = UInt8(exactly: scalar.value) ?? UInt8(ascii: "_")
            let isLetter = byte | 32 >= 97 && byte | 32 <= 122
            let isDigit = byte >= 48 && byte <= 57
            if isDigit && bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
            bytes.append(isLetter || isDigit || byte == allowed ? byte : UInt8(ascii: "_"))
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
