import Glibc
import Synchronization

@testable import Sampler

/// Serves the same bytes to whoever connects, on a port of its own, until it is dropped.
final class PageServer: Sendable {
    let port: UInt16
    private let socket: Int32
    private let answer = Mutex<[UInt8]>([])
    private let asked = Mutex<[String]>([])

    init() {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(socket, $0, length)
                _ = getsockname(socket, $0, &length)
            }
        }
        listen(socket, 8)
        self.socket = socket
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    var url: String { "http://127.0.0.1:\(port)/metrics" }

    /// What was asked, with headers.
    var requests: [String] { asked.withLock { $0 } }

    /// Answers so many connections, on a thread of its own.
    func serve(_ text: String, connections: Int = 1) { serve(Array(text.utf8), connections: connections) }

    func serve(_ bytes: [UInt8], connections: Int = 1) {
        answer.withLock { $0 = bytes }
        let code = WorkerThread.start { [self] in
            for _ in 0..<connections {
                let client = accept(socket, nil, nil)
                if client < 0 { return }
                var buffer = [UInt8](repeating: 0, count: 8192)
                let count = recv(client, &buffer, buffer.count, 0)
                asked.withLock { $0.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)) }
                let bytes = answer.withLock { $0 }
                // In two pieces, so that it has to be put together.
                for piece in [bytes.prefix(bytes.count / 2), bytes.suffix(bytes.count - bytes.count / 2)] {
                    _ = Array(piece).withUnsafeBytes {
                        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    usleep(1000)
                }
                close(client)
            }
        }
        precondition(code == 0, "no thread")
    }
}
