import Model

/// How long tasks ran and waited for a processor (Documentation/scheduler/sched-stats.rst, version 15 and later). Only
/// kernels built with CONFIG_SCHEDSTATS tell it.
struct SchedulerCollector: Collector {
    /// The last three numbers of a processor's line.
    static let families: [MetricFamily] = [
        .counter("cpu_schedule_running_seconds_total", unit: "seconds", "Time that tasks ran on the processor."),
        .counter("cpu_schedule_waiting_seconds_total", unit: "seconds", "Time that tasks waited for the processor."),
        .counter("cpu_schedule_timeslices_total", "Turns that tasks had on the processor."),
    ]
    /// Numbers before those three.
    private static let otherCount = 6

    private var file: KernelFile
    private var processors = RowTable<[SeriesHandle]>()

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile("\(host.procfs)/schedstat", keepsOpen: host.isLive)
    }

    mutating func renew(_ renewal: inout CatalogRenewal) { processors = RowTable() }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent(at: scrape.monotonicNanoseconds) else { return }
        var text = file.scanner
        processors.begin()
        while !text.isAtEnd {
            if text.skip("cpu"), let name = text.word(), text.skipWords(SchedulerCollector.otherCount),
                let running = text.number(), let waiting = text.number(), let slices = text.number()
            {
                let place =
                    processors.find(name, in: text)
                    ?? SchedulerCollector.insert(text.bytes(in: name), &processors, &scrape.catalog)
                let handles = processors[place]
                scrape.emit(handles[0], Double(running) / 1e9)
                scrape.emit(handles[1], Double(waiting) / 1e9)
                scrape.emit(handles[2], Double(slices))
            }
            text.skipLine()
        }
        processors.end()
    }

    private static func insert(
        _ name: [UInt8], _ processors: inout RowTable<[SeriesHandle]>, _ catalog: inout SeriesCatalog
    ) -> Int {
        let processor = String(decoding: name, as: UTF8.self)
        return processors.insert(
            name, families.map { catalog.handle(for: Labels(name: $0.name, ["cpu": processor])) })
    }
}
