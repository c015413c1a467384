import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import mon

@Suite struct DeletionCommandTests {
    private func run(_ store: SampleStore, on test: TestConsole, _ arguments: String...) -> CommandStatus {
        Mon.run(["db"] + arguments + ["--data", store.folder.path], on: test.console)
    }

    @Test func compactTellsWhatItDid() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(run(store, on: test, "compact") == .success)
        #expect(test.output.contains(" bytes before, ") && test.output.contains("0 of them written meanwhile"))
        let query = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "-q", "load_average", on: query) == .success)
        #expect(query.output == "0.5\n")
        let empty = TemporaryFolder()
        let none = TestConsole()
        #expect(Mon.run(["db", "compact", "--data", empty.path], on: none.console) == .noData)
    }

    @Test func deleteAsks() throws {
        let store = try SampleStore()
        let selector = "disk_io_read_bytes_total{device=\"sda\"}"
        let dry = TestConsole(now: SampleStore.end)
        #expect(run(store, on: dry, "delete", selector, "--dry-run") == .success)
        #expect(dry.output == "would delete 121 samples of 1 series\n")
        // Nobody to ask.
        let cron = TestConsole(now: SampleStore.end)
        #expect(run(store, on: cron, "delete", selector) == .usage)
        #expect(cron.error.contains("--yes"))
        // A person who says no, then one who says yes.
        for (answer, status) in [("no", CommandStatus.failure), ("YES", .success)] {
            let person = TestConsole(now: SampleStore.end)
            person.console.inputIsTerminal = true
            person.console.source = { answer }
            #expect(run(store, on: person, "delete", selector) == status)
            #expect(person.error.contains("delete 121 samples of 1 series from \(store.folder.path)? [y/N]"))
            #expect(person.output.hasPrefix("deleted 121 samples of 1 series") == (status == .success))
        }
        let again = TestConsole(now: SampleStore.end)
        #expect(run(store, on: again, "delete", selector, "--yes") == .noData)
        let series = TestConsole(now: SampleStore.end)
        #expect(store.run("series", on: series) == .success)
        #expect(!series.output.contains("sda") && series.output.contains("sdb"))
    }

    /// What is before a time goes without naming the beginning; what is not there is told as what it is.
    @Test func deleteUpToATime() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(run(store, on: test, "delete", "load_average", "--to", "-1m", "--dry-run") == .success)
        #expect(test.output == "would delete 109 samples of 1 series\n")
        func reason(_ selector: String) -> String {
            let test = TestConsole(now: SampleStore.end)
            #expect(run(store, on: test, "delete", selector, "--yes") == .noData)
            return test.error
        }
        #expect(reason("nothing{a=\"b\"}") == "mon: no series matches; `mon series` lists those that there are\n")
        #expect(reason("{a=\"b\"}").contains("no series matches"))
        #expect(reason("process_memory_bytes").contains("made from frames"))
    }

    @Test func deleteWithinASpan() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        #expect(run(store, on: test, "delete", "load_average", "--last", "1m", "--yes") == .success)
        #expect(test.output.hasPrefix("deleted 13 samples of 1 series"))
        let query = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "-q", "count_over_time(load_average[1h])", on: query) == .success)
        #expect(query.output == "108\n")
    }

    @Test func selectorsThatAreNone() throws {
        let store = try SampleStore()
        let test = TestConsole()
        #expect(run(store, on: test, "delete", "load_average{", "--yes") == .usage)
        #expect(Mon.run(["db", "compact", "--db", "x.mon"], on: test.console) == .usage)
        #expect(test.error.contains("a snapshot is for reading"))
    }
}

@Suite struct SnapshotCommandTests {
    @Test func aFileThatAnswersFromAnywhere() throws {
        let store = try SampleStore()
        let path = store.folder.path + "/host.mon"
        let test = TestConsole(now: SampleStore.end)
        #expect(store.run("snapshot", "--last", "2m", "-o", path, on: test) == .success)
        #expect(test.error.hasPrefix("mon: \(path): 4 series, ") && test.error.hasSuffix(" bytes\n"), "\(test.error)")
        // A week later the present of the file is its last sample.
        func output(_ arguments: String...) -> String {
            let later = TestConsole(now: SampleStore.end + 604_800_000)
            #expect(Mon.run(arguments + ["--db", path], on: later.console) == .success)
            return later.output
        }
        #expect(output("query", "-q", "load_average") == "0.5\n")
        #expect(output("query", "-q", "count_over_time(load_average[1h])") == "25\n")
        #expect(output("query", "-q", "load_average", "--last", "10s", "--step", "5s") == "0.5\n0.5\n0.5\n")
        #expect(output("series").contains("load_average"))
        #expect(output("labels").contains("device"))
        #expect(output("metrics").contains("Processes that want to run."))
        #expect(output("export").contains("load_average{period=\"1m\"} 0.5"))
        let both = TestConsole()
        #expect(Mon.run(["query", "1", "--db", path, "--data", "/tmp"], on: both.console) == .usage)
        let none = TestConsole()
        #expect(Mon.run(["query", "1", "--db", path + ".none"], on: none.console) != .success)
        #expect(none.error.contains(path + ".none"))
    }

