import Model

/// What one service uses: its files and series.
///
/// What a kernel lacks (a controller that is off, an older version) is no series, and neither is what a service that
/// just ended no longer tells.
struct ServiceUsage {
    let service: ControlGroups.Service
    private let ticksPerSecond: Double
    private let version: ControlGroups.Version
    private var cpu: KernelFile
    /// Version 1 tells of time and of throttling in two files.
    private var throttling: KernelFile
    private var memory: KernelFile
    private var inputOutput: KernelFile
    private var inputOutputCount: KernelFile

    private var user: NamedSeries
    private var system: NamedSeries
    private var throttledPeriods: NamedSeries
    private var throttledSeconds: NamedSeries
    private var memoryUsed: NamedSeries
    private var readBytes: NamedSeries
    private var writeBytes: NamedSeries
    private var readCount: NamedSeries
    private var writeCount: NamedSeries

    init(
        _ service: ControlGroups.Service, _ groups: ControlGroups, keepsOpen: Bool, ticksPerSecond: Double
    ) {
        self.service = service
        self.ticksPerSecond = ticksPerSecond
        version = groups.version
        let isTwo = groups.version == .two
        func file(_ controller: String, _ name: String) -> KernelFile {
            KernelFile(
                "\(groups.folder(service.group, controller: controller))/\(name)", keepsOpen: keepsOpen,
                endsAtShortRead: true, bytes: 1024)
        }
        cpu = file("cpuacct", isTwo ? "cpu.stat" : "cpuacct.stat")
        throttling = file("cpu", "cpu.stat")
        memory = file("memory", isTwo ? "memory.current" : "memory.usage_in_bytes")
        inputOutput = file("blkio", isTwo ? "io.stat" : "blkio.throttle.io_service_bytes")
        inputOutputCount = file("blkio", "blkio.throttle.io_serviced")
        let labels: KeyValuePairs = ["service": service.name]
        user = NamedSeries("service_cpu_seconds_total", ["service": service.name, "mode": "user"])
        system = NamedSeries("service_cpu_seconds_total", ["service": service.name, "mode": "system"])
        throttledPeriods = NamedSeries("service_cpu_throttled_periods_total", labels)
        throttledSeconds = NamedSeries("service_cpu_throttled_seconds_total", labels)
        memoryUsed = NamedSeries("service_memory_bytes", labels)
        readBytes = NamedSeries("service_io_read_bytes_total", labels)
        writeBytes = NamedSeries("service_io_write_bytes_total", labels)
        readCount = NamedSeries("service_io_read_count_total", labels)
        writeCount = NamedSeries("service_io_write_count_total", labels)
    }

    mutating func emit(into scrape: inout Scrape) throws(CollectorError) {
        switch version {
        case .one: try emitVersionOne(into: &scrape)
        case .two: try emitVersionTwo(into: &scrape)
        }
    }

    // MARK: - Version 2

    /// cpu.stat: `usage_usec`, `user_usec`, `system_usec`, `nr_throttled`, `throttled_usec`, a line each.
    private mutating func emitVersionTwo(into scrape: inout Scrape) throws(CollectorError) {
        if try cpu.refreshIfPresent() {
            var text = cpu.scanner
            while !text.isAtEnd {
                if text.skip("user_usec ") {
                    scrape.emit(&user, text.number().map { Double($0) / 1e6 })
                } else if text.skip("system_usec ") {
                    scrape.emit(&system, text.number().map { Double($0) / 1e6 })
                } else if text.skip("nr_throttled ") {
                    scrape.emit(&throttledPeriods, text.number())
                } else if text.skip("throttled_usec ") {
                    scrape.emit(&throttledSeconds, text.number().map { Double($0) / 1e6 })
                }
                text.skipLine()
            }
        }
        try emitMemory(into: &scrape)
        guard try inputOutput.refreshIfPresent() else { return }
        // `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, a line a device; without any I/O there is no line.
        var sums = InputOutput()
        var text = inputOutput.scanner
        while !text.isAtEnd {
            _ = text.word()
            text.skipBlanks()
            while let next = text.next, next != 10 {
                if text.skip("rbytes=") {
                    sums.readBytes &+= text.number() ?? 0
                } else if text.skip("wbytes=") {
                    sums.writeBytes &+= text.number() ?? 0
                } else if text.skip("rios=") {
                    sums.reads &+= text.number() ?? 0
                } else if text.skip("wios=") {
                    sums.writes &+= text.number() ?? 0
                } else if text.word() == nil {
                    break
                }
                text.skipBlanks()
            }
            text.skipLine()
        }
        emit(sums, into: &scrape)
    }

    // MARK: - Version 1

    private mutating func emitVersionOne(into scrape: inout Scrape) throws(CollectorError) {
        if try cpu.refreshIfPresent() {
            // `user 12`, `system 3`, in clock ticks.
            var text = cpu.scanner
            while !text.isAtEnd {
                if text.skip("user ") {
                    scrape.emit(&user, text.number().map { Double($0) / ticksPerSecond })
                } else if text.skip("system ") {
                    scrape.emit(&system, text.number().map { Double($0) / ticksPerSecond })
                }
                text.skipLine()
            }
        }
        if try throttling.refreshIfPresent() {
            var text = throttling.scanner
            while !text.isAtEnd {
                if text.skip("nr_throttled ") {
                    scrape.emit(&throttledPeriods, text.number())
                } else if text.skip("throttled_time ") {
                    scrape.emit(&throttledSeconds, text.number().map { Double($0) / 1e9 })
                }
                text.skipLine()
            }
        }
        try emitMemory(into: &scrape)
        var sums = InputOutput()
        guard try inputOutput.refreshIfPresent() else { return }
        (sums.readBytes, sums.writeBytes) = ServiceUsage.operations(inputOutput.scanner)
        if try inputOutputCount.refreshIfPresent() {
            (sums.reads, sums.writes) = ServiceUsage.operations(inputOutputCount.scanner)
        }
        emit(sums, into: &scrape)
    }

    /// `8:0 Read 12`, `8:0 Write 3` and more, a line a device and operation; then a line `Total`.
    private static func operations(_ text: consuming ByteScanner) -> (reads: UInt64, writes: UInt64) {
        var sums: (reads: UInt64, writes: UInt64) = (0, 0)
        while !text.isAtEnd {
            if text.word() != nil {
                text.skipBlanks()
                if text.skip("Read ") {
                    sums.reads &+= text.number() ?? 0
                } else if text.skip("Write ") {
                    sums.writes &+= text.number() ?? 0
                }
            }
            text.skipLine()
        }
        return sums
    }

    // MARK: - Both

    private struct InputOutput {
        var readBytes: UInt64 = 0
        var writeBytes: UInt64 = 0
        var reads: UInt64 = 0
        var writes: UInt64 = 0
    }

    private mutating func emit(_ sums: InputOutput, into scrape: inout Scrape) {
        scrape.emit(&readBytes, sums.readBytes)
        scrape.emit(&writeBytes, sums.writeBytes)
        scrape.emit(&readCount, sums.reads)
        scrape.emit(&writeCount, sums.writes)
    }

    private mutating func emitMemory(into scrape: inout Scrape) throws(CollectorError) {
        guard try memory.refreshIfPresent() else { return }
        var text = memory.scanner
        scrape.emit(&memoryUsed, text.number())
    }
}
