/// All processes of a host from look to look, and whom what they use is counted for.
///
/// **What a process uses** between two looks is the growth of its counters, counted for the group of its name. What a
/// process used that ended in between is found in the process that waited for it: the kernel adds the whole of a child
/// that was waited for to its parent (`cutime` and `cstime` of proc_pid_stat(5); the counters of proc_pid_io(5) hold
/// both in one number). So a compiler that lived for a second is counted for the `make` that waited for it.
///
/// **Nothing is counted twice.** What was seen of a process while it lived is owed by its heir, the nearest of its
/// ancestors that still lives: that much of the heir's growth is known already. Three things can go wrong with that,
/// and each has its answer:
///
/// 1. A look is not one moment. A child that was waited for between the reading of its parent and its own is owed for
///    before the parent has grown: what is owed waits for one more look.
/// 2. Read the other way round, the parent had grown and was counted before the child was missed: what is owed and has
///    not come is taken from what the look before counted for it, as an ``ProcessGroups`` overdraft.
/// 3. The heir was another one: an orphan is taken over by the first process. What is still owed after a look is owed
/// by
///    that one. A parent that never waits (SIGCHLD ignored) owes, too, and nothing comes; a part of what the first
///    process takes over unseen is then lost.
struct ProcessTable {
    /// Ascending by pid.
    var processes: [TrackedProcess] = []
    /// The list of the look that goes on, then the storage for the next.
    private var next: [TrackedProcess] = []
    /// The latest start of all processes that were ever seen, in ticks since boot: what is new began not before it.
    private var newestStart: UInt64 = 0
    private(set) var isFirstLook = true
    /// Place in `processes` of the first that was not passed yet.
    private var cursor = 0

    /// Begins a look. One that is not finished leaves everything as it was.
    mutating func begin() {
        next.removeAll(keepingCapacity: true)
        next.reserveCapacity(processes.count + 8)
        cursor = 0
        for index in processes.indices { processes[index].successor = -1 }
    }

    /// The kept descriptor of a process; asked for in ascending order of pids.
    mutating func statFile(of pid: Int32) -> Descriptor? {
        while cursor < processes.count, processes[cursor].pid < pid { cursor += 1 }
        return cursor < processes.count && processes[cursor].pid == pid ? processes[cursor].statFile : nil
    }

    /// Enters a process; they come in ascending order of pids.
    mutating func see(_ pid: Int32, _ stat: ProcessStat, file: Descriptor? = nil) {
        while cursor < processes.count, processes[cursor].pid < pid { cursor += 1 }
        let isKnown =
            cursor < processes.count && processes[cursor].pid == pid
            && processes[cursor].startTicks == stat.startTicks
        var process =
            isKnown
            ? processes[cursor] : TrackedProcess(pid: pid, isNew: !isFirstLook && stat.startTicks >= newestStart)
        process.update(stat, isFirstLook: isFirstLook)
        process.statFile = file
        if isKnown { processes[cursor].successor = next.count }
        next.append(process)
    }

    /// Ends the list of the look: finds the heirs of those who are gone. I/O is entered after it.
    mutating func settle() {
        for index in processes.indices where processes[index].successor < 0 { bequeath(index) }
        swap(&processes, &next)
        for index in processes.indices { newestStart = max(newestStart, processes[index].startTicks) }
    }

    /// Ends the look.
    mutating func finish() { isFirstLook = false }

    // MARK: - Inheritance

    /// Deeper trees end without an heir: a guess, beyond what hosts have, so that no bytes can make a look endless.
    private static let generationCountMax = 64

    private mutating func bequeath(_ index: Int) {
        let ended = processes[index]
        var parent = ended.parent
        for _ in 0..<ProcessTable.generationCountMax {
            guard let place = ProcessTable.place(of: parent, in: processes) else { return }
            let heir = processes[place].successor
            if heir >= 0 {
                next[heir].inheritance.owedTicks &+= ended.cpuTicks &+ ended.childTicks &+ ended.inheritance.owedTicks
                if let io = ended.io {
                    next[heir].inheritance.owedRead &+= io.read &+ ended.inheritance.owedRead
                    next[heir].inheritance.owedWritten &+= io.written &+ ended.inheritance.owedWritten
                }
                return
            }
            parent = processes[place].parent
        }
    }

    private static func place(of pid: Int32, in list: [TrackedProcess]) -> Int? {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].pid < pid { low = middle + 1 } else { high = middle }
        }
        return low < list.count && list[low].pid == pid ? low : nil
    }

    // MARK: - Counting

    /// Counts what the look brought for the groups of the processes.
    mutating func count(into groups: inout ProcessGroups) {
        groups.begin()
        let first = ProcessTable.place(of: 1, in: processes)
        // The first process last: it may be owed what others did not get.
        for index in processes.indices where index != first { count(index, first, into: &groups) }
        if let first { count(first, nil, into: &groups) }
        groups.end()
    }

    private mutating func count(_ index: Int, _ first: Int?, into groups: inout ProcessGroups) {
        if processes[index].group < 0 { processes[index].group = groups.place(of: processes[index].groupName) }
        let group = processes[index].group
        var own = processes[index].inheritance
        let growth = processes[index].childDelta
        let credit = ProcessTable.settle(growth, &own.owedTicks, &own.oldTicks)
        var missing = own.owedTicks
        if own.creditedTicks > 0, missing > 0 {
            let taken = min(missing, own.creditedTicks)
            groups.overdraw(taken, for: group)
            missing -= taken
        }
        // What has waited for a look is no longer expected here.
        let late = min(missing, own.oldTicks)
        own.owedTicks = missing - late
        own.oldTicks = own.owedTicks
        own.creditedTicks = credit
        if let first, late > 0 { processes[first].inheritance.owedTicks &+= late }

        var use = ProcessGroups.Use(
            cpuTicks: isFirstLook ? 0 : processes[index].cpuDelta &+ credit,
            residentPages: processes[index].residentPages, threads: UInt64(processes[index].threads))
        if processes[index].hasFreshIO {
            use.knowsIO = processes[index].io != nil
            let read = ProcessTable.settle(processes[index].readDelta, &own.owedRead, &own.oldRead)
            let written = ProcessTable.settle(processes[index].writtenDelta, &own.owedWritten, &own.oldWritten)
            if !isFirstLook { (use.readBytes, use.writtenBytes) = (read, written) }
            // Once more, as above; a process whose I/O is denied owes nothing.
            own.owedRead = use.knowsIO ? own.owedRead - min(own.owedRead, own.oldRead) : 0
            own.owedWritten = use.knowsIO ? own.owedWritten - min(own.owedWritten, own.oldWritten) : 0
            (own.oldRead, own.oldWritten) = (own.owedRead, own.owedWritten)
        }
        processes[index].inheritance = own
        groups.add(use, to: group)
    }

    /// What is left of a growth when what is owed is taken off, the oldest first.
    private static func settle(_ growth: UInt64, _ owed: inout UInt64, _ old: inout UInt64) -> UInt64 {
        let known = min(growth, owed)
        owed -= known
        old -= min(known, old)
        return growth - known
    }
}
