import Formats
import Model
import TSDB
import TestSupport
import Testing

@testable import mon

/// What an agent records about itself, ten minutes of it.
private struct RecordedAgent {
    static let end: Int64 = 1_700_000_000_000
    let folder = TemporaryFolder()

    /// - Parameters:
    ///   - others: series beside those of an agent that is well.
    ///   - counters: those that grow by one every so many ticks.
    init(_ others: [(labels: Labels, value: Double)] = [], counting counters: [(labels: Labels, ticks: Int)] = [])
        throws
    {
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "web1", machineID: "0"))
        var series: [(Labels, (Int) -> Double)] = [
            (Labels(name: "agent_cpu_seconds_total", [:]), { Double($0) * 0.005 }),
            (Labels(name: "agent_store_written_bytes_total", [:]), { Double($0) * 1024 }),
            (Labels(name: "agent_info", ["version": "1.2.3", "listen": "127.0.0.1:9100"]), { _ in 1 }),
            (Labels(name: "agent_memory_pss_bytes", [:]), { _ in 12 * 1_048_576 }),
            (Labels(name: "agent_memory_rss_anon_bytes", [:]), { _ in 2.5 * 1_048_576 }),
            (Labels(name: "agent_missed_ticks_total", [:]), { _ in 3 }),
            (Labels(name: "agent_store_size_bytes", [:]), { _ in 5 * 1_048_576 }),
            (Labels(name: "agent_store_max_size_bytes", [:]), { _ in 1_073_741_824 }),
            (Labels(name: "agent_store_dropped_scrapes_total", [:]), { _ in 0 }),
            (Labels(name: "agent_scrape_duration_seconds_sum", [:]), { Double($0) * 0.002 }),
            (Labels(name: "agent_scrape_duration_seconds_count", [:]), { Double($0) }),
            (Labels(name: "agent_collector_status", ["collector": "cpu"]), { _ in 1 }),
            (Labels(name: "agent_collector_status", ["collector": "load"]), { _ in 1 }),
            (Labels(name: "agent_collector_paused", ["collector": "process", "reason": "configuration"]), { _ in 1 }),
            (Labels(name: "agent_throttle_factor", [:]), { _ in 1 }),
            (Labels(name: "cpu_usage_percent", [:]), { _ in 12.34 }),
            (Labels(name: "memory_usage_percent", [:]), { _ in 41 }),
            (Labels(name: "memory_total_bytes", [:]), { _ in 8 * 1_073_741_824 }),
            (Labels(name: "disk_usage_percent", ["device": "a"]), { _ in 20 }),
            (Labels(name: "disk_usage_percent", ["device": "b"]), { _ in 70.25 }),
            (Labels(name: "load_average", ["period": "1m"]), { _ in 1.5 }),
        ]
        for other in others {
            series.removeAll { $0.0 == other.labels }
            series.append((other.labels, { _ in other.value }))
        }
        for counter in counters { series.append((counter.labels, { Double($0 / counter.ticks) })) }
        let references = series.map { recorder.reference(for: $0.0) }
        for tick in 0...120 {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [])
            for (reference, one) in zip(references, series) { row.samples.append((reference, one.1(tick))) }
            let time = Timestamp(milliseconds: RecordedAgent.end - 600_000 + Int64(tick) * 5000)
            try recorder.append(Scrape(time: time, rows: [row]))
        }
        try recorder.close()
    }
}

@Suite struct StatusCommandTests {
    @Test func nobodyRecords() throws {
        let agent = try RecordedAgent()
        let test = TestConsole(now: RecordedAgent.end + 2000)
        #expect(test.run("status", "--data", agent.folder.path) == .failure)
        #expect(test.output.hasPrefix("mon 1.2.3 on web1  1 to look at\n"), "\(test.output)")
        #expect(test.output.contains("! nobody records into \(agent.folder.path); start it: mon run --data"))
        #expect(test.output.contains("recording  nobody, every 5s, last 2s ago, since 2023-11-14 (10m2s)"))
        #expect(test.error.isEmpty)
    }

