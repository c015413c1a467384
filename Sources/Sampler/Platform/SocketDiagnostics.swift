import CLinux
import Glibc

/// How many TCP sockets are in each state, from the kernel's socket dump (sock_diag(7)).
///
/// A dump is a row of datagrams, each a row of netlink messages, aligned to 4 bytes, in the host's byte order, which is
/// little-endian on every Linux that Swift runs on:
/// ```
/// | length u32 | type u16 | flags u16 | sequence u32 | port u32 | payload … |
/// ```
/// For type 18 (TCPDIAG_GETSOCK) the payload is an inet_diag_msg: family u8, state u8, …; types 3 (DONE) and 2 (ERROR)
/// end the dump. The offsets are asserted against the kernel's headers in CLinux.
final class SocketDiagnostics {
    private let socket: Descriptor
    private var sequence: UInt32 = 0
    /// The kernel fills datagrams of up to 32 KiB for a reader that has room for them.
    private var buffer = [UInt8](repeating: 0, count: 32_768)

    /// A dump of a million sockets takes one to two seconds in all; a single datagram, microseconds.
    private static let patienceMilliseconds: Int32 = 1000

    /// - Throws: where the system refuses the socket.
    init() throws(CollectorError) {
        let opened = mon_sock_diag_open(SocketDiagnostics.patienceMilliseconds)
        if opened < 0 { throw CollectorError(code: -opened, attempt: "open a sock_diag socket") }
        socket = Descriptor(owning: opened)
    }

    /// Counts all TCP sockets, IPv4 and IPv6. After an error the object must not be used again: the rest of the
    /// dump may still be under way.
    func countTCP() throws(CollectorError) -> SocketCounts {
        sequence &+= 1
        let asked = mon_sock_diag_request_tcp(socket.number, sequence)
        if asked < 0 { throw CollectorError(code: -asked, attempt: "ask for a socket dump") }
        var counts = SocketCounts()
        while true {
            // The kernel writes at most the buffer's length.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe mon_sock_diag_receive(socket.number, bytes.baseAddress, bytes.count)
            }
            if got < 0 { throw CollectorError(code: Int32(-got), attempt: "receive a socket dump") }
            switch SocketDiagnostics.read(buffer.span.extracting(0..<got), sequence: sequence, into: &counts) {
            case .more: continue
            case .done: return counts
            case .refused(let code): throw CollectorError(code: code, attempt: "dump sockets")
            case .malformed(let place):
                let found = "a message with a wrong length at byte \(place) of \(got)"
                throw CollectorError(.malformed, attempt: "read a socket dump", found: found)
            }
        }
    }

    /// How a datagram ended.
    enum Progress: Hashable {
        case more
        case done
        /// The kernel's errno.
        case refused(Int32)
        /// Where in the datagram.
        case malformed(Int)
    }

    /// Counts the sockets of one datagram. Messages of another request are passed over.
    static func read(_ datagram: Span<UInt8>, sequence: UInt32, into counts: inout SocketCounts) -> Progress {
        if datagram.isEmpty { return .malformed(0) }
        var at = 0
        while at < datagram.count {
            guard datagram.count - at >= 16 else { return .malformed(at) }
            let length = Int(word(datagram, at))
            guard length >= 16, length <= datagram.count - at else { return .malformed(at) }
            let type = UInt16(datagram[at + 4]) | UInt16(datagram[at + 5]) << 8
            if word(datagram, at + 8) == sequence {
                switch type {
                case 2:
                    guard length >= 20 else { return .malformed(at) }
                    let code = Int32(bitPattern: word(datagram, at + 16))
                    return .refused(code == .min ? .max : abs(code))
                case 3: return .done
                case 18:
                    guard length >= 18 else { return .malformed(at) }
                    counts.add(state: datagram[at + 17])
                default: break
                }
            }
            at += (length + 3) & ~3
        }
        return .more
    }

    private static func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
    }
}
