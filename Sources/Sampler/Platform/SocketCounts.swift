/// TCP sockets by state.
struct SocketCounts: Equatable {
    /// psutil's names of the states 1 … 11 of include/net/tcp_states.h, in that order.
    static let names = [
        "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
        "LAST_ACK", "LISTEN", "CLOSING",
    ]

    /// By state − 1.
    private(set) var counts = [UInt64](repeating: 0, count: names.count)

    /// Counts one socket. State 12 (NEW_SYN_RECV) is the kernel's own name for half-open connections and counts as
    /// SYN_RECV; numbers that no kernel has are passed over.
    mutating func add(state: UInt8) {
        let state = state == 12 ? 3 : Int(state)
        guard state >= 1 && state <= counts.count else { return }
        counts[state - 1] += 1
    }

    /// Counts the sockets of /proc/net/tcp or tcp6 (proc_pid_net(5)): the fourth column is the state in hexadecimal.
    /// Slow where there are many (4 ms for one socket on a machine with big tables); for where netlink is refused.
    mutating func add(tableAt path: String) throws(CollectorError) {
        var counted = self
        try LineReader.forEachLine(ofFileAt: path) { line in
            // The heading's first word does not end in a colon.
            guard let slot = line.word(), line.lastPlace(of: UInt8(ascii: ":"), in: slot) == slot.upperBound - 1,
                line.skipWords(2), let state = line.hexadecimal(), let state = UInt8(exactly: state)
            else { return }
            counted.add(state: state)
        }
        self = counted
    }
}
