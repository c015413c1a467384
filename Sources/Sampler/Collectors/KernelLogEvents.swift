import Model

/// Events from the kernel's log: which process was killed when memory ran out. Its counter is
/// `memory_oom_kills_total`, which needs no right.
struct KernelLogCollector: Collector {
    static let families: [MetricFamily] = []

    /// Records looked at in one pass; a kernel that writes more has them read at the next.
    private static let recordCountMax = 1000

    private let path: String
    private var mayRead: Bool
    private var log: KernelLog?
    private var report = OutOfMemoryReport()

    init(_ surroundings: Surroundings) {
        // A recorded tree has no log to follow.
        mayRead = surroundings.host.isLive
        path = "\(surroundings.host.rootfs)/dev/kmsg"
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard let log = opened(&scrape) else { return }
        for _ in 0..<KernelLogCollector.recordCountMax {
            guard let message = log.next() else { return }
            if let event = report.read(message, at: scrape.time) { scrape.events.append(event) }
        }
    }

    /// A user without the right, and a container without the device, have no events: that is told once and is no
    /// failure.
    private mutating func opened(_ scrape: inout Scrape) -> KernelLog? {
        guard log == nil, mayRead else { return log }
        do throws(CollectorError) {
            log = try KernelLog(path)
        } catch {
            mayRead = false
            if error.reason != .missing { scrape.partialErrors.append(error) }
        }
        return log
    }
}
