import Formats
import Model
import Sampler
import Server

/// What the agent was told, each value with where it comes from.
///
/// A flag is stronger than the environment, the environment than the file, the file than the profile, and that than
/// what counts otherwise.
struct Configuration: Sendable {
    enum Origin: Hashable, Sendable, CustomStringConvertible {
        case fallback
        case profile(String)
        case file(String, YAMLPlace)
        case environment(String)
        case flag(String)

        var description: String {
            switch self {
            case .fallback: "default"
            case .profile(let name): "profile \(name)"
            case .file(let path, let place): "\(path):\(place)"
            case .environment(let name): "environment \(name)"
            case .flag(let name): name
            }
        }

        /// The stronger one counts.
        fileprivate var rank: Int {
            switch self {
            case .fallback: 0
            case .profile: 1
            case .file: 2
            case .environment: 3
            case .flag: 4
            }
        }
    }

    struct Value: Hashable, Sendable {
        var text: String
        var origin: Origin
    }

    /// An entry of `store.retention_for`.
    struct Exception: Sendable {
        var selector: String
        /// As `raw=7d,1m=30d`.
        var times: String
        var origin: Origin
    }

    private var values: [String: Value] = [:]
    /// Nil where the file has no such list: the store keeps those that it has. An empty one takes them away.
    private(set) var exceptions: [Exception]?
    /// Programs whose output is metrics, and pages of others.
    private(set) var commands: [CommandSource] = []
    private(set) var targets: [ScrapeTarget] = []

    /// - Parameters:
    ///   - file: what was read, nil for no file.
    ///   - environment: a variable; nil where it is not set.
    ///   - flags: what was given, by the setting's name, with the flag's own.
    /// - Throws: every value that is not possible, each in a line with its place.
    init(
        file: ConfigurationFile?, environment: (String) -> String?, flags: [ConfigurationFlag]
    ) throws(CommandFailure) {
        var problems: [String] = []
        for setting in Settings.list {
            if !setting.fallback.isEmpty { values[setting.name] = Value(text: setting.fallback, origin: .fallback) }
            if let found = file?.values[setting.name] { values[setting.name] = found }
            for variable in setting.variables.reversed() {
                guard let text = environment(variable), !text.isEmpty else { continue }
                let value = Value(text: text, origin: .environment(variable))
                if let problem = setting.kind.problem(with: text) {
                    problems.append("\(variable): \"\(text)\" \(problem)")
                }
                values[setting.name] = value
            }
        }
        for given in flags {
            if let problem = Settings.named(given.setting)?.kind.problem(with: given.text) {
                problems.append("\(given.flag): \"\(given.text)\" \(problem)")
            }
            values[given.setting] = Value(text: given.text, origin: .flag(given.flag))
        }
        exceptions = file?.exceptions
        for (name, text) in text("profile").flatMap({ Profile(rawValue: $0) })?.settings ?? [] where !isSet(name) {
            values[name] = Value(text: text, origin: .profile(self.text("profile") ?? ""))
        }
        joinPort()
        if let problem = remoteAddressProblem { problems.append(problem) }
        commands = file?.commands.sources.map(\.source) ?? []
        targets = file?.targets.sources.map(\.source) ?? []
        if !problems.isEmpty { throw CommandFailure(.usage, problems.joined(separator: "\n")) }
    }

    /// Of `server.port` and `server.listen`, which say the same, the stronger one counts, and where both are as strong
    /// the longer.
    private mutating func joinPort() {
        guard let port = values["server.port"] else { return }
        let own = "127.0.0.1:\(port.text)"
        if let listen = values["server.listen"], listen.origin.rank >= port.origin.rank {
            if listen.text != own { values["server.port"] = nil }
        } else {
            values["server.listen"] = Value(text: own, origin: port.origin)
        }
    }

    /// An address of the file or the environment that nobody may listen on; a flag's is refused where it is used.
    private var remoteAddressProblem: String? {
        guard let listen = values["server.listen"], flag("server.allow_remote") != true else { return nil }
        if case .flag = listen.origin { return nil }
        guard let address = try? ListenAddress(listen.text), !address.isLoopback else { return nil }
        return "\(listen.origin): server.listen: \(address) can be reached from other machines, and there is no login "
            + "yet; listen on 127.0.0.1:\(address.port), or set server.allow_remote: true"
    }

    /// What counts for a setting; nil where nobody set it and it has no default.
    subscript(name: String) -> Value? { values[name] }

    func text(_ name: String) -> String? { values[name]?.text }

    func flag(_ name: String) -> Bool? { values[name].flatMap { SettingKind.truth($0.text) } }

    func whole(_ name: String) -> Int? { values[name].flatMap { Int($0.text) } }

    func number(_ name: String) -> Double? { values[name].flatMap { Double($0.text) } }

    func milliseconds(_ name: String) -> Int64? { values[name].flatMap { SettingKind.milliseconds($0.text) } }

    /// Whether somebody set it.
    func isSet(_ name: String) -> Bool { values[name].map { $0.origin != .fallback } ?? false }
}

/// A setting on the command line.
struct ConfigurationFlag: Sendable {
    var setting: String
    /// As the flag is written.
    var flag: String
    var text: String

    /// Those that were given.
    static func given(_ flags: [(setting: String, flag: String, text: String?)]) -> [ConfigurationFlag] {
        flags.compactMap { one in
            one.text.map { ConfigurationFlag(setting: one.setting, flag: one.flag, text: $0) }
        }
    }
}
