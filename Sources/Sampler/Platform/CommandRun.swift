import CLinux
import Glibc
import Synchronization

/// Runs a program and takes what it writes: without a shell, with a small environment, in a process group of its own
/// that is killed when the time is over, and when the program has ended.
final class CommandRun: Sendable {
    /// How a run ended.
    struct Result: Sendable {
        /// As a shell tells it: the exit status, 128 and the number of the signal that ended it, or 127 where it could
        /// not be started.
        var status: Int32
        var output: [UInt8] = []
        /// The first line of what it wrote to standard error.
        var complaint = ""
        var problem: CollectorError?
    }

    private let arguments: [String]
    /// As messages call it.
    private let what: String
    private let timeoutMilliseconds: Int64
    /// The process group while there is one.
    private let group = Mutex<Int32>(0)

    static let outputBytesMax = 1 << 20
    private static let complaintBytesMax = 200
    /// How often is looked whether a program has ended whose output has not.
    private static let lookMilliseconds: Int32 = 100

    /// - Parameter what: What messages call it; the program where that is nil.
    init(_ arguments: [String], timeoutMilliseconds: Int64, what: String? = nil) {
        self.arguments = arguments
        self.what = what ?? arguments[0]
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Ends a run that is under way.
    func stop() { killGroup() }

    private func killGroup() {
        group.withLock { group in if group > 0 { kill(-group, SIGKILL) } }
    }

    private var attempt: String { "run \(what)" }

    /// Runs it and waits for its end, at most as long as it may take.
    func run() -> Result {
        let deadline = ClockReading.nanoseconds(of: CLOCK_MONOTONIC) &+ UInt64(timeoutMilliseconds) * 1_000_000
        var (pid, output, complaints) = (Int32(0), Int32(-1), Int32(-1))
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        // The words end with nil and live for the call; the program has copies.
        let code = unsafe mon_spawn(&words, &pid, &output, &complaints)
        unsafe words.forEach { unsafe free($0) }
        if code < 0 {
            // Not "missing" or "permission", which a host may lack: that this runs was asked for.
            let found = CollectorError(code: -code, attempt: attempt).found
            return Result(status: 127, problem: CollectorError(.system, attempt: attempt, found: found))
        }
        defer {
            close(output)
            close(complaints)
        }
        group.withLock { $0 = pid }
        var result = Result(status: 0)
        read(pid, output, complaints, until: deadline, into: &result)
        if result.problem == nil, !hasEnded(pid, before: deadline) { result.problem = timeout }
        let (status, signal) = end(pid)
        result.status = signal == 0 ? status : 128 + signal
        if result.problem == nil, result.status != 0 {
            let words = result.complaint.isEmpty ? "" : ": \(result.complaint)"
            let end = signal == 0 ? "it exited \(status)" : "it was ended by signal \(signal)"
            result.problem = CollectorError(.system, attempt: attempt, found: end + words)
        }
        return result
    }

    private var timeout: CollectorError {
        CollectorError(.timeout, attempt: attempt, found: "not ended after \(timeoutMilliseconds) ms; it was killed")
    }

    /// Reads both pipes to their ends; where the program has ended and others hold them, what there is in them. Its
    /// group is then killed, and who has left that is not waited for.
    private func read(
        _ pid: Int32, _ output: Int32, _ complaints: Int32, until deadline: UInt64, into result: inout Result
    ) {
        var open = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
        open.append(pollfd(fd: complaints, events: Int16(POLLIN), revents: 0))
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var complaint: [UInt8] = []
        defer {
            let line = complaint.prefix { $0 != 10 }
            result.complaint = String(decoding: line, as: UTF8.self)
        }
        while open.contains(where: { $0.fd >= 0 }) {
            guard let rest = Deadline.millisecondsLeft(until: deadline) else {
                result.problem = timeout
                return
            }
            // Looked at before the pipes are: what it wrote before its end is then in them.
            let isOver = mon_has_exited(pid) != 0
            if isOver { killGroup() }
            // The array has as many structures as it says; a negative descriptor is passed over.
            let ready = unsafe poll(&open, nfds_t(open.count), isOver ? 0 : min(rest, CommandRun.lookMilliseconds))
            if ready < 0, errno != EINTR { return }
            if ready == 0, isOver { return }
            if ready <= 0 { continue }
            for place in open.indices where open[place].fd >= 0 && open[place].revents != 0 {
                // The kernel writes at most the array's count.
                let count = unsafe buffer.withUnsafeMutableBytes {
                    unsafe Glibc.read(open[place].fd, $0.baseAddress, $0.count)
                }
                if count <= 0 {
                    open[place].fd = -1
                } else if place == 1 {
                    complaint += buffer[..<min(count, CommandRun.complaintBytesMax - complaint.count)]
                } else if result.output.count + count > CommandRun.outputBytesMax {
                    result.problem = .malformed(
                        "what \(what) writes", "more than \(CommandRun.outputBytesMax) bytes")
                    return
                } else {
                    result.output += buffer[..<count]
                }
            }
        }
    }

    /// Waits until the program itself has ended; its remains stay for ``end(_:)``.
    private func hasEnded(_ pid: Int32, before deadline: UInt64) -> Bool {
        while true {
            let code = mon_has_exited(pid)
            if code != 0 { return true }
            guard let rest = Deadline.millisecondsLeft(until: deadline) else { return false }
            // Nearly always it has ended when its output has. What waits without looking, pidfd_open(2), is not in the
            // kernels before 5.3.
            usleep(UInt32(min(rest, 5)) * 1000)
        }
    }

    /// Kills what is left of the group, and takes the program's status.
    private func end(_ pid: Int32) -> (status: Int32, signal: Int32) {
        // Before its number is free for another: the group may outlive the program.
        group.withLock { group in
            kill(-pid, SIGKILL)
            group = 0
        }
        var status: Int32 = 0
        // The kernel fills the status of our own child.
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return ((status >> 8) & 0xff, status & 0x7f)
    }
}

/// Times on CLOCK_MONOTONIC.
enum Deadline {
    /// For poll(2): at least 1; nil where the time is over.
    static func millisecondsLeft(until deadline: UInt64) -> Int32? {
        let now = ClockReading.nanoseconds(of: CLOCK_MONOTONIC)
        return now < deadline ? Int32(clamping: (deadline - now) / 1_000_000 + 1) : nil
    }
}
