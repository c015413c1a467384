import Glibc
import Model

/// The processes that matter at a moment, as a ``ProcessFrame``: the union of the largest by CPU and by I/O since the
/// look before, and by resident memory. No series are made for processes; the store makes them out of frames. All
/// processes by name are series: ``ProcessGroups``.
///
/// Cost: a stat a process, 3 µs where its descriptor is kept, else 7. /proc/pid/io is read only where there may be
/// news: of processes that used CPU, did I/O lately or are shown, and of one in six of the others, so that I/O without
/// a tick of CPU is seen within a minute.
///
/// A process that was shown for one of its sizes keeps its place until another is larger by a quarter, so that two of
/// nearly one size do not take turns.
///
/// While memory is short (``MemoryAlarm``), a frame is taken at the ticks between as well.
struct ProcessCollector: Collector {
    static let families = ProcessGroups.families

    private let host: HostRoot
    private var options: SamplerOptions
    private let ticksPerSecond: UInt32
    private let pageBytes: UInt64
    private var directory: ProcessDirectory?
    private var figures = MemoryFigures()
    private var alarm: MemoryAlarm
    private var bootTime: BootTime
    private var users: UserNames
    private var buffer = [UInt8](repeating: 0, count: 4096)
    private var pids: [Int32] = []
    private var table = ProcessTable()
    private var groups: ProcessGroups
    private var lastLook: UInt64?
    private var lookCount = 0
    /// Whether the descriptors of all processes' I/O are kept, and not only of the shown ones: half of what reading it
    /// costs is opening it.
    private var keepsIdleFiles = false
    /// The refusal of a process' I/O that was met last, and the look that met it.
    private var refusal: (code: Int32, look: Int)?

