import Model

/// CPU time by processor and mode, how busy the host was, and what the kernel did (proc_stat(5)).
///
/// `cpu_time_seconds_total` are the kernel's raw counters, as psutil's `cpu_times()` and node_exporter show them:
/// `user` includes `guest` and `nice` includes `guest_nice`, so a sum over all modes counts guests twice.
struct CPUCollector: Collector {
    static let families =
        [
            MetricFamily(
                name: "cpu_usage_percent", kind: .gauge, unit: "percent",
                help:
                    "Share of CPU time since the last sample that was neither idle nor waiting for I/O."),
            MetricFamily(
                name: "cpu_time_seconds_total", kind: .counter, unit: "seconds",
                help: "CPU time by mode; user includes guest, and nice includes guest_nice."),
        ] + KernelActivity.families

    private var file: KernelFile
    private let ticksPerSecond: Double
    private var usage = NamedSeries("cpu_usage_percent")
    private var processors = RowTable<[SeriesHandle]>()
    private var previous: CPUTimes?
    private var activity = KernelActivity()

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile("\(host.procfs)/stat", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 8192)
        ticksPerSecond = Double(surroundings.calls.ticksPerSecond)
    }

    mutating func renew(_ renewal: inout CatalogRenewal) { processors = RowTable() }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        try file.refresh()
        var text = file.scanner
        guard text.skip("cpu "), let total = CPUTimes(&text) else {
            throw .malformed(file.path, "no sum of all processors in the first line")
        }
        if let previous { scrape.emit(&usage, CPUTimes.usagePercent(from: previous, to: total)) }
        previous = total
        text.skipLine()
        processors.begin()
        // The processors' lines come next.
        while text.skip("cpu") {
            guard let number = text.word(), let times = CPUTimes(&text) else {
                throw .malformed(file.path, "a cpu line without four numbers, at byte \(text.offset)")
            }
            let index =
                processors.find(number, in: text)
                ?? CPUCollector.insert(text.text(in: number), &processors, &scrape.catalog)
            let handles = processors[index]
            for mode in 0..<times.count { scrape.emit(handles[mode], Double(times.ticks[mode]) / ticksPerSecond) }
            text.skipLine()
        }
        processors.end()
        activity.emit(&text, into: &scrape)
    }

    private static func insert(
        _ number: String, _ processors: inout RowTable<[SeriesHandle]>, _ catalog: inout SeriesCatalog
    ) -> Int {
        let handles = CPUTimes.modes.map { mode in
            catalog.handle(for: Labels(name: "cpu_time_seconds_total", ["cpu": number, "mode": mode]))
        }
        return processors.insert(Array(number.utf8), handles)
    }
}

/// A line of /proc/stat: clock ticks by mode.
struct CPUTimes {
    /// In the order of the line, which is that of kernel versions, too.
    static let modes = [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice",
    ]
    private enum Mode {
        static let idle = 3
        static let iowait = 4
        static let guest = 8
    }

    /// By mode; 0 for modes that an old kernel does not tell.
    var ticks: InlineArray<10, UInt64> = InlineArray(repeating: 0)
    /// How many modes this kernel tells.
    var count = 0

    /// Reads the rest of a line; nil where it has fewer than the four numbers that Linux always had.
    init?(_ text: inout ByteScanner) {
        while count < 10, let number = text.number() {
            ticks[count] = number
            count += 1
        }
        if count < 4 { return nil }
    }

    /// psutil 7's cpu_percent without its rounding: 100 · (total − idle − iowait) / total, where the total leaves
    /// out guests, who are in user and nice already, and a mode that went backwards counts as 0. No time at all is 0 %.
    static func usagePercent(from before: CPUTimes, to now: CPUTimes) -> Double {
        var total: UInt64 = 0
        var waiting: UInt64 = 0
        for mode in 0..<Mode.guest where now.ticks[mode] > before.ticks[mode] {
            let delta = now.ticks[mode] - before.ticks[mode]
            // Wrapping: only bytes that no kernel writes sum up to 2^64 ticks.
            total &+= delta
            if mode == Mode.idle || mode == Mode.iowait { waiting &+= delta }
        }
        return total == 0 ? 0 : Double(total &- waiting) / Double(total) * 100
    }
}
