import Model
import TSDB
import TestSupport
import Testing

/// Rows of groups that have none of the series asked for are not decoded; what is found must not depend on it.
@Suite struct HeadReadingTests {
    /// Two groups side by side; series join a chain in its middle, come back, and end.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func fewSeriesOfManyGroupsAreFoundWhole(seed: UInt64) throws
    {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        let groups = [5000, 6000, 7000].map { GroupDefinition(intervalMilliseconds: $0) }
        let names = (0..<24).map { Labels(name: "m\($0)", ["group": "\($0 % 3)"]) }
        // Each series is there from a row of its own on.
        let first = names.indices.map { _ in Int64.random(in: 0...40, using: &random) }
        for tick in 0..<60 as Range<Int64> {
            for (place, group) in groups.enumerated() {
                var samples: [(Labels, Double)] = []
                for index in names.indices where index % 3 == place && tick >= first[index] {
                    let roll = Int.random(in: 0..<20, using: &random)
                    if roll == 0 { continue }
                    let value = roll == 1 ? Double.staleMarker : Double(Int.random(in: 0...5000, using: &random)) / 10
                    samples.append((names[index], value))
                }
                if samples.isEmpty { continue }
                try written.append(tick * 7000 + Int64(place), samples, group: group)
            }
        }
        let snapshot = try written.store.snapshot()
        for name in names {
            let metric = String(decoding: name.bytes[name.value(of: "__name__")!], as: UTF8.self)
            let matchers = [Matcher("__name__", equals: metric)]
            let start = Int64.random(in: 0...400_000, using: &random)
            for range in [
                TimeRange.all,
                TimeRange(min: Timestamp(milliseconds: start), max: Timestamp(milliseconds: start + 60_000)),
            ] {
                expectSame(
                    try answer(snapshot, matchers, range), written.naive.select(matchers, range),
                    "seed \(seed), \(metric) in \(range)")
            }
        }
    }
}
