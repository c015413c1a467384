/// An answer in HTTP/1.1 (RFC 9112), read from bytes that may be anything.
struct PageResponse: Equatable {
    var status = 0
    /// Lower case, without parameters.
    var mediaType = ""
    var isPacked = false
    var body: [UInt8] = []

    enum Progress: Equatable {
        /// The answer goes on, up to so many bytes where it says; at the end of the connection it is cut off.
        case partial(bytes: Int?)
        /// It ends where the connection does.
        case toTheEnd(PageResponse)
        case whole(PageResponse)
        /// It is no such answer.
        case malformed(String)
    }

    static let headBytesMax = 64 << 10

    /// What the bytes that came so far are.
    static func read(_ bytes: [UInt8]) -> Progress {
        guard let end = endOfHead(bytes) else {
            return bytes.count > headBytesMax
                ? .malformed("more than \(headBytesMax) bytes of header") : .partial(bytes: nil)
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1])
        else { return .malformed("it does not begin as HTTP/1.1 does") }
        var response = PageResponse(status: status)
        var length: Int?
        var isChunked = false
        for line in lines.dropFirst() where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { return .malformed("a header without a colon") }
            let value = trimmed(line[line.index(after: colon)...]).lowercased()
            switch line[..<colon].lowercased() {
            case "content-type": response.mediaType = value
            case "content-encoding":
                guard ["gzip", "x-gzip", "identity"].contains(value) else {
                    return .malformed("its coding is \(value), and gzip is all that is taken")
                }
                response.isPacked = value != "identity"
            case "content-length":
                guard let number = Int(value), (0...1 << 40).contains(number) else {
                    return .malformed("a length that is none")
                }
                length = number
            case "transfer-encoding": isChunked = value == "chunked"
            default: break
            }
        }
        let rest = bytes[(end + 4)...]
        if isChunked { return chunks(rest, response) }
        guard let length else {
            response.body = Array(rest)
            return .toTheEnd(response)
        }
        guard rest.count >= length else { return .partial(bytes: end + 4 + length) }
        response.body = Array(rest.prefix(length))
        return .whole(response)
    }

    /// `1a\r\n` and so many bytes, `\r\n`, and so on; a chunk of none is the last.
    private static func chunks(_ bytes: ArraySlice<UInt8>, _ head: PageResponse) -> Progress {
        var response = head
        var rest = bytes
        while true {
            guard let end = rest.firstIndex(of: 10) else {
                return rest.count > 1024 ? .malformed("a chunk without a length") : .partial(bytes: nil)
            }
            let digits = rest[..<end].prefix { $0 != UInt8(ascii: ";") && $0 != 13 }
            guard (1...7).contains(digits.count), let length = Int(String(decoding: digits, as: UTF8.self), radix: 16),
                length >= 0
            else { return .malformed("a chunk without a length") }
            rest = rest[(end + 1)...]
            if length == 0 { return .whole(response) }
            guard rest.count >= length + 2 else { return .partial(bytes: nil) }
            response.body += rest.prefix(length)
            rest = rest.dropFirst(length)
            guard rest.first == 13, rest.dropFirst().first == 10 else {
                return .malformed("a chunk that is longer than it says")
            }
            rest = rest.dropFirst(2)
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var at = 0
        let last = min(bytes.count, headBytesMax) - 4
        while at <= last {
            if bytes[at] == 13, bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at }
            at += 1
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
