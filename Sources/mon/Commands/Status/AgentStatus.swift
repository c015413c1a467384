import Formats
import Model
import Query
import TSDB

/// How the agent fares, from what it has recorded about itself: no running process is asked.
struct AgentStatus {
    struct Paused: Hashable {
        var collector: String
        var reason: String
    }

    let path: String
    let host: String
    let now: Timestamp
    /// Nil where nobody records; -1 for one that does not say who he is.
    let recorderPID: Int32?
    /// Time of the newest sample of the agent; nil where there is none.
    private(set) var newest: Timestamp?
    private(set) var oldest: Timestamp?
    /// Between two scrapes; nil where there are fewer than two.
    private(set) var intervalSeconds: Double?
    private(set) var version = ""
    /// Empty where it does not serve.
    private(set) var listenAddress = ""
    private(set) var seriesCount = 0
    private(set) var running: [String] = []
    private(set) var paused: [Paused] = []
    /// Collectors that failed three times in a row.
    private(set) var failing: [String] = []
    /// Figures by the name under which JSON has them.
    private(set) var figures: [(name: String, value: Double)] = []
    private(set) var problems: [String] = []

    /// One figure, by name.
    subscript(name: String) -> Double? { figures.first { $0.name == name }?.value }

    /// What is asked of the store; a question without an answer is a figure without a value. Rates are of the last five
    /// minutes, means of the last hour. Braces hold what is the agent's own: a scraped page may have a series of the
    /// same name, and is another program's.
    private static let questions: [(name: String, expression: String)] = [
        ("cpuUsagePercent", "cpu_usage_percent{}"),
        ("memoryUsagePercent", "memory_usage_percent{}"),
        ("memoryTotalBytes", "memory_total_bytes{}"),
        ("diskUsagePercentMax", "max(disk_usage_percent{})"),
        ("load1", "load_average{period=\"1m\"}"),
        ("networkReceiveBytesPerSecond", "sum(rate(network_receive_bytes_total{device!=\"lo\"}[5m]))"),
        ("networkTransmitBytesPerSecond", "sum(rate(network_transmit_bytes_total{device!=\"lo\"}[5m]))"),
        ("containerMemoryLimitBytes", "cgroup_memory_limit_bytes{}"),
        ("containerCPULimitCores", "cgroup_cpu_limit_cores{}"),
        ("agentMemoryPSSBytes", "agent_memory_pss_bytes{}"),
        ("agentMemoryAnonymousBytes", "agent_memory_rss_anon_bytes{}"),
        ("agentMissedTicks", "agent_missed_ticks_total{}"),
        (
            "agentScrapeSeconds",
            "rate(agent_scrape_duration_seconds_sum{}[1h]) / rate(agent_scrape_duration_seconds_count{}[1h])"
        ),
        (
            "agentCommitSeconds",
            "rate(agent_commit_duration_seconds_sum{}[1h]) / rate(agent_commit_duration_seconds_count{}[1h])"
        ),
        ("agentThrottleFactor", "agent_throttle_factor{}"),
        ("agentDroppedScrapes", "agent_store_dropped_scrapes_total{}"),
        ("commitFailuresLastHour", "sum(\(commitFailures))"),
        ("refusedSamplesLastHour", "increase(agent_store_refused_samples_total{}[1h])"),
        ("pendingScrapes", "agent_pending_scrapes{}"),
        ("storeUsedBytes", "agent_store_size_bytes{}"),
        ("storeFileBytes", "agent_store_file_bytes{}"),
        ("storeMaxBytes", "agent_store_max_size_bytes{}"),
        ("storeHeadBytes", "agent_store_head_bytes{}"),
        ("configurationReadSeconds", "agent_config_last_reload_success_timestamp_seconds{}"),
    ]

    private static let commitFailures = "increase(agent_store_commit_failures_total{}[1h])"

    /// Less than this on the store's disk, and the file cannot grow any more.
    private static let freeBytesMin = 1 << 20

    /// Older than this, in intervals, and the newest sample says that something is wrong.
    private static let intervalsMax = 4.0

