/// Walks over JSON within one line (RFC 8259), without building a tree of it.
struct JSONScanner: ~Escapable {
    private let bytes: Span<UInt8>
    private let end: Int
    private(set) var at: Int

    /// Deeper nesting than any series has.
    private static let depthMax = 32

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        at = range.lowerBound
        end = range.upperBound
    }

    /// The next byte that is no blank; nil at the end.
    @_lifetime(self: copy self)
    mutating func peek() -> UInt8? {
        while at < end, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 13 || bytes[at] == 10 { at += 1 }
        return at < end ? bytes[at] : nil
    }

    /// Passes over the byte that must come next.
    @_lifetime(self: copy self)
    mutating func expect(_ character: Unicode.Scalar) throws(LineFault) {
        guard peek() == UInt8(ascii: character) else { throw LineFault(at, "\(character) is expected") }
        at += 1
    }

    /// Passes over the byte if it comes next.
    @_lifetime(self: copy self)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    /// A string's bytes, its escapes undone.
    @_lifetime(self: copy self)
    mutating func string() throws(LineFault) -> [UInt8] {
        try expect("\"")
        let start = at - 1
        var text: [UInt8] = []
        while at < end {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): try escape(into: &text)
            default: text.append(byte)
            }
        }
        throw LineFault(start, "a string is not closed")
    }

    @_lifetime(self: copy self)
    private mutating func escape(into text: inout [UInt8]) throws(LineFault) {
        let place = at - 1
        guard at < end else { throw LineFault(place, "a string is not closed") }
        at += 1
        switch bytes[at - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[at - 1])
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var code = try hexadecimal(place)
            if code & 0xfc00 == 0xd800, at + 1 < end, bytes[at] == UInt8(ascii: "\\"),
                bytes[at + 1] == UInt8(ascii: "u")
            {
                at += 2
                let low = try hexadecimal(place)
                guard low & 0xfc00 == 0xdc00 else { throw LineFault(place, "half of a surrogate pair") }
                code = 0x10000 + (code & 0x3ff) << 10 + (low & 0x3ff)
            }
            guard let scalar = Unicode.Scalar(code) else { throw LineFault(place, "half of a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar) ?? [])
        default: throw LineFault(place, "an unknown escape")
        }
    }

    @_lifetime(self: copy self)
    private mutating func hexadecimal(_ place: Int) throws(LineFault) -> UInt32 {
        guard at + 4 <= end else { throw LineFault(place, "four hexadecimal digits are expected") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch bytes[at] {
            case 48...57: digit = bytes[at] - 48
            case 65...70: digit = bytes[at] - 55
            case 97...102: digit = bytes[at] - 87
            default: throw LineFault(place, "four hexadecimal digits are expected")
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    /// A number, or what stands for those that JSON has not: null, and infinities and NaN as strings or, as
    /// VictoriaMetrics writes them, bare.
    @_lifetime(self: copy self)
    mutating func number() throws(LineFault) -> Double {
        let first = peek()
        let start = at
        if first == UInt8(ascii: "\"") {
            let text = try string()
            guard let value = DecimalText.value(text.span, 0..<text.count) else {
                throw LineFault(start, DecimalText.fault(of: String(decoding: text, as: UTF8.self)))
            }
            return value
        }
        if let value = DecimalText.fast(bytes, &at), at <= end { return value }
        at = start
        while at < end, !JSONScanner.endsToken(bytes[at]) { at += 1 }
        if let value = DecimalText.value(bytes, start..<at) { return value }
        let isNull = at - start == 4 && zip(start..<at, "null".utf8).allSatisfy { bytes[$0] == $1 }
        if isNull { return .nan }
        var token: [UInt8] = []
        for place in start..<at { token.append(bytes[place]) }
        let text = String(decoding: token, as: UTF8.self)
        throw LineFault(start, DecimalText.isTooLarge(text) ? DecimalText.fault(of: text) : "a number is expected")
    }

    /// A whole number.
    @_lifetime(self: copy self)
    mutating func integer() throws(LineFault) -> Int64 {
        _ = peek()
        let start = at
        if let value = DecimalText.milliseconds(bytes, &at), at <= end, at == end || JSONScanner.endsToken(bytes[at]) {
            return value
        }
        at = start
        while at < end, !JSONScanner.endsToken(bytes[at]) { at += 1 }
        var digits: [UInt8] = []
        for place in start..<at { digits.append(bytes[place]) }
        if let value = Int64(String(decoding: digits, as: UTF8.self)) { return value }
        at = start
        guard let value = Int64(exactly: try number()) else { throw LineFault(start, "a whole number is expected") }
        return value
    }

    private static func endsToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 32, 9, 13, 10: true
        default: false
        }
    }

    /// Passes over any value.
    @_lifetime(self: copy self)
    mutating func skip() throws(LineFault) {
        var depth = 0
        repeat {
            guard let byte = peek() else { throw LineFault(at, "the line ends too early") }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
                if depth > JSONScanner.depthMax { throw LineFault(at, "nested too deeply") }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw LineFault(at, "a value is expected") }
                depth -= 1
                at += 1
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw LineFault(at, "a value is expected") }
                at += 1
            default:
                let start = at
                while at < end, !JSONScanner.endsToken(bytes[at]), bytes[at] != UInt8(ascii: ":") { at += 1 }
                if at == start { throw LineFault(at, "a value is expected") }
            }
        } while depth > 0
    }
}

extension UTF8 {
    /// The bytes of a scalar.
    fileprivate static func encode(_ scalar: Unicode.Scalar) -> [UInt8]? { Array(String(Character(scalar)).utf8) }
}
