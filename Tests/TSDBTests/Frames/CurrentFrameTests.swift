import Model
import Testing

@testable import TSDB

@Suite struct CurrentFrameTests {
    /// A frame in memory tells the same series and values as one that was read.
    @Test(arguments: [1, 2, 3] as [UInt64]) func theSeriesAreThoseOfAStore(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        for frame in world.frames(200) {
            var builder = try #require(FrameSeriesBuilder([]))
            builder.add(frame)
            var expected: [Labels: UInt64] = [:]
            for (labels, column) in builder.series() { expected[labels] = column.values.last?.bitPattern }
            var found: [Labels: UInt64] = [:]
            let current = FrameSeries.current(of: frame)
            for (family, series) in current {
                #expect(series.map(\.labels) == series.map(\.labels).sorted())
                for (labels, value) in series {
                    #expect(labels.metricName == family.name)
                    #expect(found.updateValue(value.bitPattern, forKey: labels) == nil, "\(labels) comes twice")
                }
            }
            #expect(found == expected, "seed \(seed)")
            #expect(current.map(\.family.name) == FrameSeries.families.map(\.name).sorted())
        }
    }
}
