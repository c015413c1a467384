import Formats
import Model

/// `mon status --json`: one object; figures without a value are left out.
enum StatusJSON {
    static func write(_ status: AgentStatus, into writer: inout TextWriter) {
        writer.write("{\"status\":\"")
        writer.write(status.recorderPID == nil ? "stopped" : status.problems.isEmpty ? "ok" : "degraded")
        writer.write("\"")
        field("host", status.host, into: &writer)
        field("version", status.version, into: &writer)
        field("path", status.path, into: &writer)
        if !status.listenAddress.isEmpty { field("listen", status.listenAddress, into: &writer) }
        if let pid = status.recorderPID { writer.write(",\"pid\":\(pid)") }
        if let interval = status.intervalSeconds { writer.write(",\"intervalSeconds\":\(FloatText.plain(interval))") }
        if let newest = status.newest { field("newestSample", TimeText.rfc3339(newest, .utc), into: &writer) }
        if let oldest = status.oldest { field("oldestSample", TimeText.rfc3339(oldest, .utc), into: &writer) }
        writer.write(",\"series\":\(status.seriesCount)")
        list("problems", status.problems, into: &writer)
        list("running", status.running, into: &writer)
        list("failing", status.failing, into: &writer)
        writer.write(",\"paused\":")
        JSONText.write(list: status.paused, into: &writer) { one, writer in
            DBText.writeObject([("collector", one.collector), ("reason", one.reason)], into: &writer)
        }
        writer.write(",\"figures\":{")
        for (index, figure) in status.figures.filter({ $0.value.isFinite }).enumerated() {
            writer.write("\(index > 0 ? "," : "")\"\(figure.name)\":\(FloatText.plain(figure.value))")
        }
        writer.write("}}\n")
    }

    private static func field(_ name: String, _ text: String, into writer: inout TextWriter) {
        writer.write(",\"\(name)\":")
        JSONText.write(string: text, into: &writer)
    }

    private static func list(_ name: String, _ texts: [String], into writer: inout TextWriter) {
        writer.write(",\"\(name)\":")
        JSONText.write(list: texts, into: &writer) { text, writer in JSONText.write(string: text, into: &writer) }
    }
}
