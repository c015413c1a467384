import ArgumentParser
import Formats
import Model
import TSDB

/// `mon db top`: the most expensive metrics and labels.
struct DBTopCommand: Verb {
    enum Order: String, CaseIterable, ExpressibleByArgument {
        case bytes, series
    }

    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Lists the most expensive metrics and labels.",
        discussion: "mon db top --by series --limit 5")

    @OptionGroup var store: StoreOptions

    @Option(help: "Bytes on disk, or number of series.")
    var by = Order.bytes

    @Option(help: "Lines of each list.")
    var limit = 10

    @Flag(help: "As JSON.")
    var json = false

    func perform(on console: Console) throws -> CommandStatus {
        guard limit > 0 else { throw CommandFailure(.usage, "--limit \(limit): at least one line") }
        let snapshot = try store.openForReading(on: console).snapshot()
        let statistics = try snapshot.statistics()
        let ranking = try snapshot.labelRanking()
        console.warn(of: snapshot.damage)
        var metrics = statistics.metrics
        if by == .series { metrics.sort { ($1.series, $0.name) < ($0.series, $1.name) } }
        metrics = Array(metrics.prefix(limit))
        var writer = TextWriter()
        if json {
            writeJSON(metrics, ranking, into: &writer)
        } else {
            write(metrics, ranking, console.isStyled, into: &writer)
        }
        console.write(writer.bytes)
        return .success
    }

    private func write(
        _ metrics: [StoreStatistics.Metric], _ ranking: LabelRanking, _ isStyled: Bool, into writer: inout TextWriter
    ) {
        var table = TextTable()
        table.addColumn("metric")
        for name in ["bytes", "raw", "1m", "1h", "samples", "B/sample", "series a day"] {
            table.addColumn(name, .right)
        }
        for metric in metrics {
            table.addRow([
                metric.name.isEmpty ? "(no name)" : metric.name, DBText.bytes(metric.bytes),
                DBText.bytes(metric[.raw]), DBText.bytes(metric[.minute]), DBText.bytes(metric[.hour]),
                "\(metric.samples)", DBText.ratio(metric[.raw], metric.samples), "\(metric.series)",
            ])
        }
        table.write(header: true, isStyled: isStyled, into: &writer)
        guard let day = ranking.day else { return }
        let date = TimeText.rfc3339(Timestamp(milliseconds: day * 1000), .utc).prefix(10)
        writer.write("\nlabels of \(date)\n")
        var names = TextTable()
        names.addColumn("label")
        names.addColumn("values", .right)
        for name in ranking.names.prefix(limit) { names.addRow([name.name, "\(name.values)"]) }
        names.write(header: true, isStyled: isStyled, into: &writer)
        writer.write("\n")
        var pairs = TextTable()
        pairs.addColumn("label value")
        pairs.addColumn("series", .right)
        for pair in ranking.pairs.prefix(limit) {
            pairs.addRow(["\(pair.name)=\(Labels.quote(pair.value))", "\(pair.series)"])
        }
        pairs.write(header: true, isStyled: isStyled, into: &writer)
    }

    private func writeJSON(
        _ metrics: [StoreStatistics.Metric], _ ranking: LabelRanking, into writer: inout TextWriter
    ) {
        writer.write("{\"metrics\":")
        JSONText.write(list: metrics, into: &writer) { metric, writer in
            DBText.write(metric, into: &writer)
        }
        writer.write(",\"labels\":")
        JSONText.write(list: ranking.names.prefix(limit), into: &writer) { name, writer in
            DBText.writeObject(name: name.name, [("values", name.values)], into: &writer)
        }
        writer.write(",\"values\":")
        JSONText.write(list: ranking.pairs.prefix(limit), into: &writer) { pair, writer in
            writer.write("{\"name\":")
            JSONText.write(string: pair.name, into: &writer)
            writer.write(",\"value\":")
            JSONText.write(string: pair.value, into: &writer)
            writer.write(",\"series\":\(pair.series)}")
        }
        writer.write("}\n")
    }
}
