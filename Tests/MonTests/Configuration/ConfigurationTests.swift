import Formats
import Model
import Query
import Sampler
import TestSupport
import Testing

@testable import mon

@Suite struct ConfigurationTests {
    private func file(_ text: String) throws(CommandFailure) -> ConfigurationFile {
        try ConfigurationFile(Array(text.utf8), path: "mon.yaml")
    }

    private func resolve(
        _ text: String = "", _ environment: [String: String] = [:], _ flags: [ConfigurationFlag] = []
    ) throws -> Configuration {
        let file = try file(text)
        #expect(file.problems == [])
        return try Configuration(file: file, environment: { environment[$0] }, flags: flags)
    }

    @Test func flagsThenEnvironmentThenFileThenDefaults() throws {
        let text = "store:\n  commit_every: 3\n  max_size: 64MiB\n"
        let flag = ConfigurationFlag(setting: "store.commit_every", flag: "--commit-every", text: "12")
        func check(_ configuration: Configuration, _ value: Int, _ origin: String) {
            #expect(configuration.whole("store.commit_every") == value)
            #expect(configuration["store.commit_every"]?.origin.description == origin)
        }
        check(try resolve(), 1, "default")
        check(try resolve(text), 3, "mon.yaml:2:17")
        check(try resolve(text, ["MON_STORE_COMMIT_EVERY": "4"]), 4, "environment MON_STORE_COMMIT_EVERY")
        check(try resolve(text, ["MON_STORE_COMMIT_EVERY": "4"], [flag]), 12, "--commit-every")
        #expect(try resolve(text).text("store.max_size") == "64MiB")
        #expect(try !resolve().isSet("store.max_size") && !resolve().isSet("query.timeout"))
    }

    @Test(arguments: [
        ("MON_DATA", "/d", "store.path"), ("PROMETHEUS_PORT", "9200", "server.port"),
        ("LOG_LEVEL", "debug", "log.level"),
        ("COLLECTOR_DISK_IO_ENABLED", "false", "collectors.disk_io.enabled"),
        ("COLLECTOR_DISK_INTERVAL", "30s", "collectors.disk.interval"),
        ("MON_COLLECTORS_PROCESS_ENABLED", "no", "collectors.process.enabled"),
    ]) func knownVariables(_ variable: String, _ text: String, _ setting: String) throws {
        let value = try resolve("", [variable: text])[setting]
        #expect(value == Configuration.Value(text: text, origin: .environment(variable)))
    }

