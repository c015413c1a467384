import Model

/// What the processes of each name use together, as counters that never fall while the agent runs.
///
/// The number of series is bounded: shown are the groups that are largest by CPU, by memory and by I/O, each for a
/// while (``lingerLooks``) after it was last among them; everything else is the group `(other)`. What a group uses is
/// counted for itself while it is shown, and for `(other)` while it is not, so that a sum over all groups is what the
/// host's processes used, and no use is in two of them.
///
/// A counter that appears brings no increase for what came before it. So a group that is shown anew begins with what it
/// had before the look, and shows what the look brought with the next.
struct ProcessGroups {
    /// What one look adds to a group.
    struct Use {
        var cpuTicks: UInt64 = 0
        var readBytes: UInt64 = 0
        var writtenBytes: UInt64 = 0
        var knowsIO = false
        var residentPages: UInt64 = 0
        var threads: UInt64 = 0
    }

    private struct Group {
        var name: String
        /// Counted for the group itself, those of ``pending`` not yet.
        var total = Use()
        /// Counted since the series were last written.
        var pending = Use()
        /// Ticks that were counted once too often and are taken off what comes.
        var overdraft: UInt64 = 0
        /// Lately used, newer use counting more: what is shown is chosen by them.
        var recentTicks: UInt64 = 0
        var recentBytes: UInt64 = 0
        var processes: UInt64 = 0
        var residentPages: UInt64 = 0
        var threads: UInt64 = 0
        var knowsIO = false
        var isShown = false
        /// Whether it was written with the scrape before.
        var isLive = false
        /// Looks since it was among the largest, or had a process.
        var looksOut = 0
        var looksEmpty = 0
        /// Made when it is first shown.
        var series: Series?

        init(name: String) { self.name = name }

        /// What is pending is counted from now on.
        mutating func settle() {
            total.add(pending)
            pending = Use()
        }
    }

    private var groups: [Group] = []
    private var places: [String: Int] = [:]
    private var free: [Int] = []
    private var other = Group(name: ProcessGroups.otherName)
    private var newNamesLeft = ProcessGroups.newNamesMax
    private var looksSinceName = 0
    private let ticksPerSecond: Double
    private let pageBytes: Double

    static let otherName = "(other)"
    /// How many groups count as the largest by each of CPU, memory and I/O. A guess: hosts have some thirty names that
    /// ever use anything, and a series costs a few bytes an hour while nothing changes.
    static let largestCount = 12
    /// So long a group stays shown: five minutes at 10 s, PromQL's lookback.
    static let lingerLooks = 30
    /// Groups that are shown at most, `(other)` not among them.
    static let shownCountMax = 40
    /// Groups without a process whose counters are kept, in case they come back: those of cron jobs.
    private static let emptyCountMax = 256
    /// Names that may be shown for the first time in one go, and in how many looks one more may. Programs that give
    /// each process a name of its own would else make series without end: so it is 288 a day.
    private static let newNamesMax = 200
    private static let newNameLooks = 30

    init(ticksPerSecond: UInt32, pageBytes: UInt64) {
        self.ticksPerSecond = Double(ticksPerSecond)
        self.pageBytes = Double(pageBytes)
    }

    // MARK: - Counting

    /// The place of the group of that name, valid as long as it has a process.
    mutating func place(of name: String) -> Int {
        if let place = places[name] { return place }
        let place: Int
        if let last = free.popLast() {
            place = last
            groups[place] = Group(name: name)
        } else {
            place = groups.count
            groups.append(Group(name: name))
        }
        places[name] = place
        return place
    }

    /// Begins a look.
    mutating func begin() {
        for place in groups.indices {
            groups[place].processes = 0
            groups[place].residentPages = 0
            groups[place].threads = 0
            groups[place].recentTicks -= groups[place].recentTicks / 8
            groups[place].recentBytes -= groups[place].recentBytes / 8
        }
    }

