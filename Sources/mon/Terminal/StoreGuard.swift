import Glibc

/// What happens when LMDB meets a page that it cannot digest: it follows a wild pointer, divides by nothing or gives
/// up, and the kernel ends the process with a signal. Then a line on standard error names the store and what to do, and
/// the process ends with exit code 5.
///
/// A Swift trap (SIGILL, SIGTRAP) is a bug of this program, in most places not the store's: such a process ends as it
/// would. Only where the guarded thread reads or writes the store, a record that nobody foresaw is the likely cause,
/// and the same is done.
///
/// A full disk is no damage: a map of a file that has no room for what is written to it ends a process with SIGBUS,
/// too. That is told as what it is, with exit code 1, and does not count against the store.
///
/// The handler uses nothing but write(2), open(2), fsync(2), statvfs(3), pthread_self(3) and _exit(2), on memory that
/// was filled before.
enum StoreGuard {
    /// The line, and the path of the file that counts how often it happened; both NUL-terminated, both never freed.
    nonisolated(unsafe) private static var message: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var messageBytes = 0
    /// What is guarded, and the line for a disk without room.
    nonisolated(unsafe) private static var storePath: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var fullMessage: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var fullMessageBytes = 0
    nonisolated(unsafe) private static var counterPath: UnsafeMutablePointer<CChar>?
    /// The thread that installed it, and whether that works on the store just now: a command does so to its end.
    nonisolated(unsafe) private static var thread = pthread_t()
    nonisolated(unsafe) private static var isInStore = false

    /// - Parameters:
    ///   - path: the data folder.
    ///   - counter: gets a byte more each time; nil where nobody counts.
    static func install(for path: String, counter: String? = nil) {
        install(
            path,
            "mon: \(path): a page of the store is damaged and ended this program; `mon db check --data \(path)` tells "
                + "what it costs, `mon db salvage -o NEW --data \(path)` saves the rest\n", counter)
    }

    /// - Parameter path: a file that `mon snapshot` made.
    static func install(forSnapshot path: String) {
        install(
            path,
            "mon: \(path): a page of it is damaged and ended this program; make the snapshot anew, or save the rest "
                + "with `mon db salvage -o NEW --db \(path)`\n", nil)
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

    private static func install(_ path: String, _ text: String, _ counter: String?) {
        guard ProgramRole.isProgram else { return }
        unsafe thread = pthread_self()
        // A daemon, whose deaths are counted, says when it does.
        unsafe isInStore = counter == nil
        // strdup's copies live until the process ends.
        unsafe message = strdup(text)
        unsafe messageBytes = text.utf8.count
        unsafe storePath = strdup(path)
        let full = "mon: \(path): its disk is full, which ended this program; free space on that file system\n"
        unsafe fullMessage = strdup(full)
        unsafe fullMessageBytes = full.utf8.count
        unsafe counterPath = counter.flatMap { unsafe strdup($0) }
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { StoreGuard.end($0) }
        // SA_NODEFER | SA_RESETHAND, of which the latter does not fit into what C calls an int: a second fault in the
        // handler ends the process as any would.
        action.sa_flags = Int32(bitPattern: 0xc000_0000)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGABRT] { unsafe sigaction(signal, &action, nil) }
        // Returning takes the trap again, without a handler.
        unsafe action.__sigaction_handler.sa_handler = { signal in
            if unsafe StoreGuard.isInStore && pthread_equal(StoreGuard.thread, pthread_self()) != 0 {
                StoreGuard.end(signal)
            }
        }
        for signal in [SIGILL, SIGTRAP] { unsafe sigaction(signal, &action, nil) }
    }

    /// Whether the disk below a path has no room for a page.
    static func isDiskFull(_ path: UnsafePointer<CChar>) -> Bool {
        var status = statvfs()
        // The kernel fills the structure.
        guard unsafe statvfs(path, &status) == 0 else { return false }
        return UInt64(geteuid() == 0 ? status.f_bfree : status.f_bavail) * UInt64(status.f_frsize) < 65_536
    }

    private static func end(_ signal: Int32) -> Never {
        if signal == SIGBUS, let path = unsafe storePath, unsafe isDiskFull(path), let text = unsafe fullMessage {
            _ = unsafe write(STDERR_FILENO, text, fullMessageBytes)
            _exit(1)
        }
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
