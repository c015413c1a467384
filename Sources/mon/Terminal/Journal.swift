import Glibc

// What journald takes besides lines: entries whose fields `journalctl MON_PATH=/var/lib/mon -o json` finds again, in
// its native protocol, one datagram an entry (systemd's documentation, "Native Journal Protocol").

/// An entry of the journal as its bytes.
enum JournalEntry {
    /// `MESSAGE`, `PRIORITY`, `SYSLOG_IDENTIFIER`, and each field as `MON_<NAME>`. The message of a person's view has
    /// the fields, too: `journalctl` shows nothing else.
    static func encode(
        _ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var line = message
        for (name, value) in fields { line += " \(name)=\(Log.value(value))" }
        append("MESSAGE", line, to: &bytes)
        append("PRIORITY", priority(level), to: &bytes)
        append("SYSLOG_IDENTIFIER", "mon", to: &bytes)
        append("MON_MESSAGE", message, to: &bytes)
        for (name, value) in fields { append("MON_" + fieldName(name), value, to: &bytes) }
        return bytes
    }

    /// Upper-case letters, digits and underscores, which is what a field may be called.
    private static func fieldName(_ name: String) -> String {
        String(
            decoding: name.uppercased().utf8.map { byte in
                let isPlain =
                    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                return isPlain ? byte : UInt8(ascii: "_")
            }, as: UTF8.self)
    }

    /// `NAME=value`, or with its length before it where a line's end is in the value.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        // A datagram has its bounds, and a field of a log is no book.
        let value = value.utf8.prefix(valueBytesMax)
        bytes += name.utf8
        if value.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            let count = UInt64(value.count)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: count >> shift))
            }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value
        bytes.append(UInt8(ascii: "\n"))
    }

    private static let valueBytesMax = 8192

    /// As syslog(3) has them.
    private static func priority(_ level: LogLevel) -> String {
        switch level {
        case .debug: "7"
        case .info: "6"
        case .warning: "4"
        case .error: "3"
        }
    }
}

/// Where journald takes entries.
final class JournalSocket: Sendable {
    private let path: String

    static let systemPath = "/run/systemd/journal/socket"

    init(path: String = JournalSocket.systemPath) { self.path = path }

    /// - Returns: whether journald has it. Never waits.
    func send(_ entry: [UInt8]) -> Bool { DatagramSocket.send(entry, to: path) }

    /// Whether what standard error goes to is the stream that journald told of, as `DEVICE:INODE`.
    static func isStandardError(_ stream: String?) -> Bool {
        guard let stream else { return false }
        var status = stat()
        // fstat writes one structure, which lives for the call.
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
