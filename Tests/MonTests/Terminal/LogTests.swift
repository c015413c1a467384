import Formats
import Model
import Synchronization
import Testing

@testable import mon

@Suite struct LogTests {
    private func lines(_ level: LogLevel, _ style: Log.Style, _ body: (Log) -> Void) -> String {
        let bytes = Mutex<[UInt8]>([])
        let log = Log(
            level: level, style: style, zone: .utc, now: { Timestamp(milliseconds: 1_700_000_000_000) },
            sink: { line in bytes.withLock { $0 += line } })
        body(log)
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }

    @Test func styles() {
        func say(_ log: Log) {
            log.warning("cannot commit", ["path": "/var/lib/mon", "error": "disk full: \"x\"\n", "empty": ""])
        }
        let fields = #"msg="cannot commit" path=/var/lib/mon error="disk full: \"x\"\n" empty="""#
        #expect(lines(.info, .fields, say) == "time=2023-11-14T22:13:20Z level=warning \(fields)\n")
        #expect(lines(.info, .fieldsWithoutTime, say) == "level=warning \(fields)\n")
        #expect(
            lines(.info, .people, say)
                == "22:13:20 warning  cannot commit  path=/var/lib/mon error=\"disk full: \\\"x\\\"\\n\" empty=\"\"\n")
        #expect(lines(.info, .people) { $0.info("a\u{1b}[2Jb") } == "22:13:20 info     a [2Jb\n")
    }

    @Test func levels() {
        func all(_ log: Log) {
            log.debug("d")
            log.info("i")
            log.warning("w")
            log.error("e")
        }
        #expect(lines(.debug, .fieldsWithoutTime, all).split(separator: "\n").count == 4)
        #expect(lines(.warning, .fieldsWithoutTime, all) == "level=warning msg=w\nlevel=error msg=e\n")
        #expect(LogLevel("WARN") == .warning && LogLevel("Debug") == .debug && LogLevel("loud") == nil)
    }

    @Test func levelOfTheEnvironment() throws {
        func level(_ flags: [ConfigurationFlag] = []) throws -> LogLevel {
            let console = TestConsole(environment: ["LOG_LEVEL": "error"]).console
            let configuration = try Configuration(file: nil, environment: console.environment, flags: flags)
            return try #require(LogLevel.allCases.first { Log.live(configuration, on: console).tells($0) })
        }
        #expect(try level() == .error)
        #expect(try level([ConfigurationFlag(setting: "log.level", flag: "--log-level", text: "debug")]) == .debug)
    }

    @Test func json() {
        let text = lines(.info, .json) { $0.info("a \"b\"", ["c": "d\n"]) }
        #expect(text.hasSuffix(#""level":"info","msg":"a \"b\"","c":"d\n"}"# + "\n"), "\(text)")
        #expect(text.hasPrefix(#"{"time":""#))
    }

    /// A new configuration counts from the next line on.
    @Test func aReloadChangesLevelAndStyle() throws {
        let bytes = Mutex<[UInt8]>([])
        let log = Log(
            level: .error, style: .fieldsWithoutTime, zone: .utc, now: { Timestamp(milliseconds: 0) },
            sink: { line in bytes.withLock { $0 += line } })
        log.info("before")
        let console = TestConsole(environment: ["MON_LOG_LEVEL": "debug", "MON_LOG_FORMAT": "json"]).console
        log.adopt(try Configuration(file: nil, environment: console.environment, flags: []), on: console)
        log.debug("after")
        let text = String(decoding: bytes.withLock { $0 }, as: UTF8.self)
        #expect(text == #"{"time":"1970-01-01T00:00:00Z","level":"debug","msg":"after"}"# + "\n")
    }
}
