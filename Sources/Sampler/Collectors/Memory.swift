import Model

/// Memory and swap (proc_meminfo(5)), by psutil 7's formulas: used is total − available, cached includes reclaimable
/// slab. Percentages are not rounded.
struct MemoryCollector: Collector {
    static let families: [MetricFamily] = [
        gauge("memory_total_bytes", "Memory that the kernel manages."),
        gauge("memory_used_bytes", "Memory that is not available: total - available."),
        gauge("memory_available_bytes", "Memory that programs can get without swapping, as the kernel estimates it."),
        gauge("memory_cached_bytes", "Page cache and reclaimable slab."),
        gauge("memory_buffers_bytes", "Cache of raw block devices."),
        gauge("memory_free_bytes", "Memory that nothing uses."),
        gauge("memory_page_cache_bytes", "Page cache without reclaimable slab."),
        gauge("memory_slab_reclaimable_bytes", "Memory of kernel structures that can be given up."),
        MetricFamily(
            name: "memory_usage_percent", kind: .gauge, unit: "percent", help: "Used share of the memory."),
        gauge("memory_slab_bytes", "Memory of the kernel's own structures."),
        gauge("memory_shmem_bytes", "Shared memory and tmpfs files."),
        gauge("memory_dirty_bytes", "Cached data that waits to be written to disk."),
        gauge("memory_writeback_bytes", "Cached data that is being written to disk."),
        gauge("memory_hugepages_total_bytes", "Memory set aside as huge pages of the default size."),
        gauge("memory_hugepages_free_bytes", "Huge pages of the default size that are free."),
        gauge("swap_total_bytes", "Size of all swap space; 0 without swap."),
        gauge("swap_used_bytes", "Swap space in use."),
        MetricFamily(
            name: "swap_usage_percent", kind: .gauge, unit: "percent",
            help: "Used share of the swap space; 0 without swap."),
    ]

    private static func gauge(_ name: String, _ help: String) -> MetricFamily {
        .gauge(name, unit: "bytes", help)
    }

    private let zoneFilePath: String
    private let pageBytes: UInt64
    private var figures = MemoryFigures()

    private var total = NamedSeries("memory_total_bytes")
    private var used = NamedSeries("memory_used_bytes")
    private var available = NamedSeries("memory_available_bytes")
    private var cached = NamedSeries("memory_cached_bytes")
    private var buffers = NamedSeries("memory_buffers_bytes")
    private var free = NamedSeries("memory_free_bytes")
    private var pageCache = NamedSeries("memory_page_cache_bytes")
    private var reclaimableSlab = NamedSeries("memory_slab_reclaimable_bytes")
    private var usage = NamedSeries("memory_usage_percent")
    private var slab = NamedSeries("memory_slab_bytes")
    private var shmem = NamedSeries("memory_shmem_bytes")
    private var dirty = NamedSeries("memory_dirty_bytes")
    private var writeback = NamedSeries("memory_writeback_bytes")
    private var hugePagesTotal = NamedSeries("memory_hugepages_total_bytes")
    private var hugePagesFree = NamedSeries("memory_hugepages_free_bytes")
    private var swapTotal = NamedSeries("swap_total_bytes")
    private var swapUsed = NamedSeries("swap_used_bytes")
    private var swapUsage = NamedSeries("swap_usage_percent")

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        zoneFilePath = "\(host.procfs)/zoneinfo"
        pageBytes = surroundings.calls.pageBytes
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        try scrape.files.memory.refresh()
        figures.read(scrape.files.memory.scanner)
        let watermark = { [zoneFilePath, pageBytes] in ZoneInfo.lowWatermarkBytes(zoneFilePath, pageBytes) }
        guard let totalBytes = figures[.total], let availableBytes = figures.available(lowWatermarkBytes: watermark)
        else { throw .malformed(scrape.files.memory.path, "no MemTotal or no MemFree") }
        let usedBytes = totalBytes - min(availableBytes, totalBytes)
        scrape.emit(&total, totalBytes)
        scrape.emit(&used, usedBytes)
        scrape.emit(&available, availableBytes)
        scrape.emit(&cached, figures.cached)
        scrape.emit(&buffers, figures[.buffers])
        scrape.emit(&free, figures[.free])
        scrape.emit(&pageCache, figures[.cached])
        scrape.emit(&reclaimableSlab, figures[.reclaimableSlab])
        scrape.emit(&usage, MemoryFigures.percent(usedBytes, of: totalBytes))
        scrape.emit(&slab, figures[.slab])
        scrape.emit(&shmem, figures[.shmem])
        scrape.emit(&dirty, figures[.dirty])
        scrape.emit(&writeback, figures[.writeback])
        scrape.emit(&hugePagesTotal, figures.hugePages(.hugePagesTotal))
        scrape.emit(&hugePagesFree, figures.hugePages(.hugePagesFree))
        // A kernel without swap support prints no such lines: that is no swap.
        let swapBytes = figures[.swapTotal] ?? 0
        let swapUsedBytes = swapBytes - min(figures[.swapFree] ?? 0, swapBytes)
        scrape.emit(&swapTotal, swapBytes)
        scrape.emit(&swapUsed, swapUsedBytes)
        scrape.emit(&swapUsage, MemoryFigures.percent(swapUsedBytes, of: swapBytes))
    }
}

/// /proc/zoneinfo (proc_zoneinfo(5)), needed only on kernels before 3.14.
enum ZoneInfo {
    /// The low watermarks of all zones in bytes; nil where the file cannot be read.
    static func lowWatermarkBytes(_ path: String, _ pageBytes: UInt64) -> UInt64? {
        var pages: UInt64 = 0
        do throws(CollectorError) {
            try LineReader.forEachLine(ofFileAt: path) { line in
                line.skipBlanks()
                if line.skip("low"), let count = line.number() { pages &+= count }
            }
        } catch {
            return nil
        }
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: pageBytes)
        return overflow ? nil : bytes
    }
}
