import ArgumentParser
import Glibc
import TSDB

/// `mon`: a verb and what it needs. The root is synchronous, because an asynchronous one costs milliseconds of start.
@main struct Mon: ParsableCommand {
    static let name = "mon"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Watches one host: records it, answers PromQL about it, serves its metrics.",
        discussion: "Exit: 0 done, 1 failed, 2 wrong usage, 4 no data, 5 the store is locked or damaged.",
        version: Version.text,
        subcommands: [
            StatusCommand.self, QueryCommand.self, SeriesCommand.self, LabelsCommand.self, MetricsCommand.self,
            EventsCommand.self, ExportCommand.self,
            RunCommand.self, ServeCommand.self, SampleCommand.self, RetentionCommand.self, ImportCommand.self,
            DumpCommand.self, SnapshotCommand.self, DBCommand.self, ConfigCommand.self,
        ])

    static func main() {
        ProgramRole.declareProgram()
        Glibc.exit(run(Array(CommandLine.arguments.dropFirst()), on: .live()).rawValue)
    }

    /// Everything but the process: what `arguments` ask for, done on `console`. Whatever a command tells of its work,
    /// an answer that did not arrive whole is a failure.
    static func run(_ arguments: [String], on console: Console) -> CommandStatus {
        let status = answer(arguments, on: console)
        console.flush()
        guard let failure = console.outputFailure else { return status }
        console.say(failure.message)
        return failure.status
    }

    private static func answer(_ arguments: [String], on console: Console) -> CommandStatus {
        if arguments.count == 2, arguments[0] == "help", let text = FunctionHelp.text(of: arguments[1]) {
            // No command is called as a function is.
            console.write(text)
            return .success
        }
        // Whoever types the name alone wants to know how things are, once there is something to know.
        if arguments.isEmpty, let status = try? StatusCommand.parseAsRoot([]) as? any Verb,
            let folder = try? DataFolder(option: nil, use: .read, environment: console.environment),
            Store.isPresent(at: folder.path)
        {
            return perform(status, on: console)
        }
        if let complaint = UnknownVerb.complaint(about: arguments) {
            console.say(complaint)
            return .usage
        }
        let command: any ParsableCommand
        do {
            command = try self.command(for: arguments)
            guard let verb = command as? any Verb else {
                var command = command
                try command.run()
                return .success
            }
            return perform(verb, on: console)
        } catch {
            // Help and version come this way, too.
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                console.write(text + "\n")
                return .success
            }
            console.sayPlainly(text + "\n")
            return .usage
        }
    }

    /// The command that `arguments` name, its flags read. One that comes first is parsed by itself, which takes a
    /// quarter fewer instructions of what parsing takes: as its configuration names a program above it, shells'
    /// requests for completions are not looked for. Where that fails, or help is asked for, the whole tree has the
    /// right words.
    static func command(for arguments: [String]) throws -> any ParsableCommand {
        let verb = configuration.subcommands.first { $0.configuration.commandName == arguments.first }
        if let verb, let command = try? verb.parseAsRoot(Array(arguments.dropFirst())), command is any Verb {
            return command
        }
        return try parseAsRoot(arguments)
    }

    private static func perform(_ verb: any Verb, on console: Console) -> CommandStatus {
        do {
            return try verb.perform(on: console)
        } catch {
            let failure = CommandFailure(error)
            console.say(failure.message)
            return failure.status
        }
    }
}

/// A command of the program.
protocol Verb: ParsableCommand {
    /// Does the work.
    /// - Throws: what the rooms throw, or ``CommandFailure``.
    func perform(on console: Console) throws -> CommandStatus
}
