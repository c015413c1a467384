import ArgumentParser
import Query

/// A word that stands where a command is named and names none. The argument parser says no more than that it is
/// unexpected.
enum UnknownVerb {
    /// What its user is told; nil where all that is typed names commands, or begins with a flag.
    static func complaint(about arguments: [String]) -> String? {
        let asksForHelp = arguments.first == "help"
        var command: any ParsableCommand.Type = Mon.self
        var path = Mon.name
        // Of `help help` the argument parser knows.
        for word in asksForHelp ? arguments.drop(while: { $0 == "help" }) : arguments[...] {
            let commands = command.configuration.subcommands
            if commands.isEmpty || command.configuration.defaultSubcommand != nil || word.hasPrefix("-") { return nil }
            guard let next = commands.first(where: { name(of: $0) == word }) else {
                let near = Suggestions.nearest(to: word, among: commands.map(name), countMax: 2)
                let hint =
                    near.isEmpty ? "" : "; did you mean \(near.map { "`\(path) \($0)`" }.joined(separator: " or "))?"
                let kind = asksForHelp && path == Mon.name ? "command or function" : "command"
                return "no \(kind) of `\(path)` is called \(word)\(hint)\nSee '\(path) --help' for more information."
            }
            command = next
            path += " \(word)"
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? ""
    }
}
