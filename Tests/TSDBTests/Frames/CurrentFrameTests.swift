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
            for process in frame.orderedProcesses {
                let values = FrameSeries.values(of: process, in: frame)
                let named = FrameSeries.labels(of: process)
                #expect(values.count == FrameSeries.families.count && named.count == values.count)
                for (place, family) in FrameSeries.families.enumerated() {
                    guard let labels = named[place], let value = values[place] else { continue }
                    #expect(labels.metricName == family.name)
                    // Of two that are called the same the later one counts.
                    found[labels] = value.bitPattern
                }
            }
            #expect(found == expected, "seed \(seed)")
        }
    }
}
