import Model

/// What sar's numbers are called here. Units: sar's kB are 1,024 bytes, its sectors 512 and its pages 4,096.
enum SarMapping {
    struct Sample {
        var labels: Labels
        var value: Double
        /// Per second; becomes a counter.
        var isRate = false
    }

    /// The samples of one element of `statistics`. Names of parts that are nothing here are added to `skipped`.
    static func samples(of element: JSONValue, _ skipped: inout Set<String>) -> [Sample] {
        guard case .object(let parts) = element else { return [] }
        var samples: [Sample] = []
        for (name, part) in parts.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "timestamp": break
            case "cpu-load", "cpu-load-all": samples += processors(part)
            case "memory": samples += memory(part)
            case "hugepages":
                if let free = part["hugfree"]?.number, let used = part["hugused"]?.number {
                    samples.append(gauge("memory_hugepages_free_bytes", free * 1024))
                    samples.append(gauge("memory_hugepages_total_bytes", (free + used) * 1024))
                }
            case "swap-pages":
                samples += rates(
                    part, [("pswpin", "swap_in_bytes_total", 4096), ("pswpout", "swap_out_bytes_total", 4096)])
            case "paging": samples += rates(part, [("majflt", "memory_major_faults_total", 1)])
            case "queue":
                for (member, period) in [("ldavg-1", "1m"), ("ldavg-5", "5m"), ("ldavg-15", "15m")] {
                    guard let value = part[member]?.number else { continue }
                    samples.append(Sample(labels: Labels(name: "load_average", ["period": period]), value: value))
                }
            case "disk": for disk in part.elements { samples += self.disk(disk) }
            case "network":
                samples += network(part)
                if case .object(let kinds) = part {
                    for kind in kinds.keys where kind != "net-dev" && kind != "net-edev" { skipped.insert(kind) }
                }
            case "filesystems": for one in part.elements { samples += filesystem(one) }
            default: skipped.insert(name)
            }
        }
        return samples
    }

    private static func gauge(_ name: String, _ value: Double) -> Sample {
        Sample(labels: Labels(name: name), value: value)
    }

    /// Rates among the members of an object: member, name, factor.
    private static func rates(
        _ part: JSONValue, _ wanted: [(member: String, name: String, factor: Double)], device: String? = nil
    ) -> [Sample] {
        wanted.compactMap { member, name, factor in
            guard let value = part[member]?.number else { return nil }
            let labels = device.map { Labels(name: name, ["device": $0]) } ?? Labels(name: name)
            return Sample(labels: labels, value: value * factor, isRate: true)
        }
    }

    /// Shares of time of each processor, and of all: seconds by mode, and what is neither idle nor waiting.
    private static func processors(_ part: JSONValue) -> [Sample] {
        var samples: [Sample] = []
        for one in part.elements {
            guard let cpu = one["cpu"]?.text else { continue }
            func share(_ names: String...) -> Double {
                for name in names { if let value = one[name]?.number { return value } }
                return 0
            }
            if cpu == "all" {
                guard let idle = one["idle"]?.number else { continue }
                samples.append(gauge("cpu_usage_percent", max(0, 100 - idle - share("iowait"))))
                continue
            }
            // The kernel counts guests as user and nice, too, and so does the agent; sar takes them out.
            let modes: [(String, Double)] = [
                ("user", share("usr", "user") + share("guest")), ("nice", share("nice") + share("gnice")),
                ("system", share("sys", "system")), ("idle", share("idle")), ("iowait", share("iowait")),
                ("irq", share("irq")), ("softirq", share("soft")), ("steal", share("steal")),
                ("guest", share("guest")), ("guest_nice", share("gnice")),
            ]
            for (mode, percent) in modes {
                samples.append(
                    Sample(
                        labels: Labels(name: "cpu_time_seconds_total", ["cpu": cpu, "mode": mode]),
                        value: percent / 100, isRate: true))
            }
        }
        return samples
    }

    private static func memory(_ part: JSONValue) -> [Sample] {
        func kilobytes(_ name: String) -> Double? { part[name]?.number }
        var samples: [Sample] = []
        let parts = [
            ("avail", "memory_available_bytes"), ("buffers", "memory_buffers_bytes"), ("cached", "memory_cached_bytes"),
            ("dirty", "memory_dirty_bytes"), ("slab", "memory_slab_bytes"),
        ]
        for (member, name) in parts {
            if let value = kilobytes(member) { samples.append(gauge(name, value * 1024)) }
        }
        if let free = kilobytes("memfree"), let used = kilobytes("memused") {
            // Since sysstat 12 "used" leaves out buffers, caches and slabs; its share of the total tells which it is.
            let caches = ["buffers", "cached", "slab"].reduce(0) { $0 + (kilobytes($1) ?? 0) }
            let percent = part["memused-percent"]?.number ?? 0
            let total = [free + used, free + used + caches].min {
                (used / $0 * 100 - percent).magnitude < (used / $1 * 100 - percent).magnitude
            }
            if let total, total > 0 {
                samples.append(gauge("memory_total_bytes", total * 1024))
                if let available = kilobytes("avail") {
                    samples.append(gauge("memory_used_bytes", (total - available) * 1024))
                    samples.append(gauge("memory_usage_percent", (total - available) / total * 100))
                }
            }
        }
        if let free = kilobytes("swpfree"), let used = kilobytes("swpused") {
            samples.append(gauge("swap_total_bytes", (free + used) * 1024))
            samples.append(gauge("swap_used_bytes", used * 1024))
            samples.append(gauge("swap_usage_percent", free + used > 0 ? used / (free + used) * 100 : 0))
        }
        return samples
    }

    private static func disk(_ part: JSONValue) -> [Sample] {
        guard let device = part["disk-device"]?.text else { return [] }
        let bytes: [(String, String, Double)] =
            part["rd_sec"] != nil
            ? [("rd_sec", "disk_io_read_bytes_total", 512), ("wr_sec", "disk_io_write_bytes_total", 512)]
            : [("rkB", "disk_io_read_bytes_total", 1024), ("wkB", "disk_io_write_bytes_total", 1024)]
        let queue = part["aqu-sz"] != nil ? "aqu-sz" : "avgqu-sz"
        return rates(
            part,
            bytes + [
                ("util-percent", "disk_io_busy_seconds_total", 0.01), (queue, "disk_io_queue_seconds_total", 1),
            ], device: device)
    }

    private static func network(_ part: JSONValue) -> [Sample] {
        var samples: [Sample] = []
        for one in part["net-dev"]?.elements ?? [] {
            samples += rates(
                one,
                [
                    ("rxkB", "network_receive_bytes_total", 1024), ("txkB", "network_transmit_bytes_total", 1024),
                    ("rxpck", "network_receive_packets_total", 1), ("txpck", "network_transmit_packets_total", 1),
                ], device: one["iface"]?.text)
        }
        for one in part["net-edev"]?.elements ?? [] {
            samples += rates(
                one,
                [
                    ("rxerr", "network_receive_errors_total", 1), ("txerr", "network_transmit_errors_total", 1),
                    ("rxdrop", "network_receive_drops_total", 1), ("txdrop", "network_transmit_drops_total", 1),
                ], device: one["iface"]?.text)
        }
        return samples
    }

    /// sar tells the device or, asked with `-F MOUNT`, the mount point, and megabytes.
    private static func filesystem(_ part: JSONValue) -> [Sample] {
        var place: [Label] = []
        if let device = part["filesystem"]?.text { place.append(Label("device", device)) }
        if let mountpoint = part["mountpoint"]?.text { place.append(Label("mountpoint", mountpoint)) }
        if place.isEmpty { return [] }
        func gauge(_ name: String, _ value: Double?) -> Sample? {
            value.map { Sample(labels: Labels([Label(Labels.metricNameLabel, name)] + place), value: $0) }
        }
        let megabyte = 1_048_576.0
        let used = part["MBfsused"]?.number
        let free = part["MBfsfree"]?.number
        let inodesFree = part["Ifree"]?.number
        let inodesUsed = part["Iused"]?.number
        var total: Double?
        if let used, let free { total = (used + free) * megabyte }
        var inodes: Double?
        if let inodesFree, let inodesUsed { inodes = inodesFree + inodesUsed }
        return [
            gauge("disk_used_bytes", used.map { $0 * megabyte }), gauge("disk_total_bytes", total),
            gauge("disk_usage_percent", part["%ufsused"]?.number), gauge("disk_inodes_free", inodesFree),
            gauge("disk_inodes", inodes),
        ].compactMap { $0 }
    }
}
