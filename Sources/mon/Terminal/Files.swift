import Glibc
import TSDB

/// A file that is read from its start, or standard input.
struct InputFile: ~Copyable {
    private let descriptor: Int32
    private let name: String
    private let isOwned: Bool
    /// Bytes of a plain file; nil for what has no length.
    let byteCount: Int?

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(CommandFailure) {
        if path == "-" {
            self.init(descriptor: STDIN_FILENO, name: "standard input", isOwned: false)
            return
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw InputFile.failure("open", path) }
        self.init(descriptor: descriptor, name: path, isOwned: true)
    }

    /// - Parameter isOwned: whether the descriptor is closed with the value.
    init(descriptor: Int32, name: String, isOwned: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.isOwned = isOwned
        var status = stat()
        // The kernel fills the structure.
        let isFile = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        byteCount = isFile ? Int(status.st_size) : nil
    }

    deinit { if isOwned { close(descriptor) } }

    /// Reads on into `bytes`; 0 at the end.
    func read(into bytes: UnsafeMutableRawBufferPointer) throws(CommandFailure) -> Int {
        while true {
            // The kernel writes at most the buffer's count.
            let count = unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            if count >= 0 { return count }
            if errno != EINTR { throw InputFile.failure("read", name) }
        }
    }

    static func failure(_ operation: String, _ path: String) -> CommandFailure {
        // strerror's text is copied at once; no other thread of this process uses it between.
        CommandFailure(.failure, "cannot \(operation) \(path): \(unsafe String(cString: strerror(errno)))")
    }
}

/// A file that is written anew. Appears under its name only when it is complete; a pipe or device is written as it is.
final class OutputFile {
    private let path: String
    /// Nil where it is written as it is.
    private let file: UnfinishedFile?
    private let descriptor: Int32

    /// Whether what was there stays until ``finish()``.
    var replaces: Bool { file != nil }

    init(_ path: String) throws(CommandFailure) {
        self.path = path
        var status = stat()
        // The kernel fills the structure.
        if unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG {
            file = nil
            descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw InputFile.failure("write", path) }
            return
        }
        do throws(StoreError) {
            let file = try UnfinishedFile(path)
            (self.file, descriptor) = (file, file.descriptor)
        } catch {
            throw CommandFailure(error)
        }
    }

    deinit { if file == nil { close(descriptor) } }

    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        var done = 0
        while done < bytes.count {
            // Within the array: `done` is below its count.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw InputFile.failure("write", path) }
            done += count
        }
    }

    /// Gives the file its name.
    func finish() throws(CommandFailure) {
        do throws(StoreError) {
            try file?.finish(replacing: true)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// Another program and what it prints.
final class ChildOutput {
    private let pid: pid_t
    private let descriptor: Int32
    private let name: String
    private var status: Int32?

    /// Starts `arguments[0]`, looked for in PATH; its standard error is ours.
    /// - Parameter notFound: what to do where there is no such program.
    init(_ arguments: [String], notFound: String) throws(CommandFailure) {
        name = arguments.joined(separator: " ")
        var ends: [Int32] = [-1, -1]
        // The kernel fills two descriptors.
        guard unsafe pipe(&ends) == 0 else { throw InputFile.failure("start", name) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        // Copies that live until the child has them. No variable of ours is to change what it prints.
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        var pid: pid_t = 0
        let code = unsafe posix_spawnp(&pid, arguments[0], &actions, nil, &words, &variables)
        unsafe words.forEach { unsafe free($0) }
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            if code == ENOENT { throw CommandFailure(.failure, notFound) }
            errno = code
            throw InputFile.failure("start", name)
        }
        self.pid = pid
        descriptor = ends[0]
    }

    deinit {
        close(descriptor)
        _ = wait()
    }

    /// What it prints, from where it was read to so far.
    var output: InputFile { InputFile(descriptor: descriptor, name: name, isOwned: false) }

    /// Waits for its end; the exit code, or the number of the signal that ended it and 128.
    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while unsafe waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
        let signal = raw & 0x7f
        let code = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
        status = code
        return code
    }
}
