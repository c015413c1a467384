import Model
import Testing

@testable import Sampler

@Suite struct StoreFiguresTests {
    @Test func whatTheStoreTellsIsSampled() {
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), calls: Fixtures.calls)
        var figures = StoreFigures()
        figures.usedBytes = 4096
        figures.fileBytes = 8192
        figures.sizeMaxBytes = 1 << 30
        figures.writtenBytes = 12_345
        figures.commitFailures = [("disk_full", 2), ("io_error", 0)]
        figures.droppedScrapes = 3
        figures.evictedBlocks = 4
        figures.staleReaders = 5
        loop.storeFigures = figures
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        var values: [String: Double] = [:]
        for (series, value) in batch.groups.flatMap(\.samples) {
            values["\(loop.catalog.labels[series.index])"] = value
        }
        func check(_ name: String, _ value: Double?) { #expect(values[name] == value, "\(name)") }
        check("agent_store_size_bytes", 4096)
        check("agent_store_file_bytes", 8192)
        check("agent_store_max_size_bytes", 1_073_741_824)
        check("agent_store_written_bytes_total", 12_345)
        check("agent_store_commit_failures_total{reason=\"disk_full\"}", 2)
        check("agent_store_commit_failures_total{reason=\"io_error\"}", 0)
        check("agent_store_dropped_scrapes_total", 3)
        check("agent_store_evicted_blocks_total", 4)
        check("agent_store_stale_readers_total", 5)
    }

    @Test func withoutAStoreNothingIsTold() {
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), calls: Fixtures.calls)
        _ = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        #expect(!loop.catalog.labels.contains { "\($0)".hasPrefix("agent_store_") })
    }
}
