import Glibc
import Model
import Testing

@testable import Sampler

/// This machine, whatever it is.
@Suite struct LiveHostTests {
    @Test func twoTicksAreSane() throws {
        var loop = SamplingLoop(host: .live)
        let now = ClockReading.now()
        let first = loop.sample(at: now.wall, monotonicNanoseconds: now.monotonicNanoseconds)
        let second = loop.sample(
            at: Timestamp(milliseconds: now.wall.milliseconds + 10_000),
            monotonicNanoseconds: now.monotonicNanoseconds + 10_000_000_000)
        let catalog = loop.catalog
        let counters = Set(catalog.families.filter { $0.kind == .counter }.map(\.name))
        var before: [SeriesHandle: Double] = [:]
        for sample in first.groups.flatMap(\.samples) { before[sample.series] = sample.value }
        for sample in second.groups.flatMap(\.samples) where !sample.value.isStaleMarker {
            let labels = catalog.labels[sample.series.index]
            let name = try #require(labels.metricName)
            // An unknown speed is -1 Mbit/s to the kernel; clocks and sensors may be on either side of zero.
            let isSigned = name == "network_speed_bytes" || name.hasPrefix("clock_") || name.hasPrefix("hwmon_")
            #expect(sample.value.isFinite && (sample.value >= 0 || isSigned), "\(labels)")
            // The kernel's idle and iowait may go back a tick.
            if counters.contains(name), let earlier = before[sample.series], labels["mode"] == nil {
                #expect(sample.value >= earlier, "\(labels)")
            }
            if name.hasSuffix("_percent") { #expect(sample.value <= 100, "\(labels)") }
        }
        var file = KernelFile("/proc/meminfo", keepsOpen: false)
        try file.refresh()
        var text = file.scanner
        _ = text.word()
        let kilobytes = text.number() ?? 0
        #expect(second.value("memory_total_bytes", catalog) == Double(kilobytes) * 1024)
        let frame = try #require(second.frame)
        #expect(frame.processes.contains { $0.pid == getpid() } || frame.processes.count >= 20)
        #expect(frame.processes.count <= 60)
        #expect(frame.elapsedMilliseconds == 10_000)
        let order = frame.processes.map(\.pid)
        #expect(order == order.sorted() && Set(order).count == order.count)
    }

    @Test func netlinkAndTheTextTablesCountTheSameListeners() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(listener >= 0)
        defer { close(listener) }
        #expect(listen(listener, 1) == 0)
        // A host may refuse netlink; then there is nothing to compare.
        guard let diagnostics = try? SocketDiagnostics(), let counts = try? diagnostics.countTCP() else { return }
        #expect(counts.counts[9] >= 1)
        // A second dump over the same socket.
        #expect(try diagnostics.countTCP().counts[9] >= 1)
    }

    @Test func identity() {
        let identity = HostIdentity(of: Fixtures.host("two-ticks/1"))
        #expect(identity.bootID == "3170a412-7abd-41fb-a8a2-05537460cc39")
        #expect(identity.hostName == "vm")
        #expect(identity.bootTime == Timestamp(milliseconds: 1_795_570_974_000))
        #expect(HostIdentity(of: HostRoot(procfs: "/nowhere")) == HostIdentity(bootID: "", bootTime: nil, hostName: ""))
        #expect(!HostIdentity(of: .live).bootID.isEmpty)
    }

    @Test func theSleepEndsAtItsTime() {
        let end = ClockReading.now().monotonicNanoseconds + 2_000_000
        #expect(ClockReading.sleep(untilMonotonicNanoseconds: end))
        #expect(ClockReading.now().monotonicNanoseconds >= end)
    }

    @Test func aFileThatFailsIsOpenedAgain() throws {
        let host = WrittenHost()
        host.write("proc/x", "one")
        var file = KernelFile(host.host.procfs + "/x", keepsOpen: true)
        try file.refresh()
        #expect(file.openDescriptor != nil)
        let big = [UInt8](repeating: 65, count: 20_000)
        host.write("proc/x", bytes: big)
        try file.refresh()
        same(file.scanner.all.count, 20_000)
        // The kernel forbids to read a directory: the file is closed, and found again when it is one again.
        var missing = KernelFile(host.host.procfs, keepsOpen: true)
        #expect(throws: CollectorError.self) { try missing.refresh() }
        same(missing.openDescriptor == nil && missing.scanner.isAtEnd, true)
        var gone = KernelFile(host.host.procfs + "/y", keepsOpen: true)
        #expect(try gone.refreshIfPresent() == false)
        host.write("proc/y", "2")
        #expect(try gone.refreshIfPresent())
    }
}
