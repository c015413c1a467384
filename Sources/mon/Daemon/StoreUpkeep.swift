import Glibc
import Model
import Sampler
import TSDB

/// What the daemon does for its store besides recording: counts for the agent's own metrics, clearing away readers that
/// died, and a word on what the store did by itself.
struct StoreUpkeep {
    private let log: Log
    private var staleReaders = 0
    private var lastReaderCheck: UInt64?
    private var headBytes: Int?
    private var lastHeadLook: UInt64?
    private var toldEvictedBlocks = 0
    private var toldStoresBegun = 0

    /// Readers that died keep pages from being used again until somebody looks.
    private static let readerCheckNanoseconds: UInt64 = 60_000_000_000

    init(log: Log) { self.log = log }

    /// The figures for the sample that comes next. Takes some microseconds.
    mutating func figures(of ingest: borrowing Ingest, sizeMaxBytes: Int?) -> StoreFigures {
        var figures = StoreFigures()
        // While the store cannot be opened there is no size to tell.
        if let use = try? ingest.store.spaceUse() {
            figures.usedBytes = use.usedBytes
            figures.fileBytes = use.fileBytes
        }
        figures.sizeMaxBytes = sizeMaxBytes
        figures.writtenBytes = ThreadWrites.bytes()
        let failures = ingest.commitFailures
        figures.commitFailures = CommitFailure.allCases.map { ($0.rawValue, failures[$0] ?? 0) }
        figures.droppedScrapes = ingest.droppedScrapes
        figures.refusedSamples = ingest.refusedSeries.samples
        figures.evictedBlocks = ingest.evicted.blocks + ingest.evicted.processBlocks
        figures.staleReaders = staleReaders + ingest.staleReaders
        return figures
    }

    /// Bytes of rows that are not sealed yet, looked up once a minute; nil while the store cannot be read.
    mutating func headBytes(of store: Store, monotonicNanoseconds now: UInt64) -> Int? {
        if let last = lastHeadLook, now < last + StoreUpkeep.readerCheckNanoseconds { return headBytes }
        lastHeadLook = now
        headBytes = try? store.snapshot().headRowBytes()
        return headBytes
    }

    /// Start of the span of two hours that a time is in, in seconds: what is too old is looked for once a span.
    static func span(of time: Timestamp) -> Int64 {
        let seconds = (time.milliseconds - 1) / 1000
        return seconds - (seconds % spanSeconds + spanSeconds) % spanSeconds
    }

    private static let spanSeconds: Int64 = 7200

    /// Drops what is too old.
    static func age(_ store: Store, now: Timestamp, _ log: Log) throws(StoreError) {
        let report = try store.retain(now: now)
        if !report.isEmpty {
            log.info("dropped what was too old", ["blocks": "\(report.blocks)", "bytes": "\(report.bytes)"])
        }
    }

    /// Frees the slots of readers that died, once a minute.
    mutating func clearStaleReaders(of store: Store, monotonicNanoseconds now: UInt64) {
        if let last = lastReaderCheck, now < last + StoreUpkeep.readerCheckNanoseconds { return }
        lastReaderCheck = now
        guard let found = try? store.clearStaleReaders(), found > 0 else { return }
        staleReaders += found
        log.info("cleared away readers of the store that died", ["readers": "\(found)"])
    }

    /// Says once what was evicted since the last call, and that a store was begun anew.
    mutating func tell(_ ingest: borrowing Ingest, sizeMaxBytes: Int?) {
        let evicted = ingest.evicted.blocks + ingest.evicted.processBlocks
        if evicted > toldEvictedBlocks {
            log.info(
                "dropped the oldest blocks to stay within --max-size",
                ["blocks": "\(evicted - toldEvictedBlocks)", "max_size": "\(sizeMaxBytes ?? 0)"])
            toldEvictedBlocks = evicted
        }
        if ingest.storesBegun > toldStoresBegun {
            log.error("the store was removed from its folder: what it held is gone, a new one was begun")
            toldStoresBegun = ingest.storesBegun
        }
    }
}

/// What the calling thread has written.
enum ThreadWrites {
    /// Bytes that it handed to write(2) and its like, `wchar` of proc_pid_io(5); nil where the kernel does not count.
    static func bytes() -> UInt64? {
        let file = unsafe open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        // The kernel writes at most the array's count.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        return parse(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
    }

    static func parse(_ text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix("wchar: ") { return UInt64(line.dropFirst(7)) }
        return nil
    }
}
