// The settings that count, in the shape of the file.

extension Configuration {
    /// A file that sets what counts now; settings without a value are left out.
    var yaml: String {
        var text = ""
        var open: [String] = []
        let last = Settings.list.last { $0.name.hasPrefix("store.") }?.name
        for setting in Settings.list {
            if let value = self[setting.name] {
                let path = setting.name.split(separator: ".").map(String.init)
                Configuration.write(path, value.text, after: &open, into: &text)
            }
            if setting.name == last, let exceptions { write(exceptions, after: &open, into: &text) }
        }
        return text
    }

    /// Writes the mappings that lead to a key and are not open yet, then the key.
    private static func write(_ path: [String], _ value: String?, after open: inout [String], into text: inout String) {
        let parents = Array(path.dropLast())
        var depth = 0
        while depth < min(parents.count, open.count), parents[depth] == open[depth] { depth += 1 }
        while depth < parents.count {
            text += indent(depth) + scalar(parents[depth]) + ":\n"
            depth += 1
        }
        open = parents
        text +=
            indent(parents.count) + scalar(path[path.count - 1]) + ":" + (value.map { " " + scalar($0) } ?? "") + "\n"
    }

    /// The list below `store`.
    private func write(_ exceptions: [Exception], after open: inout [String], into text: inout String) {
        Configuration.write(["store", "retention_for"], nil, after: &open, into: &text)
        if exceptions.isEmpty { text += "    []\n" }
        for exception in exceptions {
            text += "    - match: \(Configuration.scalar(exception.selector))\n"
            for part in exception.times.split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { text += "      \(pair[0]): \(Configuration.scalar(pair[1]))\n" }
            }
        }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    /// As it is where YAML reads it as that, else in double quotes.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || "_./-".utf8.contains(byte)
            } && text.utf8.first != UInt8(ascii: "-")
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
