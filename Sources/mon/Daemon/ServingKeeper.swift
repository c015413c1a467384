import Glibc
import Model
import Sampler
import TSDB

/// `mon serve` as the one writer of a folder: once a minute what `mon run` does for its store beside recording. The
/// samples come by remote write, on a thread of the listener; this is the main thread.
///
/// A minute: opens the store again where the disk failed, stays within the size, merges what came late, frees the slots
/// of dead readers. At the first minute of each span of two hours, and at the start: drops what is too old, and folds
/// windows.
struct ServingKeeper: ~Copyable {
    private var ingest: Ingest
    private let inbox: Inbox
    private let sizeMaxBytes: Int
    private let log: Log
    private var upkeep: StoreUpkeep
    private var attempts: Attempts
    private var agedSpan: Int64?

    static let minuteNanoseconds: UInt64 = 60_000_000_000

    init(_ recorder: consuming Recorder, _ inbox: Inbox, sizeMaxBytes: Int, log: Log) {
        ingest = Ingest(recorder)
        self.inbox = inbox
        self.sizeMaxBytes = sizeMaxBytes
        self.log = log
        upkeep = StoreUpkeep(log: log)
        attempts = Attempts(log: log)
    }

    /// Keeps the store until a signal ends it. SIGUSR1 merges what waits.
    mutating func keepUntilSignal() {
        while true {
            let reading = ClockReading.now()
            tick(at: reading)
            switch Signals.wait(untilMonotonicNanoseconds: reading.monotonicNanoseconds + Self.minuteNanoseconds) {
            case .ending: return
            case .seal: merge()
            case .reload, .woken, .none: break
            }
        }
    }

    mutating func tick(at reading: ClockReading) {
        let now = reading.wall
        upkeep.clearStaleReaders(of: ingest.store, monotonicNanoseconds: reading.monotonicNanoseconds)
        // A span's first minute: what was old before the start, too.
        let span = StoreUpkeep.span(of: now)
        if agedSpan != span {
            let failure = attempts.attempt("drop what is older than it is kept", &ingest) {
                [log] ingest
                    throws(StoreError) in
                try StoreUpkeep.age(ingest.store, now: now, log)
            }
            if failure == nil { agedSpan = span }
            merge()
        }
        attempts.attempt("stay within --max-size", &ingest) { ingest throws(StoreError) in try ingest.tend() }
        upkeep.tell(ingest, sizeMaxBytes: sizeMaxBytes)
        // Large answers and bodies of the last minute.
        ProcessMemory.giveBack()
    }

    private mutating func merge() {
        let inbox = inbox
        attempts.attempt("merge what came late", &ingest) { _ throws(StoreError) in try inbox.merge() }
    }

    /// Merges what waits and ends: until here this is the folder's one writer.
    consuming func close() throws(StoreError) {
        try inbox.merge()
        try ingest.commit()
    }
}
