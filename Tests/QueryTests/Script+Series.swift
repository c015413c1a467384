import Model

/// Series of scripts: `name{label="value"} values…`.
extension Script {
    static func series(_ row: String) throws -> Series {
        let characters = Array(row)
        var at = 0
        var builder = LabelsBuilder()
        while at < characters.count, !isBlank(characters[at]), characters[at] != "{" { at += 1 }
        if at > 0 { builder.set(Labels.metricNameLabel, String(characters[..<at])) }
        while at < characters.count, isBlank(characters[at]) { at += 1 }
        let opensHistogram = at + 1 < characters.count && characters[at + 1] == "{"
        if at < characters.count, characters[at] == "{", !opensHistogram {
            at += 1
            try readLabels(characters, &at, &builder)
        }
        return Series(labels: builder.labels(), values: try values(String(characters[at...])))
    }

    private static func readLabels(
        _ characters: [Character], _ at: inout Int, _ builder: inout LabelsBuilder
    ) throws {
        func skipBlanks() { while at < characters.count, isBlank(characters[at]) { at += 1 } }
        while true {
            skipBlanks()
            guard at < characters.count else { throw Failure(description: "labels do not end") }
            if characters[at] == "}" {
                at += 1
                return
            }
            let isQuoted = characters[at] == "\"" || characters[at] == "'"
            var name = ""
            if isQuoted {
                name = try quoted(characters, &at)
            } else {
                while at < characters.count, characters[at] != "=", !isBlank(characters[at]) {
                    name.append(characters[at])
                    at += 1
                }
            }
            skipBlanks()
            if at < characters.count, characters[at] == "=" {
                at += 1
                skipBlanks()
                builder.set(name, try quoted(characters, &at))
            } else if isQuoted {
                builder.set(Labels.metricNameLabel, name)
            } else {
                throw Failure(description: "label \(name) has no value")
            }
            skipBlanks()
            if at < characters.count, characters[at] == "," { at += 1 }
        }
    }

    /// The text between the quotes that begin at `at`.
    private static func quoted(_ characters: [Character], _ at: inout Int) throws -> String {
        let quote = characters[at]
        var end = at + 1
        while end < characters.count, characters[end] != quote { end += characters[end] == "\\" ? 2 : 1 }
        guard end < characters.count else { throw Failure(description: "a quote does not end") }
        let text = try unquote(String(characters[at...end]))
        at = end + 1
        return text
    }

    static func unquote(_ text: String) throws -> String {
        let body = String(text.dropFirst().dropLast())
        if text.hasPrefix("`") { return body }
        var result = ""
        var isEscaped = false
        for character in body {
            if isEscaped {
                result.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    // MARK: - Values

    /// Nil for native histograms.
    private static func values(_ text: String) throws -> [Double?]? {
        if text.contains("{{") { return nil }
        var values: [Double?] = []
        for item in text.split(whereSeparator: isBlank).map(String.init) { values += try expand(item) }
        return values
    }

    /// One item: `1`, `1x3`, `1+2x3`, `1-2x3`, `_`, `_x3`, `stale`, `stalex3`.
    private static func expand(_ item: String) throws -> [Double?] {
        var body = item
        var repeats = 0
        if let x = item.lastIndex(of: "x"), let count = Int(item[item.index(after: x)...]) {
            body = String(item[..<x])
            repeats = count
        }
        if body == "_" { return [Double?](repeating: nil, count: max(repeats, 1)) }
        if body == "stale" { return [Double?](repeating: .staleMarker, count: repeats + 1) }
        if let value = number(body) { return [Double?](repeating: value, count: repeats + 1) }
        // The sign between start and increment: the last one that is not an exponent's.
        let characters = Array(body)
        for place in characters.indices.dropFirst().reversed() {
            guard characters[place] == "+" || characters[place] == "-", characters[place - 1].lowercased() != "e"
            else { continue }
            guard let start = number(String(characters[..<place])), let step = number(String(characters[place...]))
            else { break }
            var value = start
            var values: [Double?] = []
            for _ in 0...repeats {
                values.append(value)
                value += step
            }
            return values
        }
        throw Failure(description: "no value: \(item)")
    }
}
