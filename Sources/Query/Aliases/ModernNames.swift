import Model

// mon's own names in the forms that OpenMetrics asks for today, and in those that they had before.

extension AliasList {
    static let modern = AliasList(.modern) { OwnNames.modern }
    static let old = AliasList(.old, beginning: "cpu_time_seconds") { OwnNames.old }
}

private enum OwnNames {
    /// A share of 1 instead of 100.
    private static func ratio(_ name: String) -> Alias {
        Alias("\(name)_ratio", .quotient(.stored("\(name)_percent"), 100), unit: "ratio")
    }

    static let modern: [Alias] = [
        ratio("cpu_usage"),
        ratio("memory_usage"),
        ratio("swap_usage"),
        ratio("disk_usage"),
        ratio("process_cpu"),
        ratio("process_memory"),
        Alias("disk_io_reads_completed_total", .stored("disk_io_read_count_total")),
        Alias("disk_io_writes_completed_total", .stored("disk_io_write_count_total")),
        Alias(
            "agent_collector_last_success_timestamp_seconds", .stored("agent_collector_last_success_timestamp"),
            unit: "seconds"),
    ]

    static let old: [Alias] = [
        Alias("cpu_time_seconds", .stored("cpu_time_seconds_total"))
    ]
}