    init(of store: Store, path: String, now: Timestamp) throws {
        let snapshot = try store.snapshot()
        self.path = path
        self.now = now
        host = snapshot.host.name
        recorderPID = Store.recorder(of: path)
        newest = try AgentStatus.newest(in: snapshot, now)
        oldest = try snapshot.oldestSampleTime()
        // What has ended some time ago is told as it was.
        let moment = min(now, newest ?? now)
        let asked = Asked(engine: QueryEngine(), snapshot: snapshot, time: moment)
        for (name, expression) in AgentStatus.questions {
            if let value = try asked.vector(expression).first?.value { figures.append((name, value)) }
        }
        let lookback = TimeRange(min: Timestamp(milliseconds: moment.milliseconds - 299_999), max: moment)
        // Right from the first minute on, when a rate over five would be told as a fifth of what it is.
        if let rate = try asked.slope("agent_cpu_seconds_total") { figures.append(("agentCPUPercent", 100 * rate)) }
        if let rate = try asked.slope("agent_store_written_bytes_total") {
            figures.append(("agentWrittenBytesPerSecond", rate))
        }
        seriesCount = try snapshot.select([Matcher(Labels.metricNameLabel, .notEqual, "")], in: lookback).labels.count
        intervalSeconds = try asked.interval()
        if let info = try asked.vector("agent_info{}").first?.labels {
            version = info["version"] ?? ""
            listenAddress = info["listen"] ?? ""
        }
        paused = try asked.vector("agent_collector_paused{}").map {
            Paused(collector: $0.labels["collector"] ?? "", reason: $0.labels["reason"] ?? "")
        }.sorted { $0.collector < $1.collector }
        for (labels, value) in try asked.vector("agent_collector_status{}") {
            guard let name = labels["collector"] else { continue }
            if value == 1 { running.append(name) } else { failing.append(name) }
        }
        running.sort()
        failing.sort()
        problems = try findProblems(asked)
    }

    private static func newest(in snapshot: Snapshot, _ now: Timestamp) throws -> Timestamp? {
        // The store may hold what others sent, of any time: the agent's own heartbeat tells.
        let range = TimeRange(min: Timestamp(milliseconds: now.milliseconds - 300_000), max: now)
        let own = ["__name__": "agent_cpu_seconds_total", "job": "", "instance": ""]
        let selection = try snapshot.select(own.map { Matcher($0.key, equals: $0.value) }, in: range)
        var column = SampleColumn()
        for index in selection.labels.indices {
            try selection.read(index, in: range, into: &column)
            for place in column.values.indices.reversed() where !column.values[place].isStaleMarker {
                return Timestamp(milliseconds: column.timestamps[place])
            }
        }
        return try snapshot.newestSampleTime()
    }

    private func findProblems(_ asked: Asked) throws -> [String] {
        var problems: [String] = []
        if recorderPID == nil {
            problems.append("nobody records into \(path); start it: mon run --data \(path)")
        } else if let newest, let intervalSeconds,
            now.seconds - newest.seconds > AgentStatus.intervalsMax * intervalSeconds
                * (self["agentThrottleFactor"] ?? 1)
        {
            problems.append("the agent runs and nothing has been recorded since \(TimeText.rfc3339(newest, .utc))")
        }
        for collector in failing {
            problems.append(
                "collector \(collector) fails; see agent_collector_errors_total{collector=\"\(collector)\"}")
        }
        for one in paused where one.reason == "limits" {
            problems.append("collector \(one.collector) rests because of the agent's limits")
        }
        for (labels, value) in try asked.vector("agent_limit_exceeded{}") where value == 1 {
            problems.append("the agent uses more \(labels["resource"] ?? "") than its limit")
        }
        if let factor = self["agentThrottleFactor"], factor > 1 {
            problems.append("intervals are \(FloatText.short(factor)) times as long because of the agent's limits")
        }
        if try asked.vector("agent_config_last_reload_successful{}").first?.value == 0 {
            problems.append("the latest configuration was refused; see mon config check")
        }
        for (labels, failures) in try asked.vector(AgentStatus.commitFailures) where failures >= 1 {
            let reason = (labels["reason"] ?? "").split(separator: "_").joined(separator: " ")
            problems.append(
                "\(Int(failures.rounded())) commits failed in the last hour (\(reason)); the log says more")
        }
        // While pages inside the file are free, a full disk fails no commit yet.
        if recorderPID != nil, let free = Disk.freeBytes(at: path), free < AgentStatus.freeBytesMin {
            problems.append(
                "the disk of \(path) is full (\(free >> 10) KiB free): make room there; the agent records only as long "
                    + "as pages of its own file are free")
        }
        if let refused = self["refusedSamplesLastHour"], refused >= 1 {
            problems.append(
                "\(Int(refused.rounded())) samples were refused in the last hour: the day names as many series as it "
                    + "may (--max-series); the log names the first")
        }
        if let dropped = self["agentDroppedScrapes"], dropped > 0 {
            problems.append("\(Int(dropped)) scrapes were given up because the store took none")
        }
        return try problems + findSourceProblems(asked)
    }

