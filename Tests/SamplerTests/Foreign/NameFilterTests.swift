import Model
import Testing

@testable import Sampler

/// What a configuration leaves out, on the recorded host.
@Suite struct NameFilterTests {
    /// The values of a label among the series of a metric in one pass.
    private func shown(
        _ metric: String, _ label: String, _ collector: String, _ change: (inout SamplerOptions) -> Void
    ) -> [String] {
        var options = Fixtures.only(collector)
        change(&options)
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/2"), options: options, calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        let catalog = loop.catalog
        return batch.groups.flatMap(\.samples).map { catalog.labels[$0.series.index] }
            .filter { $0.metricName == metric }.compactMap { $0[label] }.sorted()
    }

    @Test(arguments: [
        (NameFilter(), ["br-lan", "eth0", "eth1", "ifb1", "lo"]),
        (NameFilter(exclude: "lo|eth.*"), ["br-lan", "ifb1"]),
        (NameFilter(exclude: "eth"), ["br-lan", "eth0", "eth1", "ifb1", "lo"]),
        (NameFilter(include: "eth.|veth.*"), ["eth0", "eth1", "veth12ab"]),
        (NameFilter(include: "eth.", exclude: "eth1"), ["eth0"]), (NameFilter(include: "none"), []),
    ]) func networkDevices(_ filter: NameFilter, _ expected: [String]) {
        #expect(shown("network_receive_bytes_total", "device", "network") { $0.networkDevices = filter } == expected)
    }

    @Test func settingsOfNetworkDevices() {
        var options = Fixtures.only("network_devices")
        options.networkDevices = NameFilter(exclude: "lo")
        var loop = SamplingLoop(host: Fixtures.host("two-ticks"), options: options, calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        #expect(batch.value(#"network_up{device="eth0"}"#, loop.catalog) == 1)
        #expect(batch.value(#"network_up{device="lo"}"#, loop.catalog) == nil)
    }

    @Test(arguments: [
        (NameFilter(), ["loop1", "vda", "vda1", "zram0"]), (NameFilter(exclude: "vda[0-9]+|zram.*"), ["loop1", "vda"]),
        (NameFilter(include: "loop.*"), ["loop0", "loop1"]),
    ]) func disks(_ filter: NameFilter, _ expected: [String]) {
        #expect(shown("disk_io_read_bytes_total", "device", "disk_io") { $0.diskDevices = filter } == expected)
    }

    @Test func fileSystems() {
        func points(_ change: (inout SamplerOptions) -> Void) -> [String] {
            shown("disk_unreachable", "mountpoint", "filesystem", change)
        }
        #expect(points { _ in } == ["/", "/mnt/my disk", "/mnt/nas"])
        #expect(points { $0.mountPoints.exclude = "/mnt/.*" } == ["/"])
        #expect(points { $0.fileSystemTypes.exclude = "nfs4?" } == ["/", "/mnt/my disk"])
        #expect(points { $0.mountPoints.exclude = "/|/mnt/my disk" } == ["/mnt/nas"])
        let other = MountTable.chosen(
            from: [
                Mount(deviceNumber: "8:1", root: [47], mountPoint: Array("/a".utf8), type: "ext4", source: "s"),
                Mount(deviceNumber: "8:1", root: [47], mountPoint: Array("/b/c".utf8), type: "ext4", source: "s"),
            ], where: { $0.mountPoint != Array("/a".utf8) })
        #expect(other.map(\.mountPoint) == [Array("/b/c".utf8)])
    }

    /// A file system that is excluded at its own mount point does not come back by a bind mount of it; who asks for
    /// the bind mount gets that.
    @Test(arguments: [
        (NameFilter(), ["/", "/data"]), (NameFilter(exclude: "/"), ["/data"]),
        (NameFilter(include: "/run/netns|/data"), ["/data", "/run/netns"]),
        (NameFilter(include: "/run/.*", exclude: "/run/netns"), []),
    ]) func bindMounts(_ filter: NameFilter, _ expected: [String]) {
        let host = WrittenHost()
        host.write(
            "proc/1/mountinfo",
            "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /data rw - ext4 /dev/sda2 rw\n"
                + "3 1 8:1 /run/netns /run/netns rw - ext4 /dev/sda1 rw\n")
        var calls = Fixtures.calls
        calls.mountStatistics = { _ in .statistics(Fixtures.disk) }
        var options = Fixtures.only("filesystem")
        options.mountPoints = filter
        var loop = SamplingLoop(host: host.host, options: options, calls: calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        let catalog = loop.catalog
        let points = batch.groups.flatMap(\.samples).map { catalog.labels[$0.series.index] }
            .filter { $0.metricName == "disk_total_bytes" }.compactMap { $0["mountpoint"] }
        #expect(points == expected)
    }

    @Test func services() {
        func names(_ exclude: String?) -> [String] {
            var options = Fixtures.only("services", "service_detail")
            options.services.exclude = exclude
            var loop = SamplingLoop(host: Fixtures.host("container"), options: options, calls: Fixtures.calls)
            let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
            let catalog = loop.catalog
            return Set(
                batch.groups.flatMap(\.samples).compactMap { catalog.labels[$0.series.index]["service"] }
            ).sorted()
        }
        let all = names(nil)
        #expect(!all.isEmpty)
        #expect(names(".*") == [])
        #expect(names("\\Q\(all[0])\\E") == Array(all.dropFirst()))
    }
}
