import Model

// node_exporter's names for what mon records, so that its users' queries, rules and dashboards work unchanged: the same
// names, labels, values, units and types as node_exporter with its default collectors.

extension AliasList {
    static let node = AliasList(.node, beginning: "node_", isExclusive: true) { NodeNames.all }
    static let nodeProcess = AliasList(.node, beginning: "process_") { NodeNames.process }
}

enum NodeNames {
    static let all = basics + kernel + details + networkDetails
    private static let basics = processors + memory + disks + fileSystems + network + exporter
    private static let kernel = activity + pressure + limits + clock + host + textFiles + hardware
    private static let details = memoryDetail + paging + diskDetail
    private static let networkDetails = protocols + sockets + packets + devices

    /// An entry named `node_…` whose series have the labels of a scrape.
    static func node(
        _ name: String, _ formula: Formula, _ changes: [LabelChange] = [], kind: MetricFamily.Kind? = nil,
        unit: String? = nil, help: String? = nil
    ) -> Alias {
        Alias("node_" + name, formula, changes, isTargeted: true, kind: kind, unit: unit, help: help)
    }

    // MARK: - Processors

    private static let processors: [Alias] = [
        // User and nice time include that of guests, there as here.
        node("cpu_seconds_total", .stored("cpu_time_seconds_total", without: ["mode": "guest|guest_nice"])),
        node(
            "cpu_guest_seconds_total", .stored("cpu_time_seconds_total"),
            [.pick("mode", ["guest": "user", "guest_nice": "nice"])],
            help: "CPU time of guests by mode; it is in node_cpu_seconds_total, too."),
        node("load1", .stored("load_average", ["period": "1m"])),
        node("load5", .stored("load_average", ["period": "5m"])),
        node("load15", .stored("load_average", ["period": "15m"])),
    ]

    // MARK: - Memory

    private static let memory: [Alias] = [
        node("memory_MemTotal_bytes", .stored("memory_total_bytes")),
        node("memory_MemAvailable_bytes", .stored("memory_available_bytes")),
        node("memory_Buffers_bytes", .stored("memory_buffers_bytes")),
        node("memory_Slab_bytes", .stored("memory_slab_bytes")),
        node("memory_Shmem_bytes", .stored("memory_shmem_bytes")),
        node("memory_Dirty_bytes", .stored("memory_dirty_bytes")),
        node("memory_Writeback_bytes", .stored("memory_writeback_bytes")),
        node("memory_SwapTotal_bytes", .stored("swap_total_bytes")),
        node(
            "memory_SwapFree_bytes", .difference(.stored("swap_total_bytes"), .stored("swap_used_bytes")),
            help: "Swap space that is not in use."),
        node("vmstat_pgmajfault", .stored("memory_major_faults_total"), kind: .unknown),
    ]

    // MARK: - Disks

    /// node_exporter passes over partitions and devices that are none; mon records them.
    static let wholeDisks: KeyValuePairs = [
        "device": "ram\\d+|loop\\d+|fd\\d+|(h|s|v|xv)d[a-z]\\d+|nvme\\d+n\\d+p\\d+"
    ]

    private static let disks: [Alias] = [
        node("disk_reads_completed_total", .stored("disk_io_read_count_total", without: wholeDisks)),
        node("disk_writes_completed_total", .stored("disk_io_write_count_total", without: wholeDisks)),
        node("disk_read_bytes_total", .stored("disk_io_read_bytes_total", without: wholeDisks)),
        node("disk_written_bytes_total", .stored("disk_io_write_bytes_total", without: wholeDisks)),
        node("disk_read_time_seconds_total", .stored("disk_io_read_time_seconds_total", without: wholeDisks)),
        node("disk_write_time_seconds_total", .stored("disk_io_write_time_seconds_total", without: wholeDisks)),
        node("disk_io_time_seconds_total", .stored("disk_io_busy_seconds_total", without: wholeDisks)),
        node("disk_io_time_weighted_seconds_total", .stored("disk_io_queue_seconds_total", without: wholeDisks)),
    ]

    private static let fileSystems: [Alias] = [
        node("filesystem_size_bytes", .stored("disk_total_bytes")),
        node("filesystem_avail_bytes", .stored("disk_free_bytes")),
        // What is free to root is what is not used, also where a file system tells users more than is free.
        node(
            "filesystem_free_bytes", .difference(.stored("disk_total_bytes"), .stored("disk_used_bytes")),
            help: "Space that is not in use, what only root can use included."),
        node("filesystem_files", .stored("disk_inodes")),
        node("filesystem_files_free", .stored("disk_inodes_free")),
        node("filesystem_readonly", .stored("disk_readonly")),
        node("filesystem_device_error", .stored("disk_unreachable")),
    ]

    // MARK: - Network

    private static let network: [Alias] = [
        node("network_receive_bytes_total", .stored("network_receive_bytes_total")),
        node("network_transmit_bytes_total", .stored("network_transmit_bytes_total")),
        node("network_receive_packets_total", .stored("network_receive_packets_total")),
        node("network_transmit_packets_total", .stored("network_transmit_packets_total")),
        node("network_receive_errs_total", .stored("network_receive_errors_total")),
        node("network_transmit_errs_total", .stored("network_transmit_errors_total")),
        node("network_receive_drop_total", .stored("network_receive_drops_total")),
        node("network_transmit_drop_total", .stored("network_transmit_drops_total")),
        node(
            "tcp_connection_states", .stored("network_connections"),
            [
                .map(
                    "state",
                    [
                        "ESTABLISHED": "established", "SYN_SENT": "syn_sent", "SYN_RECV": "syn_recv",
                        "FIN_WAIT1": "fin_wait1", "FIN_WAIT2": "fin_wait2", "TIME_WAIT": "time_wait", "CLOSE": "close",
                        "CLOSE_WAIT": "close_wait", "LAST_ACK": "last_ack", "LISTEN": "listen", "CLOSING": "closing",
                    ])
            ]),
    ]

    // MARK: - The exporter itself

    /// What a collector here is called there.
    static let collectorNames: KeyValuePairs<String, String> = [
        "load": "loadavg", "memory": "meminfo", "virtual_memory": "vmstat", "disk_io": "diskstats",
        "network": "netdev", "connections": "tcpstat", "process": "processes",
    ]

    private static let collectors: [LabelChange] = [.map("collector", collectorNames)]

    private static let exporter: [Alias] = [
        node("scrape_collector_duration_seconds", .stored("agent_collector_duration_seconds"), collectors),
        node("scrape_collector_success", .stored("agent_collector_status"), collectors),
    ]

    /// What client libraries tell of the exporter's own process. The first is the name of series that mon has of each
    /// process, too.
    static let process: [Alias] = [
        Alias(
            "process_cpu_seconds_total", .stored("agent_cpu_seconds_total"), isTargeted: true, needsTarget: true),
        Alias("process_resident_memory_bytes", .stored("agent_memory_rss_bytes"), isTargeted: true),
        Alias("process_virtual_memory_bytes", .stored("agent_memory_virtual_bytes"), isTargeted: true),
        Alias("process_virtual_memory_max_bytes", .stored("agent_memory_virtual_max_bytes"), isTargeted: true),
        Alias("process_open_fds", .stored("agent_open_fds"), isTargeted: true),
        Alias("process_max_fds", .stored("agent_max_fds"), isTargeted: true),
    ]
}
