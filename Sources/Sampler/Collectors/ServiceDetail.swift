import Model

/// Limits, pressure and failures of services, and of the container that the agent runs in; read each minute.
struct ServiceDetailCollector: Collector {
    static let families: [MetricFamily] =
        [
            .gauge("service_cpu_limit_cores", unit: "cores", "Processors' worth of time that the service may use."),
            .gauge("service_memory_limit_bytes", unit: "bytes", "Memory that the service may use."),
            .gauge("service_memory_swap_bytes", unit: "bytes", "Swap space that the service uses."),
            .counter("service_oom_kills_total", "Processes of the service that were killed because memory ran out."),
            .gauge("service_processes", "Processes and threads of the service."),
            .gauge("cgroup_memory_limit_bytes", unit: "bytes", "Memory that the container of the agent may use."),
            .gauge("cgroup_memory_bytes", unit: "bytes", "Memory that the container of the agent uses."),
            .gauge("cgroup_cpu_limit_cores", unit: "cores", "Processors' worth of time that the container may use."),
        ] + PressureFile.families(prefix: "service_pressure", of: "tasks of the service")

    private let sysfs: String
    private let filter: CompiledNameFilter

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.services = all.services
    }

    init(_ surroundings: Surroundings) {
        sysfs = surroundings.host.sysfs
        filter = CompiledNameFilter(surroundings.options.services)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard let groups = ControlGroups(sysfs: sysfs) else { return }
        for service in groups.services() where filter.shows(service.name) { try emit(service, groups, into: &scrape) }
        // The root group of a host has no limits; what the agent sees as the root within a container has its limits.
        let own = GroupLimits(groups, "")
        guard own.memoryLimit != nil || own.cpuLimit != nil else { return }
        scrape.emit("cgroup_memory_limit_bytes", own.memoryLimit)
        scrape.emit("cgroup_memory_bytes", own.memory)
        scrape.emit("cgroup_cpu_limit_cores", own.cpuLimit)
    }

    private func emit(
        _ service: ControlGroups.Service, _ groups: ControlGroups, into scrape: inout Scrape
    ) throws(CollectorError) {
        let labels: KeyValuePairs = ["service": service.name]
        let limits = GroupLimits(groups, service.group)
        let memory = Attributes(groups.folder(service.group, controller: "memory")).opened()
        let isTwo = groups.version == .two
        scrape.emit("service_cpu_limit_cores", labels, limits.cpuLimit)
        scrape.emit("service_memory_limit_bytes", labels, limits.memoryLimit)
        scrape.emit("service_memory_swap_bytes", labels, memory.number("memory.swap.current"))
        scrape.emit(
            "service_oom_kills_total", labels,
            memory.number(isTwo ? "memory.events" : "memory.oom_control", after: "oom_kill "))
        scrape.emit(
            "service_processes", labels,
            Attributes(groups.folder(service.group, controller: "pids")).number("pids.current"))
        guard isTwo else { return }
        for resource in PressureFile.resources {
            var file = PressureFile(
                "\(memory.folder)/\(resource).pressure", prefix: "service_pressure", resource, labels, keepsOpen: false)
            try file.emit(into: &scrape)
        }
    }
}

/// The limits of a control group; nil where there is none.
struct GroupLimits {
    let cpuLimit: Double?
    let memoryLimit: Double?
    let memory: Double?

    init(_ groups: ControlGroups, _ group: String) {
        let memory = Attributes(groups.folder(group, controller: "memory")).opened()
        let cpu = Attributes(groups.folder(group, controller: "cpu"))
        switch groups.version {
        case .one:
            // Without a limit it is the largest multiple of a page.
            memoryLimit = memory.number("memory.limit_in_bytes").flatMap { $0 < 0x1p62 ? $0 : nil }
            self.memory = memory.number("memory.usage_in_bytes")
            cpuLimit = GroupLimits.ratio(cpu.number("cpu.cfs_quota_us"), cpu.number("cpu.cfs_period_us"))
        case .two:
            memoryLimit = memory.number("memory.max")
            self.memory = memory.number("memory.current")
            // `max 100000` or `50000 100000`.
            let words = (cpu.text("cpu.max") ?? "").split(separator: " ").map { Double($0) }
            cpuLimit = words.count == 2 ? GroupLimits.ratio(words[0], words[1]) : nil
        }
    }

    /// Nil without a quota, which version 1 tells as -1.
    private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period
    }
}
