import Glibc

/// A TCP connection to a server under test: bytes out, bytes in, nothing interpreted before it is asked for.
final class TestClient {
    struct Answer: Equatable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    private let socket: Int32
    private var pending: [UInt8] = []

    init(port: Int) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // A server that never answers fails the test instead of hanging it.
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        self.socket = socket
        isConnected = result == 0
    }

    let isConnected: Bool

    deinit { close(socket) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    func get(_ path: String, headers: String = "") -> Answer? {
        send("GET \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
        return answer()
    }

    /// The headers of a path.
    func head(_ path: String, headers: String = "") -> [String: String]? {
        send("HEAD \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
        return answer(hasBody: false)?.headers
    }

    /// Tells the server that nothing more will come.
    func shutdownOutput() { shutdown(socket, Int32(SHUT_WR)) }

    /// The next answer; nil where the connection ends before one is complete.
    /// - Parameter hasBody: false after a HEAD request.
    func answer(hasBody: Bool = true) -> Answer? {
        while true {
            if let end = headEnd() {
                let lines = String(decoding: pending[..<end], as: UTF8.self).split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
                }
                guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                    return nil
                }
                let length = hasBody ? Int(headers["content-length"] ?? "") ?? 0 : 0
                let start = end + 4
                while pending.count < start + length { if !receive() { return nil } }
                let body = String(decoding: pending[start..<start + length], as: UTF8.self)
                pending.removeFirst(start + length)
                return Answer(status: status, headers: headers, body: body)
            }
            if !receive() { return nil }
        }
    }

    /// Whether the server has closed, with nothing left unread.
    func isClosedByServer() -> Bool {
        if !pending.isEmpty { return false }
        return !receive()
    }

    /// All that comes until the server closes.
    func remainder() -> [UInt8] {
        while receive() {}
        defer { pending = [] }
        return pending
    }

    private func headEnd() -> Int? {
        guard pending.count >= 4 else { return nil }
        return (0...pending.count - 4).first { pending[$0..<$0 + 4].elementsEqual("\r\n\r\n".utf8) }
    }

    /// False where the connection has ended.
    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, 0)
        if count > 0 { pending += buffer[..<count] }
        return count > 0
    }
}
