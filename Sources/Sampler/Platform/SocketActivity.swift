/// Whether anything can have happened to the TCP sockets of this network namespace since the look before.
///
/// No socket changes its state unless a segment comes or goes, or a count changes: /proc/net/snmp counts segments in,
/// out and sent again, connections opened, refused and reset; sockstat the sockets in use, waiting and without a
/// process, when they time out, begin to listen or close. So where none of these numbers has moved, the states are
/// those of the look before, and the walk through the kernel's table, which costs 0.2 ms on a host of 24 GiB with a
/// handful of sockets (its table has as many places as the memory allows), is spared.
struct SocketActivity {
    private var files: [(file: KernelFile, key: [UInt8], mayBeMissing: Bool)]
    private var latest: [UInt8] = []

    init(_ host: HostRoot) {
        // A host without IPv6 has no sockstat6.
        files = [
            ("snmp", "Tcp:", false), ("sockstat", "TCP:", false), ("sockstat6", "TCP6:", true),
        ].map { name, key, mayBeMissing in
            let file = KernelFile(
                "\(host.procfs)/net/\(name)", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 4096)
            return (file, Array(key.utf8), mayBeMissing)
        }
    }

    /// True also where the counts cannot be read.
    mutating func hasMoved() -> Bool {
        var seen: [UInt8] = []
        seen.reserveCapacity(latest.count)
        for index in files.indices {
            do throws(CollectorError) {
                guard try files[index].file.refreshIfPresent() || files[index].mayBeMissing else { return true }
            } catch {
                return true
            }
            var text = files[index].file.scanner
            while !text.isAtEnd {
                let line = text.line()
                // Of snmp's two lines the first names the columns: both are taken.
                if text.begins(line, with: files[index].key) { seen += text.bytes(in: line) }
            }
        }
        defer { latest = seen }
        return seen != latest || seen.isEmpty
    }
}
