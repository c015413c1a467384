import ArgumentParser

/// `mon db`: what concerns the store's file itself. One file a verb.
struct DBCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", _superCommandName: Mon.name,
        abstract: "Checks, saves, measures, compacts and deletes from the store.",
        subcommands: [
            DBCheckCommand.self, DBSalvageCommand.self, DBStatsCommand.self, DBTopCommand.self,
            CompactCommand.self, DeleteCommand.self, DBCheckChildCommand.self,
        ])
}
