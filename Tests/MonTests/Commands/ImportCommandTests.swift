import Formats
import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB
@testable import mon

/// Files and stores for tests of import and dump.
private struct Place {
    let folder = TemporaryFolder()

    func path(_ name: String) -> String { folder.path + "/" + name }

    func write(_ text: String, to name: String) {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    func text(_ name: String) -> String { SourceTree.text(of: path(name)) }

    /// Runs the program; returns its status and what it said.
    func run(_ arguments: String..., isTerminal: Bool = false) -> (status: CommandStatus, output: String, error: String)
    {
        let test = TestConsole(isTerminal: isTerminal)
        let status = Mon.run(arguments, on: test.console)
        return (status, test.output, test.error)
    }
}

@Suite struct ImportCommandTests {
    @Test func aFileIsImportedAndTold() {
        let place = Place()
        place.write("# TYPE up gauge\nup{a=\"b\"} 1 1700000000\nup{a=\"b\"} 2 1700000005\nup 1 x\n# EOF\n", to: "in.om")
        let data = place.path("data")
        let first = place.run(
            "import", "--data", data, "--tiers", "none", "--format", "openmetrics", place.path("in.om"))
        #expect(first.status == .success)
        #expect(
            first.error == """
                mon: \(place.path("in.om")): line 4, column 6: x is no time in seconds since 1970
                mon: 2 samples of 1 series imported from 2023-11-14T22:13:20Z to 2023-11-14T22:13:25Z

                """)
        #expect(first.output.isEmpty)
        // By the file's name; what is there already is told.
        let second = place.run("import", "--data", data, place.path("in.om"))
        #expect(second.error.hasSuffix("mon: 2 samples were there already\n"))
        let query = place.run("query", "--data", data, "-q", "up", "--at", "1700000005")
        #expect(query.output == "2\n")
    }

    @Test func strictStopsAtTheFirstFault() {
        let place = Place()
        place.write("up 1 1700000000\nup x 1700000001\nup 3 1700000002\n# EOF\n", to: "in.om")
        let ran = place.run("import", "--strict", "--data", place.path("data"), place.path("in.om"))
        #expect(ran.status == .failure)
        #expect(ran.error.contains("line 2, column 4: x is no number"))
        #expect(ran.error.contains("the 1 lines before it are imported"))
        let dump = place.run("dump", "--data", place.path("data"), "--format", "prometheus")
        #expect(dump.output == "# TYPE up untyped\nup 1 1700000000000\n")
    }

    @Test func wrongUsageIsNamed() {
        let place = Place()
        let data = place.path("data")
        func check(_ arguments: [String], _ status: CommandStatus, _ part: String) {
            let test = TestConsole()
            #expect(Mon.run(arguments, on: test.console) == status, "\(test.error)")
            #expect(test.error.contains(part), "\(test.error)")
        }
        check(["import", "--data", data, "--format", "xml", "f"], .usage, "--format xml: possible are openmetrics")
        check(["import", "--data", data, "f.txt"], .usage, "f.txt: its name does not tell the format")
        check(["import", "--data", data, place.path("no.om")], .failure, "No such file")
        check(["import", "sar", "--data", data, place.path("no")], .failure, "No such file")
        check(["import", "--data", data, "--max-series", "0", "f.om"], .failure, "")
        check(["dump", "--data", data, "--format", "sar"], .usage, "--format sar: possible are openmetrics")
        check(["dump", "--data", data, "--format", "csv"], .noData, "no store in")
        check(["import", "--tiers", "some", "f.om"], .usage, "some")
    }

