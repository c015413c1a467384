import Glibc

/// Asks a program of this machine for its page of metrics: one connection, one GET, a time by which all of it is done.
/// By hand and on a blocking thread, because that is some kilobytes where a client library is a megabyte.
struct PageRequest {
    let target: ScrapeTarget

    /// A page of more bytes is refused, packed or not.
    static let bytesMax = 8 << 20

    private var attempt: String { target.attempt }

    /// The answer, of whatever status.
    func send() throws(CollectorError) -> PageResponse {
        let deadline = ClockReading.nanoseconds(of: CLOCK_MONOTONIC) &+ UInt64(target.timeoutMilliseconds) * 1_000_000
        let token = try readToken()
        let socket = try connect(deadline)
        defer { close(socket) }
        try write(Array(head(token).utf8), to: socket, deadline)
        return try read(from: socket, deadline)
    }

    private func readToken() throws(CollectorError) -> String? {
        do throws(CollectorError) {
            return try target.bearerToken?.read()
        } catch {
            throw CollectorError(error.reason, attempt: "\(error.attempt) to \(attempt)", found: error.found)
        }
    }

    private func head(_ token: String?) -> String {
        let timeout = Double(target.timeoutMilliseconds) / 1000
        return "GET \(target.path) HTTP/1.1\r\nHost: \(target.instance)\r\nUser-Agent: mon\r\n"
            + "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
            // Packing for one's own machine is work for both sides.
            + "Accept-Encoding: identity, gzip;q=0.1\r\n"
            + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "")
            + "X-Prometheus-Scrape-Timeout-Seconds: \(timeout)\r\nConnection: close\r\n\r\n"
    }

    private func connect(_ deadline: UInt64) throws(CollectorError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(target.host.contains(":") ? AF_INET6 : AF_INET, kind, 0)
        guard socket >= 0 else { throw CollectorError(code: errno, attempt: attempt) }
        var code = start(socket)
        if code == EINPROGRESS {
            guard wait(socket, POLLOUT, deadline) else {
                close(socket)
                throw timeout
            }
            var length = socklen_t(MemoryLayout<Int32>.size)
            // The kernel writes one number of that length.
            if unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length) != 0 { code = errno }
        }
        if code != 0 {
            close(socket)
            throw CollectorError(code: code, attempt: attempt)
        }
        return socket
    }

    /// - Returns: 0 or an errno.
    private func start(_ socket: Int32) -> Int32 {
        // The structures are read during the call only, and are as long as they say.
        if target.host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = target.port.bigEndian
            guard unsafe inet_pton(AF_INET6, target.host, &address.sin6_addr) == 1 else { return EINVAL }
            let result = unsafe withUnsafePointer(to: &address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            return result == 0 ? 0 : errno
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = target.port.bigEndian
        guard unsafe inet_pton(AF_INET, target.host, &address.sin_addr) == 1 else { return EINVAL }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? 0 : errno
    }

    private func write(_ bytes: [UInt8], to socket: Int32, _ deadline: UInt64) throws(CollectorError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard wait(socket, POLLOUT, deadline) else { throw timeout }
            // The kernel reads as many bytes as there are.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                throw CollectorError(code: errno, attempt: attempt)
            }
            rest = rest.dropFirst(count)
        }
    }

    private func read(from socket: Int32, _ deadline: UInt64) throws(CollectorError) -> PageResponse {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        // Looking at all of it after each piece would be quadratic.
        var lookAgainAt = 0
        while true {
            guard wait(socket, POLLIN, deadline) else { throw timeout }
            // The kernel writes at most the array's count.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                throw CollectorError(code: errno, attempt: attempt)
            }
            bytes += buffer[..<count]
            guard bytes.count <= PageRequest.bytesMax + PageResponse.headBytesMax else {
                throw CollectorError(.malformed, attempt: attempt, found: "more than \(PageRequest.bytesMax) bytes")
            }
            // A last chunk ends as a line does.
            if count > 0, bytes.count < lookAgainAt, bytes.last != 10 { continue }
            lookAgainAt = bytes.count * 2
            switch PageResponse.read(bytes) {
            case .whole(let response): return response
            case .toTheEnd(let response): if count == 0 { return response }
            case .partial(let whole):
                if count == 0 {
                    throw CollectorError(.malformed, attempt: attempt, found: "an answer that was cut off")
                }
                if let whole { lookAgainAt = whole }
            case .malformed(let found): throw CollectorError(.malformed, attempt: attempt, found: found)
            }
        }
    }

    private func wait(_ socket: Int32, _ event: Int32, _ deadline: UInt64) -> Bool {
        var request = pollfd(fd: socket, events: Int16(event), revents: 0)
        while let rest = Deadline.millisecondsLeft(until: deadline) {
            // One structure, as the count says.
            let ready = unsafe poll(&request, 1, rest)
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { return false }
        }
        return false
    }

    private var timeout: CollectorError {
        CollectorError(.timeout, attempt: attempt, found: "no whole answer in \(target.timeoutMilliseconds) ms")
    }
}
