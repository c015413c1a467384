import Formats
import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import mon

/// A store with two disks and a load, a sample every 5 s for 10 minutes up to 1,700,000,000; one series ended.
struct SampleStore {
    static let end: Int64 = 1_700_000_000_000
    let folder = TemporaryFolder()

    init() throws {
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "test", machineID: "0"))
        recorder.describe(
            MetricFamily(name: "disk_io_read_bytes_total", kind: .counter, unit: "bytes", help: "Bytes read."))
        recorder.describe(MetricFamily(name: "load_average", kind: .gauge, help: "Processes that want to run."))
        let disks = ["sda", "sdb"].map {
            recorder.reference(for: Labels(name: "disk_io_read_bytes_total", ["device": $0]))
        }
        let load = recorder.reference(for: Labels(name: "load_average", ["period": "1m"]))
        let ended = recorder.reference(for: Labels(name: "old", ["reason": "gone"]))
        let group = GroupDefinition(intervalMilliseconds: 5000)
        for tick in 0...120 {
            let time = Timestamp(milliseconds: SampleStore.end - 600_000 + Int64(tick) * 5000)
            var row = Scrape.Row(group: group, samples: [])
            row.samples.append((disks[0], Double(tick) * 5 * 1_048_576))
            row.samples.append((disks[1], Double(tick) * 5 * 1024))
            row.samples.append((load, 0.5))
            if tick <= 100 { row.samples.append((ended, tick == 100 ? .staleMarker : 1)) }
            try recorder.append(Scrape(time: time, rows: [row]))
        }
        try recorder.close()
    }

    /// Runs `mon VERB --data … arguments`.
    func run(_ verb: String, _ arguments: String..., on test: TestConsole) -> CommandStatus {
        Mon.run([verb, "--data", folder.path] + arguments, on: test.console)
    }
}

