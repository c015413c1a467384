import Model

/// Pressure stall information of the host (Documentation/accounting/psi.rst): time in which tasks waited for a
/// resource. Kernels before 4.20, and some distributions' (`psi=0`), have none.
struct PressureCollector: Collector {
    static let families = PressureFile.families(prefix: "pressure", of: "tasks of the host")

    private var files: [PressureFile]

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        files = PressureFile.resources.map { resource in
            PressureFile("\(host.procfs)/pressure/\(resource)", prefix: "pressure", resource, keepsOpen: host.isLive)
        }
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for index in files.indices { try files[index].emit(into: &scrape) }
    }
}

/// One pressure file and its two series: `waiting` is the line `some`, at least one task waited; `stalled` is `full`,
/// no task did anything else.
struct PressureFile {
    static let resources = ["cpu", "io", "memory", "irq"]

    private var file: KernelFile
    private var waiting: NamedSeries
    private var stalled: NamedSeries

    init(
        _ path: String, prefix: String, _ resource: String, _ labels: KeyValuePairs<String, String> = [:],
        keepsOpen: Bool
    ) {
        file = KernelFile(path, keepsOpen: keepsOpen, endsAtShortRead: true, bytes: 256)
        waiting = NamedSeries("\(prefix)_\(resource)_waiting_seconds_total", labels)
        stalled = NamedSeries("\(prefix)_\(resource)_stalled_seconds_total", labels)
    }

    static func families(prefix: String, of whose: String) -> [MetricFamily] {
        resources.flatMap { resource in
            let name = resource == "irq" ? "interrupts" : resource == "io" ? "I/O" : resource
            let waiting = MetricFamily.counter(
                "\(prefix)_\(resource)_waiting_seconds_total", unit: "seconds",
                "Time in which some \(whose) waited for \(name).")
            let stalled = MetricFamily.counter(
                "\(prefix)_\(resource)_stalled_seconds_total", unit: "seconds",
                "Time in which all \(whose) that had something to do waited for \(name).")
            // The kernel tells of interrupts only when all wait.
            return resource == "irq" ? [stalled] : [waiting, stalled]
        }
    }

    mutating func emit(into scrape: inout Scrape) throws(CollectorError) {
        // A kernel that has the files but was started with psi=0 says EOPNOTSUPP, which counts as missing.
        guard try file.refreshIfPresent(at: scrape.monotonicNanoseconds) else { return }
        var text = file.scanner
        while !text.isAtEnd {
            if text.skip("some ") {
                if let seconds = PressureFile.total(&text) { scrape.emit(&waiting, seconds) }
            } else if text.skip("full "), let seconds = PressureFile.total(&text) {
                scrape.emit(&stalled, seconds)
            }
            text.skipLine()
        }
    }

    /// `avg10=0.00 avg60=0.00 avg300=0.00 total=123`, where the total is in microseconds.
    private static func total(_ text: inout ByteScanner) -> Double? {
        guard text.skipWords(3) else { return nil }
        text.skipBlanks()
        guard text.skip("total="), let microseconds = text.number() else { return nil }
        return Double(microseconds) / 1e6
    }
}
