import Model

/// Frequencies of the processors (Documentation/admin-guide/pm/cpufreq.rst) and how often heat slowed them down. A
/// virtual machine has none.
struct CPUFrequencyCollector: Collector {
    private static let columns: [(file: String, family: MetricFamily)] = [
        ("scaling_cur_freq", .gauge("cpu_scaling_frequency_hertz", unit: "hertz", "Frequency that the processor has.")),
        ("scaling_min_freq", .gauge("cpu_scaling_frequency_min_hertz", unit: "hertz", "Lowest frequency it may have.")),
        (
            "scaling_max_freq",
            .gauge("cpu_scaling_frequency_max_hertz", unit: "hertz", "Highest frequency it may have.")
        ),
        ("cpuinfo_cur_freq", .gauge("cpu_frequency_hertz", unit: "hertz", "Frequency that the hardware tells.")),
        ("cpuinfo_min_freq", .gauge("cpu_frequency_min_hertz", unit: "hertz", "Lowest frequency of the hardware.")),
        ("cpuinfo_max_freq", .gauge("cpu_frequency_max_hertz", unit: "hertz", "Highest frequency of the hardware.")),
    ]

    static let families =
        columns.map(\.family) + [
            .counter("cpu_core_throttles_total", "Times that the core was slowed down because it was hot."),
            .counter("cpu_package_throttles_total", "Times that the package was slowed down because it was hot."),
        ]

    private let root: String

    init(_ surroundings: Surroundings) { root = "\(surroundings.host.sysfs)/devices/system/cpu" }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        var packages: Set<String> = []
        for name in DirectoryListing.names(in: root) {
            let number = name.dropFirst(3)
            guard name.hasPrefix("cpu"), !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) }) else {
                continue
            }
            let folder = Attributes("\(root)/\(name)").opened()
            for column in CPUFrequencyCollector.columns {
                // Told in kHz.
                let frequency = folder.number("cpufreq/\(column.file)").map { $0 * 1000 }
                scrape.emit(column.family.name, ["cpu": String(number)], frequency)
            }
            guard let core = folder.text("topology/core_id"), let package = folder.text("topology/physical_package_id")
            else { continue }
            scrape.emit(
                "cpu_core_throttles_total", ["core": core, "package": package],
                folder.number("thermal_throttle/core_throttle_count"))
            guard packages.insert(package).inserted else { continue }
            scrape.emit(
                "cpu_package_throttles_total", ["package": package],
                folder.number("thermal_throttle/package_throttle_count"))
        }
    }
}