@Suite struct QueryCommandTests {
    @Test func tableWithUnits() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "rate(disk_io_read_bytes_total[5m])", on: test) == .success)
        #expect(test.output == "device      value\nsda     1.0 MiB/s\nsdb     1.0 KiB/s\n")
        #expect(test.error.isEmpty)
    }

    @Test func formatsAndQuiet() throws {
        let store = try SampleStore()
        func output(_ arguments: String...) -> String {
            let test = TestConsole(now: SampleStore.end)
            #expect(Mon.run(["query", "--data", store.folder.path] + arguments, on: test.console) == .success)
            return test.output
        }
        #expect(output("-q", "load_average") == "0.5\n")
        #expect(
            output("load_average", "--format", "csv", "--unix-time")
                == "__name__,period,time,value\r\nload_average,1m,1700000000,0.5\r\n")
        #expect(
            output("load_average", "--format", "csv", "--no-header", "--utc")
                == "load_average,1m,2023-11-14T22:13:20Z,0.5\r\n")
        #expect(
            output("load_average", "--format", "json")
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"load_average","#
                + #""period":"1m"},"value":[1700000000,"0.5"]}]}}"# + "\n")
        #expect(
            output("load_average", "--format", "openmetrics")
                == "# HELP load_average Processes that want to run.\n# TYPE load_average gauge\n"
                + "load_average{period=\"1m\"} 0.5 1700000000\n# EOF\n")
        #expect(output("1 + 1") == "2\n")
    }

    @Test func spansOfTime() throws {
        let store = try SampleStore()
        func output(_ arguments: String...) -> String {
            let test = TestConsole(now: SampleStore.end + 3000)
            #expect(Mon.run(["query", "--data", store.folder.path] + arguments, on: test.console) == .success)
            return test.output
        }
        let rows = output("load_average", "--from", "22:12", "--to", "22:13", "--step", "60", "--utc")
        #expect(
            rows == """
                2023-11-14 UTC  load_average{period="1m"}
                22:12                               0.500
                22:13                               0.500

                """)
        #expect(output("-q", "load_average", "--last", "10s", "--step", "5s") == "0.5\n0.5\n0.5\n")
        #expect(output("-q", "load_average", "--from", "-1m", "--to", "now", "--step", "30s") == "0.5\n0.5\n0.5\n")
        #expect(output("-q", "disk_io_read_bytes_total{device=\"sdb\"}", "--at", "1699999405.5") == "5120\n")
    }

    @Test func explainAndStats() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "--stats", "-q", "load_average", on: test) == .success)
        #expect(test.output == "0.5\n")
        #expect(test.error.hasPrefix("mon: 1 series, ") && test.error.contains("evaluate"))
        let other = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "--explain", "sum(load_average)", on: other) == .success)
        #expect(other.output.contains("aggregate sum") && other.output.contains("1 series, "))
        #expect(other.output.contains(", answered by ") && other.output.contains(" samples\n"))
    }

    @Test func otherNamesOfStoredSeries() throws {
        let store = try SampleStore()
        func said(_ verb: String, _ arguments: String...) -> (output: String, error: String) {
            let test = TestConsole(now: SampleStore.end)
            _ = Mon.run([verb, "--data", store.folder.path] + arguments, on: test.console)
            return (test.output, test.error)
        }
        #expect(said("query", "-q", "node_load1{job=\"node\"}").output == "0.5\n")
        let rate = said("query", "rate(node_disk_read_bytes_total{device=\"sda\"}[5m])").output
        #expect(rate.contains("test:9100") && rate.contains("1.0 MiB/s"))
        #expect(
            said("query", "--explain", "node_load1").output
                .contains(#", by alias node_load1 = load_average{period="1m"}"#))
        #expect(said("series", "node_load1").output == "node_load1{instance=\"test:9100\", job=\"node\"}\n")
        #expect(said("metrics", "node_l").output.contains("node_load1") && !said("metrics").output.contains("node_"))
        #expect(said("metrics", "node_l").output.contains("Processes that want to run."))
        #expect(said("query", "node_laod1").error.contains("did you mean node_load1"))
        #expect(
            said("query", "node_memory_MemTotal_bytes").error.contains(
                "node_memory_MemTotal_bytes = memory_total_bytes, and memory_total_bytes is not recorded here"))
        #expect(said("export", "--names", "node").output.contains("\nnode_load1 0.5\n"))
        #expect(!said("export").output.contains("node_"))
    }

    @Test func resolutionCanBeForced() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        let query = "max_over_time(load_average[1m])"
        #expect(store.run("query", "-q", "--resolution", "1m", query, on: test) == .success)
        #expect(test.output == "0.5\n")
        let explained = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "--explain", "--resolution", "1h", query, on: explained) == .success)
        #expect(explained.output.contains("windows of 1h"))
        let wrong = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "--resolution", "5m", query, on: wrong) == .usage)
        #expect(wrong.error.contains("--resolution 5m: possible are raw, 1m, 1h"))
    }

    @Test func nothingFound() throws {
        let store = try SampleStore()
        func check(_ expression: String, at now: Int64 = SampleStore.end, _ status: CommandStatus, _ said: String) {
            let test = TestConsole(now: now)
            #expect(store.run("query", "--utc", expression, on: test) == status, "\(expression)")
            #expect(said.isEmpty ? test.error.isEmpty : test.error.contains(said), "\(expression): \(test.error)")
            #expect(test.output.isEmpty)
        }
        check("disk_io_reads_bytes_total", .noData, "did you mean disk_io_read_bytes_total?")
        check("zzz", .noData, "`mon metrics` lists")
        check("load_average{period=\"15m\"}", .noData, "no series matches at 2023-11-14T22:13:20Z")
        check("load_average", at: SampleStore.end + 3_600_000, .noData, "samples from 2023-11-14T22:03:20Z to")
        check("load_average > 100", .success, "")
        check(
            "load_averge + load_average", .success, "info: no metric is called load_averge; did you mean load_average?")
        check("vector(1) > 2", .success, "")
    }

    @Test func mistakesAreNamedWithTheirPlace() throws {
        let store = try SampleStore()
        func check(_ arguments: [String], _ status: CommandStatus, _ said: String) {
            let test = TestConsole(now: SampleStore.end)
            #expect(Mon.run(["query", "--data", store.folder.path] + arguments, on: test.console) == status)
            #expect(test.error.contains(said), "\(arguments): \(test.error)")
            #expect(test.output.isEmpty)
        }
        check(["sum(load_average"], .usage, "parse error")
        check(["1 + * 2"], .usage, "\n  1 + * 2\n      ^")
        check(["ratee(load_average[5m])"], .usage, "did you mean rate?")
        check(["limitk(2, load_average)"], .usage, "\n`--enable experimental` accepts it")
        check(["load_average", "--format", "xml"], .usage, "possible are table, json")
        check(["load_average", "--at", "noon"], .usage, "--at: \"noon\" is no time")
        check(["load_average", "--step", "5m"], .usage, "--step needs")
        check(["load_average", "--last", "5m", "--from", "0"], .usage, "--last goes without")
        check(["load_average", "--to", "0"], .usage, "--to needs --from")
        check(["load_average", "--from", "now", "--to", "-5m"], .usage, "is before --from")
        check(["load_average", "--at", "now", "--last", "5m"], .usage, "--at is for one moment")
        check(["rate(load_average[5m])", "--format", "openmetrics"], .usage, "needs metric names")
        check([], .usage, "Missing expected argument")
        check(["a", "--frm", "x"], .usage, "Unknown option")
        check(["load_average + on() group_left() {__name__=~\".+\"}"], .failure, "")
    }

    @Test func verbsThatAreNoneAreNamed() {
        func check(_ arguments: [String], _ said: String) {
            let test = TestConsole(now: SampleStore.end)
            #expect(Mon.run(arguments, on: test.console) == .usage)
            #expect(test.error.contains(said), "\(arguments): \(test.error)")
        }
        check(["qery", "up"], "no command of `mon` is called qery; did you mean `mon query`?")
        check(["db", "chek"], "no command of `mon db` is called chek; did you mean `mon db check`?")
        check(["help", "dmp"], "no command or function of `mon` is called dmp; did you mean `mon dump`?")
        check(["import", "/no/such/file"], "/no/such/file")
        for arguments in [["help"], ["help", "help"], ["help", "db", "check"], ["help", "rate"]] {
            #expect(Mon.run(arguments, on: TestConsole(now: SampleStore.end).console) == .success, "\(arguments)")
        }
    }

    /// Whoever reads an answer slowly, or not at all, holds no snapshot: the store would grow.
    @Test(arguments: [
        ["query", "load_average"], ["query", "--explain", "load_average"], ["query", "nothing"], ["series"],
        ["metrics"],
    ])
    func theStoreIsClosedWhenTheAnswerIsGiven(arguments: [String]) throws {
        let store = try SampleStore()
        var opened: [String] = []
        let console = Console(
            now: Timestamp(milliseconds: SampleStore.end), zone: .utc, environment: { _ in nil },
            outputIsTerminal: false, errorIsTerminal: false, width: 100
        ) { _, _ in
            opened += openFiles(below: store.folder.path)
            return 0
        }
        // Looked for as well where it is open.
        let held = try Store(at: store.folder.path, access: .read)
        #expect(!openFiles(below: held.path).isEmpty)
        _ = consume held
        _ = Mon.run(arguments + ["--data", store.folder.path], on: console)
        #expect(opened.isEmpty, "\(opened)")
    }

    /// Files of a folder that this process has open.
    private func openFiles(below path: String) -> [String] {
        // Other tests have files open, too.
        (0..<20_000).compactMap { descriptor in
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes {
                readlink("/proc/self/fd/\(descriptor)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
            }
            guard count > 0 else { return nil }
            let text = String(decoding: target[..<count], as: UTF8.self)
            return text.hasPrefix(path + "/") ? text : nil
        }
    }

    @Test func withoutAStore() {
        let folder = TemporaryFolder()
        let test = TestConsole()
        #expect(test.run("query", "up", "--data", folder.path) == .noData)
        #expect(test.error.contains("no store in \(folder.path): start one with `mon run --data \(folder.path)`"))
    }
}

