import Glibc

/// SIGINT and SIGTERM as something a thread waits for.
enum Signals {
    /// Holds the two back from the calling thread and all that it starts. Call before any other thread exists.
    static func hold() {
        var set = Signals.ending
        // The set lives for the call.
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for one of them, which ``hold()`` has held back.
    static func wait() {
        var set = Signals.ending
        var number: Int32 = 0
        // Both live for the call; sigwait fails only for a set with numbers that do not exist.
        unsafe sigwait(&set, &number)
    }

    private static var ending: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGTERM)
        return set
    }
}
