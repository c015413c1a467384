import Glibc

/// A thread that asks for mount statistics, one list after another.
///
/// Life: started with its first list; sleeps between lists; ends when its owner drops it, or, once abandoned, when the
/// call it hangs in comes back. The thread holds the state and not this object, so that dropping the object ends it.
final class ProbeWorker {
    private let state: State

    /// - Throws: where the system gives no thread.
    init(ask: @escaping @Sendable ([UInt8]) -> MountAnswer) throws(CollectorError) {
        let state = State(ask: ask)
        self.state = state
        let code = WorkerThread.start(stackBytes: 128 << 10) { state.work() }
        if code != 0 { throw CollectorError(code: code, attempt: "start a thread for statvfs") }
    }

    deinit { state.end() }

    /// Whether an abandoned worker's call has come back.
    var hasReturned: Bool { state.hasEnded }

    /// The answers for a prefix of `paths`: all of them, or those that came before the deadline. In the latter case the
    /// worker is abandoned and must not be used again.
    func run(_ paths: [[UInt8]], deadlineMilliseconds: Int64) -> [MountAnswer] {
        state.run(paths, deadlineMilliseconds: deadlineMilliseconds)
    }

    /// What the thread and its owner share, under one lock.
    @safe private final class State: @unchecked Sendable {
        // @unchecked: everything mutable is touched under `mutex` only.
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private let ask: @Sendable ([UInt8]) -> MountAnswer
        private var paths: [[UInt8]] = []
        private var answers: [MountAnswer] = []
        private var shouldEnd = false
        private var ended = false

        init(ask: @escaping @Sendable ([UInt8]) -> MountAnswer) {
            self.ask = ask
            // Both are allocated above and freed in deinit, when neither side is left.
            unsafe pthread_mutex_init(mutex, nil)
            var attributes = pthread_condattr_t()
            unsafe pthread_condattr_init(&attributes)
            // The deadline must not move with the wall clock.
            unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            unsafe pthread_cond_init(changed, &attributes)
            unsafe pthread_condattr_destroy(&attributes)
        }

        deinit {
            unsafe pthread_cond_destroy(changed)
            unsafe pthread_mutex_destroy(mutex)
            unsafe changed.deallocate()
            unsafe mutex.deallocate()
        }

        var hasEnded: Bool {
            lock()
            defer { unlock() }
            return ended
        }

        func end() {
            lock()
            shouldEnd = true
            unsafe pthread_cond_broadcast(changed)
            unlock()
        }

        func run(_ newPaths: [[UInt8]], deadlineMilliseconds: Int64) -> [MountAnswer] {
            let now = ClockReading.nanoseconds(of: CLOCK_MONOTONIC)
            let nanoseconds = now &+ UInt64(max(0, deadlineMilliseconds)) * 1_000_000
            var deadline = timespec(
                tv_sec: Int(clamping: nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            lock()
            defer { unlock() }
            paths = newPaths
            answers.removeAll(keepingCapacity: true)
            unsafe pthread_cond_broadcast(changed)
            while answers.count < paths.count {
                // `deadline` is read during the call only; the lock is held, as the call demands.
                let code = unsafe pthread_cond_timedwait(changed, mutex, &deadline)
                if code == ETIMEDOUT && answers.count < paths.count {
                    shouldEnd = true
                    break
                }
            }
            return answers
        }

        func work() {
            lock()
            while !shouldEnd {
                guard answers.count < paths.count else {
                    unsafe pthread_cond_wait(changed, mutex)
                    continue
                }
                let path = paths[answers.count]
                unlock()
                let answer = ask(path)
                lock()
                if shouldEnd { break }
                answers.append(answer)
                if answers.count == paths.count { unsafe pthread_cond_broadcast(changed) }
            }
            ended = true
            unlock()
        }

        private func lock() { unsafe pthread_mutex_lock(mutex) }

        private func unlock() { unsafe pthread_mutex_unlock(mutex) }
    }
}
