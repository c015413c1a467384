import Glibc

/// What happens when LMDB meets a page that it cannot digest: it follows a wild pointer, divides by nothing or gives
/// up, and the kernel ends the process with a signal. Then a line on standard error names the store and what to do, and
/// the process ends with exit code 5.
///
/// A Swift trap (SIGILL, SIGTRAP) is a bug of this program, in most places not the store's: such a process ends as it
/// would. Only where the guarded thread reads or writes the store, a record that nobody foresaw is the likely cause,
/// and the same is done.
///
/// The handler uses nothing but write(2), open(2), fsync(2), pthread_self(3) and _exit(2), on memory that was filled
/// before.
enum StoreGuard {
    /// The line, and the path of the file that counts how often it happened; both NUL-terminated, both never freed.
    nonisolated(unsafe) private static var message: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var messageBytes = 0
    nonisolated(unsafe) private static var counterPath: UnsafeMutablePointer<CChar>?
    /// The thread that installed it, and whether that works on the store just now: a command does so to its end.
    nonisolated(unsafe) private static var thread = pthread_t()
    nonisolated(unsafe) private static var isInStore = false

    /// - Parameters:
    ///   - path: the data folder.
    ///   - counter: gets a byte more each time; nil where nobody counts.
    static func install(for path: String, counter: String? = nil) {
        install(
            "mon: \(path): a page of the store is damaged and ended this program; `mon db check --data \(path)` tells "
                + "what it costs, `mon db salvage -o NEW --data \(path)` saves the rest\n", counter)
    }

    /// - Parameter path: a file that `mon snapshot` made.
    static func install(forSnapshot path: String) {
        install("mon: \(path): a page of it is damaged and ended this program; make the snapshot anew\n", nil)
    }

    /// Runs `body`, which works on the store, on the thread that installed the guard.
    static func inStore<Value: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let before = unsafe isInStore
        unsafe isInStore = true
        defer { unsafe isInStore = before }
        return try body()
    }

    private static func install(_ text: String, _ counter: String?) {
        guard ProgramRole.isProgram else { return }
        unsafe thread = pthread_self()
        // A daemon, whose deaths are counted, says when it does.
        unsafe isInStore = counter == nil
        // strdup's copies live until the process ends.
        unsafe message = strdup(text)
        unsafe messageBytes = text.utf8.count
        unsafe counterPath = counter.flatMap { unsafe strdup($0) }
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in StoreGuard.end() }
        // SA_NODEFER | SA_RESETHAND, of which the latter does not fit into what C calls an int: a second fault in the
        // handler ends the process as any would.
        action.sa_flags = Int32(bitPattern: 0xc000_0000)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGABRT] { unsafe sigaction(signal, &action, nil) }
        // Returning takes the trap again, without a handler.
        unsafe action.__sigaction_handler.sa_handler = { _ in
            if unsafe StoreGuard.isInStore && pthread_equal(StoreGuard.thread, pthread_self()) != 0 { StoreGuard.end() }
        }
        for signal in [SIGILL, SIGTRAP] { unsafe sigaction(signal, &action, nil) }
    }

    private static func end() -> Never {
        if let counterPath = unsafe counterPath {
            let file = unsafe open(counterPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o660)
            if file >= 0, let message = unsafe message {
                _ = unsafe write(file, message, 1)
                fsync(file)
            }
        }
        if let message = unsafe message { _ = unsafe write(STDERR_FILENO, message, messageBytes) }
        _exit(5)
    }
}
