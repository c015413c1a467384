import Glibc
import Synchronization

/// Work that may take seconds and is done again and again: each time on a thread of its own, which ends with it, and
/// never twice at once. What it brought waits until it is asked for.
///
/// A job that never comes back holds one thread, and is not begun again.
final class BackgroundJob<Outcome: Sendable>: Sendable {
    private struct State {
        var isRunning = false
        var outcome: Outcome?
    }

    private let state = Mutex(State())
    private let work: @Sendable () -> Outcome
    private let what: String

    /// - Parameter what: the work as an infinitive, for errors.
    init(_ what: String, _ work: @escaping @Sendable () -> Outcome) {
        self.what = what
        self.work = work
    }

    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// What the work brought since it was asked for last.
    func takeOutcome() -> Outcome? { state.withLock { $0.outcome.take() } }

    /// Begins the work, where it is not under way.
    /// - Throws: where the system gives no thread.
    func begin() throws(CollectorError) {
        let begins = state.withLock { state in
            if state.isRunning { return false }
            state.isRunning = true
            return true
        }
        guard begins else { return }
        let code = WorkerThread.start { [self] in
            let outcome = work()
            state.withLock { state in
                state.outcome = outcome
                state.isRunning = false
            }
        }
        if code != 0 {
            state.withLock { $0.isRunning = false }
            throw CollectorError(code: code, attempt: "start a thread to \(what)")
        }
    }
}
