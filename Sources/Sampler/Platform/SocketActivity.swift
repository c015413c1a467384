/// Whether anything can have happened to the TCP sockets of this network namespace since the look before.
///
/// No socket changes its state unless a segment comes or goes, or a count changes: /proc/net/snmp counts segments in,
/// out and sent again, connections opened, refused and reset; sockstat the sockets in use, waiting and without a
/// process, when they time out, begin to listen or close. So where none of these numbers has moved, the states are
/// those of the look before, and the walk through the kernel's table, which costs 0.2 ms on a host of 24 GiB with a
/// handful of sockets (its table has as many places as the memory allows), is spared.
struct SocketActivity {
    private var latest: [UInt8] = []

    /// True also where the counts cannot be read.
    mutating func hasMoved(_ files: inout SharedFiles, at monotonicNanoseconds: UInt64) -> Bool {
        var seen: [UInt8] = []
        seen.reserveCapacity(latest.count)
        do throws(CollectorError) {
            guard try files.protocols.refreshIfPresent(at: monotonicNanoseconds),
                try files.sockets.refreshIfPresent(at: monotonicNanoseconds)
            else { return true }
            SocketActivity.take("Tcp:", files.protocols.scanner, &seen)
            SocketActivity.take("TCP:", files.sockets.scanner, &seen)
            if try files.sockets6.refreshIfPresent(at: monotonicNanoseconds) {
                SocketActivity.take("TCP6:", files.sockets6.scanner, &seen)
            }
        } catch {
            return true
        }
        defer { latest = seen }
        return seen != latest || seen.isEmpty
    }

    /// Appends the lines that begin so. Of snmp's two the first names the columns: both are taken.
    private static func take(_ key: StaticString, _ text: consuming ByteScanner, _ seen: inout [UInt8]) {
        while !text.isAtEnd {
            let start = text.offset
            guard text.skip(key) else {
                text.skipLine()
                continue
            }
            text.skipLine()
            text.append(start..<text.offset, to: &seen)
        }
    }
}
