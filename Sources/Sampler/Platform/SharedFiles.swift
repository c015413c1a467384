/// The kernel files that more than one collector looks at.
struct SharedFiles {
    var memory: SharedFile
    var protocols: SharedFile
    var sockets: SharedFile
    /// A host without IPv6 has none.
    var sockets6: SharedFile

    init(_ host: HostRoot) {
        func file(_ name: String, bytes: Int) -> SharedFile {
            SharedFile("\(host.procfs)/\(name)", isLive: host.isLive, bytes: bytes)
        }
        memory = file("meminfo", bytes: 4096)
        protocols = file("net/snmp", bytes: 4096)
        sockets = file("net/sockstat", bytes: 1024)
        sockets6 = file("net/sockstat6", bytes: 1024)
    }

    /// Begins a pass, in which each file is read anew when it is first asked for.
    mutating func begin() {
        memory.expire()
        protocols.expire()
        sockets.expire()
        sockets6.expire()
    }
}

/// A kernel file that is read once in a pass, by whichever collector comes first: what several make of it is then of
/// one moment, and the kernel prints it once (/proc/net/snmp takes 12 µs). In a recorded tree it is read each time.
///
/// The kernel prints all of these in one piece.
struct SharedFile {
    private var file: KernelFile
    private let isLive: Bool
    /// Whether this kernel has it, where it was read in this pass; else nil.
    private var isPresent: Bool?

    init(_ path: String, isLive: Bool, bytes: Int) {
        self.isLive = isLive
        file = KernelFile(path, keepsOpen: isLive, endsAtShortRead: true, bytes: bytes)
    }

    var path: String { file.path }

    /// What the latest refresh read.
    var scanner: ByteScanner {
        @_lifetime(borrow self)
        get { file.scanner }
    }

    mutating func expire() { isPresent = nil }

    /// Reads the file, unless it was read in this pass; see ``KernelFile/refresh()``.
    mutating func refresh() throws(CollectorError) {
        if isPresent == true { return }
        try file.refresh()
        if isLive { isPresent = true }
    }

    /// The same; false where this kernel has none, which is remembered: see ``KernelFile/refreshIfPresent(at:)``.
    mutating func refreshIfPresent(at monotonicNanoseconds: UInt64) throws(CollectorError) -> Bool {
        if let isPresent { return isPresent }
        let found = try file.refreshIfPresent(at: monotonicNanoseconds)
        if isLive { isPresent = found }
        return found
    }
}
