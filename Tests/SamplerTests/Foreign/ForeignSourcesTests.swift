import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

@Suite struct ForeignSourcesTests {
    private static let start: Int64 = 1_800_000_000_000

    /// `name value` a line; what is no number is a fault.
    private static var calls: SystemCalls {
        var calls = SystemCalls.live
        calls.readPage = { bytes, format, _, seriesMax in
            var content = TextFileContent()
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.first != "#" {
                let words = line.split(separator: " ")
                guard words.count == 2, let value = Double(words[1]) else {
                    content.problem = "line \(line)"
                    continue
                }
                if content.samples.count == seriesMax {
                    content.isTooLong = true
                    break
                }
                let name = String(words[0]) + (format == .openMetrics ? "_open" : "")
                content.samples.append((Labels(name: name, ["instance": "own"]), value))
            }
            return content
        }
        calls.unpackGzip = { bytes, _ in bytes.map { $0 ^ 1 } }
        return calls
    }

    /// A loop of the collector alone, and its ticks each second.
    private struct Ticks: ~Copyable {
        var loop: SamplingLoop
        private var tick: Int64 = 0
        /// Of the sources' clock.
        var seconds: UInt64 = 0

        init(
            _ collector: String, calls: SystemCalls = ForeignSourcesTests.calls,
            _ change: (inout SamplerOptions) -> Void
        ) {
            var options = SamplerOptions()
            change(&options)
            options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting([collector])
            options.intervalMilliseconds[collector] = 1000
            loop = SamplingLoop(host: .live, options: options, calls: calls)
        }

        /// The next second, and the samples of it but those about collectors.
        mutating func next() -> [String] {
            seconds += 1
            return look()
        }

        private mutating func look() -> [String] {
            tick += 1
            let batch = loop.sample(
                at: Timestamp(milliseconds: ForeignSourcesTests.start + tick * 1000),
                monotonicNanoseconds: seconds * 1_000_000_000)
            return lines(batch)
        }

        func lines(_ batch: SampleBatch) -> [String] {
            let catalog = loop.catalog
            return batch.groups.flatMap(\.samples).map { series, value in
                "\(catalog.labels[series.index]) \(value.isStaleMarker ? "stale" : "\(value)")"
            }.filter { !$0.hasPrefix("agent_collector_") && !$0.contains("duration_seconds") }
        }

        /// Goes on, without time passing for the sources, until a tick has what is looked for.
        mutating func next(until isFound: ([String]) -> Bool) -> [String] {
            for _ in 0..<4000 {
                let lines = look()
                if isFound(lines) { return lines }
                usleep(2000)
            }
            return ["never"]
        }
    }