    @Test func whatIsWrongIsNamed() throws {
        let agent = try RecordedAgent(
            [
                (Labels(name: "agent_collector_status", ["collector": "load"]), 0),
                (Labels(name: "agent_collector_paused", ["collector": "services", "reason": "limits"]), 1),
                (Labels(name: "agent_limit_exceeded", ["resource": "memory"]), 1),
                (Labels(name: "agent_throttle_factor", [:]), 4),
                (Labels(name: "agent_config_last_reload_successful", [:]), 0),
                (Labels(name: "agent_store_dropped_scrapes_total", [:]), 7),
            ],
            counting: [
                (Labels(name: "agent_store_commit_failures_total", ["reason": "disk_full"]), 10),
                (Labels(name: "agent_store_commit_failures_total", ["reason": "io_error"]), 1000),
                (Labels(name: "agent_store_refused_samples_total", [:]), 1),
            ])
        let test = TestConsole(now: RecordedAgent.end)
        #expect(test.run("status", "--data", agent.folder.path) == .failure)
        for problem in [
            "! collector load fails", "! collector services rests because of the agent's limits",
            "! the agent uses more memory than its limit", "! intervals are 4 times as long",
            "! the latest configuration was refused", "! 7 scrapes were given up",
            "! 12 commits failed in the last hour (disk full); the log says more",
            "! 120 samples were refused in the last hour: the day names as many series",
        ] { #expect(test.output.contains(problem), "\(problem)") }
        #expect(test.output.contains("off        process (configuration), services (limits)\n"))
        #expect(test.output.contains("on         cpu\n"))
    }

    @Test func figures() throws {
        let agent = try RecordedAgent(
            [
                (Labels(name: "cgroup_memory_limit_bytes", [:]), 536_870_912),
                (Labels(name: "cgroup_cpu_limit_cores", [:]), 1.5),
            ])
        let test = TestConsole(now: RecordedAgent.end)
        _ = test.run("status", "--data", agent.folder.path)
        func line(_ text: String) { #expect(test.output.contains(text + "\n"), "\(text)\n\(test.output)") }
        line("host       cpu 12.3 %, memory 41.0 % of 8.0 GiB, fullest disk 70.3 %, load 1.50")
        line("container  the agent is in one: memory at most 512.0 MiB, at most 1.50 cores; host values are the")
        line("           machine's")
        line("cost       0.10 % of a core, 12.0 MiB memory (2.5 MiB its own), writes 12.0 KiB a minute, a scrape")
        line("           takes 2.0 ms, 3 ticks missed")
    }

    /// Pages of others have series of the same names: another program's, and none of the host's.
    @Test func seriesOfScrapedPagesAreNoneOfTheHost() throws {
        let labels: KeyValuePairs = ["job": "good", "instance": "127.0.0.1:9113"]
        var names = [
            "cpu_usage_percent", "memory_usage_percent", "memory_total_bytes", "agent_memory_pss_bytes",
            "agent_store_dropped_scrapes_total", "agent_throttle_factor", "agent_cpu_seconds_total",
        ].map { (labels: Labels(name: $0, labels), value: 99.0) }
        names.append(
            (Labels(name: "load_average", ["job": "a", "instance": "127.0.0.1:9113", "period": "1m"]), 42))
        names.append((Labels(name: "disk_usage_percent", ["job": "a", "device": "c"]), 98))
        names.append((Labels(name: "agent_info", ["job": "a", "version": "0.0.1"]), 1))
        names.append((Labels(name: "textfile_error", labels), 1))
        names.append((Labels(name: "disk_unreachable", ["job": "a", "mountpoint": "/x"]), 1))
        names.append((Labels(name: "agent_exec_exit_status", ["job": "a", "name": "x"]), 1))
        let agent = try RecordedAgent(names)
        let test = TestConsole(now: RecordedAgent.end)
        #expect(test.run("status", "--data", agent.folder.path) == .failure)
        #expect(test.output.hasPrefix("mon 1.2.3 on web1  1 to look at\n\n  ! nobody records"), "\(test.output)")
        for text in [
            "cpu 12.3 %, memory 41.0 % of 8.0 GiB, fullest disk 70.3 %, load 1.50\n",
            "cost       0.10 % of a core, 12.0 MiB",
        ] { #expect(test.output.contains(text), "\(test.output)") }
    }

    /// Programs, pages, text files and file systems that do not work are something to look at.
    @Test func sourcesThatFailAreNamed() throws {
        let agent = try RecordedAgent([
            (Labels(name: "agent_exec_exit_status", ["name": "bad"]), 3),
            (Labels(name: "agent_exec_exit_status", ["name": "good"]), 0),
            (Labels(name: "agent_exec_failures_total", ["name": "good"]), 4),
            (Labels(name: "agent_exec_runs_total", ["name": "good"]), 9),
            (Labels(name: "up", ["job": "nginx", "instance": "127.0.0.1:9113"]), 0),
            (Labels(name: "up", ["job": "six", "instance": "[::1]:9113"]), 0),
            (Labels(name: "up", ["job": "well", "instance": "127.0.0.1:9114"]), 1),
            // Sent here by others.
            (Labels(name: "up", ["job": "far", "instance": "web2:9113"]), 0),
            (Labels(name: "textfile_error", [:]), 1),
            (Labels(name: "disk_unreachable", ["mountpoint": "/mnt/nas"]), 1),
            (Labels(name: "disk_unreachable", ["mountpoint": "/"]), 0),
        ])
        let test = TestConsole(now: RecordedAgent.end)
        #expect(test.run("status", "--data", agent.folder.path) == .failure)
        #expect(test.output.hasPrefix("mon 1.2.3 on web1  6 to look at\n"), "\(test.output)")
        for problem in [
            "! exec bad fails: its latest run ended with status 3;", "! the page of job nginx at 127.0.0.1:9113 is not",
            "! the page of job six at [::1]:9113 is not scraped", "! a text file has a fault; the log names it\n",
            "! file system /mnt/nas does not answer\n",
        ] { #expect(test.output.contains(problem), "\(problem)\n\(test.output)") }
    }

    /// A program that exits well and writes what is no metric; one that recovers is well again.
    @Test func aProgramThatBringsNothingIsNamed() throws {
        let agent = try RecordedAgent(
            [
                (Labels(name: "agent_exec_exit_status", ["name": "odd"]), 0),
                (Labels(name: "agent_exec_exit_status", ["name": "flaky"]), 0),
            ],
            counting: [
                (Labels(name: "agent_exec_runs_total", ["name": "odd"]), 12),
                (Labels(name: "agent_exec_failures_total", ["name": "odd"]), 12),
                (Labels(name: "agent_exec_runs_total", ["name": "flaky"]), 12),
                (Labels(name: "agent_exec_failures_total", ["name": "flaky"]), 24),
            ])
        let test = TestConsole(now: RecordedAgent.end)
        #expect(test.run("status", "--data", agent.folder.path) == .failure)
        #expect(test.output.hasPrefix("mon 1.2.3 on web1  2 to look at\n"), "\(test.output)")
        #expect(test.output.contains("! exec odd fails: its runs bring nothing;"), "\(test.output)")
    }

    @Test(arguments: 40...120) func numbersStayWithTheirUnits(_ width: Int) throws {
        let agent = try RecordedAgent()
        let test = TestConsole(now: RecordedAgent.end, width: width)
        _ = test.run("status", "--data", agent.folder.path)
        for line in test.output.split(separator: "\n") {
            let first = line.split(separator: " ").first?.split(separator: ",").first ?? ""
            #expect(!["%", "B", "KiB", "MiB", "GiB", "ms", "series", "ticks"].contains(first), "\(width): \(line)")
        }
    }

    @Test func asJSON() throws {
        let agent = try RecordedAgent()
        let test = TestConsole(now: RecordedAgent.end)
        #expect(test.run("status", "--json", "--data", agent.folder.path) == .failure)
        #expect(test.output.hasPrefix(#"{"status":"stopped","host":"web1","version":"1.2.3","path":""#))
        #expect(test.output.contains(#""running":["cpu","load"],"failing":[]"#))
        #expect(test.output.contains(#""paused":[{"collector":"process","reason":"configuration"}]"#))
        #expect(test.output.contains(#""intervalSeconds":5"#))
        #expect(test.output.contains(#""agentCPUPercent":0.1"#))
    }

    @Test func withoutAStore() {
        let folder = TemporaryFolder()
        let test = TestConsole()
        #expect(test.run("status", "--data", folder.path) == .noData)
        #expect(test.error.contains("mon run --data \(folder.path)"))
        let snapshot = TestConsole()
        #expect(snapshot.run("status", "--db", "x.mon") == .usage)
        #expect(snapshot.error.contains("mon db stats --db x.mon"))
    }

    /// The name alone shows the status where there is one, else the help.
    @Test func theNameAlone() throws {
        let agent = try RecordedAgent()
        let test = TestConsole(now: RecordedAgent.end, environment: ["MON_DATA": agent.folder.path])
        #expect(Mon.run([], on: test.console) == .failure)
        #expect(test.output.hasPrefix("mon 1.2.3 on web1"))
        let empty = TemporaryFolder()
        let help = TestConsole(environment: ["MON_DATA": empty.path])
        #expect(Mon.run([], on: help.console) == .success)
        #expect(help.output.contains("USAGE"), "\(help.output)")
    }
}
