import ArgumentParser
import Formats
import Model
import Query
import TSDB

/// `mon metrics`: what is recorded, and what it means.
struct MetricsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "metrics", _superCommandName: Mon.name, abstract: "Lists metrics with type, unit and meaning.",
        discussion: "mon metrics disk")

    @Argument(help: "The beginning of names. Default: all.")
    var prefix = ""

    @OptionGroup var store: StoreOptions

    @Option(help: "The output format.")
    var format = ListFormat.table

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Column names above tables and CSV.")
    var header = true

    func perform(on console: Console) throws -> CommandStatus {
        guard let families = try self.families(on: console) else { return .noData }
        let rows = families.map { family in
            [family.name, ExpositionFormat.openMetrics.word(for: family.kind), family.unit, family.help]
        }
        Listing(columns: ["name", "type", "unit", "help"], rows: rows)
            .write(as: format, header: header, on: console) { PrometheusJSON.write(families: families, into: &$0) }
        return .success
    }

    /// What is recorded; nil, with a word on it, where nothing is. The snapshot has ended when it returns, however
    /// slowly the list is taken (``QueryCommand``).
    private func families(on console: Console) throws -> [MetricFamily]? {
        let snapshot = try store.openForReading(on: console).snapshot()
        let view = StoreView(snapshot)
        let names = try snapshot.labelValues(of: Labels.metricNameLabel, matching: [], in: .all)
        // Other names of what is stored are listed once they are asked for.
        let others = try view.aliasNames(beginningWith: prefix)
        let wanted = Set(names.filter { $0.hasPrefix(prefix) } + others)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        console.warn(of: snapshot.damage)
        guard !wanted.isEmpty else {
            let near = Suggestions.nearest(to: prefix, among: names + (try view.aliasNames()))
            console.say(
                "no metric begins with \(prefix)"
                    + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?"))
            return nil
        }
        return try wanted.map { name in
            try view.metadata(of: name) ?? MetricFamily(name: name, kind: .unknown, help: "")
        }
    }
}
