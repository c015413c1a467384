import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// What the sampler tells of its recorded host, in a store: the page that its golden test keeps, two ticks.
enum RecordedHost {
    static let firstTick: Int64 = 1_800_000_000_000
    static let secondTick = firstTick + 10_000

    static func store() throws -> TestStore {
        var samples: [Labels: [Sample]] = [:]
        var time = firstTick
        var isSeries = false
        for line in SourceTree.lines(of: "Tests/SamplerTests/Fixtures/two-ticks/page.txt") {
            if line.hasPrefix("## second tick") { time = secondTick }
            // Behind the series of each tick come its processes and events.
            if line.hasPrefix("#") {
                isSeries = line.hasPrefix("# every")
                continue
            }
            guard isSeries, let blank = line.lastIndex(of: " ") else { continue }
            let text = line[line.index(after: blank)...]
            let labels = try AliasWorld.labels(String(line[..<blank]))
            let value = text == "stale" ? Double.staleMarker : try #require(number(text), "\(line)")
            samples[labels, default: []].append(Sample(time: Timestamp(milliseconds: time), value: value))
        }
        #expect(samples.count > 100)
        let store = try TestStore(hostName: "recorded")
        try store.load(
            samples.map { ($0.key, $0.value) }.sorted { $0.labels < $1.labels }, intervalMilliseconds: 10_000)
        return store
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: Double(text)
        }
    }
}

/// The names of node_exporter on the recorded host.
@Suite struct RecordedHostTests {
    @Test func everyEntryAnswers() throws {
        let store = try RecordedHost.store()
        let view = StoreView(try store.snapshot())
        let stored = Set(try view.labelValues(of: "__name__", matching: [], in: .all))
        let node = AliasTable.standard.lists.filter { $0.purpose == .node }.flatMap { $0.entries() }
        let recorded = node.filter { $0.formula.terms.allSatisfy { stored.contains($0.metric) } }
        #expect(recorded.count > 200, "of \(node.count)")
        for alias in recorded {
            let matchers = [
                Matcher("__name__", equals: alias.name), Matcher("job", equals: "node"),
                Matcher("instance", equals: "recorded:9100"),
            ]
            #expect(try view.select(matchers, in: .all).count > 0, "\(alias)")
        }
        let result = try QueryEngine().evaluate(
            "{__name__=~\"node_(load.+|memory_Swap.+)\"}",
            at: .instant(Timestamp(milliseconds: RecordedHost.firstTick)), in: view.snapshot)
        guard case .vector(let series) = result.value else { return }
        #expect(
            series.map { "\($0.labels.metricName ?? "") \(FloatText.short($0.samples[0].value))" }.prefix(3)
                == ["node_load1 0.09", "node_load15 0.01", "node_load5 0.04"])
    }
}
