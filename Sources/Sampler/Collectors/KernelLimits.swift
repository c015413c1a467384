import Model

/// Open files and entropy against what the kernel allows (/proc/sys/fs/file-nr, /proc/sys/kernel/random).
struct KernelLimitsCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("file_descriptors_allocated", "Open files of all processes."),
        .gauge("file_descriptors_limit", "Files that can be open at the same time."),
        .gauge("entropy_available", "Bits of randomness that the kernel has gathered."),
        .gauge("entropy_pool_size", "Bits of randomness that the kernel can hold."),
    ]

    private var files: KernelFile
    private var entropy: KernelFile
    private var pool: KernelFile
    private var allocated = NamedSeries("file_descriptors_allocated")
    private var limit = NamedSeries("file_descriptors_limit")
    private var available = NamedSeries("entropy_available")
    private var size = NamedSeries("entropy_pool_size")

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        func file(_ name: String) -> KernelFile {
            KernelFile("\(host.procfs)/sys/\(name)", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 128)
        }
        files = file("fs/file-nr")
        entropy = file("kernel/random/entropy_avail")
        pool = file("kernel/random/poolsize")
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        if try files.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            var text = files.scanner
            scrape.emit(&allocated, text.number())
            // Behind it: allocated and free, always 0 since Linux 2.6.
            if text.skipWords(1) { scrape.emit(&limit, text.number()) }
        }
        if try entropy.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            var text = entropy.scanner
            scrape.emit(&available, text.number())
        }
        if try pool.refreshIfPresent(at: scrape.monotonicNanoseconds) {
            var text = pool.scanner
            scrape.emit(&size, text.number())
        }
    }
}
