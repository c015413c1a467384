import Glibc

/// What happens when LMDB meets a page that it cannot digest: it follows a wild pointer, divides by nothing or gives
/// up, and the kernel ends the process with a signal. Then a line on standard error names the store and what to do, and
/// the process ends with exit code 5.
///
/// The handler uses nothing but write(2), open(2), fsync(2) and _exit(2), on memory that was filled before.
enum StoreGuard {
    /// The line, and the path of the file that counts how often it happened; both NUL-terminated, both never freed.
    nonisolated(unsafe) private static var message: UnsafeMutablePointer<CChar>?
    nonisolated(unsafe) private static var messageBytes = 0
    nonisolated(unsafe) private static var counterPath: UnsafeMutablePointer<CChar>?

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

    private static func install(_ text: String, _ counter: String?) {
        guard ProgramRole.isProgram else { return }
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
