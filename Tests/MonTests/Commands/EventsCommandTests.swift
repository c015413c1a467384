import Model
import TSDB
import TestSupport
import Testing

@testable import mon

@Suite struct EventsCommandTests {
    private static let events = [
        Event(time: Timestamp(milliseconds: 1_700_000_000_000), kind: .reboot, text: "the host was booted"),
        Event(
            time: Timestamp(milliseconds: 1_700_000_100_000), kind: .outOfMemoryKill, text: "php-fpm[8123] was killed",
            labels: Labels([Label("pid", "8123")])),
        Event(time: Timestamp(milliseconds: 1_700_000_200_000), kind: .clockStep, text: "the wall clock was set back"),
    ]

    private func run(_ arguments: String...) throws -> (CommandStatus, TestConsole) {
        let folder = TemporaryFolder()
        do {
            var recorder = try Recorder(path: folder.path, host: SampleCommand.host())
            let time = Timestamp(milliseconds: 1_700_000_200_000)
            try recorder.append(Scrape(time: time, events: EventsCommandTests.events))
        }
        let test = TestConsole(now: 1_700_000_300_000)
        return (Mon.run(["events"] + arguments + ["--data", folder.path], on: test.console), test)
    }

    @Test func allInOrderOfTime() throws {
        let (status, test) = try run("--utc")
        #expect(status == .success)
        #expect(
            test.output == """
                time                 kind        what
                2023-11-14 22:13:20  reboot      the host was booted
                2023-11-14 22:15:00  oom         php-fpm[8123] was killed
                2023-11-14 22:16:40  clock_step  the wall clock was set back

                """)
    }

    @Test func someOfThem() throws {
        let (status, test) = try run("--utc", "--kind", "oom", "--kind", "gap", "--no-header", "--format", "csv")
        #expect(status == .success)
        #expect(test.output == "2023-11-14T22:15:00Z,oom,php-fpm[8123] was killed,\"{pid=\"\"8123\"\"}\"\r\n")
        let (late, json) = try run("--utc", "--last", "150s", "--format", "json")
        #expect(late == .success)
        #expect(
            json.output == "[{\"time\":\"2023-11-14T22:16:40Z\",\"kind\":\"clock_step\","
                + "\"what\":\"the wall clock was set back\",\"labels\":{}}]\n")
    }

    @Test func nothing() throws {
        let (status, test) = try run("--kind", "mark")
        #expect(status == .noData)
        #expect(test.error.contains("nothing of that happened"))
        let (unknown, other) = try run("--kind", "fire")
        #expect(unknown == .usage)
        #expect(other.error.contains("fire") && other.error.contains("clock_step"))
    }
}
