import ArgumentParser
import Model
import TSDB

/// `mon retention`: what the store forgets.
struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "Drops samples that are older than they are kept.",
        subcommands: [RetentionRunCommand.self])
}

/// `mon retention run`: ages the store once, for cron. Safe beside a running agent.
struct RetentionRunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Drops what is too old, once.",
        discussion: "5 * * * *  mon retention run --data /var/lib/mon --keep 30d")

    @OptionGroup var store: StoreOptions

    @Option(help: "Drop samples that are older.")
    var keep = "30d"

    @Flag(help: "Only tell what would go.")
    var dryRun = false

    func perform(on console: Console) throws -> CommandStatus {
        let keep = try DurationArgument.parse(keep, option: "--keep")
        let folder = try store.folder(for: .write, on: console)
        // Opening for writing makes a store where there is none, which is not asked for here.
        _ = try folder.openStore()
        let opened = try Store(at: folder.path, access: .write(SampleCommand.host()))
        let report = try opened.retain(keep, now: console.now, isDryRun: dryRun)
        console.write(RetentionRunCommand.text(report, isDryRun: dryRun, keep: keep))
        return .success
    }

    static func text(_ report: RetentionReport, isDryRun: Bool, keep: Int64) -> String {
        let age = DurationText.format(keep)
        if report.isEmpty { return "nothing is older than \(age)\n" }
        let parts: [(Int, String)] = [
            (report.blocks, "blocks of samples"), (report.processBlocks, "blocks of processes"),
            (report.rows, "unsealed scrapes"), (report.lateBatches, "late batches"), (report.events, "events"),
            (report.registries, "days of series names"),
        ]
        let told = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return "\(isDryRun ? "would drop" : "dropped") what is older than \(age): \(told); \(report.bytes) bytes\n"
    }
}
