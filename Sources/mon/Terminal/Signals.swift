import Glibc

/// SIGINT, SIGTERM, SIGHUP and SIGUSR1 as something a thread waits for.
enum Signals {
    enum Arrived: Hashable {
        /// SIGINT or SIGTERM.
        case ending
        /// SIGHUP.
        case reload
        /// SIGUSR1.
        case seal
        /// SIGUSR2, with which other threads wake the one that waits (``wake()``).
        case woken
        case none
    }

    /// Holds them back from the calling thread and all that it starts. Call before any other thread exists.
    /// - Parameter reloads: whether SIGHUP is one of them; else it ends the process as ever.
    static func hold(reloads: Bool = false) {
        var set = Signals.awaited
        if !reloads { unsafe sigdelset(&set, SIGHUP) }
        // The set lives for the call.
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Lets them have their usual effect again: the process ends.
    static func release() {
        var set = Signals.awaited
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Has the thread that waits look up, from any thread.
    static func wake() { kill(getpid(), SIGUSR2) }

    /// Waits for a signal that ``hold()`` has held back.
    static func wait() {
        while wait(untilMonotonicNanoseconds: .max) != .ending {}
    }

    /// Waits for a signal, or until CLOCK_MONOTONIC shows `end`.
    static func wait(untilMonotonicNanoseconds end: UInt64) -> Arrived {
        var set = Signals.awaited
        while true {
            var now = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &now)
            let current = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
            let rest = end > current ? min(end - current, 1_000_000_000_000) : 0
            var timeout = timespec(tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
            // Set and timeout live for the call, which measures the timeout on CLOCK_MONOTONIC.
            switch unsafe sigtimedwait(&set, nil, &timeout) {
            case SIGINT, SIGTERM: return .ending
            case SIGHUP: return .reload
            case SIGUSR1: return .seal
            case SIGUSR2: return .woken
            default: if rest < 1_000_000_000_000, errno == EAGAIN { return .none }
            }
        }
    }

    private static var awaited: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2] { unsafe sigaddset(&set, signal) }
        return set
    }
}
