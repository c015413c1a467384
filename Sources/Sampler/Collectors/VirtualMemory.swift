import Model

/// Paging counters (/proc/vmstat). Apart from the other memory series because the kernel takes 20 µs to print this
/// file, four times as long as meminfo.
struct VirtualMemoryCollector: Collector {
    static let families = [
        MetricFamily(
            name: "memory_major_faults_total", kind: .counter, help: "Page faults that had to wait for a disk."),
        MetricFamily(
            name: "swap_in_bytes_total", kind: .counter, unit: "bytes", help: "Data read back from swap."),
        MetricFamily(
            name: "swap_out_bytes_total", kind: .counter, unit: "bytes", help: "Data moved out to swap."),
    ]

    private var file: KernelFile
    private let pageBytes: Double
    private var majorFaults = NamedSeries("memory_major_faults_total")
    private var swapIn = NamedSeries("swap_in_bytes_total")
    private var swapOut = NamedSeries("swap_out_bytes_total")

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile("\(host.procfs)/vmstat", keepsOpen: host.isLive, bytes: 8192)
        pageBytes = Double(surroundings.calls.pageBytes)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        var found = 0
        // A kernel without swap support has no pswp lines; the loop then runs to the end of the file.
        while !text.isAtEnd, found < 3 {
            if text.skip("p") {
                if text.skip("gmajfault "), let count = text.number() {
                    scrape.emit(&majorFaults, count)
                    found += 1
                } else if text.skip("swpin "), let pages = text.number() {
                    scrape.emit(&swapIn, Double(pages) * pageBytes)
                    found += 1
                } else if text.skip("swpout "), let pages = text.number() {
                    scrape.emit(&swapOut, Double(pages) * pageBytes)
                    found += 1
                }
            }
            text.skipLine()
        }
    }
}
