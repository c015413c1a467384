import Model

/// Sockets in use by protocol and their memory (/proc/net/sockstat and sockstat6), and what waits in the queues of UDP
/// sockets (/proc/net/udp and udp6).
struct SocketsCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("network_sockets_used", "Sockets of all kinds."),
        .gauge("network_sockets_in_use", "Sockets by protocol; for FRAG, packets that are being put together."),
        .gauge("network_sockets_memory_bytes", unit: "bytes", "Memory that the protocol's buffers take."),
        .gauge("network_tcp_sockets_orphaned", "TCP sockets that no process has any more."),
        .gauge("network_tcp_sockets_time_wait", "TCP sockets that wait for late segments."),
        .gauge("network_tcp_sockets_allocated", "TCP sockets that have memory, in whatever state."),
        .gauge("network_udp_queue_bytes", unit: "bytes", "Data in the queues of UDP sockets."),
    ]

    /// A number behind `protocol:` and a word.
    private struct Figure {
        let key: [UInt8]
        let word: [UInt8]
        var series: NamedSeries
        let scale: Double

        init(_ key: String, _ word: String, _ series: NamedSeries, scale: Double = 1) {
            self.key = Array("\(key):".utf8)
            self.word = Array(word.utf8)
            self.series = series
            self.scale = scale
        }
    }

    private static let protocols = [
        "TCP", "UDP", "UDPLITE", "RAW", "FRAG", "TCP6", "UDP6", "UDPLITE6", "RAW6", "FRAG6",
    ]

    private var files: [KernelFile]
    private var figures: [Figure]
    private let procfs: String
    private var queues: [UDPQueue]

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        let page = Double(surroundings.calls.pageBytes)
        procfs = host.procfs
        files = ["sockstat", "sockstat6"].map { name in
            KernelFile("\(host.procfs)/net/\(name)", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 1024)
        }
        figures =
            SocketsCollector.protocols.map { name in
                Figure(name, "inuse", NamedSeries("network_sockets_in_use", ["protocol": name]))
            } + [
                Figure("sockets", "used", NamedSeries("network_sockets_used")),
                Figure("TCP", "orphan", NamedSeries("network_tcp_sockets_orphaned")),
                Figure("TCP", "tw", NamedSeries("network_tcp_sockets_time_wait")),
                Figure("TCP", "alloc", NamedSeries("network_tcp_sockets_allocated")),
                // Pages for these two, bytes for the others.
                Figure("TCP", "mem", NamedSeries("network_sockets_memory_bytes", ["protocol": "TCP"]), scale: page),
                Figure("UDP", "mem", NamedSeries("network_sockets_memory_bytes", ["protocol": "UDP"]), scale: page),
                Figure("FRAG", "memory", NamedSeries("network_sockets_memory_bytes", ["protocol": "FRAG"])),
                Figure("FRAG6", "memory", NamedSeries("network_sockets_memory_bytes", ["protocol": "FRAG6"])),
            ]
        queues = [("udp", "v4"), ("udp6", "v6")].map { UDPQueue("\(host.procfs)/net/\($0.0)", ip: $0.1) }
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for index in files.indices where try files[index].refreshIfPresent() {
            var text = files[index].scanner
            while !text.isAtEnd {
                if let key = text.word() { emitLine(key, &text, into: &scrape) }
                text.skipLine()
            }
        }
        for index in queues.indices { try queues[index].emit(into: &scrape) }
    }

    /// `TCP: inuse 4 orphan 0 tw 1 alloc 4 mem 101`
    private mutating func emitLine(_ key: Range<Int>, _ text: inout ByteScanner, into scrape: inout Scrape) {
        while let word = text.word() {
            guard let number = text.number() else { return }
            for index in figures.indices
            where text.isEqual(key, figures[index].key) && text.isEqual(word, figures[index].word) {
                scrape.emit(&figures[index].series, Double(number) * figures[index].scale)
                break
            }
        }
    }
}

/// The queues of all UDP sockets of one IP version together.
private struct UDPQueue {
    private let path: String
    private var transmit: NamedSeries
    private var receive: NamedSeries

    init(_ path: String, ip: String) {
        self.path = path
        transmit = NamedSeries("network_udp_queue_bytes", ["ip": ip, "queue": "tx"])
        receive = NamedSeries("network_udp_queue_bytes", ["ip": ip, "queue": "rx"])
    }

    /// The fifth column is `tx_queue:rx_queue`, both in hexadecimal.
    mutating func emit(into scrape: inout Scrape) throws(CollectorError) {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        do throws(CollectorError) {
            try LineReader.forEachLine(ofFileAt: path) { line in
                guard let slot = line.word(), line.lastPlace(of: UInt8(ascii: ":"), in: slot) == slot.upperBound - 1,
                    line.skipWords(3), let tx = line.hexadecimal(), line.skip(UInt8(ascii: ":")),
                    let rx = line.hexadecimal()
                else { return }
                sent &+= tx
                received &+= rx
            }
        } catch {
            // A host without IPv6 has no udp6.
            if error.reason == .missing { return }
            throw error
        }
        scrape.emit(&transmit, sent)
        scrape.emit(&receive, received)
    }
}
