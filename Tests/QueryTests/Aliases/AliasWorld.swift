import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// A store of a few samples and a table of the test's own.
struct AliasWorld {
    let store: TestStore
    let view: StoreView
    let engine: QueryEngine

    /// - Parameter samples: Per series, values at 0 s, 10 s, 20 s, …; nil where there is none.
    init(
        _ samples: KeyValuePairs<String, [Double?]>, _ aliases: [Alias] = [], hostName: String = "test",
        standard: Bool = false
    ) throws {
        store = try TestStore(hostName: hostName)
        let series = try samples.map { text, values in
            (
                labels: try AliasWorld.labels(text),
                samples: values.enumerated().compactMap { place, value in
                    value.map { Sample(time: Timestamp(milliseconds: Int64(place) * 10_000), value: $0) }
                }
            )
        }
        try store.load(series.sorted { $0.labels < $1.labels }, intervalMilliseconds: 10_000)
        let list = AliasList(.node, beginning: "al_", isExclusive: true) { aliases }
        let table = standard ? AliasTable.standard : AliasTable([list])
        view = StoreView(try store.snapshot(), aliases: table)
        var engine = QueryEngine()
        engine.aliases = table
        self.engine = engine
    }

    /// The labels that a selector of `=` alone names.
    static func labels(_ text: String) throws -> Labels {
        Labels(try Parser.parseSelector(text).map { Label($0.name, $0.value) })
    }

    static let all = TimeRange(minMilliseconds: 0, maxMilliseconds: 100_000)

    /// The series that a selector finds and their values, `series: 1 2 stale`, with `@` and seconds where they do not
    /// begin at 0 or have gaps.
    func select(_ selector: String, in range: TimeRange = AliasWorld.all) throws -> [String] {
        let selection = try view.select(try Parser.parseSelector(selector), in: range)
        var column = SampleColumn()
        return try selection.labels.indices.map { index in
            try selection.read(index, in: range, into: &column)
            let values = zip(column.timestamps, column.values).map { time, value in
                (value.isStaleMarker ? "stale" : FloatText.short(value)) + "@\(time / 1000)"
            }
            return "\(selection.labels[index]): \(values.joined(separator: " "))"
        }
    }
}
