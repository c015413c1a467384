/// What the process collector reads of proc_pid_stat(5) and proc_pid_io(5).
struct ProcessStat {
    var startTicks: UInt64 = 0
    /// The letter of its state; nil where it is none.
    var state: UInt8?
    var parent: Int32 = 0
    var cpuTicks: UInt64 = 0
    /// CPU time of children that it waited for, and of theirs.
    var childTicks: UInt64 = 0
    var residentPages: UInt64 = 0
    var threads: UInt32 = 0
    var name = ""
    /// Where a name of the kernel's own threads belongs to many: `kworker` of `kworker/0:1`. Else the name.
    var groupName = ""

    /// PF_KTHREAD (include/linux/sched.h).
    private static let kernelThread: UInt64 = 0x20_0000
    /// PF_WQ_WORKER (include/linux/sched.h).
    private static let workqueueWorker: UInt64 = 0x20

    /// Nil where the line is cut short or of another form.
    init?(_ text: consuming ByteScanner) {
        // The name is anything, brackets, blanks and line ends included, between the first "(" and the last ")".
        guard text.number() != nil, text.skip(UInt8(ascii: " ")), text.skip(UInt8(ascii: "(")) else { return nil }
        let nameStart = text.offset
        // The kernel prints names of up to 63 bytes, and no later field holds a bracket.
        let window = nameStart..<min(nameStart + 64, text.all.upperBound)
        guard let nameEnd = text.lastPlace(of: UInt8(ascii: ")"), in: window) else { return nil }
        text.move(to: nameEnd + 1)
        text.skipBlanks()
        if let letter = text.next, (65...90).contains(letter) || (97...122).contains(letter) { state = letter }
        // Fields 3 … 8: state, parent, group, session, terminal, foreground group.
        guard text.skipWords(1), let parent = text.number(), text.skipWords(4), let flags = text.number(),
            text.skipWords(4), let user = text.number(), let system = text.number(),
            let childUser = text.number(), let childSystem = text.number(), text.skipWords(2),
            let threads = text.number(), text.skipWords(1), let start = text.number(), text.skipWords(1)
        else { return nil }
        self.parent = Int32(exactly: parent) ?? 0
        cpuTicks = user &+ system
        childTicks = childUser &+ childSystem
        startTicks = start
        self.threads = UInt32(clamping: threads)
        // Negative for a moment on some kernels, whose per-processor counts do not add up yet.
        residentPages = text.number() ?? 0
        let end =
            flags & ProcessStat.workqueueWorker == 0
            ? nameEnd : ProcessStat.endOfWorkerName(text, nameStart..<nameEnd)
        name = text.text(in: nameStart..<end)
        groupName = name
        if flags & ProcessStat.kernelThread != 0 {
            groupName = text.text(in: nameStart..<ProcessStat.endOfThreadGroup(text, nameStart..<end))
        }
    }

    /// Threads of the kernel that there is one of for each processor, device or queue: `ksoftirqd/3`, `jbd2/sda1-8`.
    private static func endOfThreadGroup(_ text: borrowing ByteScanner, _ name: Range<Int>) -> Int {
        let bytes = text.bytes(in: name)
        let end = bytes.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
        return name.lowerBound + (end.map { max($0, 1) } ?? bytes.count)
    }

    /// Workers of the kernel's work queues are named after what they do at the moment, `kworker/0:1-events`. That would
    /// make one process many series; the part before the hyphen stays.
    private static func endOfWorkerName(_ text: borrowing ByteScanner, _ name: Range<Int>) -> Int {
        let bytes = text.bytes(in: name)
        let end = bytes.firstIndex { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        return name.lowerBound + (end ?? bytes.count)
    }

    /// The bytes of /proc/pid/io that reached the block layer; nil where the lines are missing.
    static func blockIO(_ text: consuming ByteScanner) -> (read: UInt64, written: UInt64)? {
        var read: UInt64?
        var written: UInt64?
        while !text.isAtEnd {
            if text.skip("read_bytes:") {
                read = text.number()
            } else if text.skip("write_bytes:") {
                written = text.number()
            }
            text.skipLine()
        }
        guard let read, let written else { return nil }
        return (read, written)
    }

    /// The memory in swap that /proc/pid/status tells, in bytes; nil for the kernel's own threads.
    static func swapBytes(_ text: consuming ByteScanner) -> UInt64? {
        while !text.isAtEnd {
            if text.skip("VmSwap:") {
                guard let kilobytes = text.number() else { return nil }
                let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
                return overflow ? nil : bytes
            }
            text.skipLine()
        }
        return nil
    }

    /// The effective user of /proc/pid/status; nil where the line is missing.
    static func effectiveUser(_ text: consuming ByteScanner) -> UInt32? {
        while !text.isAtEnd {
            if text.skip("Uid:") {
                guard text.skipWords(1), let user = text.number() else { return nil }
                return UInt32(exactly: user)
            }
            text.skipLine()
        }
        return nil
    }
}
