import Formats
import Glibc
import Model
import TestSupport
import Testing

@testable import mon

/// A socket that takes datagrams as journald and systemd do.
final class DatagramReceiver {
    let path: String
    private let socket: Int32
    private let folder = TemporaryFolder()

    init() throws {
        path = folder.path + "/socket"
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        try #require(code == 0)
    }

    deinit { close(socket) }

    /// What has come; nil where nothing has.
    func next() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : Array(bytes[..<count])
    }

    func nextText() -> String? { next().map { String(decoding: $0, as: UTF8.self) } }
}

@Suite struct JournalTests {
    private func log(_ path: String, sink: @escaping @Sendable ([UInt8]) -> Void = { _ in }) -> Log {
        Log(
            level: .info, style: .journal, zone: .utc, now: { Timestamp(milliseconds: 0) },
            journal: JournalSocket(path: path), sink: sink)
    }

    @Test func anEntryHasItsFields() throws {
        let journal = try DatagramReceiver()
        log(journal.path).warning("cannot commit", ["path": "/var/lib/mon", "error-text": "disk full"])
        #expect(
            journal.nextText() == """
                MESSAGE=cannot commit path=/var/lib/mon error-text="disk full"
                PRIORITY=4
                SYSLOG_IDENTIFIER=mon
                MON_MESSAGE=cannot commit
                MON_PATH=/var/lib/mon
                MON_ERROR_TEXT=disk full

                """)
        log(journal.path).debug("not told")
        #expect(journal.next() == nil)
    }

    /// A value of several lines has its length before it: nothing that is logged can make fields of its own.
    @Test func linesWithinAValue() throws {
        let journal = try DatagramReceiver()
        log(journal.path).error("two", ["cause": "a\nPRIORITY=0"])
        let bytes = try #require(journal.next())
        let expected = Array("MON_CAUSE\n".utf8) + [12, 0, 0, 0, 0, 0, 0, 0] + Array("a\nPRIORITY=0\n".utf8)
        #expect(Array(bytes.suffix(expected.count)) == expected)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("MESSAGE=two cause=\"a\\nPRIORITY=0\"\nPRIORITY=3\n"))
    }

    @Test func whereNobodyListensTheLineIsWritten() {
        let lines = Lines()
        log("/nowhere/socket", sink: { lines.append($0) }).info("hello")
        #expect(lines.text == "level=info msg=hello\n")
    }

    @Test func theStreamOfStandardError() {
        var status = stat()
        fstat(STDERR_FILENO, &status)
        #expect(JournalSocket.isStandardError("\(status.st_dev):\(status.st_ino)"))
        #expect(!JournalSocket.isStandardError("\(status.st_dev):\(status.st_ino + 1)"))
        #expect(!JournalSocket.isStandardError(nil))
    }
}

@Suite struct ServiceManagerTests {
    @Test func whatSystemdIsTold() throws {
        let systemd = try DatagramReceiver()
        let environment = ["NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"]
        let manager = ServiceManager(environment: { environment[$0] }, pid: 77)
        manager.ready("records every 5s")
        #expect(systemd.nextText() == "READY=1\nSTATUS=records every 5s\n")
        manager.reloading(at: 5_000_000)
        #expect(systemd.nextText() == "RELOADING=1\nMONOTONIC_USEC=5000\n")
        manager.alive()
        #expect(systemd.nextText() == "WATCHDOG=1\n")
        manager.stopping()
        #expect(systemd.nextText() == "STOPPING=1\n")
        // Twice as often as it is expected.
        #expect(manager.nextPing(after: 1) == 15_000_000_001)
    }

    @Test func aWatchdogOfAnotherProcess() throws {
        let systemd = try DatagramReceiver()
        let environment = ["NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"]
        let manager = ServiceManager(environment: { environment[$0] }, pid: 78)
        manager.alive()
        #expect(systemd.next() == nil)
        #expect(manager.nextPing(after: 1) == .max)
    }

    @Test func withoutSystemdNothingIsSaid() {
        let manager = ServiceManager(environment: { _ in nil })
        manager.ready("x")
        manager.alive()
        #expect(manager.nextPing(after: 1) == .max)
        #expect(!DatagramSocket.send([1], to: ""))
        #expect(!DatagramSocket.send([1], to: "/" + String(repeating: "x", count: 200)))
    }
}

private final class Lines: @unchecked Sendable {
    private(set) var text = ""
    func append(_ bytes: [UInt8]) { text += String(decoding: bytes, as: UTF8.self) }
}
