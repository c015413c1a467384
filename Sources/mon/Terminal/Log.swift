import Formats
import Glibc
import Model
import Synchronization

enum LogLevel: Int, Comparable, CaseIterable {
    case debug, info, warning, error

    static func < (lhs: LogLevel, rhs: LogLevel) -> Bool { lhs.rawValue < rhs.rawValue }

    /// Nil for a word that is no level.
    init?(_ word: String) {
        switch word.lowercased() {
        case "debug": self = .debug
        case "info": self = .info
        case "warning", "warn": self = .warning
        case "error": self = .error
        default: return nil
        }
    }

    var word: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }
}

/// What the daemon says of itself: one line an event on standard error.
///
///     time=2026-03-29T01:02:03Z level=warning msg="cannot commit" path=/var/lib/mon error="disk full"
///
/// On a terminal the same for people: `01:02:03 warning  cannot commit  path=/var/lib/mon error="disk full"`. Without
/// a time where something reads it that has its own, with `log.format: json` one object a line. One write(2) a line,
/// so that threads do not mix theirs. Where journald reads it, an entry of its own with fields
/// (``JournalEntry``).
final class Log: Sendable {
    enum Style: Sendable {
        case people, fields, fieldsWithoutTime, json, journal
    }

    /// What a reload may change.
    private struct Setup {
        var level: LogLevel
        var style: Style
    }

    private let setup: Mutex<Setup>
    private let zone: TimeZoneRule
    private let now: @Sendable () -> Timestamp
    private let sink: @Sendable ([UInt8]) -> Void
    private let journal: JournalSocket?

    init(
        level: LogLevel, style: Style, zone: TimeZoneRule, now: @escaping @Sendable () -> Timestamp,
        journal: JournalSocket? = nil, sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        setup = Mutex(Setup(level: level, style: style))
        self.zone = zone
        self.now = now
        self.journal = journal
        self.sink = sink
    }

    /// To standard error, in the configured style, else in the one that suits what reads it.
    static func live(_ configuration: Configuration, on console: Console) -> Log {
        let zone = console.errorIsTerminal ? console.zone : .utc
        return Log(
            level: Log.level(configuration), style: Log.style(configuration, on: console), zone: zone,
            now: WallClock.now, journal: JournalSocket()
        ) { line in
            // A log that nobody can read must not stop what it tells of.
            _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    /// Takes over what a new configuration says of the log, from the next line on.
    func adopt(_ configuration: Configuration, on console: Console) {
        setup.withLock { $0 = Setup(level: Log.level(configuration), style: Log.style(configuration, on: console)) }
    }

    private static func level(_ configuration: Configuration) -> LogLevel {
        configuration.text("log.level").flatMap { LogLevel($0) } ?? .info
    }

    private static func style(_ configuration: Configuration, on console: Console) -> Style {
        switch configuration.text("log.format") {
        case "json": return .json
        case "text": return .fields
        case "journald": return .journal
        default:
            if console.errorIsTerminal { return .people }
            return JournalSocket.isStandardError(console.environment("JOURNAL_STREAM")) ? .journal : .fields
        }
    }

    /// Whether lines of the level are written.
    func tells(_ level: LogLevel) -> Bool { setup.withLock { level >= $0.level } }

    func debug(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) { write(.debug, message, fields) }
    func info(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) { write(.info, message, fields) }
    func warning(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) { write(.warning, message, fields) }
    func error(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) { write(.error, message, fields) }

    private func write(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>) {
        let setup = setup.withLock { $0 }
        guard level >= setup.level else { return }
        var line = ""
        var style = setup.style
        if style == .journal {
            if let journal, journal.send(JournalEntry.encode(level, message, fields)) { return }
            // Nobody takes entries: journald puts lines of standard error where they belong, too.
            style = .fieldsWithoutTime
        }
        switch style {
        case .people:
            let time = now()
            let clock = CalendarTime(time, offsetSeconds: zone.offsetSeconds(time)).clockText(.seconds)
            let padding = String(repeating: " ", count: 9 - level.word.utf8.count)
            line = "\(clock) \(level.word)\(padding)\(Log.withoutControls(message))"
            if !fields.isEmpty { line += " " }
        case .fields:
            line = "time=\(TimeText.rfc3339(now(), zone)) level=\(level.word) msg=\(Log.value(message))"
        case .fieldsWithoutTime, .journal:
            line = "level=\(level.word) msg=\(Log.value(message))"
        case .json:
            sink(json(level, message, fields))
            return
        }
        for (name, value) in fields { line += " \(name)=\(Log.value(value))" }
        sink(Array((line + "\n").utf8))
    }

    private func json(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>) -> [UInt8] {
        var writer = TextWriter()
        var separator = "{"
        let head: KeyValuePairs = ["time": TimeText.rfc3339(now(), zone), "level": level.word, "msg": message]
        for (name, value) in Array(head) + Array(fields) {
            writer.write(separator)
            JSONText.write(string: name, into: &writer)
            writer.write(":")
            JSONText.write(string: value, into: &writer)
            separator = ","
        }
        writer.write("}\n")
        return writer.take()
    }

    /// Bare where it can be, else quoted as in PromQL.
    static func value(_ text: String) -> String {
        let isBare = !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 61 && $0 != 92 }
        return isBare ? text : withoutTerminalControls(Labels.quote(text))
    }

    /// The controls above 127, which some terminals obey as they do ESC, as `\u009b`.
    private static func withoutTerminalControls(_ quoted: String) -> String {
        guard quoted.unicodeScalars.contains(where: { (0x80...0x9f).contains($0.value) }) else { return quoted }
        return quoted.unicodeScalars.reduce(into: "") { text, scalar in
            if (0x80...0x9f).contains(scalar.value) {
                text += "\\u00" + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func withoutControls(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }
}
