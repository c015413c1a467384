import ArgumentParser
import Model
import TSDB

/// `mon retention`: what the store forgets.
struct RetentionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", _superCommandName: Mon.name,
        abstract: "Drops samples that are older than they are kept.",
        subcommands: [RetentionRunCommand.self])
}

/// `mon retention run`: ages the store once, for cron. Safe beside a running agent.
struct RetentionRunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Drops what is too old, once.",
        discussion: "5 * * * *  mon retention run --data /var/lib/mon --retention raw=30d,1m=1y,1h=5y")

    @OptionGroup var store: StoreOptions

    @OptionGroup var retention: RetentionOptions

    @Option(
        help: ArgumentHelp(
            "Drop the oldest blocks beyond this size. Default: 1GiB, or 10% of the disk where that is less, "
                + "but 16MiB, or half of a smaller disk.",
            valueName: "size"))
    var maxSize: String?

    @Flag(help: "Only tell what would go.")
    var dryRun = false

    func perform(on console: Console) throws -> CommandStatus {
        let request = try retention.request()
        let folder = try store.folder(for: .write, on: console)
        let sizeMax = try SizeArgument.storeBytes(
            maxSize, option: "--max-size", diskBytes: Disk.bytes(below: folder.path))
        // Opening for writing makes a store where there is none, which is not asked for here.
        _ = try folder.openStore()
        let opened = try Store(at: folder.path, access: .write(SampleCommand.host()))
        let told = try opened.snapshot().retentionPolicy()
        let policy = try request.policy(on: told)
        let report = try opened.retain(policy, now: console.now, isDryRun: dryRun)
        console.write(RetentionRunCommand.text(report, isDryRun: dryRun, policy ?? told))
        let known = Set(told.exceptions.map(\.matchers))
        for exception in policy?.exceptions ?? [] where !dryRun && !known.contains(exception.matchers) {
            console.write(
                "\(RetentionRunCommand.selector(exception)) \(exception.keep) is new: it holds for what is recorded "
                    + "from now on; what these series have already ages as before\n")
        }
        // What a dry run leaves where it is counts as gone.
        let evicted = try opened.evict(downTo: sizeMax + (dryRun ? report.bytes : 0), isDryRun: dryRun)
        console.write(RetentionRunCommand.text(evicted, isDryRun: dryRun, sizeMax: sizeMax))
        return .success
    }

    /// Empty where nothing had to go.
    static func text(_ evicted: RetentionReport, isDryRun: Bool, sizeMax: Int) -> String {
        if evicted.isEmpty { return "" }
        return "\(isDryRun ? "would drop" : "dropped") to stay within \(sizeMax) bytes: \(parts(of: evicted)); "
            + "\(evicted.bytes) bytes\n"
    }

    static func text(_ report: RetentionReport, isDryRun: Bool, _ policy: RetentionPolicy) -> String {
        var times = "\(policy.keep)"
        for exception in policy.exceptions {
            times += ", \(selector(exception)) \(exception.keep)"
        }
        if report.isEmpty { return "nothing is older than it is kept (\(times))\n" }
        let told = parts(of: report)
        var text = ""
        if !told.isEmpty {
            text =
                "\(isDryRun ? "would drop" : "dropped") what is older than it is kept (\(times)): \(told); "
                + "\(report.bytes) bytes\n"
        }
        if report.thinnedProcessBlocks > 0 { text += "thinned \(report.thinnedProcessBlocks) blocks of processes\n" }
        return text
    }

    private static func selector(_ exception: RetentionPolicy.Exception) -> String {
        "{" + exception.matchers.map(\.description).joined(separator: ",") + "}"
    }

    private static func parts(of report: RetentionReport) -> String {
        let parts: [(Int, String)] = [
            (report.blocks, "blocks of samples"), (report.windowBlocks, "blocks of windows"),
            (report.processBlocks, "blocks of processes"),
            (report.rows, "unsealed scrapes"), (report.lateBatches, "late batches"), (report.events, "events"),
            (report.registries, "days of series names"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