@Suite struct ListingCommandTests {
    private func run(_ arguments: String..., expecting status: CommandStatus = .success) throws -> TestConsole {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(Mon.run(arguments + ["--data", store.folder.path], on: test.console) == status)
        return test
    }

    @Test func series() throws {
        #expect(
            try run("series").output == """
                disk_io_read_bytes_total{device="sda"}
                disk_io_read_bytes_total{device="sdb"}
                load_average{period="1m"}
                old{reason="gone"}

                """)
        #expect(try run("series", "old", "{device=~\"sd.\"}").output.split(separator: "\n").count == 3)
        #expect(
            try run("series", "old", "--format", "json").output
                == #"{"status":"success","data":[{"__name__":"old","reason":"gone"}]}"# + "\n")
        #expect(try run("series", "old", "--format", "csv").output == "__name__,reason\r\nold,gone\r\n")
        #expect(try run("series", "old", "--format", "jsonl").output == #"{"__name__":"old","reason":"gone"}"# + "\n")
        #expect(try run("series", "nothing", expecting: .noData).error.contains("no series matches"))
        #expect(try run("series", "{", expecting: .usage).error.contains("parse error"))
    }

    @Test func labels() throws {
        // The names that processes have belong to stores with processes.
        #expect(try run("labels").output == "__name__\ndevice\nperiod\nreason\n")
        #expect(try run("labels", "device").output == "sda\nsdb\n")
        #expect(
            try run("labels", "device", "--format", "json").output
                == #"{"status":"success","data":["sda","sdb"]}"# + "\n")
        #expect(try run("labels", "nothing", expecting: .noData).error.contains("no series has a label nothing"))
    }

    @Test func metrics() throws {
        #expect(
            try run("metrics").output == """
                name                      type     unit   help
                disk_io_read_bytes_total  counter  bytes  Bytes read.
                load_average              gauge           Processes that want to run.
                old                       unknown

                """)
        #expect(
            try run("metrics", "load", "--no-header").output == "load_average  gauge    Processes that want to run.\n")
        #expect(try run("metrics", "lod_average", expecting: .noData).error.contains("did you mean load_average?"))
    }
}