    /// What is wrong with what others bring, and with file systems.
    private func findSourceProblems(_ asked: Asked) throws -> [String] {
        var problems: [String] = []
        for (labels, value) in try asked.vector(AgentStatus.failingPrograms) {
            let name = labels["name"] ?? ""
            let end =
                value == 0 ? "its runs bring nothing" : "its latest run ended with status \(FloatText.short(value))"
            problems.append("exec \(name) fails: \(end); see agent_exec_failures_total{name=\"\(name)\"} and the log")
        }
        // What mon scrapes is on an address of this machine. Others' series of the name may have been sent here.
        let pages = #"up{job!="",instance=~"127[.].+|.::1.:.+"} == 0"#
        for (labels, _) in try asked.vector(pages, ofAll: true) {
            problems.append(
                "the page of job \(labels["job"] ?? "") at \(labels["instance"] ?? "") is not scraped; the log says why"
            )
        }
        if try !asked.vector("textfile_error{} == 1").isEmpty {
            problems.append("a text file has a fault; the log names it")
        }
        for (labels, _) in try asked.vector("disk_unreachable{} == 1") {
            problems.append("file system \(labels["mountpoint"] ?? "") does not answer")
        }
        return problems
    }

    /// Programs whose latest run ended badly, or all of whose latest runs brought nothing for another reason.
    private static let failingPrograms = """
        agent_exec_exit_status{} != 0 or agent_exec_exit_status{} and on(name)
        (changes(agent_exec_failures_total{}[15m]) > 0) == on(name) changes(agent_exec_runs_total{}[15m])
        """

    /// A question about the agent's own series, which have neither a job nor an instance.
    private static func own(_ expression: String) -> String {
        expression.split(separator: "{", omittingEmptySubsequences: false).joined(separator: #"{job="",instance="","#)
    }

    /// Questions at one moment.
    private struct Asked {
        let engine: QueryEngine
        let snapshot: Snapshot
        let time: Timestamp

        func vector(_ expression: String, ofAll: Bool = false) throws -> [(labels: Labels, value: Double)] {
            let expression = ofAll ? expression : AgentStatus.own(expression)
            let result = try engine.evaluate(expression, at: .instant(time), in: snapshot)
            guard case .vector(let series) = result.value else { return [] }
            return series.compactMap { one in one.samples.first.map { (one.labels, $0.value) } }
        }

        /// What a counter has grown by a second, from the first to the last of its samples in the last five minutes.
        func slope(_ counter: String) throws -> Double? {
            let result = try engine.evaluate(AgentStatus.own("\(counter){}[5m]"), at: .instant(time), in: snapshot)
            guard case .matrix(let series) = result.value, let samples = series.first?.samples,
                let first = samples.first, let last = samples.last, last.time > first.time
            else { return nil }
            var growth = 0.0
            for (before, after) in zip(samples, samples.dropFirst()) {
                growth += after.value >= before.value ? after.value - before.value : after.value
            }
            return growth / (last.time.seconds - first.time.seconds)
        }

        /// Seconds between the agent's last two scrapes.
        func interval() throws -> Double? {
            let result = try engine.evaluate(
                AgentStatus.own("agent_cpu_seconds_total{}[15m]"), at: .instant(time), in: snapshot)
            guard case .matrix(let series) = result.value, let samples = series.first?.samples, samples.count > 1 else {
                return nil
            }
            return samples[samples.count - 1].time.seconds - samples[samples.count - 2].time.seconds
        }
    }
}
