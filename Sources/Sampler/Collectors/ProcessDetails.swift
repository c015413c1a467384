/// What is read of a process only once it is shown: who and where it is. It hardly ever changes, so it is read at the
/// first two looks at which the process is shown (a service is put into its control group just after it began), when
/// its name changes, and at one look of 32 after that.
struct ProcessDetails {
    private(set) var user: UInt32?
    /// As ``ControlGroups/shownPath(_:)`` has it; nil where it cannot be read.
    private(set) var cgroup: String?
    /// Nil where none is to be recorded, where there is none, and where it cannot be read.
    private(set) var command: String?
    private var readings = 0

    private static let round = 32

    /// Has all read again: the process runs another program.
    mutating func expire() { readings = 0 }

    /// - Returns: false for a process that ended.
    mutating func refresh(
        _ pid: Int32, look: Int, _ processes: ProcessDirectory, isLive: Bool, readsCommand: Bool,
        _ buffer: inout [UInt8]
    ) -> Bool {
        if readings >= 2, (Int(pid) + look) % ProcessDetails.round != 0 { return true }
        readings += 1
        // On procfs the owner of the process's directory (1 µs) is its effective user, in a recorded tree `status`
        // tells. psutil shows the real user; they differ for set-user-id programs only, where top and ps show this one.
        if isLive {
            user = processes.owner(of: pid)
        } else {
            let count = processes.read(pid, "status", into: &buffer)
            user = count > 0 ? ProcessStat.effectiveUser(ByteScanner(buffer.span.extracting(0..<count))) : nil
        }
        guard user != nil else { return false }
        var count = processes.read(pid, "cgroup", into: &buffer)
        cgroup = count > 0 ? ControlGroups.shownGroup(ByteScanner(buffer.span.extracting(0..<count))) : nil
        guard readsCommand else { return true }
        count = processes.read(pid, "cmdline", into: &buffer)
        command = count > 0 ? CommandLineText.shown(buffer.span.extracting(0..<count)) : nil
        return true
    }
}