    @Test func seriesBeyondTheLimitAreNamedOnce() {
        let place = Place()
        place.write((0..<20).map { "m{i=\"\($0)\"} 1 1700000000000\n" }.joined(), to: "in.prom")
        let ran = place.run("import", "--max-series", "5", "--data", place.path("data"), place.path("in.prom"))
        #expect(
            ran.error.contains("15 series with 15 samples refused, the first m{i=\"5\"}: more than --max-series 5\n"))
        #expect(ran.status == .failure)
        #expect(ran.error.contains("5 samples of 5 series imported"))
    }

    /// What brings nothing, or not all, must not pass for an import.
    @Test func whatIsNoSuchFileFails() {
        let place = Place()
        place.write("# TYPE up gauge\nup{a=\"b\"} 1 1700000000\n# EOF\n", to: "in.om")
        place.write("", to: "empty")
        place.write("metric,labels,time,value\n", to: "head.csv")
        place.write("up 1 1700000000\n", to: "cut.om")
        place.write("up 1 9000000000000000000\n", to: "far.prom")
        func check(_ file: String, _ format: String, _ reason: String) {
            let ran = place.run("import", "--data", place.path("data"), "--format", format, place.path(file))
            #expect(ran.status == .failure, "\(file) as \(format)")
            #expect(ran.error.contains("\(reason)"), "\(file) as \(format): \(ran.error)")
        }
        check("in.om", "sar", "in.om: no sample is in it; was it written as sar?")
        for format in ["csv", "jsonl", "prometheus", "sar"] { check("empty", format, "no sample is in it") }
        check("head.csv", "csv", "no sample is in it")
        check("cut.om", "openmetrics", "1 samples of 1 series imported")
        check("cut.om", "openmetrics", "no # EOF at the end")
        check(
            "far.prom", "prometheus", "mon: 0 samples of 1 series imported\nmon: 1 samples are of times that no store")
    }

    @Test func messagesAreOneLineWithoutCommands() {
        let place = Place()
        let long = String(repeating: "z", count: 100_000)
        place.write("up \u{1b}[2J\u{9b}x 1\nup \(long) 1\nup 1 1\n", to: "in.prom")
        place.write("metric,labels,time,value\nup,,1,\"a\nb\"\nup,,1,1\n", to: "in.csv")
        let ran = place.run("import", "--data", place.path("data"), place.path("in.prom"))
        #expect(ran.error.contains("line 1, column 4: \\u{1b}[2J\\u{9b}x is no number\n"), "\(ran.error)")
        #expect(ran.error.contains(" [...] zzz") && ran.error.contains("zzz is no number\n"))
        #expect(!ran.error.contains("\u{1b}") && ran.error.utf8.count < 2000)
        let lines = place.run("import", "--data", place.path("data"), place.path("in.csv"))
        #expect(lines.error.contains("line 2, column 7: a\\nb is no number\n"), "\(lines.error)")
    }

    @Test func progressIsForTerminals() {
        let place = Place()
        place.write("up 1 1700000000\n# EOF\n", to: "in.om")
        let shown = place.run("import", "--data", place.path("data"), place.path("in.om"), isTerminal: true)
        #expect(shown.error.contains("\rreading [##############################] 100 %"))
        let plain = place.run("import", "--data", place.path("data"), place.path("in.om"))
        #expect(!plain.error.contains("\r"))
    }
}

@Suite struct DumpCommandTests {
    /// A store with sealed blocks, rows, late samples and every kind of value.
    private func randomStore(_ path: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var recorder = try Recorder(path: path, host: HostIdentity(name: "test", machineID: "0"))
        recorder.describe(MetricFamily(name: "c_total", kind: .counter, help: "A \\ counter\nof two lines."))
        recorder.describe(MetricFamily(name: "h", kind: .histogram, help: "A histogram."))
        let labels = [
            Labels(name: "c_total", ["i": "1"]), Labels(name: "c_total", ["i": "ü\n\"\\"]),
            Labels(name: "h_bucket", ["le": "1"]),
            Labels(name: "h_sum"), Labels(name: "h_count"), Labels(name: "a.b", ["c d": "e,f"]),
        ]
        let group = GroupDefinition(intervalMilliseconds: 5000)
        var time: Int64 = 1_699_990_000_000 + Int64.random(in: 0..<5000, using: &random)
        for tick in 0..<300 {
            time += [5000, 5000, 5000, 90_000, -7000].randomElement(using: &random) ?? 5000
            var row = Scrape.Row(group: group, samples: [])
            for one in labels where Int.random(in: 0..<4, using: &random) > 0 {
                let value = awkwardValues.randomElement(using: &random) ?? 0
                row.samples.append((recorder.reference(for: one), tick % 2 == 0 ? Double(tick) / 8 : value))
            }
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
            if tick == 200 { try recorder.sealEverything() }
        }
        try recorder.close()
    }

