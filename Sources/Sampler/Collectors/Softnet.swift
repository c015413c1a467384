import Model

/// What the processors did with received packets (/proc/net/softnet_stat, net/core/net-procfs.c): a line a processor,
/// hexadecimal numbers.
struct SoftnetCollector: Collector {
    /// The metrics and their columns.
    private static let columns: [(family: MetricFamily, column: Int)] = [
        (.counter("network_softnet_processed_total", "Packets that the processor took from the devices' queues."), 0),
        (.counter("network_softnet_dropped_total", "Packets dropped because the processor's queue was full."), 1),
        (
            .counter(
                "network_softnet_times_squeezed_total",
                "Times that work was left over when the time for it had run out."),
            2
        ),
        (.counter("network_softnet_received_rps_total", "Times that another processor woke this one for packets."), 9),
        (.counter("network_softnet_flow_limit_total", "Times that the limit of one flow was reached."), 10),
    ]
    /// Where newer kernels print the number of the processor; a processor that is off has no line.
    private static let processorColumn = 12

    static let families = columns.map(\.family)

    private var file: KernelFile
    /// By processor.
    private var series: [Int: [NamedSeries]] = [:]

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile("\(host.procfs)/net/softnet_stat", keepsOpen: host.isLive, lineBytesMax: 512)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        var line = 0
        var numbers: [UInt64] = []
        while !text.isAtEnd {
            numbers.removeAll(keepingCapacity: true)
            while let number = text.hexadecimal() { numbers.append(number) }
            text.skipLine()
            let processor = SoftnetCollector.processor(numbers, line)
            SoftnetCollector.emit(numbers, &series[processor, default: SoftnetCollector.series(processor)], &scrape)
            line += 1
        }
    }

    private static func processor(_ numbers: [UInt64], _ line: Int) -> Int {
        processorColumn < numbers.count ? Int(truncatingIfNeeded: numbers[processorColumn]) : line
    }

    private static func series(_ processor: Int) -> [NamedSeries] {
        columns.map { NamedSeries($0.family.name, ["cpu": String(processor)]) }
    }

    private static func emit(_ numbers: [UInt64], _ series: inout [NamedSeries], _ scrape: inout Scrape) {
        for index in series.indices where columns[index].column < numbers.count {
            scrape.emit(&series[index], numbers[columns[index].column])
        }
    }
}