    /// Of how many looks one reads the I/O of an idle process: a minute at 10 s.
    private static let idleRound = 6

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.topProcesses = all.topProcesses
        own.recordsCommandLines = all.recordsCommandLines
        own.recordsProcessDetails = all.recordsProcessDetails
    }

    init(_ surroundings: Surroundings) {
        host = surroundings.host
        options = surroundings.options
        ticksPerSecond = surroundings.calls.ticksPerSecond
        pageBytes = surroundings.calls.pageBytes
        alarm = MemoryAlarm(host)
        bootTime = BootTime(host)
        users = UserNames(rootfs: host.rootfs)
        groups = ProcessGroups(ticksPerSecond: ticksPerSecond, pageBytes: pageBytes)
    }

    /// What is shown of processes is of no matter to the counters of their groups, which go on.
    mutating func adopt(_ options: SamplerOptions) -> Bool {
        if options.recordsCommandLines != self.options.recordsCommandLines {
            for index in table.processes.indices { table.processes[index].details = ProcessDetails() }
        }
        self.options = options
        return true
    }

    /// How many processes count as the largest by each of their sizes.
    private var limit: Int { min(max(options.topProcesses, 1), 100) }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        try scrape.files.memory.refresh()
        figures.read(scrape.files.memory.scanner)
        watchMemory(&scrape)
        try takeFrame(into: &scrape)
        groups.emit(into: &scrape)
    }

    mutating func collectBetween(into scrape: inout Scrape) throws(CollectorError) {
        // The frames tell of shares of the memory, so its size has to be known.
        guard lastLook != nil else { return }
        if alarm.needsFigures {
            try scrape.files.memory.refresh()
            figures.read(scrape.files.memory.scanner)
        }
        watchMemory(&scrape)
        if alarm.isOn { try takeFrame(into: &scrape) }
    }

    private mutating func watchMemory(_ scrape: inout Scrape) {
        let remark = alarm.update(figures, monotonicNanoseconds: scrape.monotonicNanoseconds)
        if let remark { scrape.remarks.append(remark) }
    }

    private mutating func takeFrame(into scrape: inout Scrape) throws(CollectorError) {
        let processes: ProcessDirectory
        // A recorded tree may be exchanged as a whole between two looks.
        if let directory, host.isLive { processes = directory } else { processes = try ProcessDirectory(host.procfs) }
        directory = processes
        try processes.list(into: &pids)
        try look(processes)
        select()
        for index in table.processes.indices
        where !table.processes[index].reasons.isEmpty && !table.processes[index].hasFreshIO {
            readIO(of: index, processes)
        }
        table.count(into: &groups)
        users.refresh()

        var frame = ProcessFrame(
            time: scrape.time, elapsedMilliseconds: 0, memoryTotalBytes: figures[.total] ?? 0,
            ticksPerSecond: ticksPerSecond, bootSeconds: bootTime.seconds(at: lookCount), processes: [])
        if let lastLook, scrape.monotonicNanoseconds > lastLook {
            frame.elapsedMilliseconds = Int64(clamping: (scrape.monotonicNanoseconds - lastLook) / 1_000_000)
        }
        for index in table.processes.indices where !table.processes[index].reasons.isEmpty {
            if let record = record(of: index, processes) { frame.processes.append(record) }
        }
        table.finish()
        if let refusal {
            // One lack of one right, however many processes there are: counted once a look, and told once.
            let error = CollectorError(code: refusal.code, attempt: "read the I/O of other users' processes")
            if refusal.look == lookCount {
                scrape.partialErrors.append(error)
            } else {
                scrape.lastingErrors.append(error)
            }
        }
        lastLook = scrape.monotonicNanoseconds
        lookCount += 1
        scrape.frame = frame
    }

    /// Reads every process and joins it with what was known of it, then the I/O of those that may have done some.
    private mutating func look(_ processes: ProcessDirectory) throws(CollectorError) {
        table.begin()
        var filesLeft = host.isLive ? ProcessCollector.filesMax : 0
        keepsIdleFiles = 2 * pids.count <= filesLeft
        var previousPid: Int32 = 0
        for pid in pids where pid != previousPid {
            previousPid = pid
            var file: Descriptor?
            let count: Int
            if filesLeft > 0 {
                file = table.statFile(of: pid)
                count = processes.read(pid, "stat", by: &file, into: &buffer)
                filesLeft -= 1
            } else {
                count = processes.read(pid, "stat", into: &buffer)
            }
            guard count > 0 else {
                try ProcessCollector.check(count, pid)
                continue
            }
            guard let stat = ProcessStat(ByteScanner(buffer.span.extracting(0..<count))) else { continue }
            table.see(pid, stat, file: file)
        }
        table.settle()
        for index in table.processes.indices
        where table.processes[index].needsIO(isFirstLook: table.isFirstLook)
            || (Int(table.processes[index].pid) + lookCount) % ProcessCollector.idleRound == 0
        {
            readIO(of: index, processes)
        }
    }

    /// Descriptors that are kept of processes. Each takes a page of the kernel's memory, and they are no more than a
    /// quarter of what this process may have.
    private static var filesMax: Int {
        var limit = rlimit()
        // The kernel fills the structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(min(limit.rlim_cur / 4, 512))
    }

    /// A process that vanished or is hidden is passed over; anything else (no descriptors, say) ends the look.
    private static func check(_ count: Int, _ pid: Int32) throws(CollectorError) {
        guard count < 0 else { return }
        let error = CollectorError(code: Int32(-count), attempt: "read /proc/\(pid)/stat")
        if error.reason != .missing && error.reason != .permission { throw error }
    }

    private mutating func readIO(of index: Int, _ processes: ProcessDirectory) {
        let pid = table.processes[index].pid
        let count: Int
        if host.isLive, keepsIdleFiles || !table.processes[index].reasons.isEmpty {
            var file = table.processes[index].ioFile
            count = processes.read(pid, "io", by: &file, into: &buffer)
            table.processes[index].ioFile = file
        } else {
            table.processes[index].ioFile = nil
            count = processes.read(pid, "io", into: &buffer)
        }
        // Denied without the right to trace the process, on most hosts for all but the agent's own.
        if count == -Int(EACCES) || count == -Int(EPERM) { refusal = (Int32(-count), lookCount) }
        let io = count > 0 ? ProcessStat.blockIO(ByteScanner(buffer.span.extracting(0..<count))) : nil
        table.processes[index].updateIO(io, isFirstLook: table.isFirstLook)
    }

    /// Sets the reasons for which each process is shown.
    private mutating func select() {
        var cpu = LargestSelection(limit: limit)
        var memory = LargestSelection(limit: limit)
        var io = LargestSelection(limit: limit)
        for index in table.processes.indices {
            // Field by field: a copy of a process counts its strings and descriptors up and down.
            cpu.offer(table.processes[index].favoured(.cpu), index)
            memory.offer(table.processes[index].favoured(.memory), index)
            io.offer(table.processes[index].favoured(.io), index)
        }
        for index in table.processes.indices { table.processes[index].reasons = [] }
        for item in cpu.items { table.processes[item.index].reasons.insert(.cpu) }
        for item in memory.items { table.processes[item.index].reasons.insert(.memory) }
        for item in io.items { table.processes[item.index].reasons.insert(.io) }
    }

    /// Nil for a process that ended during the look.
    private mutating func record(of index: Int, _ processes: ProcessDirectory) -> ProcessRecord? {
        let pid = table.processes[index].pid
        let isThere = table.processes[index].details.refresh(
            pid, look: lookCount, processes, isLive: host.isLive, readsCommand: options.recordsCommandLines, &buffer)
        let process = table.processes[index]
        guard isThere, let user = process.details.user else { return nil }
        var record = ProcessRecord(
            pid: pid, startTicks: process.startTicks, name: process.name, username: users.name(of: user),
            cpuTicks: process.cpuTicks, cpuTicksSinceLast: lastLook == nil ? 0 : process.cpuDelta,
            residentBytes: process.residentPages.multipliedReportingOverflow(by: pageBytes).partialValue,
            readBytes: process.io?.read, writeBytes: process.io?.written, threads: process.threads,
            state: process.state, cgroup: process.details.cgroup, command: process.details.command)
        if options.recordsProcessDetails {
            record.openFiles = processes.openFileCount(of: pid)
            let count = processes.read(pid, "status", into: &buffer)
            record.swapBytes = count > 0 ? ProcessStat.swapBytes(ByteScanner(buffer.span.extracting(0..<count))) : nil
        }
        return record
    }
}
