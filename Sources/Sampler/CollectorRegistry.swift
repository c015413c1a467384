package import Model

/// One line of the list of collectors.
package struct CollectorEntry: Sendable {
    /// The value of the label `collector`, and the name in the configuration.
    package let name: String
    /// The subject under which people know it: cpu, memory, disk, network, process, service, textfile, exec, scrape,
    /// kernel, hardware or agent.
    package let section: String
    package let intervalMilliseconds: Int64
    /// Whether its cost grows with the host, so that it rests after an expensive pass (see ``CollectorSlot``).
    let isBudgeted: Bool
    /// Whether it looks at the host at the ticks between its own as well.
    let looksBetween: Bool
    package let families: [MetricFamily]
    /// Those of the options that it is made from; the others as they are by themselves.
    let ownOptions: @Sendable (SamplerOptions) -> SamplerOptions
    /// Of its own options.
    let make: @Sendable (Surroundings) -> any Collector

    private init<C: Collector>(
        _ name: String, _ section: String, seconds: Int64, budgeted: Bool = false, between: Bool = false,
        _ type: C.Type
    ) {
        self.name = name
        self.section = section
        intervalMilliseconds = seconds * 1000
        isBudgeted = budgeted
        looksBetween = between
        families = type.families
        ownOptions = { all in
            var own = SamplerOptions()
            type.copyOptions(of: all, to: &own)
            return own
        }
        make = { C($0) }
    }

    /// Whether there is anything for it to do: without sources outside no series tell of collectors of them.
    func hasWork(_ options: SamplerOptions) -> Bool {
        switch name {
        case "exec": !options.commands.isEmpty
        case "scrape": !options.targets.isEmpty
        default: true
        }
    }

    /// THE list. The order is the order of work within a tick: what changes fastest is read first.
    static let list: [CollectorEntry] = [
        CollectorEntry("cpu", "cpu", seconds: 5, CPUCollector.self),
        CollectorEntry("load", "cpu", seconds: 5, LoadCollector.self),
        CollectorEntry("memory", "memory", seconds: 5, MemoryCollector.self),
        CollectorEntry("virtual_memory", "memory", seconds: 5, VirtualMemoryCollector.self),
        CollectorEntry("disk_io", "disk", seconds: 5, DiskIOCollector.self),
        CollectorEntry("network", "network", seconds: 5, NetworkCollector.self),
        CollectorEntry("connections", "network", seconds: 5, budgeted: true, ConnectionsCollector.self),
        CollectorEntry("filesystem", "disk", seconds: 5, FilesystemCollector.self),
        CollectorEntry("pressure", "kernel", seconds: 5, PressureCollector.self),
        CollectorEntry("protocols", "network", seconds: 5, ProtocolsCollector.self),
        CollectorEntry("sockets", "network", seconds: 5, budgeted: true, SocketsCollector.self),
        CollectorEntry("softnet", "network", seconds: 5, SoftnetCollector.self),
        CollectorEntry("scheduler", "cpu", seconds: 5, SchedulerCollector.self),
        CollectorEntry("kernel_limits", "kernel", seconds: 5, KernelLimitsCollector.self),
        CollectorEntry("conntrack", "network", seconds: 5, ConntrackCollector.self),
        CollectorEntry("kernel_log", "kernel", seconds: 5, KernelLogCollector.self),
        CollectorEntry("agent", "agent", seconds: 5, AgentCollector.self),
        CollectorEntry("agent_runtime", "agent", seconds: 10, AgentRuntimeCollector.self),
        CollectorEntry("process", "process", seconds: 10, budgeted: true, between: true, ProcessCollector.self),
        CollectorEntry("sensors", "hardware", seconds: 10, budgeted: true, SensorsCollector.self),
        CollectorEntry("cpu_frequency", "hardware", seconds: 10, budgeted: true, CPUFrequencyCollector.self),
        CollectorEntry("textfile", "textfile", seconds: 10, budgeted: true, TextFilesCollector.self),
        // Asked each tick what has come in; the sources have intervals of their own.
        CollectorEntry("exec", "exec", seconds: 5, CommandsCollector.self),
        CollectorEntry("scrape", "scrape", seconds: 5, TargetsCollector.self),
        CollectorEntry("services", "service", seconds: 10, budgeted: true, ServicesCollector.self),
        // What hardly changes.
        CollectorEntry("memory_detail", "memory", seconds: 60, MemoryDetailCollector.self),
        CollectorEntry("network_devices", "network", seconds: 60, budgeted: true, NetworkDevicesCollector.self),
        CollectorEntry("neighbours", "network", seconds: 60, budgeted: true, NeighboursCollector.self),
        CollectorEntry("service_detail", "service", seconds: 60, budgeted: true, ServiceDetailCollector.self),
        CollectorEntry("clock", "kernel", seconds: 10, ClockCollector.self),
        CollectorEntry("host_info", "kernel", seconds: 60, HostInfoCollector.self),
        CollectorEntry("hardware", "hardware", seconds: 60, budgeted: true, HardwareCollector.self),
    ]
}

/// All collectors there are.
package enum CollectorRegistry {
    package static var entries: [CollectorEntry] { CollectorEntry.list }

    /// The collectors that a name in the configuration means: the one of that name, else all of that section, so that
    /// `disk` stands for `disk_io` and `filesystem`.
    package static func entries(named name: String) -> [CollectorEntry] {
        let exact = entries.filter { $0.name == name }
        return exact.isEmpty ? entries.filter { $0.section == name } : exact
    }

    /// What every metric of this room is.
    package static var families: [MetricFamily] { entries.flatMap(\.families) + CollectorSlot.families }
}
