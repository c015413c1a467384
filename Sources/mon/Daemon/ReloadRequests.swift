import Glibc
import Server
import Synchronization

/// Wishes of other threads that the configuration be read again, which the thread that records answers.
final class ReloadRequests: Sendable {
    private struct State {
        var waiting: [Answer] = []
        var isClosed = false
    }

    /// What one thread waits for and another gives.
    private final class Answer: Sendable {
        private let text = Mutex<String?>(nil)
        private let ends: (read: Int32, write: Int32)

        /// Nil where the process has no descriptor left.
        init?() {
            var pair: [Int32] = [0, 0]
            // pipe(2) writes two numbers into the array.
            guard unsafe Glibc.pipe(&pair) == 0 else { return nil }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends = (pair[0], pair[1])
        }

        deinit {
            Glibc.close(ends.read)
            Glibc.close(ends.write)
        }

        func give(_ problem: String?) {
            text.withLock { $0 = problem }
            var byte: UInt8 = 0
            // One byte of a variable that lives for the call.
            _ = unsafe Glibc.write(ends.write, &byte, 1)
        }

        func await() -> String? {
            var byte: UInt8 = 0
            // One byte into a variable that lives for the call.
            while unsafe Glibc.read(ends.read, &byte, 1) < 0 && errno == EINTR {}
            return text.withLock { $0 }
        }
    }

    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// - Parameter wake: has the thread that records call ``answer(_:)``.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    /// Waits for an answer; not to be called by the thread that gives it.
    /// - Returns: what was wrong; nil where the configuration was taken over.
    func ask() -> String? {
        guard let answer = Answer() else { return "the process has no descriptor left; try again" }
        let isClosed = state.withLock { state in
            if !state.isClosed { state.waiting.append(answer) }
            return state.isClosed
        }
        if isClosed { return "the agent is stopping" }
        wake()
        return answer.await()
    }

    /// Has `reload` run once where somebody waits for it, and tells them what came of it.
    func answer(_ reload: () -> String?) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        if waiting.isEmpty { return }
        let problem = reload()
        for one in waiting { one.give(problem) }
    }

    /// Nobody answers from now on.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.give("the agent is stopping") }
    }
}
