import Formats
import Glibc
import Query
import Sampler

/// The settings of a file, checked.
struct ConfigurationFile: Sendable {
    let path: String
    private(set) var values: [String: Configuration.Value] = [:]
    /// Nil where there is no list of them.
    private(set) var exceptions: [Configuration.Exception]?
    private(set) var commands = SourceList<CommandSource>()
    private(set) var targets = SourceList<ScrapeTarget>()
    /// Each with the line and column: `mon.yaml:3:9: store.max_size: "12" is too little; …`.
    private(set) var problems: [String] = []

    /// How much it sets.
    var count: Int { values.count + (exceptions?.count ?? 0) + commands.sources.count + targets.sources.count }

    static let system = "/etc/mon/mon.yaml"

    /// The file that counts: the one that is named, else MON_CONFIG's, else `/etc/mon/mon.yaml` where there is one,
    /// else `$XDG_CONFIG_HOME/mon/mon.yaml`; nil where there is none of them.
    static func path(named option: String?, environment: (String) -> String?) -> String? {
        if let option { return option }
        if let variable = environment("MON_CONFIG"), !variable.isEmpty { return variable }
        let home = environment("XDG_CONFIG_HOME") ?? environment("HOME").map { $0 + "/.config" }
        // access(2) reads the path during the call only.
        return [system, home.map { $0 + "/mon/mon.yaml" }].compactMap(\.self).first { unsafe access($0, R_OK) == 0 }
    }

    /// `store.path` of the file that counts where none is named; nil where there is no such file, or it does not say.
    static func storePath(environment: (String) -> String?) -> Configuration.Value? {
        guard let path = path(named: nil, environment: environment) else { return nil }
        // What is wrong in it is for `mon run` and `mon config check` to tell.
        return (try? ConfigurationFile(at: path))?.values["store.path"]
    }