    /// Adds a process of the group at `place`.
    mutating func add(_ use: Use, to place: Int) {
        var ticks = use.cpuTicks
        if groups[place].overdraft > 0 {
            let taken = min(ticks, groups[place].overdraft)
            groups[place].overdraft -= taken
            ticks -= taken
        }
        groups[place].processes += 1
        groups[place].residentPages &+= use.residentPages
        groups[place].threads &+= use.threads
        groups[place].knowsIO = groups[place].knowsIO || use.knowsIO
        groups[place].pending.cpuTicks &+= ticks
        groups[place].pending.readBytes &+= use.readBytes
        groups[place].pending.writtenBytes &+= use.writtenBytes
        // Far below overflow, whatever bytes a file holds.
        groups[place].recentTicks += min(ticks, 1 << 40) * 8
        groups[place].recentBytes += min(use.readBytes, 1 << 48) + min(use.writtenBytes, 1 << 48)
    }

    /// Has so many ticks taken off what the group uses next.
    mutating func overdraw(_ ticks: UInt64, for place: Int) { groups[place].overdraft &+= ticks }

    /// Ends a look: forgets groups that have been empty for longest, where they are many.
    mutating func end() {
        looksSinceName += 1
        if looksSinceName >= ProcessGroups.newNameLooks {
            looksSinceName = 0
            newNamesLeft = min(newNamesLeft + 1, ProcessGroups.newNamesMax)
        }
        var empty: [Int] = []
        for place in groups.indices {
            groups[place].looksOut += 1
            groups[place].looksEmpty = groups[place].processes > 0 ? 0 : groups[place].looksEmpty + 1
            if groups[place].looksEmpty > 0, !groups[place].isShown, places[groups[place].name] == place {
                empty.append(place)
            }
        }
        guard empty.count > ProcessGroups.emptyCountMax else { return }
        empty.sort { groups[$0].looksEmpty > groups[$1].looksEmpty }
        for place in empty.prefix(empty.count - ProcessGroups.emptyCountMax / 2) {
            other.pending.add(groups[place].pending)
            places[groups[place].name] = nil
            groups[place] = Group(name: "")
            free.append(place)
        }
    }

    // MARK: - What is shown

    /// Chooses what is shown, and writes it.
    mutating func emit(into scrape: inout Scrape) {
        markLargest()
        dismiss()
        (other.processes, other.residentPages, other.threads) = (0, 0, 0)
        for place in groups.indices {
            if groups[place].isShown {
                let isNew = !groups[place].isLive
                if !isNew { groups[place].settle() }
                ProcessGroups.write(&groups[place], ticksPerSecond, pageBytes, into: &scrape)
                if isNew { groups[place].settle() }
                groups[place].isLive = true
            } else {
                groups[place].isLive = false
                other.pending.add(groups[place].pending)
                groups[place].pending = Use()
                other.processes += groups[place].processes
                other.residentPages &+= groups[place].residentPages
                other.threads &+= groups[place].threads
                other.knowsIO = other.knowsIO || groups[place].knowsIO
            }
        }
        other.settle()
        if other.series == nil { other.series = Series(name: other.name) }
        ProcessGroups.write(&other, ticksPerSecond, pageBytes, into: &scrape)
    }

    private mutating func markLargest() {
        var cpu = LargestSelection(limit: ProcessGroups.largestCount)
        var memory = LargestSelection(limit: ProcessGroups.largestCount)
        var io = LargestSelection(limit: ProcessGroups.largestCount)
        for place in groups.indices where groups[place].name != ProcessGroups.otherName {
            let isFavoured = groups[place].isShown
            func favoured(_ size: UInt64) -> UInt64 { isFavoured ? size &+ size / 4 : size }
            cpu.offer(favoured(groups[place].recentTicks), place)
            memory.offer(favoured(groups[place].residentPages), place)
            io.offer(favoured(groups[place].recentBytes), place)
        }
        for item in cpu.items + memory.items + io.items {
            if groups[item.index].series == nil {
                guard newNamesLeft > 0 else { continue }
                newNamesLeft -= 1
                groups[item.index].series = Series(name: groups[item.index].name)
            }
            groups[item.index].isShown = true
            groups[item.index].looksOut = 0
        }
    }

