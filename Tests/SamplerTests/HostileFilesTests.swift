import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

/// Files of /proc that no kernel writes: nothing traps, and the values of the other collectors stay.
@Suite struct HostileFilesTests {
    private static let files = [
        "stat", "meminfo", "vmstat", "diskstats", "net/dev", "net/tcp", "loadavg", "self/statm", "1/mountinfo",
        "700/stat", "700/io", "700/status", "700/cgroup", "pressure/io", "net/snmp", "net/netstat", "net/snmp6",
        "net/sockstat",
        "net/sockstat6", "net/softnet_stat", "net/stat/nf_conntrack", "net/arp", "net/udp", "sys/fs/file-nr",
        "sys/net/netfilter/nf_conntrack_count", "sys/net/netfilter/nf_conntrack_max", "uptime",
    ]

    private func copy(_ file: String, _ host: WrittenHost) -> [UInt8] {
        let bytes = contents(of: "\(Fixtures.folder)/two-ticks/1/proc/\(file)") ?? []
        host.write("proc/\(file)", bytes: bytes)
        return bytes
    }

    @Test(arguments: files) func aFileCutAnywhereOrFlipped(_ file: String) {
        let host = WrittenHost()
        for other in HostileFilesTests.files { _ = copy(other, host) }
        var loop = SamplingLoop(host: host.host, calls: Fixtures.calls)
        let whole = copy(file, host)
        #expect(!whole.isEmpty)
        var time: Int64 = 0
        func tick() {
            // Far enough apart that no collector rests.
            time += 600_000
            let batch = loop.sample(
                at: Timestamp(milliseconds: time), monotonicNanoseconds: UInt64(time) * 1_000_000)
            let handles = batch.groups.flatMap(\.samples).map(\.series)
            #expect(Set(handles).count == handles.count)
            if file != "loadavg" {
                #expect(batch.value(#"load_average{period="1m"}"#, loop.catalog) == 0.09)
            }
        }
        tick()
        let seed: UInt64 = 3
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let end = Int.random(in: 0..<whole.count, using: &generator)
            host.write("proc/\(file)", bytes: Array(whole[..<end]))
            tick()
            var flipped = whole
            for _ in 0..<4 {
                let place = Int.random(in: 0..<whole.count, using: &generator)
                flipped[place] = UInt8.random(in: 0...255, using: &generator)
            }
            host.write("proc/\(file)", bytes: flipped)
            tick()
        }
        host.write("proc/\(file)", bytes: whole)
        tick()
        let catalog = loop.catalog
        time += 600_000
        let batch = loop.sample(at: Timestamp(milliseconds: time), monotonicNanoseconds: UInt64(time) * 1_000_000)
        for entry in CollectorRegistry.entries where entry.hasWork(SamplerOptions()) {
            let series = #"agent_collector_status{collector="\#(entry.name)"}"#
            #expect(batch.value(series, catalog) == 1, "\(entry.name) after \(file)")
        }
    }

    @Test func anEmptyHost() {
        let host = WrittenHost()
        var loop = SamplingLoop(host: host.host, calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0)
        let names = Set(batch.groups.flatMap(\.samples).compactMap { loop.catalog.labels[$0.series.index].metricName })
        // The clock needs no file, SELinux without its files is off, and where nobody writes text files none has a
        // fault.
        let others = names.filter { !$0.hasPrefix("agent_") && !$0.hasPrefix("clock_") }
        #expect(others == ["selinux_enabled", "textfile_error"])
        // What every Linux has is missed, what some lack is not.
        #expect(Set(loop.reports.map(\.collector)) == ["cpu", "memory", "filesystem", "process"])
    }

    @Test func numbersBeyondEverything() {
        let host = WrittenHost()
        let big = "18446744073709551615"
        let line = Array(repeating: big, count: 17).joined(separator: " ")
        host.write("proc/stat", "cpu  \(line)\ncpu0 \(line)\n")
        let keys = ["MemTotal", "MemFree", "MemAvailable", "Cached", "SReclaimable", "Active(file)", "Inactive(file)"]
        let lines = keys.map { "\($0): \(big)\n" }.joined()
        host.write("proc/meminfo", lines + "HugePages_Total: \(big)\nHugepagesize: \(big) kB\n")
        host.write("proc/diskstats", "8 0 sda \(line)\n")
        host.write("proc/net/dev", "\n\neth0: \(line)\n")
        host.write("proc/loadavg", "\(big) \(big) \(big)\n")
        host.write("proc/self/statm", line)
        host.write("proc/vmstat", "pswpin \(big)\npgmajfault \(big)\n")
        host.write("proc/9/stat", "9 (x) S 1 1 1 0 -1 \(line)\n")
        host.write("proc/9/status", "Uid: \(big) \(big)\n")
        host.write("proc/9/io", "read_bytes: \(big)\nwrite_bytes: \(big)\n")
        host.write("proc/1/mountinfo", "1 1 8:1 / / rw - ext4 d rw\n")
        var calls = Fixtures.calls
        calls.mountStatistics = { _ in
            .statistics(
                MountStatistics(
                    blockBytes: .max, blocks: .max, blocksFree: .max, blocksAvailable: .max, inodes: .max,
                    inodesFree: .max, isReadOnly: false))
        }
        var loop = SamplingLoop(host: host.host, calls: calls)
        for tick in 1...3 {
            let batch = loop.sample(
                at: Timestamp(milliseconds: Int64(tick) * 10_000), monotonicNanoseconds: UInt64(tick))
            for sample in batch.groups.flatMap(\.samples) where !sample.value.isStaleMarker {
                #expect(sample.value.isFinite)
            }
            host.write("proc/stat", "cpu  0 0 0 0\ncpu0 0 0 0 0\n")
        }
    }
}
