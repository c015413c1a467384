/// When a running query has to stop before it is done: its deadline, or its caller's word.
package struct Interruption: Sendable {
    private let timeout: Duration?
    private let deadline: ContinuousClock.Instant?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let isCancelled: @Sendable () -> Bool

    /// - Parameters:
    ///   - timeout: From now on; nil for none.
    ///   - now: The clock, a parameter so that tests need not wait.
    ///   - isCancelled: Asked every few milliseconds of work, on the thread of the query.
    package init(
        timeout: Duration?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.timeout = timeout
        self.now = now
        self.isCancelled = isCancelled
        deadline = timeout.map { now().advanced(by: $0) }
    }

    /// Nobody ever stops it.
    static let never = Interruption(timeout: nil)

    /// Whether ``check()`` throws.
    var isDue: Bool { isCancelled() || deadline.map { now() >= $0 } ?? false }

    /// - Throws: ``QueryError/cancelled`` or ``QueryError/timeout(_:)``.
    func check() throws(QueryError) {
        if isCancelled() { throw .cancelled }
        if let deadline, let timeout, now() >= deadline { throw .timeout(timeout) }
    }
}

/// Looks for an interruption once in a while: loops over values tell it what they did, and it asks the clock only when
/// that adds up to something.
struct Checkpoint {
    private let interruption: Interruption
    private var work = 0

    /// Values between two looks. The dearest kernel spends 20 ns on one, so that a query ends within 2 ms.
    private static let workMax = 100_000

    init(_ interruption: Interruption) { self.interruption = interruption }

    /// - Parameter work: How many values were, or are about to be, looked at.
    @inline(__always) mutating func pass(_ work: Int = 1) throws(QueryError) {
        self.work &+= work
        if self.work >= Self.workMax { try look() }
    }

    @inline(never) private mutating func look() throws(QueryError) {
        work = 0
        try interruption.check()
    }
}
