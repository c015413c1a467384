import ArgumentParser
import Formats
import Model
import TSDB

/// `mon db delete`: samples of chosen series.
struct DeleteCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes the samples of series.",
        discussion: """
            Without --from, --to or --last all samples of the series go. Beside `mon run`, too: a series that is still
            recorded goes on. The file keeps its size until `mon db compact`.

            mon db delete 'disk_io_read_bytes_total{device="sdz"}' --dry-run
            """)

    @Argument(help: "Selectors; a series that satisfies one of them is meant.")
    var selectors: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Flag(help: "Only tell what would go.")
    var dryRun = false

    @Flag(help: "Ask nobody.")
    var yes = false

    func perform(on console: Console) throws -> CommandStatus {
        let wanted = try selectors.map(SeriesCommand.matchers)
        // What a script makes of an empty variable.
        if let place = wanted.firstIndex(where: { $0.allSatisfy(\.matchesEmpty) }) {
            throw CommandFailure(
                .usage,
                "\(selectors[place]) would delete all series: a selector must contain at least one non-empty matcher; "
                    + "for all that there is say '{__name__=~\".+\"}'")
        }
        let range = try span.span(on: console, needsStart: false) ?? .all
        let folder = try store.folder(for: .write, on: console)
        let plan = try folder.openStore().wouldDelete(wanted, in: range)
        guard !plan.isEmpty else {
            console.say(nothing(wanted, range, on: console))
            return .noData
        }
        if dryRun {
            console.write("would delete \(DeleteCommand.counts(plan))\n")
            return .success
        }
        if !yes {
            let question = "delete \(DeleteCommand.counts(plan)) from \(folder.path)?"
            guard console.inputIsTerminal else {
                throw CommandFailure(.usage, "\(question) Nobody is there to answer: give --yes, or --dry-run")
            }
            guard console.confirm(question) else {
                console.say("nothing was deleted")
                return .failure
            }
        }
        let opened = try Store(at: folder.path, access: .write(SampleCommand.host()))
        console.write(DeleteCommand.text(try opened.delete(wanted, in: range)))
        return .success
    }

    /// Why there is nothing to delete.
    private func nothing(_ wanted: [[Matcher]], _ range: TimeRange, on console: Console) -> String {
        if wanted.contains(where: DeleteCommand.namesProcesses) {
            return "nothing to delete: series of processes are made from frames, which go by their age "
                + "(`mon retention run`)"
        }
        var text = range == .all ? "no series matches" : "no series that matches has samples"
        let zone = span.zone(on: console)
        if range.min != TimeRange.all.min { text += " from \(TimeText.rfc3339(range.min, zone))" }
        if range.max != TimeRange.all.max { text += " to \(TimeText.rfc3339(range.max, zone))" }
        return text + "; `mon series` lists those that there are"
    }

    /// Whether a selector names a metric that is made from process frames.
    private static func namesProcesses(_ matchers: [Matcher]) -> Bool {
        let names = matchers.filter { $0.name == Labels.metricNameLabel }
        return !names.isEmpty
            && FrameSeries.families.contains { family in names.allSatisfy { $0.matches(family.name) } }
    }

    static func text(_ report: DeletionReport) -> String {
        "deleted \(counts(report)): \(report.blocks) blocks, \(report.windowBlocks) blocks of windows and "
            + "\(report.lateBatches) late batches changed, \(report.names) names gone; \(report.bytes) bytes are free\n"
    }

    /// Windows are told where they are what is left of samples; else they are the same samples.
    private static func counts(_ report: DeletionReport) -> String {
        // What a deletion that was interrupted has left.
        if report.samples == 0, report.windowBlocks == 0 { return "\(report.names) names without samples" }
        let windows = report.windows > 0 ? " and \(report.windows) windows" : ""
        return "\(report.samples) samples\(windows) of \(report.series) series"
    }
}