    @Test func aProfileIsStrongerThanDefaultsOnly() throws {
        let tiny = try resolve("profile: tiny\nstore: {commit_every: 5}\n")
        #expect(tiny.text("sampler.interval") == "30s" && tiny.text("store.max_size") == "64MiB")
        #expect(tiny["sampler.interval"]?.origin.description == "profile tiny")
        #expect(
            tiny["store.commit_every"]?.origin.description == "mon.yaml:1:1" || tiny.whole("store.commit_every") == 5)
        let flag = ConfigurationFlag(setting: "profile", flag: "--profile", text: "fine")
        #expect(try resolve("profile: tiny\n", ["MON_PROFILE": "tiny"], [flag]).text("sampler.interval") == "1s")
        #expect(try resolve("", ["MON_PROFILE": "tiny"]).text("sampler.interval") == "30s")
        #expect(
            try resolve("", ["MON_PROFILE": "fine", "MON_SAMPLER_INTERVAL": "10s"]).text("sampler.interval") == "10s")
        for profile in Profile.allCases {
            for (name, text) in profile.settings {
                let setting = try #require(Settings.named(name))
                #expect(setting.kind.problem(with: text) == nil, "\(profile) \(name)")
            }
        }
    }

    /// What it says as YAML, read again, is the same.
    @Test func asYAML() throws {
        let text = """
            store:
              path: "/data of mon: #1"
              retention: {raw: 7d}
              retention_for:
                - {match: '{a="b\\"\\\\"}', raw: 1d, 1m: 30d}
            log: {level: debug}
            collectors: {process: {enabled: false}, disk: {interval: 30s}}
            """
        let configuration = try resolve(text, ["PROMETHEUS_PORT": "9200"])
        let again = try resolve(configuration.yaml)
        for setting in Settings.list {
            #expect(again.text(setting.name) == configuration.text(setting.name), "\(setting.name)")
        }
        #expect(again.exceptions?.map(\.selector) == configuration.exceptions?.map(\.selector))
        #expect(again.exceptions?.map(\.times) == configuration.exceptions?.map(\.times))
        // None at all, and the one that takes those away that the store has.
        #expect(try resolve(resolve("log: {level: debug}").yaml).exceptions == nil)
        #expect(try resolve(resolve("store: {retention_for: []}").yaml).exceptions?.isEmpty == true)
    }

    @Test func slowCollectorsStayWithinTheLookback() throws {
        func intervals(_ interval: String) throws -> [String: Int64] {
            let configuration = try resolve("sampler: {interval: \(interval)}\n")
            let milliseconds = configuration.milliseconds("sampler.interval") ?? 0
            return DaemonOptions.samplerOptions(configuration, milliseconds).intervalMilliseconds
        }
        let usual = try intervals("5s")
        #expect(usual["cpu"] == 5000 && usual["process"] == 10_000 && usual["host_info"] == 60_000)
        let tiny = try intervals("30s")
        #expect(tiny["cpu"] == 30_000 && tiny["process"] == 60_000 && tiny["host_info"] == 120_000)
        let fine = try intervals("1s")
        #expect(fine["cpu"] == 1000 && fine["process"] == 2000 && fine["host_info"] == 60_000)
        #expect(try intervals("5m")["host_info"] == 300_000)
    }

    /// Its own variable is stronger than the one that people know.
    @Test func twoVariables() throws {
        #expect(try resolve("", ["LOG_LEVEL": "debug", "MON_LOG_LEVEL": "error"]).text("log.level") == "error")
    }

    @Test(arguments: [
        ("store:\n  max_sise: 1GiB\n", "mon.yaml:2:3: store.max_sise: there is no such key; did you mean max_size?"),
        ("stor:\n  x: 1\n", "mon.yaml:1:1: stor: there is no such key; did you mean store?"),
        ("server:\n  port: 70000\n", "mon.yaml:2:9: server.port: \"70000\" is out of range; 1 to 65535 are possible"),
        ("server:\n  port: web\n", "mon.yaml:2:9: server.port: \"web\" is no whole number; 1 to 65535 are possible"),
        (
            "sampler:\n  interval: 0s\n",
            "mon.yaml:2:13: sampler.interval: \"0s\" is no length of time; possible are 30s, 5m, 1h30m, 7d, or seconds"
        ),
        (
            "sampler: {interval: 100ms, top_processes: 101}\n",
            "mon.yaml:1:21: sampler.interval: \"100ms\" is out of range; 1s to 5m are possible\n"
                + "mon.yaml:1:43: sampler.top_processes: \"101\" is out of range; 1 to 100 are possible"
        ),
        ("sampler: {interval: 1500ms}\n", "mon.yaml:1:21: sampler.interval: \"1500ms\" is no number of whole seconds"),
        ("store:\n  max_size: [1]\n", "mon.yaml:2:13: store.max_size: it takes one value, not a list"),
        ("store: 5\n", "mon.yaml:1:8: store: it has keys below it, and is not a value"),
        ("store:\n  max_size: 1MiB\n", "mon.yaml:2:13: store.max_size: \"1MiB\" is too little; 16MiB are the least"),
        (
            "log: {level: loud}\n",
            "mon.yaml:1:14: log.level: \"loud\" is not known; possible are debug, info, warning, error"
        ),
        (
            "server: {names: nodes}\n",
            "mon.yaml:1:17: server.names: \"nodes\" is not known; possible are native, modern, both, node"
        ),
        (
            "collectors:\n  proces:\n    enabled: true\n",
            "mon.yaml:2:3: collectors.proces: there is no such key; did you mean process?"
        ),
        (
            "collectors: {cpu: {enabled: maybe}}\n",
            "mon.yaml:1:29: collectors.cpu.enabled: \"maybe\" is neither true nor false"
        ),
        (
            "store:\n  retention_for:\n    - match: '{a='\n      raw: 7d\n",
            "mon.yaml:3:14: store.retention_for: match: "
        ),
        (
            "store:\n  retention_for:\n    - match: '{a=\"b\"}'\n",
            "mon.yaml:3:7: store.retention_for: an entry needs match, and one of raw, 1m, 1h"
        ),
        ("store: {retention: {raw: soon}}\n", "mon.yaml:1:26: store.retention.raw: \"soon\" is no length of time"),
    ]) func faultsHaveTheirPlaceAndRemedy(_ text: String, _ expected: String) throws {
        let problems = try file(text).problems.joined(separator: "\n")
        #expect(problems.hasPrefix(expected), "\(problems)")
    }

    @Test func noYAML() {
        let error = #expect(throws: CommandFailure.self) { try file("a: [1") }
        #expect(error?.message.hasPrefix("mon.yaml:2:1: ") == true || error?.message.hasPrefix("mon.yaml:1:") == true)
        #expect(error?.status == .lint)
        #expect(throws: CommandFailure.self) { try file("- a\n") }
    }

    @Test func theStrongerOfPortAndAddressCounts() throws {
        let text = "server:\n  listen: 127.0.0.1:9200\n"
        let environment = try resolve(text, ["PROMETHEUS_PORT": "9300"])
        #expect(environment["server.listen"]?.text == "127.0.0.1:9300")
        #expect(environment["server.listen"]?.origin.description == "environment PROMETHEUS_PORT")
        let flag = ConfigurationFlag(setting: "server.listen", flag: "--listen", text: "127.0.0.1:9400")
        let flagged = try resolve(text, ["PROMETHEUS_PORT": "9300"], [flag])
        #expect(flagged.text("server.listen") == "127.0.0.1:9400" && flagged.text("server.port") == nil)
        #expect(try resolve(text + "  port: 9500\n").text("server.listen") == "127.0.0.1:9200")
        #expect(try resolve("server: {port: 9500}\n").text("server.listen") == "127.0.0.1:9500")
    }

    @Test func addressesThatNobodyCanListenOn() throws {
        for text in ["localhost", "127.0.0.1:99999", "nosuchhost:9100", ":9100"] {
            let problems = try file("server:\n  listen: \"\(text)\"\n").problems
            #expect(problems.count == 1 && problems[0].contains(":2:11: "), "\(problems)")
            #expect(problems.first?.contains("127.0.0.1:9100") == true, "\(problems)")
        }
        let remote = "server:\n  listen: 0.0.0.0:9100\n"
        let error = #expect(throws: CommandFailure.self) { try resolve(remote) }
        #expect(error?.message.contains(":2:11: server.listen: 0.0.0.0:9100 can be reached") == true)
        #expect(try resolve(remote + "  allow_remote: true\n").text("server.listen") == "0.0.0.0:9100")
        let flag = ConfigurationFlag(setting: "server.allow_remote", flag: "--allow-remote", text: "true")
        #expect(try resolve(remote, [:], [flag]).text("server.listen") == "0.0.0.0:9100")
    }

    @Test func faultsOfTheEnvironment() {
        let error = #expect(throws: CommandFailure.self) {
            try resolve("", ["PROMETHEUS_PORT": "0", "COLLECTOR_CPU_ENABLED": "perhaps"])
        }
        #expect(
            error?.message == "PROMETHEUS_PORT: \"0\" is out of range; 1 to 65535 are possible\n"
                + "COLLECTOR_CPU_ENABLED: \"perhaps\" is neither true nor false")
    }

    @Test func collectorsAndTheirSections() throws {
        let text = """
            sampler: {interval: 10s}
            collectors:
              disk: {enabled: false, interval: 30s}
              disk_io: {enabled: true}
              process: {interval: 15s}
            """
        let options = DaemonOptions.samplerOptions(try resolve(text), 10_000)
        #expect(options.disabledCollectors == ["filesystem"])
        #expect(options.intervalMilliseconds["disk_io"] == 30_000)
        #expect(options.intervalMilliseconds["process"] == 15_000)
        #expect(options.intervalMilliseconds["cpu"] == 10_000)
        // Twelve times as slow as the shortest by default, and twice.
        #expect(options.intervalMilliseconds["host_info"] == 120_000)
        #expect(options.intervalMilliseconds["clock"] == 20_000)
    }

    /// What the options of `mon run` become.
    @Test func theAgentDoesWhatTheFileSays() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/mon.yaml"
        let text = """
            store:
              path: /d
              max_size: 32MiB
              retention: {raw: 7d}
              retention_for:
                - match: '{__name__=~"network_.*"}'
                  raw: 1d
            server: {port: 9333, names: both}
            query: {cache: 0, log_slower_than: 0, timeout: 5s, experimental: yes}
            """
        FileBytes.write(Array(text.utf8), to: path)
        let command = try #require(
            try Mon.command(for: ["run", "--config", path, "--retention", "1m=60d"]) as? RunCommand)
        let options = try command.options(on: TestConsole().console)
        #expect(options.dataPath == "/d" && options.sizeMaxBytes == 32 << 20)
        #expect(options.listenAddress == "127.0.0.1:9333" && options.names == .both)
        #expect(options.serving.cacheBytes == 0 && options.serving.slowMilliseconds == nil)
        #expect(options.serving.timeoutMilliseconds == 5000 && options.serving.acceptsExperimental)
        #expect(options.retention.keep == "raw=7d,1m=60d")
        #expect(options.retention.exceptions?.map(\.times) == ["raw=1d"])
    }

    @Test func checkAndShow() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/mon.yaml"
        FileBytes.write(Array("store:\n  commit_every: 0\nlgo: {}\n".utf8), to: path)
        let wrong = TestConsole()
        #expect(Mon.run(["config", "check", path], on: wrong.console) == .lint)
        #expect(wrong.error.contains("\(path):2:17: store.commit_every: \"0\" is out of range"))
        #expect(wrong.error.contains("\(path):3:1: lgo: there is no such key; did you mean log?"))
        let refused = TestConsole()
        #expect(Mon.run(["run", "--config", path], on: refused.console) == .lint)
        let secrets = """
            exec: [{name: c, command: [/usr/bin/check, --password=hunter2, -v]}]
            scrape: [{job: j, url: 'http://127.0.0.1:9/m?token=hunter2&x=1'}]
            """
        FileBytes.write(Array(secrets.utf8), to: path)
        let redacted = TestConsole()
        #expect(Mon.run(["config", "show", "--config", path], on: redacted.console) == .success)
        #expect(redacted.output.contains("--password=*** -v") && redacted.output.contains("?token=***&x=1"))
        #expect(!redacted.output.contains("hunter2"))
        FileBytes.write(Array("store:\n  commit_every: 6\n".utf8), to: path)
        let right = TestConsole()
        #expect(Mon.run(["config", "check", path], on: right.console) == .success)
        let shown = TestConsole(environment: ["LOG_LEVEL": "debug"])
        #expect(Mon.run(["config", "show", "--config", path, "--origin"], on: shown.console) == .success)
        let lines = shown.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("store.commit_every 6 \(path):2:17"))
        #expect(lines.contains("log.level debug environment LOG_LEVEL"))
        #expect(lines.contains("query.timeout 2m default"))
        let missing = TestConsole()
        #expect(Mon.run(["config", "check", folder.path + "/none.yaml"], on: missing.console) == .failure)
    }

    /// The example sets what counts anyway, and with its commented keys every key there is.
    @Test func theExampleHasEveryKey() throws {
        let text = SourceTree.text(of: "config/mon.example.yaml")
        let plain = try resolve(text)
        for setting in Settings.list {
            let expected = setting.fallback.isEmpty ? nil : setting.fallback
            #expect(plain.text(setting.name) == expected, "\(setting.name)")
        }
        let whole = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            // A comment has a blank behind its mark; deeper lines of a commented key have more of them.
            guard rest.hasPrefix("#"), let next = rest.dropFirst().first, next != " " || rest.hasPrefix("#  ") else {
                return String(line)
            }
            return indent + String(rest.dropFirst())
        }
        let all = try file(whole.joined(separator: "\n"))
        #expect(all.problems == [])
        for setting in Settings.list where !setting.name.hasPrefix("collectors.") {
            #expect(all.values[setting.name] != nil, "\(setting.name)")
        }
        #expect(all.exceptions?.count == 1 && all.values["collectors.process.interval"]?.text == "10s")
    }
}
