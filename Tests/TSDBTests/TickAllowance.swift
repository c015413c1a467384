import Glibc

/// Up to which tick a recorder in another process may go. It goes as fast as it can and stands still at the bound, so
/// that whoever works beside it is disturbed by so many commits at most, and comes to an end on the slowest of hosts.
/// Bounds go through a named pipe; the recorder is to end when its other side is closed, or its owner is dead.
struct TickAllowance {
    private let pipe: Int32

    private static func file(_ path: String) -> String { path + "/allowance" }

    /// The side of the one who allows.
    /// - Parameter path: a folder in which there is no other.
    init(allowingIn path: String) {
        let file = TickAllowance.file(path)
        unlink(file)
        precondition(mkfifo(file, 0o600) == 0, "\(file): mkfifo failed with \(errno)")
        // For reading too, so that it opens before the other side does; no other child may keep it open.
        pipe = open(file, O_RDWR | O_CLOEXEC)
        precondition(pipe >= 0, "\(file): open failed with \(errno)")
    }

    /// The side of the recorder.
    init(takingFrom path: String) {
        pipe = open(TickAllowance.file(path), O_RDONLY | O_CLOEXEC)
        precondition(pipe >= 0, "\(path): there is no allowance")
    }

    /// Has the recorder end.
    func end() { close(pipe) }

    /// Lets the recorder go on through `tick`.
    func allow(through tick: Int64) {
        var tick = tick
        precondition(withUnsafeBytes(of: &tick) { write(pipe, $0.baseAddress, 8) } == 8)
    }

    /// The ticks from `first` on, each when it is allowed.
    func ticks(from first: Int64) -> some Sequence<Int64> {
        sequence(state: (next: first, bound: first - 1)) { state in
            guard let bound = newest(after: state.bound, mustWait: state.next > state.bound) else { return nil }
            state.bound = bound
            defer { state.next += 1 }
            return state.next
        }
    }

    /// The newest bound; nil at the end.
    /// - Parameters:
    ///   - bound: the one known so far.
    ///   - mustWait: until there is a new one.
    private func newest(after bound: Int64, mustWait: Bool) -> Int64? {
        var bound = bound
        var timeout: Int32 = mustWait ? -1 : 0
        var ready = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, timeout) > 0 {
            guard withUnsafeMutableBytes(of: &bound, { read(pipe, $0.baseAddress, 8) }) == 8 else { return nil }
            timeout = 0
        }
        return bound
    }
}
