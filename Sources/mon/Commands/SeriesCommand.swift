import ArgumentParser
import Formats
import Model
import Query
import TSDB

/// `mon series`: the series that selectors select.
struct SeriesCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "series", _superCommandName: Mon.name, abstract: "Lists series.",
        discussion: "mon series 'disk_io_read_bytes_total{device=~\"sd.*\"}' --last 1d")

    @Argument(help: "Selectors; a series that satisfies one of them is listed. Default: all.")
    var selectors: [String] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Option(help: "The output format.")
    var format = ListFormat.table

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Column names above CSV.")
    var header = true

    func perform(on console: Console) throws -> CommandStatus {
        try store.setClock(of: console)
        let range = try span.span(on: console) ?? .all
        let wanted = try selectors.isEmpty ? [SeriesCommand.everything] : selectors.map(SeriesCommand.matchers)
        let sorted = try found(wanted, in: range, on: console)
        guard !sorted.isEmpty else {
            console.say("no series matches; `mon metrics` lists the metrics that there are")
            return .noData
        }
        listing(of: sorted).write(as: format, header: header, on: console) { writer in
            PrometheusJSON.write(series: sorted, into: &writer)
        }
        return .success
    }

    /// The series. The snapshot has ended when it returns, however slowly the list is taken (``QueryCommand``).
    private func found(_ wanted: [[Matcher]], in range: TimeRange, on console: Console) throws -> [Labels] {
        let snapshot = try store.openForReading(on: console).snapshot()
        let view = StoreView(snapshot)
        var found: Set<Labels> = []
        for matchers in wanted { found.formUnion(try view.select(matchers, in: range).labels) }
        console.warn(of: snapshot.damage)
        return found.sorted()
    }

    /// A line a series; in CSV and JSON lines a column a label.
    private func listing(of series: [Labels]) -> Listing {
        if format == .table { return Listing(columns: ["series"], rows: series.map { ["\($0)"] }) }
        var names: Set<String> = []
        for labels in series { names.formUnion(labels.map(\.name)) }
        let columns = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return Listing(columns: columns, rows: series.map { labels in columns.map { labels[$0] ?? "" } })
    }

    /// Every series has a name.
    static var everything: [Matcher] {
        get throws { [try Matcher(Labels.metricNameLabel, .notEqual, "")] }
    }

    /// The matchers of a selector.
    static func matchers(_ selector: String) throws(CommandFailure) -> [Matcher] {
        do throws(ParseError) {
            return try Parser.parseSelector(selector)
        } catch {
            throw CommandFailure(.usage, QueryCommand.describe(error, in: selector))
        }
    }
}
