import Model

/// What the agent itself uses.
///
/// Memory is told as anonymous and as resident pages: the store's mapped pages count as resident though the kernel
/// takes them back at will, so a limit has to look at the anonymous ones.
struct AgentCollector: Collector {
    static let families =
        [
            MetricFamily(
                name: "agent_cpu_seconds_total", kind: .counter, unit: "seconds", help: "CPU time the agent used."),
            MetricFamily(
                name: "agent_memory_rss_bytes", kind: .gauge, unit: "bytes",
                help: "Memory of the agent that is resident, pages of mapped files included."),
            MetricFamily(
                name: "agent_memory_rss_anon_bytes", kind: .gauge, unit: "bytes",
                help: "Memory of the agent that is resident and its own."),
            .gauge(
                "agent_memory_virtual_bytes", unit: "bytes",
                "Address space of the agent, most of it for the store's map."),
            MetricFamily(
                name: "agent_missed_ticks_total", kind: .counter,
                help: "Ticks that were skipped because the one before took too long or the agent did not get to run."),
        ] + StoreFigures.families

    private var file: KernelFile
    private let calls: SystemCalls
    private var cpu = NamedSeries("agent_cpu_seconds_total")
    private var resident = NamedSeries("agent_memory_rss_bytes")
    private var anonymous = NamedSeries("agent_memory_rss_anon_bytes")
    private var virtual = NamedSeries("agent_memory_virtual_bytes")
    private var missedTicks = NamedSeries("agent_missed_ticks_total")
    private var store = StoreSeries()

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile(
            "\(host.procfs)/self/statm", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 256)
        calls = surroundings.calls
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        scrape.emit(&cpu, Double(calls.ownCPUNanoseconds()) / 1e9)
        scrape.emit(&missedTicks, scrape.missedTicks)
        if let figures = scrape.storeFigures { store.emit(figures, into: &scrape) }
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        guard let virtualPages = text.number(), let residentPages = text.number(), let sharedPages = text.number()
        else {
            throw .malformed(file.path, "fewer than three numbers")
        }
        // proc_pid_statm(5): shared is file and shmem pages, so the rest of the resident ones is RssAnon. Reading this
        // takes 1 µs, /proc/self/status ten.
        let anonymousPages = residentPages - min(sharedPages, residentPages)
        scrape.emit(&virtual, Double(virtualPages) * Double(calls.pageBytes))
        scrape.emit(&resident, Double(residentPages) * Double(calls.pageBytes))
        scrape.emit(&anonymous, Double(anonymousPages) * Double(calls.pageBytes))
    }
}
