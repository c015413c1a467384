import Glibc
import Model

/// Fill level of mounted file systems: statvfs(3) of the mounts of process 1, or of our own where those cannot be read.
/// Process 1's, because a hardened agent lives in a mount namespace of its own.
///
/// Percentages are psutil's and df's, used / (used + available to users), without psutil's rounding to a decimal.
struct FilesystemCollector: Collector {
    static let families = [
        MetricFamily(
            name: "disk_usage_percent", kind: .gauge, unit: "percent",
            help: "Used share of the space that ordinary users can use, as df shows it."),
        bytes("disk_total_bytes", "Size of the file system."),
        bytes("disk_used_bytes", "Space in use."),
        bytes("disk_free_bytes", "Space that ordinary users can still use."),
        bytes("disk_reserved_bytes", "Free space that only root can use."),
        MetricFamily(name: "disk_inodes", kind: .gauge, help: "Files that the file system can hold."),
        MetricFamily(name: "disk_inodes_free", kind: .gauge, help: "Files that can still be made."),
        MetricFamily(
            name: "disk_readonly", kind: .gauge,
            help: "Whether the file system is mounted read-only, which errors can cause: 1 or 0."),
        MetricFamily(
            name: "disk_unreachable", kind: .gauge,
            help: "Whether the file system refuses to answer or has not answered in time: 1 or 0."),
    ]

    private static func bytes(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, unit: "bytes", help: help)
    }

    /// A mount and its series, in the order of the families.
    private struct Shown {
        let path: [UInt8]
        let mayBlock: Bool
        var series: [NamedSeries]
    }

    private let host: HostRoot
    private var table: KernelFile
    private var hasTable = false
    private var probe: MountProbe
    private var shown: [Shown] = []
    /// Of the mounts that may block, in order.
    private var blockingPaths: [[UInt8]] = []
    private let mountPoints: CompiledNameFilter
    private let types: CompiledNameFilter
    private let ask: @Sendable ([UInt8]) -> MountAnswer

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.mountPoints = all.mountPoints
        own.fileSystemTypes = all.fileSystemTypes
        own.mountDeadlineMilliseconds = all.mountDeadlineMilliseconds
    }

    init(_ surroundings: Surroundings) {
        host = surroundings.host
        table = KernelFile("\(host.procfs)/1/mountinfo", keepsOpen: host.isLive)
        mountPoints = CompiledNameFilter(surroundings.options.mountPoints)
        types = CompiledNameFilter(surroundings.options.fileSystemTypes)
        ask = surroundings.calls.mountStatistics
        probe = MountProbe(deadlineMilliseconds: surroundings.options.mountDeadlineMilliseconds, ask: ask)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        if !hasTable || tableMayHaveChanged() { try readTable() }
        // A hand-over to a thread and back takes 40 µs, an answer from memory less than one, so only mounts that may
        // block are handed over.
        let answers = blockingPaths.isEmpty ? [] : try probe.probe(blockingPaths)
        var next = 0
        for index in shown.indices {
            if shown[index].mayBlock {
                emit(answers[next], index, into: &scrape)
                next += 1
            } else {
                emit(ask(shown[index].path), index, into: &scrape)
            }
        }
    }

    private mutating func emit(_ answer: MountAnswer, _ index: Int, into scrape: inout Scrape) {
        var isReachable = false
        switch answer {
        case .statistics(let statistics):
            // Without blocks it is no storage, whatever its type.
            if statistics.blocks == 0 { return }
            emit(statistics, &shown[index].series, into: &scrape)
            isReachable = true
        case .failed(let code):
            // Unmounted since the table was read, or hidden from this process by the layout of its namespace.
            if code == ENOENT || code == ENOTDIR { return }
            scrape.partialErrors.append(CollectorError(code: code, attempt: attempt(index)))
        case .timedOut:
            scrape.partialErrors.append(
                CollectorError(.timeout, attempt: attempt(index), found: "no answer; the mount is left alone"))
        }
        scrape.emit(&shown[index].series[8], isReachable ? 0.0 : 1.0)
    }

    private func attempt(_ index: Int) -> String {
        "statvfs \(String(decoding: shown[index].path, as: UTF8.self))"
    }

    private func emit(_ mount: MountStatistics, _ series: inout [NamedSeries], into scrape: inout Scrape) {
        let block = Double(mount.blockBytes)
        let used = mount.blocks - min(mount.blocksFree, mount.blocks)
        // ZFS and network file systems may tell more available than free.
        let reserved = mount.blocksFree - min(mount.blocksAvailable, mount.blocksFree)
        let usable = Double(used) + Double(mount.blocksAvailable)
        scrape.emit(&series[0], usable == 0 ? 0 : Double(used) / usable * 100)
        scrape.emit(&series[1], Double(mount.blocks) * block)
        scrape.emit(&series[2], Double(used) * block)
        scrape.emit(&series[3], Double(mount.blocksAvailable) * block)
        scrape.emit(&series[4], Double(reserved) * block)
        if mount.inodes > 0 {
            scrape.emit(&series[5], Double(mount.inodes))
            scrape.emit(&series[6], Double(mount.inodesFree))
        }
        scrape.emit(&series[7], mount.isReadOnly ? 1.0 : 0.0)
    }

    /// The kernel raises POLLPRI on an open mountinfo when a mount came or went (proc_pid_mounts(5)). The poll takes
    /// 0.2 µs, printing the table 28 µs for 16 mounts.
    private func tableMayHaveChanged() -> Bool {
        guard host.isLive, let descriptor = table.openDescriptor else { return true }
        var request = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
        // One structure, as the count says. An error counts as a change.
        let ready = unsafe poll(&request, 1, 0)
        return ready != 0
    }

    private mutating func readTable() throws(CollectorError) {
        do {
            try table.refresh()
        } catch {
            guard error.reason == .permission || error.reason == .missing else { throw error }
            table = KernelFile("\(host.procfs)/self/mountinfo", keepsOpen: host.isLive)
            try table.refresh()
        }
        hasTable = true
        let mounts = MountTable.parse(table.scanner)
        let chosen = MountTable.chosen(from: mounts) { mount in
            types.shows(mount.type) && mountPoints.includes(String(decoding: mount.mountPoint, as: UTF8.self))
        }.filter { !mountPoints.excludes(String(decoding: $0.mountPoint, as: UTF8.self)) }
        shown = chosen.map { mount in
            let path = host.rootfs.isEmpty ? mount.mountPoint : Array(host.rootfs.utf8) + mount.mountPoint
            let labels: KeyValuePairs = [
                "device": deviceName(mount), "mountpoint": String(decoding: mount.mountPoint, as: UTF8.self),
                "fstype": mount.type,
            ]
            return Shown(
                path: path, mayBlock: MountTable.mayBlock(mount, among: mounts),
                series: FilesystemCollector.families.map { NamedSeries($0.name, labels) })
        }
        blockingPaths = shown.filter(\.mayBlock).map(\.path)
    }

    /// `/dev/root` is what the kernel calls the root device when no initial file system found its name; sysfs knows.
    private func deviceName(_ mount: Mount) -> String {
        guard mount.source == "/dev/root" else { return mount.source }
        var file = KernelFile("\(host.sysfs)/dev/block/\(mount.deviceNumber)/uevent", keepsOpen: false)
        guard (try? file.refresh()) != nil else { return mount.source }
        var text = file.scanner
        while !text.isAtEnd {
            if text.skip("DEVNAME=") { return "/dev/" + text.text(in: text.line()) }
            text.skipLine()
        }
        return mount.source
    }
}
