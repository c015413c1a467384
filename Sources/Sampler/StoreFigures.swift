import Model

/// How the store fares, as the agent tells it about itself. The sampler knows no store: whoever has one fills this in
/// before each tick.
package struct StoreFigures: Sendable {
    /// Bytes of the file that hold something.
    package var usedBytes = 0
    /// Bytes of the file, used or free.
    package var fileBytes = 0
    /// Bytes that may be in use; nil for no bound.
    package var sizeMaxBytes: Int?
    /// Bytes that were handed to write(2) for the store; nil where the kernel does not count them.
    package var writtenBytes: UInt64?
    /// Commits that failed, by reason. Reasons without a failure belong to it, so that a series begins before the
    /// first.
    package var commitFailures: [(reason: String, count: Int)] = []
    /// Scrapes that were given up because the store took none for an hour.
    package var droppedScrapes = 0
    /// Samples of series beyond what a day may name.
    package var refusedSamples = 0
    /// Blocks that were removed to stay within the bound.
    package var evictedBlocks = 0
    /// Readers that died without letting go of their snapshot.
    package var staleReaders = 0

    package init() {}

    static let families = [
        MetricFamily(
            name: "agent_store_size_bytes", kind: .gauge, unit: "bytes",
            help: "Bytes of the store's file that hold something; what --max-size bounds."),
        MetricFamily(
            name: "agent_store_file_bytes", kind: .gauge, unit: "bytes",
            help: "Bytes of the store's file, free pages included."),
        MetricFamily(
            name: "agent_store_max_size_bytes", kind: .gauge, unit: "bytes",
            help: "Bytes of the store's file that may hold something."),
        MetricFamily(
            name: "agent_store_written_bytes_total", kind: .counter, unit: "bytes",
            help: "Bytes that the recording thread handed to the kernel."),
        MetricFamily(
            name: "agent_store_commit_failures_total", kind: .counter,
            help: "Commits that failed, by reason; what they held waits for the next."),
        MetricFamily(
            name: "agent_store_dropped_scrapes_total", kind: .counter,
            help: "Scrapes that were given up because the store took none for an hour."),
        MetricFamily(
            name: "agent_store_refused_samples_total", kind: .counter,
            help: "Samples that were refused because the day names as many series as it may."),
        MetricFamily(
            name: "agent_store_evicted_blocks_total", kind: .counter,
            help: "Blocks that were removed to keep the store within its size."),
        MetricFamily(
            name: "agent_store_stale_readers_total", kind: .counter,
            help: "Readers of the store that died without ending, and were cleared away."),
    ]
}

/// The series of the store's figures.
struct StoreSeries {
    private var size = NamedSeries("agent_store_size_bytes")
    private var file = NamedSeries("agent_store_file_bytes")
    private var sizeMax = NamedSeries("agent_store_max_size_bytes")
    private var written = NamedSeries("agent_store_written_bytes_total")
    private var dropped = NamedSeries("agent_store_dropped_scrapes_total")
    private var refused = NamedSeries("agent_store_refused_samples_total")
    private var evicted = NamedSeries("agent_store_evicted_blocks_total")
    private var stale = NamedSeries("agent_store_stale_readers_total")
    private var failures: [String: NamedSeries] = [:]

    mutating func emit(_ figures: StoreFigures, into scrape: inout Scrape) {
        scrape.emit(&size, Double(figures.usedBytes))
        scrape.emit(&file, Double(figures.fileBytes))
        if let bytes = figures.sizeMaxBytes { scrape.emit(&sizeMax, Double(bytes)) }
        scrape.emit(&written, figures.writtenBytes)
        scrape.emit(&dropped, Double(figures.droppedScrapes))
        scrape.emit(&refused, Double(figures.refusedSamples))
        scrape.emit(&evicted, Double(figures.evictedBlocks))
        scrape.emit(&stale, Double(figures.staleReaders))
        for (reason, count) in figures.commitFailures {
            scrape.emit(
                &failures[
                    reason, default: NamedSeries("agent_store_commit_failures_total", ["reason": reason])],
                Double(count))
        }
    }
}
