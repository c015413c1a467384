import NIOCore

/// Where to listen: `127.0.0.1:9100`, `[::1]:9100`, `localhost:9100`. Port 0 takes a free one.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IP address without brackets.
    package let host: String
    package let port: Int

    /// - Throws: ``ListenError/badAddress(_:)`` for anything but an IP address or `localhost`, and a port.
    package init(_ text: String) throws(ListenError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .badAddress(text)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw .badAddress(text)
        }
        if host == "localhost" { host = "127.0.0.1" }
        // No name is looked up: an agent that starts before the resolver must not hang on it.
        guard (try? SocketAddress(ipAddress: host, port: Int(port))) != nil else { throw .badAddress(text) }
        self.host = host
        self.port = Int(port)
    }

    /// Whether only this machine can connect.
    package var isLoopback: Bool {
        if host == "::1" { return true }
        let mapped = host.lowercased().hasPrefix("::ffff:") ? String(host.dropFirst(7)) : host
        return mapped.split(separator: ".").count == 4 && mapped.hasPrefix("127.")
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    func socketAddress() throws -> SocketAddress { try SocketAddress(ipAddress: host, port: port) }
}

/// Why a server does not listen.
package enum ListenError: Error, Hashable, CustomStringConvertible {
    case badAddress(String)
    /// The address can be reached from other machines, and nobody is asked who he is.
    case notLoopback(ListenAddress)
    /// `owner` is who has the port, when it can be seen.
    case inUse(ListenAddress, owner: ListeningProcess?)
    case failed(ListenAddress, reason: String)

    package var description: String {
        switch self {
        case .badAddress(let text):
            return "cannot listen on \"\(text)\": an IP address and a port are needed, such as 127.0.0.1:9100 "
                + "or [::1]:9100"
        case .notLoopback(let address):
            return "refusing to listen on \(address): other machines could read everything, as there is no login yet; "
                + "listen on 127.0.0.1:\(address.port) and reach it through ssh -L, or allow it with --allow-remote"
        case .inUse(let address, let owner):
            let who = owner.map { "\($0) has it" } ?? "another program has it"
            let unit = owner?.looksLikeNodeExporter == true ? " (node_exporter has the same default port)" : ""
            return "cannot listen on \(address): \(who)\(unit); stop that or give another port with --listen"
        case .failed(let address, let reason):
            return "cannot listen on \(address): \(reason)"
        }
    }
}
