import Model
import Query
import TestSupport

@testable import TSDB

extension FuzzTarget {
    /// The bytes of a label set; what it is written as is read back by the parser of selectors.
    static let labels = FuzzTarget(name: "labels", seeds: { labelSets().map(\.bytes) }) { bytes in
        guard let labels = Labels(bytes: bytes) else { return nil }
        let list = Array(labels)
        guard list.count == labels.count, !(labels < labels) else { return "count or order" }
        _ = labels.droppingMetricName()
        // Only text comes back from text.
        guard list.allSatisfy({ isText($0, in: labels) }), !list.isEmpty else { return nil }
        guard Labels(list) == labels else { return "labels do not come back from a list" }
        guard let matchers = try? Parser.parseSelector(labels.description) else {
            return "not a selector: \(labels.description)"
        }
        let read = Labels(matchers.map { Label($0.name, $0.value) })
        let isEqual = read == labels && matchers.allSatisfy { $0.operation == .equal }
        return isEqual ? nil : "\(labels.description) is read as \(read.description)"
    }

    /// Whether the label is its own bytes, none of them replaced because they were no UTF-8, and has a name.
    private static func isText(_ label: Label, in labels: Labels) -> Bool {
        guard !label.name.isEmpty, let value = labels.value(of: label.name) else { return false }
        return labels.bytes[value].elementsEqual(label.value.utf8)
    }

    private static func labelSets() -> [Labels] {
        [
            .empty, Labels(name: "up"), Labels(name: "up", ["job": "node", "instance": "a:9100"]),
            Labels([Label("a b", "ü\n\"\\"), Label("z", "\u{1}\u{7f}")]), Labels(name: "no metric", ["x": "1"]),
        ]
    }

    /// PromQL: parsed, printed, parsed again; explained; evaluated at a moment and over a range.
    static let query = FuzzTarget(name: "query", seeds: { querySeeds.map { Array($0.utf8) } }) { bytes in
        guard bytes.count <= 300 else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? Parser.parseSelector(text)
        let limits = QueryLimits(
            seriesMax: 100, samplesMax: 5000, valuesMax: 5000, depthMax: 100, timeout: .milliseconds(500))
        let engine = QueryEngine(limits: limits, acceptsExperimental: true)
        guard let tree = try? engine.parse(text) else { return nil }
        let printed = Printer.print(tree, source: text)
        guard let again = try? engine.parse(printed) else { return "printed as what is no query: \(printed)" }
        let twice = Printer.print(again, source: printed)
        guard twice == printed else { return "printed as \(printed), then as \(twice)" }
        let times: [QueryTime] = [
            .instant(Timestamp(milliseconds: 50_000)),
            .range(
                start: Timestamp(milliseconds: -10_000), end: Timestamp(milliseconds: 90_000), stepMilliseconds: 7000),
        ]
        return refusing {
            let snapshot = try QueriedStore.shared.store.snapshot()
            for time in times {
                _ = try? engine.explain(text, at: time)
                _ = try? engine.evaluate(text, at: time, in: snapshot)
            }
            return nil
        }
    }

    private static let querySeeds = [
        "sum by (i, \"a.b\") (rate(m{i!~\"1|2\", j=\"0\"}[5m] offset -1h30m)) / 4",
        "topk(3, m[5m:1m] @ start()) + on(i) group_left(j) n unless ignoring(j) m",
        "max_over_time(m[min_of(5m, 2 * step()):range() % 7s] offset -(1m + step())) >= bool 0x1F",
        "label_replace({__name__=~\"m.*\"}, 'd\\x41\\u00e9\\101', `$1`, \"i\", \"(.*)\") # end\n",
        "-1.5e-3 ^ 2 atan2 1_000 % Inf == bool NaN or \"\\U0001F600\"",
        "histogram_quantile(0.9, sum without () (b_bucket)) </ 5 >/ 6 @ 1609746000.123",
        "quantile_over_time(0.5, m[1m]) + stddev_over_time(m[30s:5s]) - predict_linear(m[1m], 3600)",
        "absent(m{i=\"9\"}) or count_values(\"v\", round(m, 0.5)) and limitk(2, n)",
        "label_join(m, \"x\", \"-\", \"i\", \"j\") * on(i) group_right n{j!=\"\"}",
        "day_of_year(vector(1e9)) + timestamp(m) - time() + scalar(n) + sort_desc(m) + deriv(m[1m])",
    ]

    /// Durations and numbers as people write them.
    static let texts = FuzzTarget(
        name: "texts",
        seeds: { ["1h30m", "250ms", "1y2w3d4h5m6s7ms", "0", "99999999999999999999s"].map { Array($0.utf8) } }
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        if let duration = DurationText.parse(text) {
            guard DurationText.parse(DurationText.format(duration)) == duration else { return "duration \(duration)" }
        }
        guard bytes.count >= 8 else { return nil }
        let bits = bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let value = Double(bitPattern: bits)
        _ = FloatText.short(value)
        guard value.isFinite else { return nil }
        return Double(FloatText.plain(value))?.bitPattern == bits ? nil : "number \(FloatText.plain(value))"
    }
}

/// A small store to ask.
final class QueriedStore: Sendable {
    private let folder = TemporaryFolder()
    let store: Store

    static let shared = QueriedStore()

    private init() {
        do throws(StoreError) {
            var recorder = try Recorder(path: folder.path, host: HostIdentity(name: "fuzz", machineID: ""))
            for tick in 0..<20 as Range<Int> {
                var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [])
                for place in 0..<6 where (tick + place) % 7 != 0 {
                    let labels = Labels(name: place < 4 ? "m" : "n", ["i": "\(place % 4)", "j": "\(tick / 15)"])
                    let value = awkwardValues[(tick * place) % awkwardValues.count]
                    row.samples.append((recorder.reference(for: labels), place == 2 ? value : Double(tick * place)))
                }
                for (place, bound) in ["0.1", "1", "+Inf"].enumerated() {
                    let labels = Labels(name: "b_bucket", ["le": bound])
                    row.samples.append((recorder.reference(for: labels), Double(tick * (place + 1))))
                }
                try recorder.append(Scrape(time: Timestamp(milliseconds: Int64(tick) * 5000), rows: [row]))
            }
            try recorder.close()
            store = try Store(at: folder.path, access: .read)
        } catch {
            fatalError("\(error)")
        }
    }
}