    @Test func selectedAndRedacted() throws {
        let store = try SampleStore()
        let path = store.folder.path + "/part.mon"
        let test = TestConsole(now: SampleStore.end)
        #expect(
            store.run(
                "snapshot", "-o", path, "--match", "{device!=\"\"}", "--redact", "device=hash", "--redact", "host=drop",
                on: test) == .success)
        let series = TestConsole(now: SampleStore.end)
        #expect(Mon.run(["series", "--db", path], on: series.console) == .success)
        let lines = series.output.split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("device=\"redacted-") })
        #expect(try Store(at: path, access: .snapshotFile).host == HostIdentity(name: "", machineID: ""))
    }

    @Test func refusals() throws {
        let store = try SampleStore()
        func check(_ status: CommandStatus, _ said: String, _ arguments: String...) {
            let test = TestConsole(now: SampleStore.end)
            let path = store.folder.path + "/x.mon"
            let all = ["snapshot", "--data", store.folder.path, "-o", path] + arguments
            #expect(Mon.run(all, on: test.console) == status, "\(arguments)")
            #expect(test.error.contains(said), "\(test.error)")
            // An empty one, too, would be in the way of the next try.
            #expect(access(path, F_OK) != 0 && access(path + ".partial", F_OK) != 0, "\(arguments)")
        }
        check(.usage, "LABEL=drop", "--redact", "device")
        check(.usage, "LABEL=drop", "--redact", "device=hide")
        check(.usage, "--match", "--redact", "__name__=hash")
        check(.failure, "use hash", "--redact", "device=drop")
        check(.noData, "x.mon was not written: nothing in the store matches", "--match", "nothing")
        check(.usage, "-o -: a snapshot goes to a file", "-o", "-")
        #expect(access("-", F_OK) != 0)
    }

    @Test func aLabelThatNothingHasIsTold() throws {
        let store = try SampleStore()
        let test = TestConsole(now: SampleStore.end)
        let path = store.folder.path + "/x.mon"
        let rules = ["--redact", "devise=hash", "--redact", "period=hash", "--redact", "host=drop"]
        #expect(Mon.run(["snapshot", "--data", store.folder.path, "-o", path] + rules, on: test.console) == .success)
        #expect(test.error.contains("warning: --redact devise: no series has such a label"))
        #expect(!test.error.contains("--redact period") && !test.error.contains("--redact host"))
    }

    /// Whose data it is stands in labels, too.
    @Test(arguments: ["hash", "drop"]) func theHostsNameIsNotTold(rule: String) throws {
        let folder = TemporaryFolder()
        let host = HostIdentity(name: "secret-vm", machineID: "0123456789abcdef0123456789abcdef")
        var recorder = try Recorder(path: folder.path, host: host)
        var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [])
        for labels in [
            Labels(name: "host_info", ["nodename": "secret-old", "release": "6.1"]),
            Labels(name: "up", ["instance": "secret-vm:9100", "job": "a"]), Labels(name: "m", ["target": "secret-vm"]),
            Labels(name: "n", ["id": host.machineID, "nodename": "secret-vm"]), Labels(name: "secret", ["a": "b"]),
        ] {
            row.samples.append((recorder.reference(for: labels), 1))
        }
        try recorder.append(Scrape(time: Timestamp(milliseconds: SampleStore.end), rows: [row]))
        try recorder.close()
        let path = folder.path + "/x.mon"
        let test = TestConsole(now: SampleStore.end)
        let arguments = ["snapshot", "--data", folder.path, "-o", path, "--redact", "host=\(rule)"]
        #expect(Mon.run(arguments, on: test.console) == .success, "\(test.error)")
        let series = TestConsole(now: SampleStore.end)
        #expect(Mon.run(["series", "--db", path], on: series.console) == .success)
        #expect(!series.output.contains("secret-") && !series.output.contains(host.machineID), "\(series.output)")
        #expect(series.output.contains("release=\"6.1\"") && series.output.contains("secret{a=\"b\"}"))
        #expect(series.output.contains("redacted-") == (rule == "hash"))
    }

    @Test(arguments: ["some text, longer than nothing\n", ""]) func whatIsNoSnapshotIsNotCalledDamaged(text: String) {
        let folder = TemporaryFolder()
        let path = folder.path + "/notes.txt"
        FileBytes.write(Array(text.utf8), to: path)
        for arguments in [["query", "up"], ["series"], ["db", "check"], ["db", "stats"]] {
            let test = TestConsole()
            #expect(Mon.run(arguments + ["--db", path], on: test.console) == .failure)
            #expect(test.error == "mon: \(path) is no snapshot of mon; `mon snapshot` makes one\n")
        }
    }
}