    @Test func aProgramBringsSeries() {
        let folder = TemporaryFolder()
        let path = folder.path + "/out"
        FileBytes.write(Array("a 1\nb 2\n".utf8), to: path)
        var ticks = Ticks("exec") { options in
            options.commands = [
                CommandSource(
                    name: "cat", command: ["/bin/cat", path], intervalMilliseconds: 10_000, timeoutMilliseconds: 5000)
            ]
        }
        let own = #"{name="cat"}"#
        #expect(ticks.next() == ["agent_exec_runs_total\(own) 0.0", "agent_exec_failures_total\(own) 0.0"])
        let first = ticks.next { $0.contains { $0.hasPrefix("a{") } }
        #expect(
            first == [
                "agent_exec_runs_total\(own) 1.0", "agent_exec_failures_total\(own) 0.0",
                "agent_exec_exit_status\(own) 0.0", #"a{instance="own"} 1.0"#, #"b{instance="own"} 2.0"#,
            ])
        // Between runs its series neither come again nor end.
        for _ in 0..<7 { #expect(ticks.next().count == 3) }
        FileBytes.write(Array("b 3\n".utf8), to: path)
        ticks.seconds += 3
        let second = ticks.next { $0.contains { $0.hasPrefix("b{") } }
        #expect(second.suffix(2) == [#"b{instance="own"} 3.0"#, #"a{instance="own"} stale"#])
        unlink(path)
        ticks.seconds += 10
        let third = ticks.next { $0.contains { $0.hasPrefix("b{") } }
        #expect(
            third.contains("agent_exec_exit_status\(own) 1.0") && third.contains("agent_exec_failures_total\(own) 1.0"))
        #expect(third.last == #"b{instance="own"} stale"#)
        #expect(ticks.loop.reports.count == 1 && ticks.loop.reports.first?.severity == .error)
        // It lasts, and is told and counted no more before the next run.
        _ = ticks.next()
        #expect(ticks.loop.reports == [])
    }

    private func target(_ server: PageServer, seriesMax: Int = 2000) -> ScrapeTarget {
        ScrapeTarget(
            job: "other", url: server.url, intervalMilliseconds: 10_000, timeoutMilliseconds: 5000,
            seriesMax: seriesMax, labels: [Label("team", "x")])!
    }

    @Test func aPageIsScraped() {
        let server = PageServer()
        server.serve(
            "HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text\r\nContent-Length: 9\r\n\r\na 1\n# EOF")
        var ticks = Ticks("scrape") { $0.targets = [target(server)] }
        let labels = #"{instance="127.0.0.1:\#(server.port)", job="other", team="x"}"#
        #expect(ticks.next() == [])
        let first = ticks.next { !$0.isEmpty }
        #expect(
            first == [
                "up\(labels) 1.0", "scrape_samples_scraped\(labels) 1.0",
                #"a_open{exported_instance="own", instance="127.0.0.1:\#(server.port)", job="other", team="x"} 1.0"#,
            ])
        #expect(server.requests.first?.hasPrefix("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n") == true)
        // Nobody answers, then one who packs, then too many series.
        let packed = Array("a 1\n".utf8).map { $0 ^ 1 }
        server.serve(
            Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".utf8) + packed)
        ticks.seconds += 10
        let second = ticks.next { !$0.isEmpty }
        #expect(second.count == 4 && second.contains("up\(labels) 1.0") && second.last?.hasSuffix(" stale") == true)
        server.serve("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        ticks.seconds += 10
        let third = ticks.next { !$0.isEmpty }
        #expect(third.contains("up\(labels) 0.0") && third.contains("scrape_samples_scraped\(labels) 0.0"))
        #expect(third.count == 3 && third.last?.hasSuffix(" stale") == true)
        #expect(ticks.loop.reports.first?.text.contains("status 404") == true)
        let last = ticks.lines(ticks.loop.finalBatch(at: Timestamp(milliseconds: .max / 2)))
        #expect(last.count == 2 && last.allSatisfy { $0.hasSuffix(" stale") }, "\(last)")
    }

    /// The token of a file goes out with the request; without one nothing does, and nobody reads what it was.
    @Test func aTokenOfAFile() {
        let folder = TemporaryFolder()
        let path = folder.path + "/token"
        FileBytes.write(Array(" s3cret-token \n second line\n".utf8), to: path)
        let server = PageServer()
        var target = target(server)
        target.bearerToken = SecretFile(path)
        var ticks = Ticks("scrape") { $0.targets = [target] }
        server.serve("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n")
        let first = ticks.next { !$0.isEmpty }
        #expect(first.contains { $0.hasPrefix("up") && $0.hasSuffix(" 1.0") }, "\(first)")
        #expect(server.requests.first?.contains("\r\nAuthorization: Bearer s3cret-token\r\n") == true)
        FileBytes.write(Array("two words\n".utf8), to: path)
        ticks.seconds += 10
        let second = ticks.next { !$0.isEmpty }
        #expect(second.contains { $0.hasPrefix("up") && $0.hasSuffix(" 0.0") }, "\(second)")
        #expect(server.requests.count == 1)
        let told = ticks.loop.reports.map(\.text).joined()
        #expect(told.contains(path) && !told.contains("two words"), "\(told)")
    }

    @Test func credentialsOfTheServiceManager() throws {
        let folder = TemporaryFolder()
        FileBytes.write(Array("abc".utf8), to: folder.path + "/nginx.token")
        let environment = ["CREDENTIALS_DIRECTORY": folder.path]
        #expect(try SecretFile("nginx.token").read(environment: { environment[$0] }) == "abc")
        func problem(_ file: SecretFile, _ environment: [String: String] = [:]) -> String {
            do throws(CollectorError) {
                _ = try file.read(environment: { environment[$0] })
                return "none"
            } catch {
                return error.description
            }
        }
        #expect(problem(SecretFile("nginx.token")).contains("LoadCredential=nginx.token"))
        #expect(problem(SecretFile("other"), environment).contains(folder.path + "/other"))
        for (bytes, name) in [
            ([UInt8](), "empty"), ([0x61, 0xff], "bytes"), ([UInt8](repeating: 65, count: 9000), "long"),
        ] {
            FileBytes.write(bytes, to: folder.path + "/" + name)
            #expect(problem(SecretFile(name), environment).contains("no secret"), "\(name)")
        }
    }

    /// What the configuration names and is not there is told as an error, once a job.
    @Test func aTokenThatIsMissingIsAnError() {
        let server = PageServer()
        func target(_ job: String, _ token: String) -> ScrapeTarget {
            var target = ScrapeTarget(
                job: job, url: server.url, intervalMilliseconds: 1000, timeoutMilliseconds: 1000)!
            target.bearerToken = SecretFile(token)
            return target
        }
        var ticks = Ticks("scrape") { options in
            options.targets = [
                target("one", "/nowhere/token"), target("two", "/nowhere/token"), target("three", "no.credential"),
            ]
        }
        var told: [CollectorReport] = []
        for _ in 0..<4000 where told.count < 3 {
            _ = ticks.next()
            told += ticks.loop.reports
            usleep(2000)
        }
        for _ in 0..<5 {
            _ = ticks.next()
            told += ticks.loop.reports
            usleep(2000)
        }
        #expect(told.count == 3 && told.allSatisfy { $0.severity == .error }, "\(told)")
        for (job, found) in [
            ("one", "/nowhere/token"), ("two", "/nowhere/token"), ("three", "LoadCredential=no.credential"),
        ] {
            #expect(told.contains { $0.text.contains("of job \(job):") && $0.text.contains(found) }, "\(told)")
        }
    }

    /// A page that has the series by which its scrape is told does not speak for it.
    @Test func whatAPageSaysOfItsScrapeIsLeftOut() {
        let server = PageServer()
        let target = ScrapeTarget(job: "j", url: server.url, intervalMilliseconds: 10_000, timeoutMilliseconds: 5000)!
        server.serve("HTTP/1.1 200 OK\r\n\r\nup 0\nother 1\n")
        var calls = ForeignSourcesTests.calls
        calls.readPage = { _, _, _, _ in
            var content = TextFileContent()
            content.samples = [(Labels(name: "up"), 0), (Labels(name: "other"), 1)]
            return content
        }
        var ticks = Ticks("scrape", calls: calls) { $0.targets = [target] }
        _ = ticks.next()
        let lines = ticks.next { !$0.isEmpty }
        #expect(lines.filter { $0.hasPrefix("up{") }.map { $0.hasSuffix(" 1.0") } == [true], "\(lines)")
        #expect(lines.contains { $0.hasPrefix("other{") })
        #expect(ticks.loop.reports.first?.text.contains("is there already, of collector scrape") == true)
    }

    @Test func tooManySeriesAreNone() {
        let server = PageServer()
        let page = (0..<11).map { "a\($0) 1\n" }.joined()
        server.serve("HTTP/1.1 200 OK\r\n\r\n" + page, connections: 3)
        for (max, isTaken) in [(10, false), (11, true)] {
            var ticks = Ticks("scrape") { $0.targets = [target(server, seriesMax: max)] }
            _ = ticks.next()
            let lines = ticks.next { !$0.isEmpty }
            #expect(lines.count == (isTaken ? 13 : 2))
            #expect(ticks.loop.reports.map { $0.text.contains("series_max = 10") } == (isTaken ? [] : [true]))
        }
        server.serve("HTTP/1.1 200 OK\r\n\r\na 1\nb x\n")
        var ticks = Ticks("scrape") { $0.targets = [target(server)] }
        _ = ticks.next()
        let lines = ticks.next { !$0.isEmpty }
        #expect(lines.count == 2 && ticks.loop.reports.first?.text.contains("line b x") == true)
    }

    @Test func nobodyListensAndNobodyAnswers() {
        let server = PageServer()
        var quiet = target(server)
        quiet.timeoutMilliseconds = 50
        let nobody = ScrapeTarget(
            job: "none", url: "http://[::1]:1/", intervalMilliseconds: 1000, timeoutMilliseconds: 1000)!
        var ticks = Ticks("scrape") { $0.targets = [quiet, nobody] }
        _ = ticks.next()
        var told = Set<String>()
        var count = 0
        while told.count < 2, count < 4000 {
            _ = ticks.next { _ in true }
            for report in ticks.loop.reports { told.insert(report.text) }
            usleep(2000)
            count += 1
        }
        #expect(told.contains { $0.contains("no whole answer in 50 ms") }, "\(told)")
        #expect(told.contains { $0.contains("cannot scrape http://[::1]:1/") }, "\(told)")
    }

    /// Two sources that bring one series bring it once a tick, and neither takes another collector's.
    @Test func aSeriesHasOneOwner() {
        let command = ["/bin/echo", "a 1"]
        var ticks = Ticks("exec") { options in
            options.commands = ["x", "y"].map {
                CommandSource(name: $0, command: command, intervalMilliseconds: 60_000, timeoutMilliseconds: 5000)
            }
        }
        _ = ticks.next()
        var seen: [String] = []
        for _ in 0..<4000
        where seen.count(where: { $0.hasPrefix("agent_exec_runs_total") && $0.hasSuffix(" 1.0") }) < 2 {
            seen = ticks.next { _ in true }
            #expect(seen.count { $0.hasPrefix("a{") } <= 1)
            usleep(2000)
        }
        #expect(seen.contains("agent_exec_runs_total{name=\"y\"} 1.0"), "\(seen)")
    }

    @Test(arguments: [
        ("http://127.0.0.1:9113/metrics", "127.0.0.1:9113", "/metrics"), ("http://localhost", "127.0.0.1:80", "/"),
        ("http://[::1]:8080?a=b", "[::1]:8080", "/?a=b"), ("HTTP://127.1.2.3:1/x/y", "127.1.2.3:1", "/x/y"),
    ]) func targets(_ url: String, _ instance: String, _ path: String) {
        let target = ScrapeTarget(job: "j", url: url, intervalMilliseconds: 1000, timeoutMilliseconds: 1000)
        #expect(target?.instance == instance && target?.path == path)
    }

    @Test(arguments: [
        "https://127.0.0.1/", "127.0.0.1:9100", "http://10.0.0.1/", "http://example.org/", "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/", "http://127.0.0/", "http://[::1/", "http://[::1]x/", "http://127.0.0.1/a b",
        "http://127.0.0.1/a\r\nX: y", "http://user@127.0.0.1/", "http://127.0.0.1:9100:9100/", "http:///metrics",
    ]) func whatIsNoTarget(_ url: String) {
        #expect(ScrapeTarget(job: "j", url: url, intervalMilliseconds: 1000, timeoutMilliseconds: 1000) == nil)
    }
}
