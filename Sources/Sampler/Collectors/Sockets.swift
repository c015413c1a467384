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
        /// Nil where the files do not tell it.
        var number: UInt64?

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

    private var figures: [Figure]
    /// Those of the latest look, in the order of the files.
    private var found: [Int] = []
    private var queues: [UDPQueue]

    init(_ surroundings: Surroundings) {
        let page = Double(surroundings.calls.pageBytes)
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
        queues = [("udp", "v4", "UDP"), ("udp6", "v6", "UDP6")].map { name, ip, counted in
            UDPQueue(surroundings.host, name, ip: ip, figure: SocketsCollector.protocols.firstIndex(of: counted))
        }
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for index in found { figures[index].number = nil }
        found.removeAll(keepingCapacity: true)
        if try scrape.files.sockets.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            read(scrape.files.sockets.scanner)
        }
        if try scrape.files.sockets6.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            read(scrape.files.sockets6.scanner)
        }
        for index in found {
            guard let number = figures[index].number else { continue }
            scrape.emit(&figures[index].series, Double(number) * figures[index].scale)
        }
        for index in queues.indices {
            let hasSockets = queues[index].figure.map { figures[$0].number != 0 } ?? true
            try queues[index].emit(hasSockets: hasSockets, into: &scrape)
        }
    }

    /// `TCP: inuse 4 orphan 0 tw 1 alloc 4 mem 101`, a line a protocol.
    private mutating func read(_ text: consuming ByteScanner) {
        while !text.isAtEnd {
            if let key = text.word() {
                while let word = text.word(), let number = text.number() {
                    for index in figures.indices
                    where text.isEqual(key, figures[index].key) && text.isEqual(word, figures[index].word) {
                        if figures[index].number == nil { found.append(index) }
                        figures[index].number = figures[index].number ?? number
                        break
                    }
                }
            }
            text.skipLine()
        }
    }
}

/// The queues of all UDP sockets of one IP version together.
///
/// The kernel looks through the whole of its table of sockets for it, 11 µs however few there are, and as long again to
/// find that there is no other: so the end is known by a short read, and where there is no socket it is not asked.
private struct UDPQueue {
    private var file: LineFile
    /// Which of the figures tells how many sockets there are.
    let figure: Int?
    private var transmit: NamedSeries
    private var receive: NamedSeries

    init(_ host: HostRoot, _ name: String, ip: String, figure: Int?) {
        file = LineFile("\(host.procfs)/net/\(name)", keepsOpen: host.isLive, lineBytesMax: 512)
        self.figure = figure
        transmit = NamedSeries("network_udp_queue_bytes", ["ip": ip, "queue": "tx"])
        receive = NamedSeries("network_udp_queue_bytes", ["ip": ip, "queue": "rx"])
    }

    /// The fifth column is `tx_queue:rx_queue`, both in hexadecimal.
    mutating func emit(hasSockets: Bool, into scrape: inout Scrape) throws(CollectorError) {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        if hasSockets || !file.isOpen {
            do throws(CollectorError) {
                try file.forEachLine { line in
                    guard let slot = line.word(),
                        line.lastPlace(of: UInt8(ascii: ":"), in: slot) == slot.upperBound - 1,
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
        }
        scrape.emit(&transmit, sent)
        scrape.emit(&receive, received)
    }
}
