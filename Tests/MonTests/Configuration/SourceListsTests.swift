import Formats
import Model
import Sampler
import TestSupport
import Testing

@testable import mon

@Suite struct SourceListsTests {
    private func file(_ text: String) throws(CommandFailure) -> ConfigurationFile {
        try ConfigurationFile(Array(text.utf8), path: "mon.yaml")
    }

    @Test func theAgentGetsThem() throws {
        let text = """
            exec:
              - name: raid
                command: [/usr/local/bin/raid, --prom, "a b"]
              - {name: slow, command: [/bin/slow], interval: 10m, timeout: 1m}
            scrape:
              - {job: nginx, url: "http://127.0.0.1:9113/metrics"}
              - job: app
                url: http://[::1]:8080/m?x=1
                interval: 5s
                series_max: 100
                labels: {team: web, "a": 1}
            """
        let file = try file(text)
        #expect(file.problems == [] && file.count == 4)
        let configuration = try Configuration(file: file, environment: { _ in nil }, flags: [])
        let options = DaemonOptions.samplerOptions(configuration, 5000)
        #expect(
            options.commands == [
                CommandSource(
                    name: "raid", command: ["/usr/local/bin/raid", "--prom", "a b"], intervalMilliseconds: 60_000,
                    timeoutMilliseconds: 10_000),
                CommandSource(
                    name: "slow", command: ["/bin/slow"], intervalMilliseconds: 600_000, timeoutMilliseconds: 60_000),
            ])
        #expect(options.targets.map(\.instance) == ["127.0.0.1:9113", "[::1]:8080"])
        #expect(options.targets.map(\.intervalMilliseconds) == [15_000, 5000])
        #expect(options.targets.map(\.timeoutMilliseconds) == [10_000, 5000])
        #expect(options.targets.map(\.seriesMax) == [2000, 100])
        #expect(options.targets[1].labels == [Label("team", "web"), Label("a", "1")])
        #expect(try self.file("exec:\nscrape: ~\n").problems == [])
    }

    @Test func filters() throws {
        let text = """
            collectors:
              filesystem: {exclude_mountpoints: /mnt/.*, exclude_fstypes: nfs4?}
              network: {exclude_devices: docker.*}
              disk_io: {include_devices: sd.}
              services: {exclude: "user@.*"}
            """
        let configuration = try Configuration(
            file: file(text), environment: { $0 == "MON_COLLECTORS_NETWORK_INCLUDE_DEVICES" ? "e.*" : nil }, flags: [])
        let options = DaemonOptions.samplerOptions(configuration, 5000)
        #expect(options.mountPoints.exclude == "/mnt/.*" && options.fileSystemTypes.exclude == "nfs4?")
        #expect(options.networkDevices == NameFilter(include: "e.*", exclude: "docker.*"))
        #expect(options.diskDevices == NameFilter(include: "sd.") && options.services.exclude == "user@.*")
        let wrong = try file("collectors: {network: {exclude_devices: 'a('}}\n").problems.joined()
        #expect(
            wrong.hasPrefix("mon.yaml:1:41: collectors.network.exclude_devices: \"a(\" is no regular expression: "),
            "\(wrong)")
    }

    @Test(arguments: [
        ("exec: {a: b}\n", "1:7: exec: it is a list of mappings, not a mapping"),
        ("exec:\n  - x\n", "2:5: exec: an entry is a mapping, not a value"),
        ("exec:\n  - {name: a}\n", "2:5: exec: an entry needs command"),
        ("exec:\n  - {command: [/a]}\n", "2:5: exec: an entry needs name"),
        (
            "exec:\n  - {name: a, command: /bin/a -b}\n",
            "2:24: exec: command: it is a list of the program and its arguments, not a value; there is no shell"
        ),
        (
            "exec:\n  - {name: a, command: [ls]}\n",
            "2:24: exec: command: it begins with the program's whole path, as /usr/bin/true"
        ),
        (
            "exec:\n  - {name: a, command: [/a], interval: 5s, timeout: 6s}\n",
            "2:53: exec: timeout: it is longer than the interval of 5s"
        ),
        (
            "exec:\n  - {name: a, command: [/a], interval: 100ms}\n",
            "2:40: exec: interval: \"100ms\" is out of range; 1s to 1h are possible"
        ),
        (
            "exec:\n  - {name: a, command: [/a], shell: yes}\n",
            "2:30: exec: shell: possible are name, command, interval, timeout"
        ),
        ("exec:\n  - {name: a, command: [/a]}\n  - {name: a, command: [/b]}\n", "3:5: exec: a is there twice"),
        (
            "scrape:\n  - {job: a, url: 'https://127.0.0.1/'}\n",
            "2:19: scrape: url: \"https://127.0.0.1/\" is no page of this machine"
        ),
        (
            "scrape:\n  - {job: a, url: 'http://127.0.0.1/', series_max: 0}\n",
            "2:52: scrape: series_max: \"0\" is out of range; 1 to 50000 are possible"
        ),
        (
            "scrape:\n  - {job: a, url: 'http://127.0.0.1/', labels: {job: b}}\n",
            "2:49: scrape: labels: \"job\" cannot be the name of a label here"
        ),
        (
            "scrape:\n  - {job: a, url: 'http://127.0.0.1/', bearer_token: secret}\n",
            "2:54: scrape: bearer_token: a secret does not stand in this file"
        ),
        (
            "scrape:\n  - {job: a, url: 'http://127.0.0.1/', bearer_token_file: ''}\n",
            "2:59: scrape: bearer_token_file: it is a path, or the name of a credential of the service manager"
        ),
        ("scrap: []\n", "1:1: scrap: there is no such key; did you mean scrape?"),
    ]) func faultsHaveTheirPlace(_ text: String, _ expected: String) throws {
        let problems = try file(text).problems.joined(separator: "\n")
        #expect(problems.hasPrefix("mon.yaml:" + expected), "\(problems)")
    }

    /// Pages in both texts, as a collector gets them.
    @Test func pagesAreRead() {
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        func read(_ text: String, _ format: PageFormat, _ seriesMax: Int = 10) -> TextFileContent {
            SystemCalls.withReaders.readPage(Array(text.utf8), format, now, seriesMax)
        }
        let open = read("# TYPE a counter\n# HELP a Of a.\na_total 1 1700000000.5\n# EOF\n", .openMetrics)
        #expect(open.samples.map(\.labels) == [Labels(name: "a_total")] && open.problem == nil)
        #expect(open.families.first?.kind == .counter)
        #expect(read("a 1 1700000000500\n", .text).problem == nil)
        #expect(read("a{ 1\n", .text).problem?.contains("line 1") == true)
        let many = read((0..<11).map { "a{i=\"\($0)\"} 1\n" }.joined(), .text)
        #expect(many.isTooLong && many.samples.count == 10)
        #expect(SystemCalls.withReaders.unpackGzip(Array("no gzip".utf8), 100) == nil)
    }
}
