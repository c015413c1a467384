import ArgumentParser
import Formats
import Sampler

/// `mon config`: what the agent was told, and whether a file is right.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", _superCommandName: Mon.name, abstract: "Checks and shows the configuration.",
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self])
}

/// `mon config check`: whether a file is right.
struct ConfigCheckCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks a configuration file and the environment.",
        discussion: "mon config check /etc/mon/mon.yaml\nExit: 0 right, 3 faults.")

    @Argument(help: "The file; else the one that counts (see `mon run --config`).")
    var file: String?

    func perform(on console: Console) throws -> CommandStatus {
        guard let path = ConfigurationFile.path(named: file, environment: console.environment) else {
            console.say(
                "there is no configuration file: MON_CONFIG is not set, and \(ConfigurationFile.system) is not there")
            return .noData
        }
        let file = try ConfigurationFile(at: path)
        var problems = file.problems
        do throws(CommandFailure) {
            _ = try Configuration(file: file, environment: console.environment, flags: [])
        } catch {
            problems.append(error.message)
        }
        for problem in problems { console.sayPlainly(problem + "\n") }
        if !problems.isEmpty { return .lint }
        console.write("\(path): right, sets \(file.count)\n")
        return .success
    }
}

/// `mon config show`: what counts.
struct ConfigShowCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows every setting that counts.",
        discussion: "mon config show --origin")

    @Option(help: "The configuration file.")
    var config: String?

    @Flag(help: "Say which of default, file, environment and flag set each.")
    var origin = false

    func perform(on console: Console) throws -> CommandStatus {
        let configuration = try Configuration.load(config, flags: [], on: console)
        var rows: [[String]] = []
        for setting in Settings.list {
            let value = configuration[setting.name]
            // Of the many settings of collectors, those that somebody set.
            if value == nil && setting.name.hasPrefix("collectors.") { continue }
            rows.append([setting.name, value?.text ?? "", value?.origin.description ?? "default"])
        }
        for exception in configuration.exceptions ?? [] {
            rows.append(
                ["store.retention_for", "\(exception.selector) \(exception.times)", exception.origin.description])
        }
        rows += configuration.commands.map { ["exec", "\($0.name): \($0.shownCommand)", "file"] }
        rows += configuration.targets.map { ["scrape", "\($0.job): \($0.shownURL)", "file"] }
        var table = TextTable()
        for column in origin ? ["setting", "value", "from"] : ["setting", "value"] { table.addColumn(column) }
        for row in rows { table.addRow(origin ? row : Array(row.dropLast())) }
        var writer = TextWriter()
        table.write(header: true, isStyled: console.isStyled, into: &writer)
        console.write(writer.bytes)
        return .success
    }
}

extension Configuration {
    /// What counts, from all four.
    /// - Throws: with everything that is wrong in it.
    static func load(
        _ path: String?, flags: [ConfigurationFlag], on console: Console
    ) throws(CommandFailure) -> Configuration {
        var file: ConfigurationFile?
        if let path = ConfigurationFile.path(named: path, environment: console.environment) {
            let read = try ConfigurationFile(at: path)
            if !read.problems.isEmpty { throw CommandFailure(.lint, read.problems.joined(separator: "\n")) }
            file = read
        }
        return try Configuration(file: file, environment: console.environment, flags: flags)
    }
}
