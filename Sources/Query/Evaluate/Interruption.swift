/// When a running query has to stop before it is done: its deadline, or its caller's word.
package struct Interruption: Sendable {
    private let timeout: Duration?
    private let deadline: ContinuousClock.Instant?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let isCancelled: @Sendable () -> Bool

    /// - Parameters:
    ///   - timeout: From now on; nil for none.
    ///   - now: The clock, a parameter so that tests need not wait.
    ///   - isCancelled: Asked between series, on the thread of the query.
    package init(
        timeout: Duration?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.timeout = timeout
        self.now = now
        self.isCancelled = isCancelled
        deadline = timeout.map { now().advanced(by: $0) }
    }

    /// - Throws: ``QueryError/cancelled`` or ``QueryError/timeout(_:)``.
    func check() throws(QueryError) {
        if isCancelled() { throw .cancelled }
        if let deadline, let timeout, now() >= deadline { throw .timeout(timeout) }
    }
}
