import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

/// What other options change of collectors that run, and what they leave alone.
@Suite struct ReconfigurationTests {
    private let host = WrittenHost()

    private func writeProcess(cpu: Int) {
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\n")
        host.write("proc/10/stat", "10 (web) S 1 1 1 0 -1 0 0 0 0 0 \(cpu) 0 0 0 20 0 2 0 100 1000 5 7")
        host.write("proc/10/status", "Uid:\t0\t0\t0\t0\n")
        host.write("proc/10/cmdline", "web\0--port\080")
    }

    private func tick(_ loop: inout SamplingLoop, _ look: Int) -> SampleBatch {
        loop.sample(
            at: Timestamp(milliseconds: Int64(look) * 10_000), monotonicNanoseconds: UInt64(look) * 10_000_000_000)
    }

    /// Each setting of the configuration that some collectors have for their own.
    private static let settings: [(Set<String>, @Sendable (inout SamplerOptions) -> Void)] = [
        (["process"], { $0.topProcesses = 3 }),
        (["process"], { $0.recordsCommandLines = true }),
        (["process"], { $0.recordsProcessDetails = true }),
        (["filesystem"], { $0.mountDeadlineMilliseconds = 7 }),
        (["filesystem"], { $0.mountPoints.exclude = "/x" }),
        (["filesystem"], { $0.fileSystemTypes.exclude = "x" }),
        (["network", "network_devices"], { $0.networkDevices.include = "eth0" }),
        (["disk_io"], { $0.diskDevices.include = "sda" }),
        (["services", "service_detail"], { $0.services.exclude = "x" }),
        (["textfile"], { $0.textFileFolder = "/x" }),
        (
            ["exec"],
            {
                $0.commands = [
                    CommandSource(
                        name: "x", command: ["/x"], intervalMilliseconds: 1000, timeoutMilliseconds: 1000)
                ]
            }
        ),
        (
            ["scrape"],
            {
                $0.targets = [
                    ScrapeTarget(
                        job: "x", url: "http://127.0.0.1/", intervalMilliseconds: 1000, timeoutMilliseconds: 1000)!
                ]
            }
        ),
        ([], { $0.disabledCollectors = ["cpu"] }),
        ([], { $0.intervalMilliseconds = ["cpu": 1000] }),
    ]

    @Test func eachSettingIsThatOfItsCollectors() {
        for (owners, change) in Self.settings {
            var options = SamplerOptions()
            change(&options)
            let changed = CollectorRegistry.entries.filter { $0.ownOptions(options) != SamplerOptions() }
            #expect(Set(changed.map(\.name)) == owners)
            // What it gets is the value itself.
            for entry in changed { #expect(entry.ownOptions(options) == options) }
        }
        // So that no setting is forgotten above.
        #expect(Mirror(reflecting: SamplerOptions()).children.count == Self.settings.count)
    }

    /// The counters of process groups begin with the agent, not with a new configuration, whatever that changes.
    @Test func groupsOfProcessesGoOnWithOtherOptions() {
        var used = 0
        writeProcess(cpu: used)
        let only = Fixtures.only("process")
        var loop = SamplingLoop(host: host.host, options: only, calls: Fixtures.calls)
        let series = #"process_group_cpu_seconds_total{name="web"}"#
        #expect(tick(&loop, 1).value(series, loop.catalog) == 0)
        for (look, setting) in Self.settings.enumerated() {
            var options = only
            setting.1(&options)
            options.disabledCollectors.formUnion(only.disabledCollectors)
            loop.reconfigure(options)
            used += 100
            writeProcess(cpu: used)
            let batch = tick(&loop, look + 2)
            #expect(batch.value(series, loop.catalog) == Double(used / 100), "\(look)")
            // So does what each process used since the look before.
            #expect(batch.frame?.processes.first?.cpuTicksSinceLast == 100)
            #expect(!batch.groups.flatMap(\.samples).contains { $0.value.isStaleMarker })
        }
    }

    /// What is no longer to be recorded is forgotten at once.
    @Test func commandLinesComeAndGoWithTheirOption() {
        writeProcess(cpu: 0)
        var options = Fixtures.only("process")
        var loop = SamplingLoop(host: host.host, options: options, calls: Fixtures.calls)
        for look in 1...8 {
            let isRecorded = look % 4 >= 2
            options.recordsCommandLines = isRecorded
            loop.reconfigure(options)
            let process = tick(&loop, look).frame?.processes.first
            #expect(process?.pid == 10 && process?.command == (isRecorded ? "web --port 80" : nil), "\(look)")
        }
    }

    @Test func anotherNumberOfProcessesCountsAtOnce() {
        for pid in 10..<20 {
            host.write("proc/\(pid)/stat", "\(pid) (p) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 2 0 100 1000 \(pid) 7")
            host.write("proc/\(pid)/status", "Uid:\t0\t0\t0\t0\n")
        }
        host.write("proc/meminfo", "MemTotal: 1000 kB\n")
        var options = Fixtures.only("process")
        var loop = SamplingLoop(host: host.host, options: options, calls: Fixtures.calls)
        for (look, count) in [3, 1, 5].enumerated() {
            options.topProcesses = count
            loop.reconfigure(options)
            #expect(tick(&loop, look + 1).frame?.processes.count == count)
        }
    }

    /// A program that is due once a minute is not begun anew, and its series do not end, for another's setting.
    @Test func programsDoNotNoticeTheSettingsOfOthers() {
        var options = Fixtures.only("exec")
        options.commands = [
            CommandSource(
                name: "x", command: ["/bin/echo", "a 1"], intervalMilliseconds: 3_600_000, timeoutMilliseconds: 5000)
        ]
        var calls = SystemCalls.live
        calls.readPage = { _, _, _, _ in
            var content = TextFileContent()
            content.samples = [(Labels(name: "a"), 1)]
            return content
        }
        var loop = SamplingLoop(host: host.host, options: options, calls: calls)
        let runs = #"agent_exec_runs_total{name="x"}"#
        var look = 0
        // No time passes for the program's schedule.
        func next() -> SampleBatch {
            look += 1
            return loop.sample(at: Timestamp(milliseconds: Int64(look) * 10_000), monotonicNanoseconds: 1_000_000_000)
        }
        while next().value(runs, loop.catalog) != 1, look < 4000 { usleep(2000) }
        options.networkDevices.include = "eth0"
        options.topProcesses = 5
        loop.reconfigure(options)
        let batch = next()
        #expect(batch.value(runs, loop.catalog) == 1)
        #expect(!batch.groups.flatMap(\.samples).contains { $0.value.isStaleMarker })
        // Its own setting is another matter; two of them, one behind the other, end what the first one brought.
        for name in ["y", "z"] {
            options.commands[0].name = name
            loop.reconfigure(options)
        }
        let after = next()
        #expect(after.value("a", loop.catalog)?.isStaleMarker == true)
        #expect(after.value(#"agent_exec_runs_total{name="z"}"#, loop.catalog) == 0)
    }
}
