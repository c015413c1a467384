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

    /// A processor that has any of the files.
    private struct Processor {
        let folder: String
        var readings: [Reading] = []
    }

    private struct Reading {
        let file: String
        let scale: Double
        var series: NamedSeries
    }

    private let root: String
    private let isLive: Bool
    private var processors: [Processor] = []
    private var lookedUpAt: UInt64?
    /// Which files there are is looked up each minute; values are read each time.
    private static let lookUpNanoseconds: UInt64 = 59_500_000_000

    init(_ surroundings: Surroundings) {
        root = "\(surroundings.host.sysfs)/devices/system/cpu"
        isLive = surroundings.host.isLive
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        if !isLive || lookedUpAt.map({ now &- $0 >= CPUFrequencyCollector.lookUpNanoseconds }) ?? true {
            lookUp()
            lookedUpAt = now
        }
        for place in processors.indices {
            let folder = Attributes(processors[place].folder).opened()
            for index in processors[place].readings.indices {
                let number = folder.number(processors[place].readings[index].file)
                let value = number.map { $0 * processors[place].readings[index].scale }
                scrape.emit(&processors[place].readings[index].series, value)
            }
        }
    }

    private mutating func lookUp() {
        processors.removeAll()
        var packages: Set<String> = []
        for name in DirectoryListing.names(in: root) {
            let number = name.dropFirst(3)
            guard name.hasPrefix("cpu"), !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) }) else {
                continue
            }
            var processor = Processor(folder: "\(root)/\(name)")
            let folder = Attributes(processor.folder).opened()
            func add(_ file: String, _ series: NamedSeries, scale: Double) {
                // What has no value at the moment may have one at the next.
                guard folder.text(file) != nil else { return }
                processor.readings.append(Reading(file: file, scale: scale, series: series))
            }
            for column in CPUFrequencyCollector.columns {
                // Told in kHz.
                let series = NamedSeries(column.family.name, ["cpu": String(number)])
                add("cpufreq/\(column.file)", series, scale: 1000)
            }
            if let core = folder.text("topology/core_id"), let package = folder.text("topology/physical_package_id") {
                let series = NamedSeries("cpu_core_throttles_total", ["core": core, "package": package])
                add("thermal_throttle/core_throttle_count", series, scale: 1)
                if packages.insert(package).inserted {
                    let series = NamedSeries("cpu_package_throttles_total", ["package": package])
                    add("thermal_throttle/package_throttle_count", series, scale: 1)
                }
            }
            if !processor.readings.isEmpty { processors.append(processor) }
        }
    }
}
