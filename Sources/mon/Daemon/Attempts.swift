import TSDB

/// What is tried again and again on a store, and which failures of it were told already.
struct Attempts {
    private let log: Log
    private var failures = FailureLog()

    init(log: Log) { self.log = log }

    /// Runs `work` on the store; a failure is logged, once a cause until it passes.
    /// - Returns: why it failed; nil where it did not.
    @discardableResult
    mutating func attempt(
        _ what: String, _ ingest: inout Ingest, _ work: (inout Ingest) throws(StoreError) -> Void
    ) -> StoreError? {
        do throws(StoreError) {
            try StoreGuard.inStore { () throws(StoreError) in try work(&ingest) }
            if let since = failures.succeeded(what) { log.info("can \(what) again", ["failures": "\(since)"]) }
            return nil
        } catch {
            if failures.failed(what, error.description) { log.error("cannot \(what)", ["cause": error.description]) }
            return error
        }
    }

    /// How often it has failed in a row.
    func count(of what: String) -> Int { failures.count(of: what) }
}

/// Which failures were told already.
struct FailureLog {
    private var causes: [String: (text: String, count: Int)] = [:]

    /// Whether the failure is news: another cause than last time, or the thousandth time.
    mutating func failed(_ what: String, _ cause: String) -> Bool {
        let known = causes[what]
        let count = known?.text == cause ? (known?.count ?? 0) + 1 : 1
        causes[what] = (cause, count)
        return count == 1 || count % 1000 == 0
    }

    /// How often it has failed in a row.
    func count(of what: String) -> Int { causes[what]?.count ?? 0 }

    /// How often it failed before it succeeded; nil where it had not failed.
    mutating func succeeded(_ what: String) -> Int? {
        causes.removeValue(forKey: what)?.count
    }
}
