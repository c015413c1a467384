import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import mon

@Suite struct DatabaseCommandTests {
    private func run(_ store: SampleStore, _ arguments: String...) -> (CommandStatus, TestConsole) {
        let test = TestConsole(now: SampleStore.end)
        let status = Mon.run(["db"] + arguments + ["--data", store.folder.path], on: test.console)
        return (status, test)
    }

    /// Zeroes every page of the store but the meta pages.
    private func wreck(_ store: SampleStore) {
        let path = store.folder.path + "/tsdb/1/data.mdb"
        var bytes = FileBytes.read(path)
        for place in 8192..<bytes.count { bytes[place] = 0 }
        FileBytes.write(bytes, to: path)
    }

    @Test func aWholeStoreIsSaidToBeWhole() throws {
        let store = try SampleStore()
        let (status, test) = run(store, "check")
        #expect(status == .success)
        #expect(test.output.hasPrefix("\(store.folder.path) is whole: "))
        #expect(test.output.contains("4 series, 464 samples"))
        let (again, json) = run(store, "check", "--json")
        #expect(again == .success)
        #expect(json.output.contains(#""whole":true,"findings":[],"#))
        #expect(json.output.contains(#""samples":464"#))
    }

    @Test func aDamagedStoreIsNamedEverywhere() throws {
        let store = try SampleStore()
        wreck(store)
        let (status, test) = run(store, "check")
        #expect(status == .store)
        #expect(test.output.contains("is damaged: "))
        #expect(test.output.contains("costs everything from the first record on"))
        #expect(test.output.contains("mon db salvage -o NEW --data \(store.folder.path)"))
        let (again, json) = run(store, "check", "--json")
        #expect(again == .store)
        #expect(json.output.contains(#""whole":false,"findings":[{"record":"page "#))
        let asked = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "load_average", on: asked) == .store)
        #expect(asked.error.contains("mon db check"))
        #expect(asked.output.isEmpty)
    }

    @Test func salvageSaysWhatItSaved() throws {
        let store = try SampleStore()
        let target = TemporaryFolder()
        let (status, test) = run(store, "salvage", "-o", target.path + "/new")
        #expect(status == .success)
        #expect(test.output.hasPrefix("saved into \(target.path)/new: "))
        #expect(test.output.contains("121 rows"))
        let asked = TestConsole(now: SampleStore.end)
        #expect(
            Mon.run(["query", "-q", "load_average", "--data", target.path + "/new"], on: asked.console) == .success)
        #expect(asked.output == "0.5\n")
        let (refused, why) = run(store, "salvage", "-o", target.path + "/new")
        #expect(refused == .failure)
        #expect(why.error.contains("has a store already"))
    }

    @Test func statsAndTopAddUp() throws {
        let store = try SampleStore()
        let (status, test) = run(store, "stats")
        #expect(status == .success)
        #expect(test.output.contains("464 samples at "))
        #expect(test.output.contains("3 series now"))
        let (_, json) = run(store, "stats", "--json")
        #expect(json.output.contains(#""samples":464,"seriesNow":3"#))
        #expect(json.output.contains("\"readers\":[]"), "who asks is none of them")
        let (ranked, top) = run(store, "top", "--by", "series", "--limit", "1")
        #expect(ranked == .success)
        #expect(top.output.contains("disk_io_read_bytes_total"))
        #expect(!top.output.contains("load_average"))
        #expect(top.output.contains("__name__       3"))
        let (_, both) = run(store, "top", "--json")
        let unsealed = #"{"name":"disk_io_read_bytes_total","bytes":0,"samples":0,"series":2,"#
        #expect(both.output.contains(unsealed + #""tiers":{"raw":0,"1m":0,"1h":0},"days":[]}"#))
        #expect(both.output.contains(#"{"name":"device","value":"sda","series":1}"#))
        #expect(run(store, "top", "--limit", "0").0 == .usage)
    }

    /// `"{job=\"$JOB\"}"` of an empty variable is no order to delete all that there is.
    @Test func deletingAllHasToBeSaid() throws {
        let store = try SampleStore()
        for selector in ["{}", #"{job=""}"#, #"{__name__=~".*"}"#] {
            let (status, test) = run(store, "delete", "load_average", selector, "--yes")
            #expect(status == .usage && test.error.contains("\(selector) would delete all series"), "\(test.error)")
        }
        #expect(run(store, "stats", "--json").1.output.contains(#""samples":464,"#))
        #expect(run(store, "delete", #"{__name__=~".+"}"#, "--yes").0 == .success)
        #expect(run(store, "stats", "--json").1.output.contains(#""samples":0,"#))
    }

    /// From the agent's own counter: what it grew by since midnight, over its beginning anew, and no other program's.
    @Test func whatWasWrittenTodayIsTold() throws {
        let folder = TemporaryFolder()
        let midnight: Int64 = 1_700_006_400_000
        var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "web1", machineID: "0"))
        let own = recorder.reference(for: Labels(name: "agent_store_written_bytes_total", [:]))
        let foreign = recorder.reference(for: Labels(name: "agent_store_written_bytes_total", ["job": "far"]))
        for (minute, value) in [(-2, 1000.0), (-1, 3000), (1, 4500), (2, 5000), (3, 700), (4, .nan), (5, 900)] {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 60_000), samples: [])
            row.samples = [(own, value), (foreign, 1e12 * Double(minute + 3))]
            let time = Timestamp(milliseconds: midnight + Int64(minute) * 60_000)
            try recorder.append(Scrape(time: time, rows: [row]))
        }
        try recorder.close()
        func stats(_ minute: Int64, _ option: String...) -> String {
            let test = TestConsole(now: midnight + minute * 60_000)
            #expect(Mon.run(["db", "stats", "--data", folder.path] + option, on: test.console) == .success)
            return test.output
        }
        #expect(stats(9, "--json").contains(#""agentWrittenBytesToday":2900,"#))
        #expect(stats(9).contains("the agent has written 2.8 KiB today\n"), "\(stats(9))")
        #expect(stats(1, "--json").contains(#""agentWrittenBytesToday":1500,"#))
        #expect(!stats(0, "--json").contains("agentWrittenBytesToday"))
        // The day after, of which and of the night before nothing is known but two samples: not all that ever was.
        recorder = try Recorder(path: folder.path, host: HostIdentity(name: "web1", machineID: "0"))
        let again = recorder.reference(for: Labels(name: "agent_store_written_bytes_total", [:]))
        for (minute, value) in [(3000, 5e12), (3001, 5e12 + 100)] {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 60_000), samples: [])
            row.samples = [(again, value)]
            try recorder.append(Scrape(time: Timestamp(milliseconds: midnight + Int64(minute) * 60_000), rows: [row]))
        }
        try recorder.close()
        #expect(stats(3002, "--json").contains(#""agentWrittenBytesToday":100,"#))
    }

    /// The file of a snapshot is looked into like a store: sizes by metric, tier and day, and a check that finds
    /// damage.
    @Test func snapshotsAreLookedInto() throws {
        let store = try SampleStore()
        let folder = TemporaryFolder()
        let file = folder.path + "/host.mon"
        #expect(store.run("snapshot", "-o", file, on: TestConsole(now: SampleStore.end)) == .success)
        func look(_ arguments: String...) -> (CommandStatus, TestConsole) {
            let test = TestConsole(now: SampleStore.end)
            return (Mon.run(["db"] + arguments + ["--db", file], on: test.console), test)
        }
        let (status, stats) = look("stats", "--json")
        #expect(status == .success, "\(stats.error)")
        #expect(stats.output.contains("{\"path\":\"\(file)\""))
        #expect(stats.output.contains(#""samples":464"#) && stats.output.contains(#""readers":[]"#))
        #expect(!stats.output.contains(#""tiers":{"raw":0,"1m":0"#), "all is sealed: \(stats.output)")
        #expect(!stats.output.contains("diskFreeBytes"))
        #expect(look("stats").1.output.hasPrefix(file))
        let (ranked, top) = look("top")
        #expect(ranked == .success && top.output.contains("disk_io_read_bytes_total"))
        let (whole, check) = look("check")
        #expect(whole == .success && check.output.contains("is whole"))
        var bytes = FileBytes.read(file)
        for place in 3 * 4096..<bytes.count { bytes[place] ^= 0xff }
        FileBytes.write(bytes, to: file)
        let (damaged, findings) = look("check")
        #expect(damaged == .store && findings.output.contains("is damaged"))
        #expect(findings.output.contains("anew, or save it: mon db salvage -o NEW --db \(file)"))
        let (saved, salvage) = look("salvage", "-o", folder.path + "/saved")
        #expect(saved == .success && salvage.output.contains("lost: page "), "\(salvage.output)")
        let mistaken = TestConsole()
        #expect(Mon.run(["query", "up", "--data", file], on: mistaken.console) == .noData)
        #expect(mistaken.error.contains("a snapshot is read with --db \(file)"))
        let folderAsFile = TestConsole()
        #expect(Mon.run(["query", "up", "--db", folder.path], on: folderAsFile.console) != .success)
        #expect(folderAsFile.error.contains("is a folder") && folderAsFile.error.contains("--data"))
        let both = TestConsole()
        #expect(Mon.run(["db", "check", "--db", file, "--data", folder.path], on: both.console) == .usage)
    }

    @Test func thereIsNothingToCheckWithoutAStore() {
        let folder = TemporaryFolder()
        for verb in [["check"], ["stats"], ["top"], ["salvage", "-o", folder.path + "/new"]] {
            let test = TestConsole()
            #expect(Mon.run(["db"] + verb + ["--data", folder.path], on: test.console) == .noData, "\(verb)")
            #expect(test.error.contains("no store in \(folder.path)"))
        }
    }

    /// What the child says, the parent reads.
    @Test func theTranscriptBringsTheReport() {
        var report = CheckReport()
        report.add("page 7", "tabs\tand\nlines", costs: "something")
        report.records = 5
        report.samples = 9
        var transcript = CheckTranscript()
        let lines = CheckTranscript.line("at", ["the blocks"]) + CheckTranscript.lines(of: report)
        for line in lines.split(separator: "\n") { transcript.read(String(line)) }
        #expect(transcript.place == "the blocks")
        #expect(transcript.report.findings.map(\.reason) == ["tabs and lines"])
        #expect(transcript.report.samples == 9)
        #expect(transcript.report.records == 5)
        #expect(transcript.report.oldest == nil)
        for junk in ["", "sums\t1", "finding\ta", "error\tx", "at"] { transcript.read(junk) }
        transcript.read(String(CheckTranscript.line("error", ["4", "nothing there"]).dropLast()))
        #expect(transcript.failure?.status == .noData)
    }
}