    /// Reads a file and checks it.
    /// - Throws: where it cannot be read or is no YAML; what it sets wrongly is among the ``problems``.
    init(at path: String) throws(CommandFailure) {
        let file = try InputFile(path)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try ConfigurationFile.readSome(file, into: &piece)
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= ConfigurationFile.bytesMax else {
                throw CommandFailure(
                    .usage, "\(path): more than \(ConfigurationFile.bytesMax >> 20) MiB are no configuration")
            }
        }
        try self.init(bytes, path: path)
    }

    private static func readSome(_ file: borrowing InputFile, into piece: inout [UInt8]) throws(CommandFailure) -> Int {
        var result: Result<Int, CommandFailure> = .success(0)
        // The kernel writes at most the array's count.
        unsafe piece.withUnsafeMutableBytes { bytes in
            do throws(CommandFailure) {
                result = .success(try unsafe file.read(into: bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// So that a wrong file cannot take the memory.
    private static let bytesMax = 4 << 20

    init(_ bytes: [UInt8], path: String) throws(CommandFailure) {
        self.path = path
        let root: YAMLNode?
        do throws(YAMLError) {
            root = try YAMLReader.read(bytes)
        } catch {
            throw CommandFailure(.lint, "\(path):\(error.place): \(error.reason)")
        }
        guard let root, !root.isNull else { return }
        guard case .mapping(let entries) = root.content else {
            throw CommandFailure(.lint, "\(path):\(root.place): a configuration is a mapping of keys, not \(root.kind)")
        }
        read(entries, below: "")
    }

    private mutating func read(_ entries: [YAMLNode.Entry], below prefix: String) {
        for entry in entries {
            let name = prefix + entry.key
            if name == "store.retention_for" {
                readExceptions(entry.value)
            } else if name == "exec" || name == "scrape" {
                readSources(name, entry.value)
            } else if let setting = Settings.named(name) {
                readValue(entry, setting)
            } else if Settings.list.contains(where: { $0.name.hasPrefix(name + ".") }) {
                switch entry.value.content {
                case .mapping(let inner): read(inner, below: name + ".")
                case _ where entry.value.isNull: break
                default: problem(entry.value.place, "\(name): it has keys below it, and is not \(entry.value.kind)")
                }
            } else {
                tellUnknown(entry, name, prefix)
            }
        }
    }

    private mutating func readSources(_ name: String, _ node: YAMLNode) {
        var found: [ListProblem] = []
        if name == "exec" {
            commands.read(node, name, CommandSource.init, identity: \.name) { found.append($0) }
        } else {
            targets.read(node, name, ScrapeTarget.init, identity: { "\($0.job) at \($0.url)" }) { found.append($0) }
        }
        for one in found { problem(one.place, one.text) }
    }

    private mutating func readValue(_ entry: YAMLNode.Entry, _ setting: Setting) {
        guard case .scalar(let text, _) = entry.value.content else {
            problem(entry.value.place, "\(setting.name): it takes one value, not \(entry.value.kind)")
            return
        }
        // A key without a value is as good as none.
        if entry.value.isNull { return }
        if let found = setting.kind.problem(with: text) {
            problem(entry.value.place, "\(setting.name): \"\(text)\" \(found)")
        }
        values[setting.name] = Configuration.Value(text: text, origin: .file(path, entry.value.place))
    }

    private mutating func tellUnknown(_ entry: YAMLNode.Entry, _ name: String, _ prefix: String) {
        // What stands at this level.
        var known = Settings.list.compactMap { setting -> String? in
            guard setting.name.hasPrefix(prefix) else { return nil }
            return setting.name.dropFirst(prefix.count).split(separator: ".").first.map(String.init)
        }
        if prefix == "store." { known.append("retention_for") }
        if prefix.isEmpty { known += ["exec", "scrape"] }
        let near = Suggestions.nearest(to: entry.key, among: Set(known).sorted())
        let hint =
            near.isEmpty
            ? "; possible are \(Set(known).sorted().joined(separator: ", "))"
            : "; did you mean \(near.joined(separator: " or "))?"
        problem(entry.place, "\(name): there is no such key\(hint)")
    }

    /// `[{match: '{__name__=~"network_.*"}', raw: 7d}]`
    private mutating func readExceptions(_ node: YAMLNode) {
        if node.isNull { return }
        guard case .sequence(let items) = node.content else {
            problem(node.place, "store.retention_for: it is a list of mappings with match and times, not \(node.kind)")
            return
        }
        exceptions = []
        for item in items {
            guard case .mapping(let entries) = item.content else {
                problem(item.place, "store.retention_for: an entry has match and times, and is not \(item.kind)")
                continue
            }
            readException(entries, item.place)
        }
    }

    private mutating func readException(_ entries: [YAMLNode.Entry], _ place: YAMLPlace) {
        var selector: String?
        var times: [String] = []
        for entry in entries {
            guard case .scalar(let text, _) = entry.value.content else {
                problem(entry.value.place, "store.retention_for: \(entry.key) takes one value, not \(entry.value.kind)")
                continue
            }
            switch entry.key {
            case "match":
                selector = text
                do throws(CommandFailure) {
                    _ = try RetentionRequest.matchers(of: text, "match")
                } catch {
                    let told = error.message.split(separator: "\n").first.map(String.init) ?? ""
                    problem(entry.value.place, "store.retention_for: \(told)")
                }
            case "raw", "1m", "1h":
                if let found = SettingKind.age.problem(with: text) {
                    problem(entry.value.place, "store.retention_for: \(entry.key): \"\(text)\" \(found)")
                }
                times.append("\(entry.key)=\(text)")
            default:
                problem(entry.place, "store.retention_for: \(entry.key): possible are match, raw, 1m, 1h")
            }
        }
        guard let selector, !times.isEmpty else {
            problem(place, "store.retention_for: an entry needs match, and one of raw, 1m, 1h")
            return
        }
        exceptions?.append(
            Configuration.Exception(
                selector: selector, times: times.joined(separator: ","), origin: .file(path, place)))
    }

    private mutating func problem(_ place: YAMLPlace, _ text: String) { problems.append("\(path):\(place): \(text)") }
}
