import ArgumentParser
import Formats
import Model
import TSDB

/// `mon import`: samples from files into the store.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", _superCommandName: Mon.name, abstract: "Brings samples from files into the store.",
        discussion: """
            mon import --format openmetrics history.om
            mon import sar /var/log/sysstat/sa22
            zcat big.jsonl.gz | mon import --format jsonl -

            Samples of any age and order, beside a running agent, too. Of samples of one series and time the last one
            stays, so an import that was interrupted is simply run again, unless what it brought has aged away.
            """,
        subcommands: [ImportFileCommand.self, ImportSarCommand.self], defaultSubcommand: ImportFileCommand.self)
}

/// How an import is done, whatever it reads.
struct ImportArguments: ParsableArguments {
    @OptionGroup var store: StoreOptions

    @Flag(help: "End at the first line that is no sample; what stands before it is imported.")
    var strict = false

    @Option(help: "Downsampled tiers to make of what is imported: default or none.")
    var tiers = TierChoiceArgument.default

    @Option(help: "Series that are taken at most; the others are refused and counted.")
    var maxSeries = ImportOptions.seriesMaxDefault

    /// Opens the store, a new one where there is none.
    func open(on console: Console) throws -> Store {
        guard maxSeries > 0 else { throw CommandFailure(.usage, "--max-series \(maxSeries): at least 1 is needed") }
        let folder = try store.folder(for: .write, on: console)
        StoreGuard.install(for: folder.path)
        return try Store(at: folder.path, access: .write(SampleCommand.host()))
    }

    var options: ImportOptions {
        var options = ImportOptions()
        options.seriesMax = maxSeries
        options.buildsTiers = tiers == .default
        return options
    }
}

/// `--tiers`
enum TierChoiceArgument: String, ExpressibleByArgument, CaseIterable {
    case `default`, none
}

/// `mon import --format … FILE`
struct ImportFileCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "file", abstract: "Brings the samples of a file into the store (the default).")

    @Argument(help: "The file; - is standard input.")
    var file: String

    @Option(help: ArgumentHelp("\(SampleFormat.allNames). Else by the file's name.", valueName: "format"))
    var format: String?

    @OptionGroup var arguments: ImportArguments

    func perform(on console: Console) throws -> CommandStatus {
        let format = try sampleFormat()
        let input = try InputFile(file)
        return try ImportRun(arguments: arguments, format: format, name: file == "-" ? "standard input" : file)
            .perform(from: input, on: console)
    }

    private func sampleFormat() throws(CommandFailure) -> SampleFormat {
        if let format {
            if let known = SampleFormat(rawValue: format) { return known }
            throw CommandFailure(.usage, "--format \(format): possible are \(SampleFormat.allNames)")
        }
        for (suffix, format) in ImportFileCommand.suffixes where file.hasSuffix(suffix) { return format }
        throw CommandFailure(
            .usage, "\(file): its name does not tell the format; give one with --format: \(SampleFormat.allNames)")
    }

    private static let suffixes: [(String, SampleFormat)] = [
        (".om", .openmetrics), (".openmetrics", .openmetrics), (".prom", .prometheus), (".csv", .csv),
        (".jsonl", .jsonl), (".ndjson", .jsonl),
    ]
}

extension SampleFormat {
    fileprivate static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// `mon import sar FILE`: what sysstat has recorded, through its own `sadf`.
struct ImportSarCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sar", abstract: "Brings a file of sysstat into the store.",
        discussion: "for day in /var/log/sysstat/sa[0-9]*; do mon import sar $day; done")

    @Argument(help: "A file of sadc, for example /var/log/sysstat/sa22.")
    var file: String

    @OptionGroup var arguments: ImportArguments

    func perform(on console: Console) throws -> CommandStatus {
        guard file != "-" else {
            throw CommandFailure(
                .usage, "-: sadf reads no standard input; sadf -j FILE -- -A | mon import --format sar - does")
        }
        // sadf tells a missing file less clearly.
        _ = try InputFile(file)
        let child = try ChildOutput(["sadf", "-j", file, "--", "-A"], notFound: ImportSarCommand.remedy)
        let status = try ImportRun(arguments: arguments, format: .sar, name: "sadf -j \(file)", isOfProgram: true)
            .perform(from: child.output, on: console)
        let code = child.wait()
        guard code == 0 else {
            throw CommandFailure(.failure, "sadf -j \(file) -- -A ended with \(code); is it a file of this sysstat?")
        }
        return status
    }

    static let remedy =
        "sadf is not there: it is part of sysstat (apt-get install sysstat). It may run on another machine: "
        + "sadf -j FILE -- -A | mon import --format sar -"
}
