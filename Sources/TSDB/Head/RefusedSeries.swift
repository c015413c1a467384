package import Model

/// Series that were refused because their day names as many as it may.
package struct RefusedSeries: Hashable, Sendable {
    /// Samples that were not written.
    package private(set) var samples = 0
    /// The series of the first of them, for a message.
    package private(set) var first: Labels?

    mutating func add(_ series: Labels) {
        samples += 1
        if first == nil { first = series }
    }

    mutating func add(_ other: RefusedSeries) {
        samples += other.samples
        if first == nil { first = other.first }
    }
}

/// Late batches that wait for a merge: every query reads them all, and a merge replaces whole blocks.
struct LateWaiting: Hashable {
    /// An hour of scrapes (guess).
    static let batchesMax = 720
    /// A few MB, which a query decodes in some 10 ms (guess).
    static let bytesMax = 4 << 20
    /// A sparse source would never reach the others.
    static let nanosecondsMax: UInt64 = 2 * 3_600_000_000_000

    private(set) var batches = 0
    private(set) var bytes = 0
    /// When the first of them came, by the recorder's clock.
    private var since: UInt64?

    mutating func add(_ batches: Int, bytes: Int) {
        self.batches += batches
        self.bytes += bytes
    }

    /// Whether they should be merged now. By a clock that nobody steps, never by the time of a sample: a backfill
    /// would merge for ever.
    mutating func areDue(now: UInt64) -> Bool {
        if batches == 0 { return false }
        let since = since ?? now
        self.since = since
        return batches >= LateWaiting.batchesMax || bytes >= LateWaiting.bytesMax
            || now - since >= LateWaiting.nanosecondsMax
    }
}
