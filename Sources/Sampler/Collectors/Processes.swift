import Model

/// The processes that matter at a moment, as a ``ProcessFrame``: the union of the largest by CPU and by I/O since the
/// look before, and by resident memory. No series are made for processes; the store makes them out of frames.
///
/// Cost: one stat a process (6 µs). /proc/pid/io is read only where there may be news: of processes that used CPU, did
/// I/O lately or are shown, and of one in six of the others, so that I/O without a tick of CPU is seen within a minute.
///
/// A process that was shown for one of its sizes keeps its place until another is larger by a quarter, so that two of
/// nearly one size do not take turns.
struct ProcessCollector: Collector {
    static let families: [MetricFamily] = []

    private let host: HostRoot
    private let ticksPerSecond: UInt32
    private let pageBytes: UInt64
    private let limit: Int
    private var directory: ProcessDirectory?
    private var memory: KernelFile
    private var figures = MemoryFigures()
    private var users: UserNames
    private var buffer = [UInt8](repeating: 0, count: 4096)
    private var pids: [Int32] = []
    /// Ascending by pid.
    private var tracked: [TrackedProcess] = []
    /// The list of the look before, kept for its storage.
    private var spare: [TrackedProcess] = []
    private var lastLook: UInt64?
    private var lookCount = 0

    /// Of how many looks one reads the I/O of an idle process: a minute at 10 s.
    private static let idleRound = 6

    init(_ surroundings: Surroundings) {
        host = surroundings.host
        ticksPerSecond = surroundings.calls.ticksPerSecond
        pageBytes = surroundings.calls.pageBytes
        limit = min(max(surroundings.options.topProcesses, 1), 100)
        memory = KernelFile("\(host.procfs)/meminfo", keepsOpen: host.isLive, endsAtShortRead: true)
        users = UserNames(rootfs: host.rootfs)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        try memory.refresh()
        figures.read(memory.scanner)
        let processes: ProcessDirectory
        // A recorded tree may be exchanged as a whole between two looks.
        if let directory, host.isLive { processes = directory } else { processes = try ProcessDirectory(host.procfs) }
        directory = processes
        try processes.list(into: &pids)
        try look(processes)
        users.refresh()
        select()

        var frame = ProcessFrame(
            time: scrape.time, elapsedMilliseconds: 0, memoryTotalBytes: figures[.total] ?? 0,
            ticksPerSecond: ticksPerSecond, processes: [])
        if let lastLook, scrape.monotonicNanoseconds > lastLook {
            frame.elapsedMilliseconds = Int64(clamping: (scrape.monotonicNanoseconds - lastLook) / 1_000_000)
        }
        for index in tracked.indices where !tracked[index].reasons.isEmpty {
            if let record = record(of: index, processes) { frame.processes.append(record) }
        }
        lastLook = scrape.monotonicNanoseconds
        lookCount += 1
        scrape.frame = frame
    }

    /// Reads every process and joins it with what was known of it, by one walk along two lists in order of pid.
    private mutating func look(_ processes: ProcessDirectory) throws(CollectorError) {
        swap(&tracked, &spare)
        tracked.removeAll(keepingCapacity: true)
        var old = 0
        var previousPid: Int32 = 0
        for pid in pids where pid != previousPid {
            previousPid = pid
            let count = processes.read(pid, "stat", into: &buffer)
            guard count > 0 else {
                try ProcessCollector.check(count, pid)
                continue
            }
            guard let stat = ProcessStat(ByteScanner(buffer.span.extracting(0..<count))) else { continue }
            while old < spare.count, spare[old].pid < pid { old += 1 }
            let isKnown = old < spare.count && spare[old].pid == pid && spare[old].startTicks == stat.startTicks
            var process = isKnown ? spare[old] : TrackedProcess(pid: pid, isNew: lastLook != nil)
            process.update(stat, isFirstLook: lastLook == nil)
            if process.needsIO(isFirstLook: lastLook == nil)
                || (Int(pid) + lookCount) % ProcessCollector.idleRound == 0
            {
                readIO(of: &process, processes)
            }
            tracked.append(process)
        }
    }

    /// A process that vanished or is hidden is passed over; anything else (no descriptors, say) ends the look.
    private static func check(_ count: Int, _ pid: Int32) throws(CollectorError) {
        guard count < 0 else { return }
        let error = CollectorError(code: Int32(-count), attempt: "read /proc/\(pid)/stat")
        if error.reason != .missing && error.reason != .permission { throw error }
    }

    private mutating func readIO(of process: inout TrackedProcess, _ processes: ProcessDirectory) {
        let count = processes.read(process.pid, "io", into: &buffer)
        process.hasFreshIO = true
        // Denied without the right to trace the process, on most hosts for all but the agent's own.
        let io = count > 0 ? ProcessStat.blockIO(ByteScanner(buffer.span.extracting(0..<count))) : nil
        process.updateIO(io, isFirstLook: lastLook == nil)
    }

