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

    /// A label set that is looked at, made or put away costs as much as some forty values.
    static let labelsWork = 40

    init(_ interruption: Interruption) { self.interruption = interruption }

    /// - Parameter work: How many values were, or are about to be, looked at.
    /// - Throws: ``QueryError/cancelled`` or ``QueryError/timeout(_:)``.
    @inline(__always) mutating func pass(_ work: Int = 1) throws(QueryError) {
        self.work &+= work
        if self.work >= Self.workMax { try look() }
    }

    @inline(never) private mutating func look() throws(QueryError) {
        work = 0
        try interruption.check()
    }
}

extension Array {
    /// In the order that `precedes` tells; of a million elements that takes a tenth of a second and more, within which
    /// the query can be stopped.
    /// - Parameter work: As a comparison counts for the checkpoint.
    func sorted(
        _ checkpoint: inout Checkpoint, work: Int = 1, by precedes: (Element, Element) -> Bool
    ) throws(QueryError) -> [Element] {
        // A sort passes on what its comparison throws, whatever it is.
        do {
            return try sorted {
                try checkpoint.pass(work)
                return precedes($0, $1)
            }
        } catch let error as QueryError {
            throw error
        } catch {
            preconditionFailure("a comparison throws errors of the query alone")
        }
    }
}