@Suite struct ExportCommandTests {
    @Test func currentValuesWithoutEndedSeries() throws {
        let store = try SampleStore()
        let text = TestConsole(now: SampleStore.end + 1000)
        #expect(store.run("export", on: text) == .success)
        #expect(
            text.output == """
                # HELP disk_io_read_bytes_total Bytes read.
                # TYPE disk_io_read_bytes_total counter
                disk_io_read_bytes_total{device="sda"} 629145600
                disk_io_read_bytes_total{device="sdb"} 614400
                # HELP load_average Processes that want to run.
                # TYPE load_average gauge
                load_average{period="1m"} 0.5

                """)
        let open = TestConsole(now: SampleStore.end + 1000)
        #expect(store.run("export", "--openmetrics", "--once", on: open) == .success)
        #expect(open.output.contains("# UNIT disk_io_read_bytes bytes\n") && open.output.hasSuffix("# EOF\n"))
    }

    @Test func theWindowIsLeftOpen() throws {
        let store = try SampleStore()
        #expect(store.run("export", on: TestConsole(now: SampleStore.end + 299_999)) == .success)
        let test = TestConsole(now: SampleStore.end + 300_000)
        #expect(store.run("export", on: test) == .noData)
        #expect(test.error.contains("the newest is of 2023-11-14T22:13:20Z"))
    }

    @Test func mistakes() throws {
        let store = try SampleStore()
        let both = TestConsole()
        #expect(store.run("export", "--once", "--listen", "127.0.0.1:0", on: both) == .usage)
    }
}

@Suite struct OtherCommandTests {
    @Test func helpVersionAndMistakes() {
        let version = TestConsole()
        #expect(version.run("--version") == .success)
        #expect(version.output.hasPrefix("mon ") && version.error.isEmpty)
        let help = TestConsole()
        #expect(help.run("query", "--help") == .success)
        #expect(help.output.contains("--format") && help.error.isEmpty)
        let unknown = TestConsole()
        #expect(unknown.run("qery") == .usage)
        #expect(unknown.output.isEmpty && !unknown.error.isEmpty)
    }

    @Test func sampleRecordsThisHostOnce() throws {
        let folder = TemporaryFolder()
        let test = TestConsole()
        #expect(test.run("sample", "--data", folder.path) == .success)
        #expect(test.output.isEmpty)
        let snapshot = try Store(at: folder.path, access: .read).snapshot()
        let names = try snapshot.labelValues(of: "__name__", matching: [], in: .all)
        #expect(names.contains("load_average") && names.contains("memory_total_bytes"))
    }

