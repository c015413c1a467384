import Model

/// Walks over one line of an exposition: names, labels, words.
struct TextScanner: ~Escapable {
    let bytes: Span<UInt8>
    private let end: Int
    /// Where the next verb begins.
    private(set) var at: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        self.bytes = bytes
        at = line.lowerBound
        end = line.upperBound
    }

    var isAtEnd: Bool { at >= end }
    var next: UInt8? { at < end ? bytes[at] : nil }

    @_lifetime(self: copy self)
    mutating func advance() { at += 1 }

    @_lifetime(self: copy self)
    mutating func skipBlanks() {
        while at < end, TextParser.isBlank(bytes[at]) { at += 1 }
    }

    /// The bytes up to the next blank; nil where there are none.
    @_lifetime(self: copy self)
    mutating func word() -> Range<Int>? {
        let start = at
        while at < end, !TextParser.isBlank(bytes[at]) { at += 1 }
        return at > start ? start..<at : nil
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: array(range), as: UTF8.self)
    }

    private func array(_ range: Range<Int>) -> [UInt8] {
        var array: [UInt8] = []
        array.reserveCapacity(range.count)
        for place in range { array.append(bytes[place]) }
        return array
    }

    /// The rest of the line with its escapes undone.
    @_lifetime(self: copy self)
    mutating func unescapedRest() -> String {
        var rest: [UInt8] = []
        while at < end { rest.append(unescaped()) }
        return String(decoding: rest, as: UTF8.self)
    }

    /// One byte of a text with escapes: `\\`, `\"` and `\n`; a backslash before another byte stands for itself.
    @_lifetime(self: copy self)
    private mutating func unescaped() -> UInt8 {
        let byte = bytes[at]
        at += 1
        guard byte == UInt8(ascii: "\\"), at < end else { return byte }
        switch bytes[at] {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""):
            at += 1
            return bytes[at - 1]
        case UInt8(ascii: "n"):
            at += 1
            return 10
        default: return byte
        }
    }

    // MARK: - Series

    /// Passes over a series' name and labels without looking at them closely.
    @_lifetime(self: copy self)
    mutating func passSeries() throws(LineFault) -> Range<Int> {
        let start = at
        while at < end, !TextParser.isBlank(bytes[at]), bytes[at] != UInt8(ascii: "{") { at += 1 }
        // Blanks may stand before the labels.
        var brace = at
        while brace < end, TextParser.isBlank(bytes[brace]) { brace += 1 }
        guard brace < end, bytes[brace] == UInt8(ascii: "{") else {
            guard at > start else { throw LineFault(start, "the name of a metric is missing") }
            return start..<at
        }
        at = brace + 1
        var isQuoted = false
        while at < end {
            switch bytes[at] {
            case UInt8(ascii: "\\") where isQuoted: at += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "}") where !isQuoted:
                at += 1
                return start..<at
            default: break
            }
            at += 1
        }
        throw LineFault(min(at, end), isQuoted ? "a quote is not closed" : "} is missing")
    }

    /// The labels of a series, its name among them.
    @_lifetime(self: copy self)
    mutating func labels() throws(LineFault) -> Labels {
        let start = at
        var fields: [(name: [UInt8], value: [UInt8])] = []
        if next != UInt8(ascii: "{") {
            fields.append((Array(Labels.metricNameLabel.utf8), try bareName(also: UInt8(ascii: ":"))))
        }
        skipBlanks()
        if next == UInt8(ascii: "{") {
            at += 1
            try pairs(into: &fields)
        }
        guard isAtEnd else {
            throw LineFault(at, "a name has letters, digits and _ only; others stand in quotes within the braces")
        }
        guard fields.contains(where: { $0.name.elementsEqual(Labels.metricNameLabel.utf8) && !$0.value.isEmpty })
        else { throw LineFault(start, "the name of a metric is missing") }
        return try TextScanner.labels(fields, at: start)
    }

    /// `{name="value",…}` alone.
    @_lifetime(self: copy self)
    mutating func braces() throws(LineFault) -> [(name: [UInt8], value: [UInt8])] {
        skipBlanks()
        guard next == UInt8(ascii: "{") else { throw LineFault(at, "{ is expected") }
        at += 1
        var fields: [(name: [UInt8], value: [UInt8])] = []
        try pairs(into: &fields)
        skipBlanks()
        guard isAtEnd else { throw LineFault(at, "the end of the labels is expected") }
        return fields
    }

    /// A label set of fields in any order.
    static func labels(
        _ fields: [(name: [UInt8], value: [UInt8])], at place: Int
    ) throws(LineFault) -> Labels {
        var builder = LabelsBuilder()
        var names: Set<[UInt8]> = []
        for field in fields {
            guard names.insert(field.name).inserted else {
                throw LineFault(place, "the label \(String(decoding: field.name, as: UTF8.self)) is given twice")
            }
            guard String(validating: field.name, as: UTF8.self) != nil,
                String(validating: field.value, as: UTF8.self) != nil
            else { throw LineFault(place, "a label is not UTF-8") }
            builder.set(field.name, field.value)
        }
        return builder.labels()
    }

    /// `name="value",…}`; a quoted name without a value is the metric's.
    @_lifetime(self: copy self)
    private mutating func pairs(into fields: inout [(name: [UInt8], value: [UInt8])]) throws(LineFault) {
        while true {
            skipBlanks()
            if next == UInt8(ascii: "}") {
                at += 1
                return
            }
            let place = at
            let isQuoted = next == UInt8(ascii: "\"")
            let name = isQuoted ? try quoted() : try bareName(also: UInt8(ascii: "_"))
            skipBlanks()
            if next == UInt8(ascii: "=") {
                at += 1
                skipBlanks()
                guard !name.isEmpty else { throw LineFault(place, "a label without a name") }
                fields.append((name, try quoted()))
            } else if isQuoted {
                fields.append((Array(Labels.metricNameLabel.utf8), name))
            } else {
                throw LineFault(at, "= is expected")
            }
            skipBlanks()
            if next == UInt8(ascii: ",") {
                at += 1
            } else if next != UInt8(ascii: "}") {
                throw LineFault(at, ", or } is expected")
            }
        }
    }

    /// The name after a blank that HELP, TYPE and UNIT are about.
    @_lifetime(self: copy self)
    mutating func metricName() throws(LineFault) -> String {
        skipBlanks()
        let name = next == UInt8(ascii: "\"") ? try quoted() : try bareName(also: UInt8(ascii: ":"))
        return String(decoding: name, as: UTF8.self)
    }

    /// Letters, digits, `_` and one byte more; a digit is not the first.
    @_lifetime(self: copy self)
    private mutating func bareName(also allowed: UInt8) throws(LineFault) -> [UInt8] {
        let start = at
        while at < end {
            let byte = bytes[at]
            let isLetter = (byte | 32 >= 97 && byte | 32 <= 122) || byte == UInt8(ascii: "_") || byte == allowed
            guard isLetter || (at > start && byte >= 48 && byte <= 57) else { break }
            at += 1
        }
        guard at > start else { throw LineFault(at, "a name is expected") }
        return array(start..<at)
    }

    @_lifetime(self: copy self)
    private mutating func quoted() throws(LineFault) -> [UInt8] {
        guard next == UInt8(ascii: "\"") else { throw LineFault(at, "a quote is expected") }
        let start = at
        at += 1
        var text: [UInt8] = []
        while at < end {
            if bytes[at] == UInt8(ascii: "\"") {
                at += 1
                return text
            }
            text.append(unescaped())
        }
        throw LineFault(start, "a quote is not closed")
    }

    /// Passes over `# {labels} value [time]` at the end of a line.
    @_lifetime(self: copy self)
    mutating func exemplar() throws(LineFault) {
        at += 1
        skipBlanks()
        guard next == UInt8(ascii: "{") else { throw LineFault(at, "an exemplar begins with {") }
        at += 1
        var fields: [(name: [UInt8], value: [UInt8])] = []
        try pairs(into: &fields)
        skipBlanks()
        guard let value = word(), DecimalText.value(bytes, value) != nil else {
            throw LineFault(at, "the value of an exemplar is missing")
        }
        skipBlanks()
        if let time = word(), DecimalText.value(bytes, time) == nil {
            throw LineFault(time.lowerBound, "\(text(time)) is no time")
        }
        skipBlanks()
        guard isAtEnd else { throw LineFault(at, "the end of the line is expected") }
    }
}
