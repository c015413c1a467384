/// What is known of a process from one look to the next.
struct TrackedProcess {
    let pid: Int32
    /// Whether it began after the first look, so that all of its use falls into what was looked at.
    let isNew: Bool
    private(set) var startTicks: UInt64 = 0
    private(set) var name = ""
    private(set) var groupName = ""
    private(set) var state: UInt8?
    private(set) var parent: Int32 = 0
    private(set) var cpuTicks: UInt64 = 0
    /// Since the look before; at the first look, since the process began.
    private(set) var cpuDelta: UInt64 = 0
    /// CPU time of children that it waited for, and its growth since the look before.
    private(set) var childTicks: UInt64 = 0
    private(set) var childDelta: UInt64 = 0
    private(set) var residentPages: UInt64 = 0
    private(set) var threads: UInt32 = 0
    /// Nil where it is unknown or denied. Includes that of children that it waited for.
    private(set) var io: (read: UInt64, written: UInt64)?
    /// Bytes read and written between the two latest readings of its I/O.
    private(set) var readDelta: UInt64 = 0
    private(set) var writtenDelta: UInt64 = 0
    var ioDelta: UInt64 { readDelta &+ writtenDelta }
    private var isDenied = false
    private var wasSeen = false
    private var hadIO = false
    private(set) var hasFreshIO = false
    var reasons: FrameReasons = []
    /// Its group, valid while the group's name stays.
    var group = -1
    /// Where it is in the list of the next look; -1 while it is not found there.
    var successor = -1
    var inheritance = Inheritance()
    /// Its `stat` and `io`, kept open from one look to the next; the latter only while it is shown, unless processes
    /// are few.
    var statFile: Descriptor?
    var ioFile: Descriptor?
    var details = ProcessDetails()

    init(pid: Int32, isNew: Bool) {
        self.pid = pid
        self.isNew = isNew
    }

    mutating func update(_ stat: ProcessStat, isFirstLook: Bool) {
        let countsAll = !wasSeen && (isNew || isFirstLook)
        cpuDelta = wasSeen || countsAll ? stat.cpuTicks - min(cpuTicks, stat.cpuTicks) : 0
        childDelta = wasSeen || (countsAll && isNew) ? stat.childTicks - min(childTicks, stat.childTicks) : 0
        startTicks = stat.startTicks
        if name != stat.name || groupName != stat.groupName {
            name = stat.name
            groupName = stat.groupName
            group = -1
            details.expire()
        }
        state = stat.state
        parent = stat.parent
        cpuTicks = stat.cpuTicks
        childTicks = stat.childTicks
        residentPages = stat.residentPages
        threads = stat.threads
        hadIO = ioDelta > 0
        readDelta = 0
        writtenDelta = 0
        hasFreshIO = false
        wasSeen = true
        successor = -1
    }

    func needsIO(isFirstLook: Bool) -> Bool {
        isFirstLook || (!isDenied && (cpuDelta > 0 || hadIO || !reasons.isEmpty || inheritance.owesIO))
    }

    mutating func updateIO(_ now: (read: UInt64, written: UInt64)?, isFirstLook: Bool) {
        isDenied = now == nil
        hasFreshIO = true
        if let now {
            // What an old process did before its first reading is not of this interval; at the first look, all counts.
            let before = io ?? (isNew || isFirstLook ? (0, 0) : now)
            readDelta = now.read - min(before.read, now.read)
            writtenDelta = now.written - min(before.written, now.written)
        }
        io = now
    }

    /// A size, by its reason, with the advantage of a process that is shown for it already.
    func favoured(_ reason: FrameReasons) -> UInt64 {
        let size = reason == .cpu ? cpuDelta : reason == .memory ? residentPages : ioDelta
        return reasons.contains(reason) ? size &+ size / 4 : size
    }
}

/// What a process has yet to take over of children that ended: see ``ProcessTable``.
struct Inheritance {
    /// CPU ticks and bytes of ended children that were counted while they lived, and that its own counters of children
    /// have still to grow by.
    var owedTicks: UInt64 = 0
    var owedRead: UInt64 = 0
    var owedWritten: UInt64 = 0
    /// The part of it that has waited for a look already.
    var oldTicks: UInt64 = 0
    var oldRead: UInt64 = 0
    var oldWritten: UInt64 = 0
    /// What the look before counted for its children.
    var creditedTicks: UInt64 = 0

    var owesIO: Bool { owedRead > 0 || owedWritten > 0 }
}
