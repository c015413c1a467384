import Model

/// Connection tracking of the firewall (Documentation/networking/nf_conntrack-sysctl.rst): its table's fill, and what
/// became of packets. A host whose module is not loaded has none.
struct ConntrackCollector: Collector {
    /// The metrics and the columns of /proc/net/stat/nf_conntrack, by the heading's words.
    private static let columns: [(family: MetricFamily, column: String)] = [
        (.counter("network_conntrack_found_total", "Searches that found their connection."), "found"),
        (.counter("network_conntrack_invalid_total", "Packets that cannot be tracked."), "invalid"),
        (.counter("network_conntrack_ignore_total", "Packets of connections that are tracked already."), "ignore"),
        (.counter("network_conntrack_insert_total", "Connections that were entered."), "insert"),
        (.counter("network_conntrack_insert_failed_total", "Connections that could not be entered."), "insert_failed"),
        (.counter("network_conntrack_drop_total", "Packets dropped because the table was full."), "drop"),
        (
            .counter("network_conntrack_early_drop_total", "Connections thrown out to make room for new ones."),
            "early_drop"
        ),
        (
            .counter("network_conntrack_search_restart_total", "Searches begun anew as the table grew."),
            "search_restart"
        ),
    ]

    static let families =
        [
            .gauge("network_conntrack_entries", "Connections that are tracked."),
            .gauge("network_conntrack_entries_limit", "Connections that can be tracked."),
        ] + columns.map(\.family)

    private var entries: KernelFile
    private var limit: KernelFile
    private var statistics: KernelFile
    private var entriesSeries = NamedSeries("network_conntrack_entries")
    private var limitSeries = NamedSeries("network_conntrack_entries_limit")
    private var series = columns.map { NamedSeries($0.family.name) }
    /// The heading of the statistics, and for each of its columns the place among the metrics; -1 for one of no
    /// interest.
    private var heading: [UInt8] = []
    private var places: [Int] = []

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        let folder = "\(host.procfs)/sys/net/netfilter"
        entries = KernelFile("\(folder)/nf_conntrack_count", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 64)
        limit = KernelFile("\(folder)/nf_conntrack_max", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 64)
        statistics = KernelFile("\(host.procfs)/net/stat/nf_conntrack", keepsOpen: host.isLive)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        guard try entries.refreshIfPresent(at: now), try limit.refreshIfPresent(at: now) else { return }
        var text = entries.scanner
        scrape.emit(&entriesSeries, text.number())
        text = limit.scanner
        scrape.emit(&limitSeries, text.number())
        guard try statistics.refreshIfPresent(at: now) else { return }
        emitSums(into: &scrape)
    }

    /// A heading, then a line of hexadecimal numbers a processor.
    private mutating func emitSums(into scrape: inout Scrape) {
        var text = statistics.scanner
        let first = text.line()
        if !text.isEqual(first, heading) {
            heading = text.bytes(in: first)
            places = ConntrackCollector.places(ByteScanner(heading.span))
        }
        var sums = [UInt64?](repeating: nil, count: series.count)
        while !text.isAtEnd {
            for place in places {
                guard let number = text.hexadecimal() else { break }
                if place >= 0 { sums[place] = (sums[place] ?? 0) &+ number }
            }
            text.skipLine()
        }
        for index in series.indices { scrape.emit(&series[index], sums[index]) }
    }

    private static func places(_ heading: consuming ByteScanner) -> [Int] {
        var places: [Int] = []
        while let word = heading.word() {
            let name = heading.text(in: word)
            places.append(columns.firstIndex { $0.column == name } ?? -1)
        }
        return places
    }
}
