import Model

/// Paging counters (/proc/vmstat). Apart from the other memory series because the kernel takes 20 µs to print this
/// file, four times as long as meminfo.
struct VirtualMemoryCollector: Collector {
    static let families = figures(pageBytes: 4096).map(\.family)

    private var file: NumberFile

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = NumberFile(
            KernelFile("\(host.procfs)/vmstat", keepsOpen: host.isLive, bytes: 8192),
            VirtualMemoryCollector.figures(pageBytes: Double(surroundings.calls.pageBytes)),
            readsBeginning: host.isLive)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) { try file.emit(into: &scrape) }

    private static func figures(pageBytes: Double) -> [NumberFigure] {
        [
            NumberFigure(
                "pgfault", .counter("memory_page_faults_total", "Page faults, those without a disk included.")),
            NumberFigure(
                "pgmajfault", .counter("memory_major_faults_total", "Page faults that had to wait for a disk.")),
            // The kernel counts these two in KiB.
            NumberFigure(
                "pgpgin", .counter("memory_page_in_bytes_total", unit: "bytes", "Data read from disks by the kernel."),
                scale: 1024),
            NumberFigure(
                "pgpgout",
                .counter("memory_page_out_bytes_total", unit: "bytes", "Data written to disks by the kernel."),
                scale: 1024),
            NumberFigure(
                "pswpin", .counter("swap_in_bytes_total", unit: "bytes", "Data read from swap."), scale: pageBytes),
            NumberFigure(
                "pswpout", .counter("swap_out_bytes_total", unit: "bytes", "Data moved to swap."), scale: pageBytes),
            NumberFigure(
                "oom_kill", .counter("memory_oom_kills_total", "Processes that were killed because memory ran out.")),
        ]
    }
}
