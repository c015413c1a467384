import Model

/// TCP sockets by state, IPv4 and IPv6 together, listening and waiting ones included.
///
/// From sock_diag, which walks the kernel's tables once, and only where something has happened to a socket since.
/// /proc/net/tcp and tcp6 serve recorded trees and hosts that refuse netlink (a seccomp filter, a kernel without
/// tcp_diag).
struct ConnectionsCollector: Collector {
    static let families = [
        MetricFamily(
            name: "network_connections", kind: .gauge,
            help: "TCP sockets by state, of IPv4 and IPv6 together.")
    ]

    private let procfs: String
    private var mayUseNetlink: Bool
    private var diagnostics: SocketDiagnostics?
    private var activity = SocketActivity()
    /// What the latest walk counted, and when.
    private var latest: (counts: SocketCounts, monotonicNanoseconds: UInt64)?
    private var series = SocketCounts.names.map { NamedSeries("network_connections", ["state": $0]) }

    /// After so long the table is walked in any case.
    private static let restNanoseconds: UInt64 = 60_000_000_000

    init(_ surroundings: Surroundings) {
        procfs = surroundings.host.procfs
        mayUseNetlink = surroundings.host.isLive
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        var counts = try countByNetlink(&scrape)
        if counts == nil { counts = try countByTables() }
        guard let counts else { return }
        // Every state at every tick, so that none seems to begin or end.
        for index in series.indices { scrape.emit(&series[index], Double(counts.counts[index])) }
    }

    private mutating func countByNetlink(_ scrape: inout Scrape) throws(CollectorError) -> SocketCounts? {
        guard mayUseNetlink else { return nil }
        // Asked first: what happens while the table is walked is then seen at the next look.
        let hasMoved = activity.hasMoved(&scrape.files, at: scrape.monotonicNanoseconds)
        if !hasMoved, let latest,
            scrape.monotonicNanoseconds &- latest.monotonicNanoseconds < ConnectionsCollector.restNanoseconds
        {
            return latest.counts
        }
        do throws(CollectorError) {
            let socket: SocketDiagnostics
            if let diagnostics { socket = diagnostics } else { socket = try SocketDiagnostics() }
            diagnostics = socket
            let counts = try socket.countTCP()
            latest = (counts, scrape.monotonicNanoseconds)
            return counts
        } catch {
            diagnostics = nil
            latest = nil
            switch error.reason {
            case .permission, .missing:
                // A filter or a kernel without it: it stays so as long as the process runs.
                mayUseNetlink = false
                scrape.partialErrors.append(error)
                return nil
            case .malformed, .timeout, .system: throw error
            }
        }
    }

    /// Nil where this kernel has no TCP.
    private func countByTables() throws(CollectorError) -> SocketCounts? {
        var counts = SocketCounts()
        var found = false
        for name in ["tcp", "tcp6"] {
            do {
                try counts.add(tableAt: "\(procfs)/net/\(name)")
                found = true
            } catch {
                // A host without IPv6 has no tcp6.
                if error.reason != .missing { throw error }
            }
        }
        return found ? counts : nil
    }
}
