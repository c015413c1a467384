/// One process as it was seen at one tick. Identity is (`pid`, `startTicks`): a reused pid is another process.
package struct ProcessRecord: Hashable, Sendable {
    package var pid: Int32
    /// Start of the process in clock ticks since boot (proc_pid_stat(5), field 22).
    package var startTicks: UInt64
    /// Command name (comm), at most 15 bytes from the kernel.
    package var name: String
    package var username: String
    /// User and system CPU time used since the process began, in clock ticks (fields 14 and 15).
    package var cpuTicks: UInt64
    /// Clock ticks used since the sampler's look before this one; all of `cpuTicks` for a process that began since.
    package var cpuTicksSinceLast: UInt64
    package var residentBytes: UInt64
    /// Bytes that reached the block layer (proc_pid_io(5), read_bytes); nil where the kernel denies it.
    package var readBytes: UInt64?
    package var writeBytes: UInt64?
    package var threads: UInt32
    /// The letter of ps(1) for what it does, ASCII (field 3): R, S, D, Z, T, t, X, I; nil where it is unknown.
    package var state: UInt8?
    /// Its control group, shortened to what people call it; nil where it is unknown.
    package var cgroup: String?
    /// Its command line without secrets; nil where none is recorded.
    package var command: String?
    /// How many files it has open; nil where they are not counted.
    package var openFiles: UInt32?
    /// Its memory that lies in swap; nil where that is not read.
    package var swapBytes: UInt64?

    package init(
        pid: Int32, startTicks: UInt64, name: String, username: String, cpuTicks: UInt64, cpuTicksSinceLast: UInt64,
        residentBytes: UInt64, readBytes: UInt64?, writeBytes: UInt64?, threads: UInt32, state: UInt8? = nil,
        cgroup: String? = nil, command: String? = nil, openFiles: UInt32? = nil, swapBytes: UInt64? = nil
    ) {
        self.pid = pid
        self.startTicks = startTicks
        self.name = name
        self.username = username
        self.cpuTicks = cpuTicks
        self.cpuTicksSinceLast = cpuTicksSinceLast
        self.residentBytes = residentBytes
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.threads = threads
        self.state = state
        self.cgroup = cgroup
        self.command = command
        self.openFiles = openFiles
        self.swapBytes = swapBytes
    }
}

/// The processes that mattered at one tick: the union of the largest by CPU, by memory and by I/O.
/// Kept by time and not as series, so that the churn of processes is not a churn of series.
package struct ProcessFrame: Hashable, Sendable {
    package var time: Timestamp
    /// Time since the sampler's look before this one; 0 when there was none.
    package var elapsedMilliseconds: Int64
    /// The host's memory, for `process_memory_percent`.
    package var memoryTotalBytes: UInt64
    /// Clock ticks a second (sysconf(_SC_CLK_TCK)).
    package var ticksPerSecond: UInt32
    /// When the kernel started, in seconds since 1970; 0 where it is unknown. Processes' starts are counted from it.
    package var bootSeconds: Int64
    /// Ordered by pid, then start; each identity once.
    package var processes: [ProcessRecord]

    package init(
        time: Timestamp, elapsedMilliseconds: Int64, memoryTotalBytes: UInt64, ticksPerSecond: UInt32,
        bootSeconds: Int64 = 0, processes: [ProcessRecord]
    ) {
        self.time = time
        self.elapsedMilliseconds = elapsedMilliseconds
        self.memoryTotalBytes = memoryTotalBytes
        self.ticksPerSecond = ticksPerSecond
        self.bootSeconds = bootSeconds
        self.processes = processes
    }
}