    /// dump → import → dump gives the same bytes, and so does the store that was imported into itself.
    @Test(arguments: 1...2 as ClosedRange<UInt64>) func roundTrips(seed: UInt64) throws {
        let place = Place()
        let source = place.path("source")
        try randomStore(source, seed: seed)
        for format in SampleFormat.written {
            let name = format.rawValue
            let first = place.path("1.\(name)")
            #expect(place.run("dump", "--data", source, "--format", name, "-o", first).status == .success)
            let copy = place.path("copy-\(name)")
            let imported = place.run("import", "--strict", "--data", copy, "--format", name, first)
            #expect(imported.status == .success, "\(imported.error)")
            // CSV and JSON lines say nothing of metrics, so only their own format is compared.
            let second = place.run("dump", "--data", copy, "--format", name)
            #expect(second.output == place.text("1.\(name)"), "seed \(seed), \(name)")
            let again = place.run("import", "--data", source, "--format", name, first)
            #expect(again.status == .success && !again.error.contains("took the place"), "\(again.error)")
            let third = place.run("dump", "--data", source, "--format", name)
            #expect(third.output == place.text("1.\(name)"), "seed \(seed), \(name), itself")
        }
    }

    @Test func selectsSeriesAndTimes() throws {
        let store = try SampleStore()
        func dump(_ arguments: String...) -> String {
            let test = TestConsole(now: SampleStore.end)
            let all = ["dump", "--data", store.folder.path, "--format", "prometheus"] + arguments
            #expect(Mon.run(all, on: test.console) == .success, "\(test.error)")
            return test.output
        }
        #expect(
            dump("--match", "load_average", "--from", "1699999990", "--to", "1699999995")
                == "# HELP load_average Processes that want to run.\n# TYPE load_average gauge\n"
                + "load_average{period=\"1m\"} 0.5 1699999990000\nload_average{period=\"1m\"} 0.5 1699999995000\n")
        let two = dump("--match", "{device=\"sda\"}", "--match", "old", "--last", "10s")
        #expect(two.contains("device=\"sda\"") && !two.contains("sdb") && !two.contains("old{"))
        let test = TestConsole(now: SampleStore.end)
        #expect(
            Mon.run(["dump", "--data", store.folder.path, "--format", "csv", "--match", "nothing"], on: test.console)
                == .noData)
    }

    /// A file of nothing takes no other one's place.
    @Test func nothingSelectedWritesNoFile() throws {
        let store = try SampleStore()
        let output = store.folder.path + "/out.csv"
        FileBytes.write(Array("precious".utf8), to: output)
        let test = TestConsole(now: SampleStore.end)
        #expect(
            store.run("dump", "--format", "csv", "--match", "nosuch", "-o", output, on: test) == .noData)
        #expect(test.error.contains("no series matches; \(output) was not written"), "\(test.error)")
        #expect(FileBytes.read(output) == Array("precious".utf8))
    }

    /// What is all damaged is not told as if it had never been.
    @Test func damageIsNotAbsence() throws {
        let place = Place()
        place.write("up{a=\"b\"} 1 1700000000\nup{a=\"b\"} 2 1700000005\n# EOF\n", to: "in.om")
        let data = place.path("data")
        #expect(place.run("import", "--data", data, "--tiers", "none", place.path("in.om")).status == .success)
        func damage(_ keys: [[UInt8]]) throws {
            let store = try Store(at: data, access: .write(HostIdentity(name: "test", machineID: "0")))
            try store.write { transaction throws(StoreError) in
                // What is sealed for another place is damaged here.
                for key in keys {
                    var value: [UInt8] = [1, 2, 3]
                    Checksum.seal(&value, key: [])
                    try converting { () throws(StorageError) in try transaction.put(key, value) }
                }
            }
        }
        let whole = try Store(at: data, access: .read).snapshot()
        let blocks = try whole.blockReferences(in: .all)
        let days = try whole.registryDays(in: .all)
        #expect(blocks.count == 1 && days.count == 1)
        try damage(blocks.map { Key.block(group: $0.group, tier: 0, start: $0.start, stripe: 0) })
        let question = ["query", "--data", data, "up", "--at", "1700000005"]
        func ask() -> (CommandStatus, String) {
            let test = TestConsole()
            return (Mon.run(question, on: test.console), test.error)
        }
        let (status, told) = ask()
        #expect(status == .store && told.contains("is damaged") && told.contains("mon db check"), "\(told)")
        #expect(!told.contains("no series matches"), "\(told)")
        try damage(days.map { Key.registry(span: .day, start: $0, stripe: 0) })
        let (nameless, reason) = ask()
        #expect(nameless == .store && !reason.contains("is empty"), "\(reason)")
    }

    /// Samples of a time of which windows alone are left cannot be told from those they were made of.
    @Test func samplesThatGoIntoWindowsAreTold() {
        let place = Place()
        let day = SampleStore.end / 86_400_000 - 5
        let lines = (1...4).map { "m \($0) \(day * 86_400_000 + Int64($0) * 10_000)" }.joined(separator: "\n")
        place.write(lines + "\n", to: "a.prom")
        func run(_ arguments: String...) -> String {
            let test = TestConsole(now: SampleStore.end)
            #expect(Mon.run(arguments, on: test.console) == .success, "\(test.error)")
            return test.output + test.error
        }
        let data = place.path("data")
        #expect(!run("import", "--data", data, place.path("a.prom")).contains("windows"))
        _ = run("retention", "run", "--data", data, "--retention", "raw=1d,1m=30d,1h=60d")
        let told = run("import", "--data", data, place.path("a.prom"))
        #expect(told.contains("4 samples are of times of which only windows are left"), "\(told)")
    }

    /// Samples that aged away are missing from a dump, though queries know of them by their windows.
    @Test func windowsAreNotPassedOverInSilence() throws {
        let folder = TemporaryFolder()
        let hour: Int64 = 3_600_000
        let start = SampleStore.end / (24 * hour) * 24 * hour
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "test", machineID: "0"))
        let keep = TierKeep(raw: 24 * hour, minute: 9000 * hour, hour: 9000 * hour)
        let old = recorder.reference(for: Labels(name: "old"))
        let load = recorder.reference(for: Labels(name: "load"))
        for tick in 0..<240 as Range<Int64> {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 60_000), samples: [(load, Double(tick))])
            if tick < 24 { row.samples.append((old, 1)) }
            try recorder.append(Scrape(time: Timestamp(milliseconds: start + tick * hour + 1000), rows: [row]))
        }
        try recorder.sealEverything()
        try recorder.close()
        func dump(_ arguments: String...) -> (status: CommandStatus, output: String, error: String) {
            let test = TestConsole(now: start + 240 * hour)
            let all = ["dump", "--data", folder.path, "--format", "prometheus"] + arguments
            return (Mon.run(all, on: test.console), test.output, test.error)
        }
        #expect(dump().error.isEmpty)
        let store = try Store(at: folder.path, access: .write(HostIdentity(name: "test", machineID: "0")))
        _ = try store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: start + 240 * hour))
        let all = dump()
        let first = TimeText.rfc3339(Timestamp(milliseconds: start), .utc)
        #expect(all.status == .success && all.output.contains("load 239 ") && !all.output.contains("load 9 "))
        #expect(all.error.contains("warning: between \(first) and ") && all.error.contains("use `mon snapshot`"))
        #expect(dump("--last", "12h").error.isEmpty)
        let gone = dump("--match", "old")
        #expect(gone.status == .noData && gone.error.contains("use `mon snapshot`"), "\(gone.error)")
        #expect(!gone.error.contains("no series matches"))
    }

    @Test func aHistogramIsOneFamily() throws {
        let place = Place()
        let text = """
            # HELP h A histogram.
            # TYPE h histogram
            h_bucket{le="+Inf"} 2 1.5
            h_count 2 1.5
            h_sum 3 1.5
            # HELP h_c Comes between.
            # TYPE h_c gauge
            h_c 1 1.5
            # EOF

            """
        place.write(text, to: "in.om")
        let data = place.path("data")
        #expect(place.run("import", "--data", data, place.path("in.om")).status == .success)
        #expect(place.run("dump", "--data", data, "--format", "openmetrics").output == text)
    }
}
