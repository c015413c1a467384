import Model

/// CPU, memory and I/O of services, containers and users' sessions, from control groups, through descriptors that stay
/// open. The list of services is made anew each minute.
struct ServicesCollector: Collector {
    static let families: [MetricFamily] = [
        .counter("service_cpu_seconds_total", unit: "seconds", "CPU time of the service by mode, user or system."),
        .counter("service_cpu_throttled_periods_total", "Periods in which the service was held back by its CPU limit."),
        .counter(
            "service_cpu_throttled_seconds_total", unit: "seconds",
            "Time that the service was held back by its CPU limit."),
        .gauge("service_memory_bytes", unit: "bytes", "Memory of the service, its page cache included."),
        .counter("service_io_read_bytes_total", unit: "bytes", "Data that the service read from disks."),
        .counter("service_io_write_bytes_total", unit: "bytes", "Data that the service wrote to disks."),
        .counter("service_io_read_count_total", "Reads of the service from disks."),
        .counter("service_io_write_count_total", "Writes of the service to disks."),
    ]

    private let sysfs: String
    private let ticksPerSecond: Double
    private let isLive: Bool
    private let filter: CompiledNameFilter
    private var services: [ServiceUsage] = []
    private var lookedUpAt: UInt64?
    private static let lookUpNanoseconds: UInt64 = 60_000_000_000
    /// Beyond this many, files are opened anew each time, so that the agent does not run out of descriptors.
    private static let openServicesMax = 100

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.services = all.services
    }

    init(_ surroundings: Surroundings) {
        filter = CompiledNameFilter(surroundings.options.services)
        sysfs = surroundings.host.sysfs
        isLive = surroundings.host.isLive
        ticksPerSecond = Double(surroundings.calls.ticksPerSecond)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        if lookedUpAt.map({ now &- $0 >= ServicesCollector.lookUpNanoseconds }) ?? true {
            lookUp()
            lookedUpAt = now
        }
        for index in services.indices { try services[index].emit(into: &scrape) }
    }

    private mutating func lookUp() {
        guard let groups = ControlGroups(sysfs: sysfs) else {
            services = []
            return
        }
        let found = groups.services().filter { filter.shows($0.name) }
        let keepsOpen = isLive && found.count <= ServicesCollector.openServicesMax
        var known: [ControlGroups.Service: ServiceUsage] = [:]
        for usage in services { known[usage.service] = usage }
        services = found.map { service in
            known[service] ?? ServiceUsage(service, groups, keepsOpen: keepsOpen, ticksPerSecond: ticksPerSecond)
        }
    }
}
