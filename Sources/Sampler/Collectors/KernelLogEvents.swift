import Model

/// Events from the kernel's log: which process was killed when memory ran out. Its counter is
/// `memory_oom_kills_total`, which needs no right.
struct KernelLogCollector: Collector {
    static let families: [MetricFamily] = []

    /// Records looked at in one pass; a kernel that writes more has them read at the next.
    private static let recordCountMax = 1000

    private let path: String
    private let isLive: Bool
    private var log: KernelLog?
    private var report = OutOfMemoryReport()

    init(_ surroundings: Surroundings) {
        isLive = surroundings.host.isLive
        path = "\(surroundings.host.rootfs)/dev/kmsg"
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard isLive else { return }
        let log: KernelLog
        if let known = self.log {
            log = known
        } else {
            log = try KernelLog(path)
            self.log = log
        }
        for _ in 0..<KernelLogCollector.recordCountMax {
            guard let message = log.next() else { return }
            if let event = report.read(message, at: scrape.time) { scrape.events.append(event) }
        }
    }
}
