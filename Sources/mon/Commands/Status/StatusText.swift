import Formats
import Model

/// `mon status` for people: at most a screen.
///
///     mon 0.1.0 on web1                                   all is well
///
///     host       cpu 3.1 %, memory 41.0 % of 23.5 GiB, fullest disk 20.3 %, load 1.20, in 1.2 MiB/s, out 0.3 MiB/s
///     recording  process 812, every 5s, last 2s ago, since 2026-03-01 (27d)
struct StatusText {
    let zone: TimeZoneRule
    let width: Int
    let isStyled: Bool

    func write(_ status: AgentStatus, into writer: inout TextWriter) {
        let version = status.version.isEmpty ? "mon" : "mon \(status.version)"
        let verdict = status.problems.isEmpty ? "all is well" : "\(status.problems.count) to look at"
        writer.write("\(bold("\(version) on \(status.host)"))  \(verdict)\n\n")
        for problem in status.problems { writer.write("  ! \(problem)\n") }
        if !status.problems.isEmpty { writer.write("\n") }
        for (title, text) in lines(of: status) where !text.isEmpty { write(title, text, into: &writer) }
    }

    private func lines(of status: AgentStatus) -> [(title: String, text: String)] {
        [
            ("host", host(status)), ("container", container(status)), ("recording", recording(status)),
            ("cost", cost(status)), ("store", store(status)), ("on", status.running.joined(separator: ", ")),
            ("off", status.paused.map { "\($0.collector) (\($0.reason))" }.joined(separator: ", ")),
            ("next", next(status)),
        ]
    }

    private func host(_ status: AgentStatus) -> String {
        var parts: [String] = []
        if let cpu = status["cpuUsagePercent"] { parts.append("cpu \(percent(cpu))") }
        if let memory = status["memoryUsagePercent"] {
            let total = status["memoryTotalBytes"].map { " of \(bytes($0))" } ?? ""
            parts.append("memory \(percent(memory))\(total)")
        }
        if let disk = status["diskUsagePercentMax"] { parts.append("fullest disk \(percent(disk))") }
        if let load = status["load1"] { parts.append("load \(fixed(load, 2))") }
        if let rate = status["networkReceiveBytesPerSecond"] { parts.append("in \(bytes(rate))/s") }
        if let rate = status["networkTransmitBytesPerSecond"] { parts.append("out \(bytes(rate))/s") }
        return parts.joined(separator: ", ")
    }

    /// The host's figures are the machine's; what a container may use of it is told beside them.
    private func container(_ status: AgentStatus) -> String {
        var parts: [String] = []
        if let limit = status["containerMemoryLimitBytes"] { parts.append("memory at most \(bytes(limit))") }
        if let cores = status["containerCPULimitCores"] { parts.append("at most \(fixed(cores, 2)) cores") }
        return parts.isEmpty
            ? "" : "the agent is in one: \(parts.joined(separator: ", ")); host values are the machine's"
    }

    private func recording(_ status: AgentStatus) -> String {
        var parts: [String] = []
        switch status.recorderPID {
        case nil: parts.append("nobody")
        case let pid? where pid > 0: parts.append("process \(pid)")
        default: parts.append("a process that does not say its number")
        }
        if let interval = status.intervalSeconds { parts.append("every \(seconds(interval))") }
        if let newest = status.newest {
            parts.append("last \(seconds(max(0, status.now.seconds - newest.seconds))) ago")
        }
        if let oldest = status.oldest {
            parts.append("since \(date(oldest)) (\(seconds(max(0, status.now.seconds - oldest.seconds))))")
        }
        if !status.listenAddress.isEmpty { parts.append("serves http://\(status.listenAddress)/") }
        return parts.joined(separator: ", ")
    }

    private func cost(_ status: AgentStatus) -> String {
        var parts: [String] = []
        if let cpu = status["agentCPUPercent"] { parts.append("\(fixed(cpu, 2)) % of a core") }
        if let memory = status["agentMemoryPSSBytes"] {
            let own = status["agentMemoryAnonymousBytes"].map { " (\(bytes($0)) its own)" } ?? ""
            parts.append("\(bytes(memory)) memory\(own)")
        }
        if let written = status["agentWrittenBytesPerSecond"] { parts.append("writes \(bytes(written * 60)) a minute") }
        if let scrape = status["agentScrapeSeconds"] { parts.append("a scrape takes \(fixed(scrape * 1000, 1)) ms") }
        if let commit = status["agentCommitSeconds"] { parts.append("a commit \(fixed(commit * 1000, 1)) ms") }
        if let missed = status["agentMissedTicks"] { parts.append("\(fixed(missed, 0)) ticks missed") }
        return parts.joined(separator: ", ")
    }

    private func store(_ status: AgentStatus) -> String {
        var parts = [status.path]
        if let used = status["storeUsedBytes"] {
            let limit = status["storeMaxBytes"].map { " of \(bytes($0))" } ?? ""
            parts.append("\(bytes(used))\(limit) used")
        }
        parts.append("\(status.seriesCount) series")
        if let head = status["storeHeadBytes"], head > 0 { parts.append("\(bytes(head)) not sealed yet") }
        if let pending = status["pendingScrapes"], pending > 0 { parts.append("\(fixed(pending, 0)) scrapes wait") }
        return parts.joined(separator: ", ")
    }

    private func next(_ status: AgentStatus) -> String {
        if status.recorderPID == nil { return "mon run --data \(status.path)" }
        return "mon metrics, mon query 'topk(5, process_cpu_percent)', mon db stats"
    }

    // MARK: - Text

    /// A title and its text, broken between words and aligned below each other.
    private func write(_ title: String, _ text: String, into writer: inout TextWriter) {
        let margin = 11
        let room = max(40, width) - margin
        var line = ""
        var isFirst = true
        func flush() {
            let head = isFirst ? bold(title) + String(repeating: " ", count: margin - title.utf8.count) : ""
            writer.write((isFirst ? head : String(repeating: " ", count: margin)) + line + "\n")
            isFirst = false
            line = ""
        }
        // A number stays with its unit.
        var words: [String] = []
        for word in text.split(separator: " ") {
            if words.last?.last?.isNumber == true {
                words[words.count - 1] += " " + word
            } else {
                words.append(String(word))
            }
        }
        for word in words {
            if !line.isEmpty, TextTable.width(of: line) + 1 + TextTable.width(of: word) > room { flush() }
            line += (line.isEmpty ? "" : " ") + word
        }
        flush()
    }

    private func bold(_ text: String) -> String { isStyled ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

    private func percent(_ value: Double) -> String { "\(fixed(value, 1)) %" }

    private func bytes(_ value: Double) -> String { DBText.bytes(Int(max(0, min(value, 1e15)).rounded())) }

    private func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let scale = decimals == 0 ? 1 : decimals == 1 ? 10 : 100
        let whole = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        if decimals == 0 { return "\(sign)\(whole)" }
        let rest = String(whole % scale)
        return "\(sign)\(whole / scale)." + String(repeating: "0", count: decimals - rest.utf8.count) + rest
    }

    /// The two largest units of a length of time.
    private func seconds(_ value: Double) -> String {
        var rest = Int64(value.rounded())
        var parts: [String] = []
        for (unit, length) in [("d", Int64(86_400)), ("h", 3600), ("m", 60), ("s", 1)] {
            let count = rest / length
            rest %= length
            if count > 0, parts.count < 2 { parts.append("\(count)\(unit)") }
        }
        return parts.isEmpty ? "0s" : parts.joined()
    }

    private func date(_ time: Timestamp) -> String { String(TimeText.rfc3339(time, zone).prefix(10)) }
}