    /// Hides what has not been among the largest for long, and the longest out where too many are shown.
    private mutating func dismiss() {
        var shown = groups.indices.filter { groups[$0].isShown }
        for place in shown where groups[place].looksOut > ProcessGroups.lingerLooks { groups[place].isShown = false }
        shown.removeAll { !groups[$0].isShown }
        guard shown.count > ProcessGroups.shownCountMax else { return }
        shown.sort { (groups[$0].looksOut, $0) < (groups[$1].looksOut, $1) }
        for place in shown.dropFirst(ProcessGroups.shownCountMax) { groups[place].isShown = false }
    }

    private static func write(
        _ group: inout Group, _ ticksPerSecond: Double, _ pageBytes: Double, into scrape: inout Scrape
    ) {
        // Taken out and put back, so that the series are changed in place.
        guard var series = group.series.take() else { return }
        scrape.emit(&series.cpu, Double(group.total.cpuTicks) / ticksPerSecond)
        scrape.emit(&series.memory, Double(group.residentPages) * pageBytes)
        scrape.emit(&series.threads, Double(group.threads))
        scrape.emit(&series.processes, Double(group.processes))
        if group.knowsIO {
            scrape.emit(&series.read, Double(group.total.readBytes))
            scrape.emit(&series.written, Double(group.total.writtenBytes))
        }
        group.series = series
    }

    /// What a test compares with its model: all that was counted for a name, shown or not, and what it was counted too
    /// often.
    func counted(_ name: String) -> (use: Use, overdraft: UInt64)? {
        guard let place = places[name] else { return nil }
        var use = groups[place].total
        use.add(groups[place].pending)
        return (use, groups[place].overdraft)
    }

    /// The sum over all groups.
    var countedInAll: (use: Use, overdraft: UInt64) {
        var use = other.total
        use.add(other.pending)
        var overdraft: UInt64 = 0
        for group in groups {
            use.add(group.total)
            use.add(group.pending)
            overdraft &+= group.overdraft
        }
        return (use, overdraft)
    }
}

extension ProcessGroups.Use {
    /// Adds the counters of another.
    mutating func add(_ use: ProcessGroups.Use) {
        cpuTicks &+= use.cpuTicks
        readBytes &+= use.readBytes
        writtenBytes &+= use.writtenBytes
    }
}

extension ProcessGroups {
    static let families: [MetricFamily] = [
        .counter(
            "process_group_cpu_seconds_total", unit: "seconds",
            "CPU time that processes of the name used while the agent ran, short-lived children with their parents."),
        .gauge(
            "process_group_memory_bytes", unit: "bytes",
            "Resident memory of all processes of the name; what they share is counted for each."),
        .gauge("process_group_threads", "Threads of all processes of the name."),
        .gauge("process_group_processes", "Processes of the name."),
        .counter(
            "process_group_io_read_bytes_total", unit: "bytes",
            "Bytes that processes of the name had read from storage while the agent ran."),
        .counter(
            "process_group_io_write_bytes_total", unit: "bytes",
            "Bytes that processes of the name had written to storage while the agent ran."),
    ]

    /// The series of one group.
    private struct Series {
        var cpu: NamedSeries
        var memory: NamedSeries
        var threads: NamedSeries
        var processes: NamedSeries
        var read: NamedSeries
        var written: NamedSeries

        init(name: String) {
            let labels: KeyValuePairs = ["name": name]
            cpu = NamedSeries("process_group_cpu_seconds_total", labels)
            memory = NamedSeries("process_group_memory_bytes", labels)
            threads = NamedSeries("process_group_threads", labels)
            processes = NamedSeries("process_group_processes", labels)
            read = NamedSeries("process_group_io_read_bytes_total", labels)
            written = NamedSeries("process_group_io_write_bytes_total", labels)
        }
    }
}
