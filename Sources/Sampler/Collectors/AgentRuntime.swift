import Glibc
import Model

/// What the agent does and decides: how long its work takes, what waits, what it has switched off.
struct AgentRuntimeCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("agent_info", "The agent's version and where it serves; always 1."),
        .gauge(
            "agent_memory_pss_bytes", unit: "bytes",
            "Memory of the agent, pages that others use too as their share; looked at each minute."),
        .gauge(
            "agent_memory_virtual_max_bytes", unit: "bytes", "Address space that the agent may have (RLIMIT_AS)."),
        .gauge("agent_open_fds", "Files that the agent has open; looked at each minute."),
        .gauge("agent_max_fds", "Files that the agent may have open (RLIMIT_NOFILE)."),
        .histogram("agent_scrape_duration_seconds", unit: "seconds", "How long passes over the collectors took."),
        .histogram(
            "agent_commit_duration_seconds", unit: "seconds", "How long commits took, until the disk had them."),
        .gauge("agent_pending_scrapes", "Scrapes that wait for a commit."),
        .gauge("agent_late_batches", "Batches of late samples that wait to be merged."),
        .gauge(
            "agent_store_head_bytes", unit: "bytes",
            "Bytes of rows that are not sealed into blocks yet; looked at each minute."),
        .gauge(
            "agent_collector_paused",
            "1 for a collector that does not run, with the reason: configuration or limits."),
        .gauge(
            "agent_limit_exceeded",
            "Whether the agent used more than its limit of the resource at the latest check."),
        .counter(
            "agent_limit_actions_total",
            "What was decided because of limits: log, throttle, disable_collectors, stop, recover."),
        .gauge(
            "agent_throttle_factor",
            "How many times as long as configured the intervals are; 1 unless a limit was exceeded."),
        .gauge(
            "agent_config_last_reload_successful",
            "Whether the latest attempt to read the configuration succeeded."),
        .gauge(
            "agent_config_last_reload_success_timestamp_seconds", unit: "seconds",
            "When the configuration was last read without a fault."),
    ]

    private let calls: SystemCalls
    private var scrapes = HistogramSeries("agent_scrape_duration_seconds")
    private var commits = HistogramSeries("agent_commit_duration_seconds")
    private var pending = NamedSeries("agent_pending_scrapes")
    private var late = NamedSeries("agent_late_batches")
    private var head = NamedSeries("agent_store_head_bytes")
    private var proportional = NamedSeries("agent_memory_pss_bytes")
    private var virtualMax = NamedSeries("agent_memory_virtual_max_bytes")
    private var openFiles = NamedSeries("agent_open_fds")
    private var openFilesMax = NamedSeries("agent_max_fds")
    private var factor = NamedSeries("agent_throttle_factor")
    private var reloaded = NamedSeries("agent_config_last_reload_successful")
    private var reloadTime = NamedSeries("agent_config_last_reload_success_timestamp_seconds")
    private var exceeded = LimitedResource.allCases.map {
        (resource: $0, series: NamedSeries("agent_limit_exceeded", ["resource": $0.rawValue]))
    }
    private var actions = LimitAction.allCases.map {
        (action: $0, series: NamedSeries("agent_limit_actions_total", ["action": $0.rawValue]))
    }
    private var proportionalBytes: UInt64?
    private var openFileCount: Double?
    private let ownFiles: String
    /// What does not change while the agent runs; nothing where it looks at a copy of a host.
    private let bounds: (virtual: Double?, files: Double?)
    private var nextLook: UInt64 = 0

    /// Looking at the share of every page takes 0.1 ms.
    private static let lookNanoseconds: UInt64 = 60_000_000_000

    init(_ surroundings: Surroundings) {
        calls = surroundings.calls
        let host = surroundings.host
        ownFiles = "\(host.procfs)/self/fd"
        bounds =
            host.isLive
            ? (AgentRuntimeCollector.limit(RLIMIT_AS), AgentRuntimeCollector.limit(RLIMIT_NOFILE)) : (nil, nil)
    }

    /// RLIM_INFINITY is the largest number, as client libraries show it.
    private static func limit(_ resource: __rlimit_resource) -> Double? {
        var limit = rlimit()
        // The kernel fills the structure during the call.
        return unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : nil
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        scrapes.emit(scrape.durations, into: &scrape)
        for (collector, reason) in scrape.paused {
            scrape.emit("agent_collector_paused", ["collector": collector, "reason": reason.rawValue], 1)
        }
        // Just before the minute, so that the tick at which it is over does not just miss it.
        if scrape.monotonicNanoseconds >= nextLook {
            nextLook = scrape.monotonicNanoseconds + AgentRuntimeCollector.lookNanoseconds / 100 * 99
            proportionalBytes = calls.ownProportionalBytes()
            let count = DirectoryListing.names(in: ownFiles).count
            openFileCount = count == 0 ? nil : Double(count)
        }
        scrape.emit(&proportional, proportionalBytes)
        scrape.emit(&virtualMax, bounds.virtual)
        scrape.emit(&openFiles, openFileCount)
        scrape.emit(&openFilesMax, bounds.files)
        guard let figures = scrape.runtimeFigures else { return }
        scrape.emit("agent_info", ["version": figures.version, "listen": figures.listenAddress], 1)
        commits.emit(figures.commits, into: &scrape)
        scrape.emit(&pending, Double(figures.pendingScrapes))
        scrape.emit(&late, Double(figures.lateBatches))
        scrape.emit(&head, figures.headBytes.map(Double.init))
        scrape.emit(&reloaded, figures.isConfigurationRight ? 1.0 : 0.0)
        scrape.emit(&reloadTime, figures.configurationRead?.seconds)
        guard let limits = figures.limits else { return }
        scrape.emit(&factor, Double(limits.throttle))
        for index in exceeded.indices {
            scrape.emit(&exceeded[index].series, limits.isExceeded[exceeded[index].resource] == true ? 1.0 : 0.0)
        }
        for index in actions.indices {
            scrape.emit(&actions[index].series, Double(limits.actions[actions[index].action] ?? 0))
        }
    }
}
