import ArgumentParser
import Formats
import Model
import Query
import TSDB

/// `mon snapshot`: one file with a part of the store, for somebody else.
struct SnapshotCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", _superCommandName: Mon.name,
        abstract: "Writes a part of the store, or all of it, to one file.",
        discussion: """
            The file is read from any folder with --db, and knows whose it is.

            mon snapshot --last 24h -o host.mon
            mon snapshot --from 03:00 --to 04:00 --match '{__name__=~"disk_.*"}' --redact username=hash -o host.mon
            mon query --db host.mon 'rate(disk_io_read_bytes_total[5m])'
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Only series that the selector selects; may be repeated.", valueName: "selector"))
    var match: [String] = []

    @Option(
        help: ArgumentHelp(
            "LABEL=drop leaves a label out, LABEL=hash replaces its values by words that tell only equal from "
                + "different. host stands for the host's own name, too. May be repeated.",
            valueName: "rule"))
    var redact: [String] = []

    func perform(on console: Console) throws -> CommandStatus {
        let selectors = try match.map(SeriesCommand.matchers)
        let redaction = try SnapshotCommand.redaction(redact)
        let range = try span.span(on: console) ?? .all
        guard !output.isEmpty else { throw CommandFailure(.usage, "-o: the file's name is empty") }
        guard output != "-" else {
            throw CommandFailure(
                .usage, "-o -: a snapshot goes to a file, not to standard output; ./- is one of that name")
        }
        let snapshot = try store.openForReading(on: console).snapshot()
        try SnapshotCommand.warn(of: redaction, in: snapshot, on: console)
        let report = try snapshot.writeSlice(
            SliceRequest(range: range, selectors: selectors, redaction: redaction), to: output)
        if report.isEmpty {
            console.say("\(output) was not written: nothing in the store matches")
            return .noData
        }
        console.say(
            "\(output): \(report.series) series, \(report.samples) samples, \(report.windows) windows whose samples "
                + "are gone, \(report.frames) process frames; \(report.bytes) bytes")
        return .success
    }

    /// A label that is mistyped hides nothing.
    private static func warn(of redaction: Redaction, in snapshot: Snapshot, on console: Console) throws {
        if redaction.isEmpty { return }
        var known = Set(try snapshot.labelNames(matching: SeriesCommand.everything, in: .all))
        known.formUnion(FrameSeries.labelNames + [Redaction.hostLabel])
        for label in redaction.labels where !known.contains(label) {
            console.say("warning: --redact \(label): no series has such a label; `mon labels` lists those there are")
        }
    }

    static func redaction(_ rules: [String]) throws(CommandFailure) -> Redaction {
        var parsed: [String: Redaction.Rule] = [:]
        for rule in rules {
            let parts = rule.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, let kind = Redaction.Rule(rawValue: parts[1]) else {
                throw CommandFailure(.usage, "--redact \(rule): possible are LABEL=drop and LABEL=hash")
            }
            guard parts[0] != Labels.metricNameLabel else {
                throw CommandFailure(
                    .usage, "--redact \(rule): a metric's name says what it is; leave it out by --match")
            }
            parsed[parts[0]] = kind
        }
        return Redaction(parsed)
    }
}
