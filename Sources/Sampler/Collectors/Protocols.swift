import Model

/// Counters of the network protocols (/proc/net/snmp, netstat and snmp6; their names are those of RFC 1213, 2012, 2013,
/// 4293 and of Linux): the selection that people look at, which is also node_exporter's.
struct ProtocolsCollector: Collector {
    /// One number: where it stands, and the metric that it is.
    private struct Figure {
        let place: String
        let family: MetricFamily

        init(_ place: String, _ name: String, unit: String = "", _ help: String) {
            self.place = place
            family = .column(name, unit: unit, help)
        }
    }

    private static let snmp = [
        Figure("Ip:Forwarding", "network_ip_forwarding", "Whether the host forwards IPv4: 1 if it does, 2 if not."),
        Figure("Icmp:InMsgs", "network_icmp_receive_messages_total", "ICMP messages received."),
        Figure("Icmp:InErrors", "network_icmp_receive_errors_total", "ICMP messages received with errors."),
        Figure("Icmp:OutMsgs", "network_icmp_transmit_messages_total", "ICMP messages sent."),
        Figure("Tcp:ActiveOpens", "network_tcp_active_opens_total", "TCP connections that the host began."),
        Figure("Tcp:PassiveOpens", "network_tcp_passive_opens_total", "TCP connections that others began."),
        Figure("Tcp:CurrEstab", "network_tcp_connections_established", "TCP connections that are established."),
        Figure("Tcp:InSegs", "network_tcp_receive_segments_total", "TCP segments received."),
        Figure(
            "Tcp:OutSegs", "network_tcp_transmit_segments_total", "TCP segments sent, those sent again not counted."),
        Figure("Tcp:RetransSegs", "network_tcp_retransmit_segments_total", "TCP segments sent again."),
        Figure("Tcp:InErrs", "network_tcp_receive_errors_total", "TCP segments received with errors."),
        Figure("Tcp:OutRsts", "network_tcp_transmit_resets_total", "TCP segments sent to reset a connection."),
        Figure("Udp:InDatagrams", "network_udp_receive_datagrams_total", "UDP datagrams delivered."),
        Figure("Udp:NoPorts", "network_udp_no_port_total", "UDP datagrams to a port where nobody listens."),
        Figure("Udp:InErrors", "network_udp_receive_errors_total", "UDP datagrams that could not be delivered."),
        Figure("Udp:OutDatagrams", "network_udp_transmit_datagrams_total", "UDP datagrams sent."),
        Figure(
            "Udp:RcvbufErrors", "network_udp_receive_buffer_errors_total",
            "UDP datagrams that met a full receive buffer."),
        Figure(
            "Udp:SndbufErrors", "network_udp_transmit_buffer_errors_total", "UDP datagrams that met a full send buffer."
        ),
        Figure(
            "UdpLite:InErrors", "network_udplite_receive_errors_total",
            "UDP-Lite datagrams that could not be delivered."),
    ]

    private static let netstat = [
        Figure("TcpExt:SyncookiesSent", "network_tcp_syncookies_sent_total", "SYN cookies sent, for want of room."),
        Figure("TcpExt:SyncookiesRecv", "network_tcp_syncookies_received_total", "Valid SYN cookies received."),
        Figure("TcpExt:SyncookiesFailed", "network_tcp_syncookies_failed_total", "Invalid SYN cookies received."),
        Figure(
            "TcpExt:ListenOverflows", "network_tcp_listen_overflows_total",
            "Connections that were refused because a listener's queue was full."),
        Figure(
            "TcpExt:ListenDrops", "network_tcp_listen_drops_total",
            "Connections that listeners dropped, for any reason."),
        Figure("TcpExt:TCPSynRetrans", "network_tcp_syn_retransmits_total", "SYN and SYN+ACK segments sent again."),
        Figure("TcpExt:TCPTimeouts", "network_tcp_timeouts_total", "Retransmission timers that ran out."),
        Figure("TcpExt:TCPOFOQueue", "network_tcp_out_of_order_segments_total", "Segments that came out of order."),
        Figure(
            "TcpExt:TCPRcvQDrop", "network_tcp_receive_queue_drops_total", "Segments that met a full receive queue."),
        Figure("IpExt:InOctets", "network_ip_receive_bytes_total", unit: "bytes", "Data received over IPv4."),
        Figure("IpExt:OutOctets", "network_ip_transmit_bytes_total", unit: "bytes", "Data sent over IPv4."),
    ]

    private static let snmp6 = [
        Figure("Ip6InOctets", "network_ip6_receive_bytes_total", unit: "bytes", "Data received over IPv6."),
        Figure("Ip6OutOctets", "network_ip6_transmit_bytes_total", unit: "bytes", "Data sent over IPv6."),
        Figure("Icmp6InMsgs", "network_icmp6_receive_messages_total", "ICMPv6 messages received."),
        Figure("Icmp6InErrors", "network_icmp6_receive_errors_total", "ICMPv6 messages received with errors."),
        Figure("Icmp6OutMsgs", "network_icmp6_transmit_messages_total", "ICMPv6 messages sent."),
        Figure("Udp6InDatagrams", "network_udp6_receive_datagrams_total", "UDP datagrams delivered over IPv6."),
        Figure("Udp6NoPorts", "network_udp6_no_port_total", "UDP datagrams over IPv6 to a port where nobody listens."),
        Figure(
            "Udp6InErrors", "network_udp6_receive_errors_total", "UDP datagrams over IPv6 that were not delivered."),
        Figure("Udp6OutDatagrams", "network_udp6_transmit_datagrams_total", "UDP datagrams sent over IPv6."),
        Figure(
            "Udp6RcvbufErrors", "network_udp6_receive_buffer_errors_total",
            "UDP datagrams over IPv6 that met a full receive buffer."),
        Figure(
            "Udp6SndbufErrors", "network_udp6_transmit_buffer_errors_total",
            "UDP datagrams over IPv6 that met a full send buffer."),
        Figure(
            "UdpLite6InErrors", "network_udplite6_receive_errors_total",
            "UDP-Lite datagrams over IPv6 that could not be delivered."),
    ]

    static let families = (snmp + netstat + snmp6).map(\.family)

    /// What a file of pairs of lines tells, and its series.
    private struct PairedSeries {
        var counters: PairedCounters
        var series: [NamedSeries]

        init(_ figures: [Figure]) {
            counters = PairedCounters(names: figures.map(\.place))
            series = figures.map { NamedSeries($0.family.name) }
        }

        mutating func emit(into scrape: inout Scrape) {
            for index in series.indices {
                if let value = counters.values[index] { scrape.emit(&series[index], value) }
            }
        }
    }

    private var snmpSeries = PairedSeries(snmp)
    private var netstatSeries = PairedSeries(netstat)
    private var netstatFile: KernelFile
    private var snmp6File: NumberFile

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        let net = "\(host.procfs)/net"
        // The kernel prints each of these in one piece.
        netstatFile = KernelFile("\(net)/netstat", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 8192)
        snmp6File = NumberFile(
            KernelFile("\(net)/snmp6", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 8192),
            ProtocolsCollector.snmp6.map { NumberFigure($0.place, $0.family) })
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        if try scrape.files.protocols.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            snmpSeries.counters.read(scrape.files.protocols.scanner)
            snmpSeries.emit(into: &scrape)
        }
        if try netstatFile.refreshIfPresent() {
            netstatSeries.counters.read(netstatFile.scanner)
            netstatSeries.emit(into: &scrape)
        }
        try snmp6File.emit(into: &scrape)
    }
}
