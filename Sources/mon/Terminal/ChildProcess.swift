import Glibc

/// The program once more, as a process of its own: for work that may end it.
enum ChildProcess {
    /// How it ended.
    enum End: Hashable {
        case exit(Int32)
        case signal(Int32)
    }

    /// Runs the program with `arguments`; `line` gets each line of its standard output. Standard error is shared.
    /// - Throws: ``CommandFailure`` where it cannot be started.
    static func run(_ arguments: [String], line: (String) -> Void) throws(CommandFailure) -> End {
        var ends: [Int32] = [0, 0]
        // Fills both places.
        guard unsafe pipe(&ends) == 0 else { throw CommandFailure(.failure, "cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe (["mon"] + arguments).map { unsafe strdup($0) }
        unsafe words.append(nil)
        // What it needs is in its arguments; a child that dies must not wait for a backtrace.
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        var pid: pid_t = 0
        // The file actions and the words, which end with nil, live for the call; the child has copies.
        let code = unsafe posix_spawn(&pid, "/proc/self/exe", &actions, nil, &words, &variables)
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe (words + variables).forEach { unsafe free($0) }
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw CommandFailure(.failure, "cannot start a process to look at the store") }
        read(from: ends[0], line)
        var status: Int32 = 0
        // The kernel fills the status of our own child.
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? .exit((status >> 8) & 0xff) : .signal(signal)
    }

    private static func read(from descriptor: Int32, _ line: (String) -> Void) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            // The kernel writes at most the array's count.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: 10) {
                line(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeFirst(end + 1)
            }
        }
        if !pending.isEmpty { line(String(decoding: pending, as: UTF8.self)) }
    }
}
