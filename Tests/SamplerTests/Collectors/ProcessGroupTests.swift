import Model
import TestSupport
import Testing

@testable import Sampler

/// The series of process groups over scripted time.
@Suite struct ProcessGroupTests {
    private let host = WrittenHost()

    private func write(_ pid: Int, _ name: String, cpu: Int = 0, resident: Int = 0, start: Int = 100, io: Int? = nil) {
        host.write(
            "proc/\(pid)/stat",
            "\(pid) (\(name)) S 1 1 1 0 -1 0 0 0 0 0 \(cpu) 0 0 0 20 0 2 0 \(start) 1000 \(resident) 7")
        host.write("proc/\(pid)/status", "Uid:\t0\t0\t0\t0\n")
        if let io { host.write("proc/\(pid)/io", "read_bytes: \(io)\nwrite_bytes: 0\n") }
    }

    private func loop() -> SamplingLoop {
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\n")
        return SamplingLoop(host: host.host, options: Fixtures.only("process"), calls: Fixtures.calls)
    }

    /// Values by metric and name; stale markers are left out.
    private func tick(_ loop: inout SamplingLoop, _ look: Int) -> [String: [String: Double]] {
        let batch = loop.sample(
            at: Timestamp(milliseconds: Int64(look) * 10_000), monotonicNanoseconds: UInt64(look) * 10_000_000_000)
        var values: [String: [String: Double]] = [:]
        for sample in batch.groups.flatMap(\.samples) where !sample.value.isStaleMarker {
            let labels = loop.catalog.labels[sample.series.index]
            if let metric = labels.metricName, let name = labels["name"] {
                values[metric, default: [:]][name] = sample.value
            }
        }
        return values
    }

    private let cpu = "process_group_cpu_seconds_total"

    @Test func aGroupAddsUpItsProcesses() {
        write(10, "web", cpu: 1000, resident: 5, io: 70)
        write(11, "web", cpu: 500, resident: 7, io: 30)
        write(12, "db", cpu: 0, resident: 100)
        var loop = loop()
        let first = tick(&loop, 1)
        // Counters begin with the agent, not with the processes.
        #expect(first[cpu] == ["web": 0, "db": 0, "(other)": 0])
        #expect(first["process_group_memory_bytes"] == ["web": 12 * 4096, "db": 100 * 4096, "(other)": 0])
        #expect(first["process_group_processes"] == ["web": 2, "db": 1, "(other)": 0])
        #expect(first["process_group_threads"] == ["web": 4, "db": 2, "(other)": 0])
        // The database's I/O is denied.
        #expect(first["process_group_io_read_bytes_total"] == ["web": 0])
        write(10, "web", cpu: 1100, resident: 5, io: 75)
        host.remove("proc/11/stat")
        let second = tick(&loop, 2)
        #expect(second[cpu] == ["web": 1, "db": 0, "(other)": 0])
        #expect(second["process_group_io_read_bytes_total"] == ["web": 5])
        // Its end takes nothing away.
        host.remove("proc/10/stat")
        let third = tick(&loop, 3)
        #expect(third[cpu]?["web"] == 1 && third["process_group_processes"]?["web"] == 0)
        #expect(third["process_group_memory_bytes"]?["web"] == 0)
    }

    @Test func aNewGroupBeginsWithNothingSoThatNoUseIsLost() {
        write(10, "old", resident: 5)
        var loop = loop()
        _ = tick(&loop, 1)
        write(20, "quick", cpu: 300, start: 900)
        #expect(tick(&loop, 2)[cpu]?["quick"] == 0)
        host.remove("proc/20/stat")
        #expect(tick(&loop, 3)[cpu]?["quick"] == 3)
    }

    /// Shown and not shown, every tick is in one series' increase.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func theIncreasesOfAllSeriesAreAllThatWasUsed(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var used = [Int](repeating: 0, count: 120)
        for pid in used.indices { write(pid + 10, "p\(pid)", cpu: 0, resident: pid % 7) }
        var loop = loop()
        var last: [String: Double] = [:]
        var increase = 0.0
        var total = 0
        for look in 1...60 {
            let values = tick(&loop, look)[cpu] ?? [:]
            #expect(values.count <= ProcessGroups.shownCountMax + 1, "seed \(seed)")
            for (name, value) in values {
                if let before = last[name] {
                    #expect(value >= before, "seed \(seed): \(name)")
                    increase += value - before
                }
            }
            last = values
            // The last two looks are quiet, so that what new ones hold back comes out.
            for _ in 0..<(look > 57 ? 0 : 20) {
                let pid = Int.random(in: 0..<(look / 20 + 1) * 40, using: &random)
                let ticks = Int.random(in: 1...90, using: &random)
                used[pid] += ticks
                total += ticks
                write(pid + 10, "p\(pid)", cpu: used[pid], resident: pid % 7)
            }
        }
        #expect((increase * 100).rounded() == Double(total), "seed \(seed)")
    }

    @Test func aGroupStaysForAWhileAfterItWasLarge() {
        for pid in 1...12 { write(pid, "big\(pid)", resident: 1000 + pid) }
        write(50, "small", resident: 1)
        var loop = loop()
        #expect(tick(&loop, 1)["process_group_memory_bytes"]?["small"] == nil)
        write(50, "small", resident: 5000)
        #expect(tick(&loop, 2)["process_group_memory_bytes"]?["small"] == Double(5000 * 4096))
        write(50, "small", resident: 1)
        var lastShown = 2
        for look in 3...60 where tick(&loop, look)["process_group_memory_bytes"]?["small"] != nil { lastShown = look }
        #expect(lastShown == 2 + ProcessGroups.lingerLooks)
    }

    @Test func namesWithoutEndAreNotSeriesWithoutEnd() {
        var loop = loop()
        for look in 1...60 {
            for pid in 1...12 { write(pid, "x\(look)-\(pid)", cpu: look * 100, resident: 1, start: look * 100) }
            _ = tick(&loop, look)
        }
        let names = Set(loop.catalog.labels.filter { $0.metricName == cpu }.compactMap { $0["name"] })
        #expect((200...203).contains(names.count))
    }

    @Test func aProcessCalledAsTheRestIsPartOfIt() {
        write(10, "(other)", cpu: 5, resident: 500)
        var loop = loop()
        _ = tick(&loop, 1)
        write(10, "(other)", cpu: 105, resident: 500)
        let values = tick(&loop, 2)
        #expect(values[cpu] == ["(other)": 1])
        #expect(values["process_group_memory_bytes"] == ["(other)": 500 * 4096])
    }
}
