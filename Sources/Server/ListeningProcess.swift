import Glibc

/// The process that listens on a TCP port of this machine.
package struct ListeningProcess: Hashable, Sendable, CustomStringConvertible {
    package let pid: Int
    package let name: String

    package var description: String { "\(name) (pid \(pid))" }

    var looksLikeNodeExporter: Bool { name.contains("node_exporter") || name.hasPrefix("prometheus-node") }

    /// Who listens on `port`, as far as /proc shows it: other users' descriptors are seen by root alone.
    package static func find(port: Int) -> ListeningProcess? {
        let inodes = socketInodes(port: port)
        if inodes.isEmpty { return nil }
        for entry in entries(of: "/proc") {
            guard let pid = Int(entry) else { continue }
            for descriptor in entries(of: "/proc/\(pid)/fd") {
                guard let target = link("/proc/\(pid)/fd/\(descriptor)"), target.hasPrefix("socket:["),
                    inodes.contains(String(target.dropFirst(8).dropLast()))
                else { continue }
                var name = read("/proc/\(pid)/comm")
                if name.hasSuffix("\n") { name.removeLast() }
                return ListeningProcess(pid: pid, name: name.isEmpty ? "a process" : name)
            }
        }
        return nil
    }

    /// Inodes of the sockets that listen on `port`. A line of /proc/net/tcp: slot, local address as HEX:PORT, remote
    /// address, state (0A is LISTEN), …, and the inode as the tenth field (proc_net_tcp in the kernel's documentation).
    private static func socketInodes(port: Int) -> Set<String> {
        var inodes: Set<String> = []
        for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in read(file).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                guard fields.count > 9, fields[3] == "0A", let local = fields[1].split(separator: ":").last,
                    Int(local, radix: 16) == port
                else { continue }
                inodes.insert(String(fields[9]))
            }
        }
        return inodes
    }

    private static func entries(of folder: String) -> [String] {
        guard let handle = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            // d_name is NUL-terminated within its 256 bytes (readdir(3)).
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        // readlink writes at most the buffer's count.
        let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe readlink(path, $0.baseAddress!, $0.count) }
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func read(_ path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            // The kernel writes at most the buffer's count.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress!, $0.count) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
