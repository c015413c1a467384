import Glibc
import Model
import Query
import Testing

// The environment is not changed while tests run, and the text is copied at once.
private let sharedFolder = unsafe getenv("MON_SHARED").map { unsafe String(cString: $0) }

/// The queries that others ask: of dashboards, rules and Prometheus' own tests. They lie outside of the repository,
/// in the folder that the environment variable MON_SHARED names.
@Suite(.enabled(if: sharedFolder != nil)) struct SharedQueriesTests {
    /// The lines of a file; empty where it cannot be read.
    private func lines(_ path: String) -> [Substring] {
        guard let folder = sharedFolder, let file = unsafe fopen("\(folder)/\(path)", "r") else {
            Issue.record("cannot read \(path)")
            return []
        }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            // The buffer lives through the call, and its size is what fread is told.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, file) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    private func check(_ query: String) {
        accept(
            query, (try? parse(query, experimental: true)).map { Printer.print($0, source: query) },
            experimental: true)
    }

    private func dashboardQueries() -> [String] {
        lines("names/node-exporter-full.tsv").dropFirst().compactMap { line -> String? in
            let columns = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
            return columns.count == 4 ? String(columns[3]).replacing("$__rate_interval", with: "1m") : nil
        }
    }

    @Test func dashboard() {
        let queries = dashboardQueries()
        #expect(queries.count == 286)
        queries.forEach(check)
    }

    /// Every query of the dashboard and of the rules runs on a recorded host; those about what is recorded answer.
    @Test func recordedHostAnswers() throws {
        let store = try RecordedHost.store()
        let snapshot = try store.snapshot()
        let metrics = Set(try StoreView(snapshot).aliasNames() + ["process_cpu_seconds_total"])
        var answered = 0
        var silent: [String] = []
        let rules = ruleQueries("node-mixin-alerts.yml") + ruleQueries("node-mixin-rules.yml")
        for query in dashboardQueries() + rules {
            let text = query.replacing("$node", with: "recorded:9100").replacing("$job", with: "node")
            let result = try QueryEngine().evaluate(
                text, at: .instant(Timestamp(milliseconds: RecordedHost.secondTick)), in: snapshot)
            let names = text.matches(of: /\b(node|process|instance)[_:][A-Za-z0-9_:]+/).map { String($0.output.0) }
            guard names.allSatisfy(metrics.contains), case .vector(let series) = result.value else { continue }
            if series.isEmpty { silent.append(text) } else { answered += 1 }
        }
        #expect(answered > 80, "\(answered)")
        // Conditions that are not met, which most alerts are, and labels that node_exporter's own series have not got,
        // at least by default.
        for query in silent {
            #expect(query.contains(/[<>]|==/) || query.contains(/operstate=|queued_bytes/), "\(query)")
        }
    }

    @Test(arguments: [("node-mixin-alerts.yml", 26), ("node-mixin-rules.yml", 15)])
    func rules(_ file: String, _ count: Int) {
        let queries = ruleQueries(file)
        #expect(queries.count == count)
        queries.forEach(check)
    }

    private func ruleQueries(_ file: String) -> [String] {
        var queries: [String] = []
        var query: String?
        for line in lines("names/\(file)") {
            let content = line.drop { $0 == " " }
            if content.hasPrefix("\"expr\": |") || content.hasPrefix("- \"expr\": |") {
                query = ""
            } else if let text = query {
                // The block ends where keys go on.
                if content.hasPrefix("\"") || content.hasPrefix("- \"") || content.isEmpty {
                    queries.append(text)
                    query = nil
                } else {
                    query = text + line + "\n"
                }
            }
        }
        if let query { queries.append(query) }
        return queries
    }

    @Test(arguments: [
        "collision", "literals", "range_queries", "selectors", "staleness", "subquery", "trig_functions",
    ])
    func scripts(_ name: String) {
        var count = 0
        for line in lines("promql/\(name).test") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 4, words[0] == "eval" else { continue }
            // `eval instant at 5m query`, `eval range from 0 to 5m step 1m query`.
            let skipped = words[1] == "instant" ? 4 : 8
            check(String(line[words[skipped].startIndex...]))
            count += 1
        }
        #expect(count > 0)
    }

    @Test func exactCases() {
        var accepted = 0
        for line in lines("promql/exact/cases.jsonl") where !line.isEmpty {
            guard let query = string(of: "expr", in: line) else {
                Issue.record("no query in \(line.prefix(80))")
                continue
            }
            let prefix = "invalid parameter \"query\": "
            if let error = string(of: "error", in: line), error.hasPrefix(prefix) {
                let found = #expect(throws: ParseError.self) { try parse(query) }
                #expect(found?.description == String(error.dropFirst(prefix.count)))
            } else {
                check(query)
                accepted += 1
            }
        }
        #expect(accepted > 100)
    }

    /// The text of a key of a line of JSON whose first such key it is. Knows the escapes that occur in queries.
    private func string(of key: String, in line: Substring) -> String? {
        guard let found = line.firstRange(of: "\"\(key)\":\"") else { return nil }
        var text = ""
        var isEscaped = false
        for character in line[found.upperBound...] {
            if isEscaped {
                text.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return text
            } else {
                text.append(character)
            }
        }
        return nil
    }
}
