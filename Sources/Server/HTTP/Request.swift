/// The methods that routes can have. HEAD is answered by the GET route of its path, without the body.
package enum Method: String, Hashable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// A whole request: nothing of it is still to come.
package struct Request: Sendable {
    package let method: Method
    /// Still percent-encoded, without the query.
    package let path: String
    /// What follows the `?`, still percent-encoded; empty without one.
    package let query: String
    /// In order of arrival. Names keep their spelling.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Values of the route's `{name}` segments, percent-decoded.
    package let pathParameters: [String: String]
    /// Address and port of who asks, for the log; empty where they are not known.
    package let client: String
    /// Tells a handler that takes long that nobody waits for its answer any more.
    package let cancellation: Cancellation
    /// Sends an answer before the handler has ended; what the handler answers then does not count. For one that has
    /// much to put away. Only the first answer is sent.
    package let answerEarly: @Sendable (Response) -> Void

    package init(
        method: Method, path: String, query: String = "", headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], pathParameters: [String: String] = [:], client: String = "",
        cancellation: Cancellation = Cancellation(), answerEarly: @escaping @Sendable (Response) -> Void = { _ in }
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.pathParameters = pathParameters
        self.client = client
        self.cancellation = cancellation
        self.answerEarly = answerEarly
    }

    /// The values of a header, joined by `, ` where it came more than once (RFC 9110, section 5.3).
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        let values = headers.filter { $0.name.lowercased() == wanted }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// Parameters of the query, then those of a form in the body, in order; a name may come more than once.
    package var parameters: [(name: String, value: String)] {
        let inQuery = URLForm.parse(query)
        let type = (header("Content-Type") ?? "").split(separator: ";").first ?? ""
        guard method != .get, type.lowercased() == "application/x-www-form-urlencoded" else { return inQuery }
        return inQuery + URLForm.parse(String(decoding: body, as: UTF8.self))
    }
}

/// Percent-encoding and `application/x-www-form-urlencoded` (WHATWG URL, section 5.1).
package enum URLForm {
    /// `a=1&b=x+y` → a: 1, b: "x y". Never fails: what is not well formed stands for itself.
    package static func parse(_ text: String) -> [(name: String, value: String)] {
        text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = equals == pair.endIndex ? pair[equals...] : pair[pair.index(after: equals)...]
            return (decode(pair[..<equals], plusIsSpace: true), decode(value, plusIsSpace: true))
        }
    }

    /// `%41` → A. Bytes that are no UTF-8 become U+FFFD.
    package static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hex(rest[rest.startIndex]),
                let low = hex(rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest.removeFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
