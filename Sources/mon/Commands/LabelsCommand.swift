import ArgumentParser
import Formats
import Model
import TSDB

/// `mon labels`: names of labels, or the values of one.
struct LabelsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "labels", _superCommandName: Mon.name, abstract: "Lists label names, or the values of one label.",
        discussion: "mon labels; mon labels device")

    @Argument(help: "A label; its values are listed.")
    var name: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Option(help: "The output format.")
    var format = ListFormat.table

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Column names above CSV.")
    var header = true

    func perform(on console: Console) throws -> CommandStatus {
        try store.setClock(of: console)
        let range = try span.span(on: console) ?? .all
        let snapshot = try store.openForReading(on: console).snapshot()
        let found =
            if let name {
                try snapshot.labelValues(of: name, matching: [], in: range)
            } else {
                try snapshot.labelNames(matching: [], in: range)
            }
        console.warn(of: snapshot.damage)
        guard !found.isEmpty else {
            console.say(
                name.map { "no series has a label \($0); `mon labels` lists those there are" }
                    ?? "the store has no series in that time")
            return .noData
        }
        Listing(columns: [name ?? "label"], rows: found.map { [$0] })
            .write(as: format, header: header, on: console) { PrometheusJSON.write(names: found, into: &$0) }
        return .success
    }
}
