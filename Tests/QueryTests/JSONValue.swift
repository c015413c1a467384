/// A JSON text as a value: what the tests' data files need of the format (RFC 8259), and nothing for other uses.
enum JSONValue {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    struct Failure: Error {
        var position: Int
    }

    init(_ text: some StringProtocol) throws {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.value()
    }

    subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var array: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var object: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func skipBlanks() {
            while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 10 || bytes[at] == 13 { at += 1 }
        }

        mutating func take(_ byte: Character) -> Bool {
            skipBlanks()
            guard at < bytes.count, bytes[at] == byte.asciiValue else { return false }
            at += 1
            return true
        }

        mutating func value() throws -> JSONValue {
            if take("{") {
                var members: [String: JSONValue] = [:]
                while !take("}") {
                    guard case .string(let key) = try value(), take(":") else { throw Failure(position: at) }
                    members[key] = try value()
                    _ = take(",")
                }
                return .object(members)
            }
            if take("[") {
                var items: [JSONValue] = []
                while !take("]") {
                    items.append(try value())
                    _ = take(",")
                }
                return .array(items)
            }
            if take("\"") { return .string(try text()) }
            let start = at
            while at < bytes.count, !",]} \n".utf8.contains(bytes[at]) { at += 1 }
            let word = String(decoding: bytes[start..<at], as: UTF8.self)
            switch word {
            case "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default:
                guard let number = Double(word) else { throw Failure(position: start) }
                return .number(number)
            }
        }

        mutating func text() throws -> String {
            var result: [UInt8] = []
            while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
                if bytes[at] == UInt8(ascii: "\\") {
                    at += 1
                    guard at < bytes.count else { break }
                    switch bytes[at] {
                    case UInt8(ascii: "n"): result.append(10)
                    case UInt8(ascii: "t"): result.append(9)
                    case UInt8(ascii: "u"):
                        let digits = String(decoding: bytes[(at + 1)..<min(at + 5, bytes.count)], as: UTF8.self)
                        guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                            throw Failure(position: at)
                        }
                        result.append(contentsOf: Array(String(Character(scalar)).utf8))
                        at += 4
                    default: result.append(bytes[at])
                    }
                } else {
                    result.append(bytes[at])
                }
                at += 1
            }
            guard at < bytes.count else { throw Failure(position: at) }
            at += 1
            return String(decoding: result, as: UTF8.self)
        }
    }
}
