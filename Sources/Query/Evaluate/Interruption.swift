/// When a running query has to stop before it is done: its deadline, or its caller's word.
package struct Interruption: Sendable {
    private let timeout: Duration?
    private let deadline: ContinuousClock.Instant?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let isCancelled: @Sendable () -> Bool
    private let willStop: @Sendable (QueryError) -> Void

    /// - Parameters:
    ///   - timeout: From now on; nil for none.
    ///   - now: The clock, a parameter so that tests need not wait.
    ///   - isCancelled: Asked every few milliseconds of work, on the thread of the query.
    ///   - willStop: Told, perhaps more than once, that the query ends with that error, before it lets go of what it
    ///     holds: of a million series that takes a tenth of a second.
    package init(
        timeout: Duration?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        isCancelled: @escaping @Sendable () -> Bool = { false },
        willStop: @escaping @Sendable (QueryError) -> Void = { _ in }
    ) {
        self.timeout = timeout
        self.now = now
        self.isCancelled = isCancelled
        self.willStop = willStop
        deadline = timeout.map { now().advanced(by: $0) }
    }

    /// Nobody ever stops it.
    static let never = Interruption(timeout: nil)

    /// Whether ``check()`` throws. Whoever asks has to stop where it does.
    var isDue: Bool { reason() != nil }

    /// - Throws: ``QueryError/cancelled`` or ``QueryError/timeout(_:)``.
    func check() throws(QueryError) {
        if let error = reason() { throw error }
    }

    private func reason() -> QueryError? {
        var error: QueryError?
        if isCancelled() {
            error = .cancelled
        } else if let deadline, let timeout, now() >= deadline {
            error = .timeout(timeout)
        }
        if let error { willStop(error) }
        return error
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
