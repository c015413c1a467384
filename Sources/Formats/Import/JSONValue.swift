/// A JSON value as a tree, for documents whose shape is not known beforehand.
enum JSONValue {
    case object([String: JSONValue])
    case list([JSONValue])
    case number(Double)
    case text(String)
    /// true, false and null.
    case other

    /// A member of an object; nil where there is none, or this is no object.
    subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { return members[name] }
        return nil
    }

    var number: Double? {
        if case .number(let value) = self { return value }
        return nil
    }

    var text: String? {
        if case .text(let value) = self { return value }
        return nil
    }

    /// The elements of a list; none of anything else.
    var elements: [JSONValue] {
        if case .list(let elements) = self { return elements }
        return []
    }
}

extension JSONScanner {
    /// The next value with all that is in it.
    @_lifetime(self: copy self)
    mutating func value(depth: Int = 0) throws(LineFault) -> JSONValue {
        if depth > 32 { throw LineFault(at, "nested too deeply") }
        switch peek() {
        case UInt8(ascii: "{"):
            try expect("{")
            var members: [String: JSONValue] = [:]
            if take("}") { return .object(members) }
            repeat {
                let name = String(decoding: try string(), as: UTF8.self)
                try expect(":")
                members[name] = try value(depth: depth + 1)
            } while take(",")
            try expect("}")
            return .object(members)
        case UInt8(ascii: "["):
            try expect("[")
            var elements: [JSONValue] = []
            if take("]") { return .list(elements) }
            repeat { elements.append(try value(depth: depth + 1)) } while take(",")
            try expect("]")
            return .list(elements)
        case UInt8(ascii: "\""): return .text(String(decoding: try string(), as: UTF8.self))
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            try skip()
            return .other
        default: return .number(try number())
        }
    }
}