    @Test func runChecksItsFlags() throws {
        func check(_ arguments: [String], _ said: String) {
            let test = TestConsole(environment: ["MON_DATA": "/nowhere/at/all"])
            #expect(Mon.run(["run"] + arguments, on: test.console) == .usage)
            #expect(test.error.contains(said), "\(arguments): \(test.error)")
        }
        check(["--log-level", "loud"], "possible are debug, info, warning, error")
        check(["--commit-every", "0"], "--commit-every: \"0\" is out of range; 1 to 720")
        check(["--interval", "100ms"], "--interval: \"100ms\" is out of range; 1s to 5m")
        check(["--keep", "soon"], "--keep: \"soon\" is no length of time")
        check(["--keep", "1d", "--retention", "raw=2d"], "give one of them")
        check(["--retention", "1m=soon"], "\"soon\" is no time such as 30d")
        check(["--retention", "raw=2d,1h=1d"], "--retention raw=2d,1h=1d")
        check(["--retention-for", "{a=\"b\"}"], "a selector and times belong together")
        check(["--retention-for", "{a=", "raw=1d"], "--retention-for")
        check(["--retention-for", "{a=\"b\"}", "raw"], "is none of raw=TIME")
        check(["--retention-for", "{}", "raw=1d"], "{} selects every series")
        check(["--retention-for", "nothing"], "none takes those that the store has away")
        let command = try #require(
            try Mon.command(for: ["run", "--interval", "10s", "--commit-every", "12", "--data", "/d"]) as? RunCommand)
        let options = try command.options(on: TestConsole().console)
        #expect(options.dataPath == "/d" && options.intervalMilliseconds == 10_000 && options.scrapesPerCommit == 12)
    }

    /// A rule is told once, is told to be of what is to come, and goes away again.
    @Test func exceptionsComeAndGo() throws {
        let store = try SampleStore()
        func retain(_ arguments: String...) throws -> (String, [RetentionPolicy.Exception]) {
            let test = TestConsole(now: SampleStore.end)
            #expect(
                Mon.run(["retention", "run", "--data", store.folder.path] + arguments, on: test.console) == .success)
            return (
                test.output, try Store(at: store.folder.path, access: .read).snapshot().retentionPolicy().exceptions
            )
        }
        let (told, known) = try retain("--retention-for", "load_average", "raw=7d", "{a=\"b\"}", "1m=8d")
        #expect(known.map(\.keep.raw) == [7 * 86_400_000, 8 * 86_400_000])
        #expect(
            told.contains(
                "{__name__=\"load_average\"} raw=1w,1m=1y,1h=5y is new: it holds for what is recorded from now on"),
            "\(told)")
        let (again, same) = try retain("--retention-for", "load_average", "raw=9d", "{a=\"b\"}", "1m=8d")
        #expect(!again.contains("is new") && same.first?.keep.raw == 9 * 86_400_000)
        #expect(try retain().1 == same)
        let (none, left) = try retain("--retention-for", "none")
        #expect(left.isEmpty && !none.contains("load_average"), "\(none)")
    }

    @Test func automaticSteps() {
        func check(_ seconds: Int64, _ expected: Int64) {
            let span = TimeRange(minMilliseconds: 0, maxMilliseconds: seconds * 1000)
            #expect(AutomaticStep.milliseconds(for: span) == expected * 1000, "\(seconds)")
        }
        check(0, 1)
        check(60, 1)
        check(600, 10)
        check(3600, 60)
        check(86_400, 900)
        check(7 * 86_400, 7200)
        check(365 * 86_400, 4 * 86_400)
        #expect(AutomaticStep.milliseconds(for: .all) > 0)
    }

    @Test func failuresHaveTheirStatus() {
        func check(_ error: any Error, _ status: CommandStatus) { #expect(CommandFailure(error).status == status) }
        check(StoreError.noStore(path: "/a"), .noData)
        check(StoreError.recorderRuns(path: "/a", pid: 1), .store)
        check(StoreError.damaged(path: "/a", record: "b", reason: "c"), .store)
        check(StoreError.refused(.damagedFile, description: ""), .store)
        check(StoreError.refused(.diskFull, description: ""), .failure)
        check(FormatError("x"), .usage)
    }
}