    /// Sets the reasons for which each process is shown.
    private mutating func select() {
        var cpu = LargestSelection(limit: limit)
        var memory = LargestSelection(limit: limit)
        var io = LargestSelection(limit: limit)
        for index in tracked.indices {
            let process = tracked[index]
            cpu.offer(process.favoured(process.cpuDelta, .cpu), index)
            memory.offer(process.favoured(process.residentPages, .memory), index)
            io.offer(process.favoured(process.ioDelta, .io), index)
        }
        for index in tracked.indices { tracked[index].reasons = [] }
        for item in cpu.items { tracked[item.index].reasons.insert(.cpu) }
        for item in memory.items { tracked[item.index].reasons.insert(.memory) }
        for item in io.items { tracked[item.index].reasons.insert(.io) }
    }

    /// Nil for a process that ended during the look.
    private mutating func record(of index: Int, _ processes: ProcessDirectory) -> ProcessRecord? {
        var process = tracked[index]
        if !process.hasFreshIO {
            readIO(of: &process, processes)
            tracked[index] = process
        }
        guard let user = user(of: process.pid, processes) else { return nil }
        return ProcessRecord(
            pid: process.pid, startTicks: process.startTicks, name: process.name, username: users.name(of: user),
            cpuTicks: process.cpuTicks, cpuTicksSinceLast: lastLook == nil ? 0 : process.cpuDelta,
            residentBytes: process.residentPages.multipliedReportingOverflow(by: pageBytes).partialValue,
            readBytes: process.io?.read, writeBytes: process.io?.written, threads: process.threads)
    }

    /// The effective user: on procfs the owner of the process's directory (1 µs), in a recorded tree from `status`.
    /// psutil shows the real user; they differ for set-user-id programs only, where top and ps show this one.
    private mutating func user(of pid: Int32, _ processes: ProcessDirectory) -> UInt32? {
        if host.isLive { return processes.owner(of: pid) }
        let count = processes.read(pid, "status", into: &buffer)
        return count > 0 ? ProcessStat.effectiveUser(ByteScanner(buffer.span.extracting(0..<count))) : nil
    }
}

/// What is known of a process from one look to the next.
struct TrackedProcess {
    let pid: Int32
    /// Whether it began after the first look, so that all of its use falls into what was looked at.
    private let isNew: Bool
    private(set) var startTicks: UInt64 = 0
    private(set) var name = ""
    private(set) var cpuTicks: UInt64 = 0
    /// Since the look before; at the first look, since the process began.
    private(set) var cpuDelta: UInt64 = 0
    private(set) var residentPages: UInt64 = 0
    private(set) var threads: UInt32 = 0
    /// Nil where it is unknown or denied.
    private(set) var io: (read: UInt64, written: UInt64)?
    /// Bytes read and written between the two latest readings of its I/O.
    private(set) var ioDelta: UInt64 = 0
    private var isDenied = false
    private var wasSeen = false
    var hasFreshIO = false
    var reasons: FrameReasons = []

    init(pid: Int32, isNew: Bool) {
        self.pid = pid
        self.isNew = isNew
    }

    mutating func update(_ stat: ProcessStat, isFirstLook: Bool) {
        let countsAll = !wasSeen && (isNew || isFirstLook)
        let before = countsAll || !wasSeen ? 0 : cpuTicks
        cpuDelta = stat.cpuTicks - min(before, stat.cpuTicks)
        startTicks = stat.startTicks
        name = stat.name
        cpuTicks = stat.cpuTicks
        residentPages = stat.residentPages
        threads = stat.threads
        hadIO = ioDelta > 0
        ioDelta = 0
        hasFreshIO = false
        wasSeen = true
    }

    private var hadIO = false

    func needsIO(isFirstLook: Bool) -> Bool {
        isFirstLook || (!isDenied && (cpuDelta > 0 || hadIO || !reasons.isEmpty))
    }

    mutating func updateIO(_ now: (read: UInt64, written: UInt64)?, isFirstLook: Bool) {
        isDenied = now == nil
        if let now {
            // What an old process did before its first reading is not of this interval; at the first look, all counts.
            let before = io ?? (isNew || isFirstLook ? (0, 0) : now)
            ioDelta = (now.read - min(before.read, now.read)) &+ (now.written - min(before.written, now.written))
        }
        io = now
    }

    /// A size with the advantage of a process that is shown for it already.
    func favoured(_ size: UInt64, _ reason: FrameReasons) -> UInt64 {
        reasons.contains(reason) ? size &+ size / 4 : size
    }
}
