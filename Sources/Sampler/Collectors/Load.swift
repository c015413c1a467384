import Model

/// The load averages (proc_loadavg(5)): as the kernel prints them, with two decimals.
struct LoadCollector: Collector {
    static let families = [
        MetricFamily(
            name: "load_average", kind: .gauge,
            help: "Tasks that run or wait for a processor or a disk, averaged over the period.")
    ]

    private var file: KernelFile
    private var averages = ["1m", "5m", "15m"].map { NamedSeries("load_average", ["period": $0]) }

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile(
            "\(host.procfs)/loadavg", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 128)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        for index in averages.indices {
            guard let value = text.decimal() else {
                throw .malformed(file.path, "no number at byte \(text.offset)")
            }
            scrape.emit(&averages[index], value)
        }
    }
}
