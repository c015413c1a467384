import Model
import TSDB
import Testing

@testable import Query

/// A panel of an alias that is refreshed over a midnight, before which only the alias answers, and behind which only a
/// stored series of the same labels does. Neither part has two of them; the whole range has, and the stored one stands.
struct AliasTwinsTests {
    private static let midnight: Int64 = 20_000 * 86_400_000

    private func sample(_ minutes: Int64, _ value: Double) -> Sample {
        Sample(time: Timestamp(milliseconds: Self.midnight + minutes * 60_000), value: value)
    }

    /// - Parameter phase: Minutes of the first step behind midnight, ten minutes after the one before: from five on it
    ///   sees that day alone.
    @Test(arguments: 0..<10 as Range<Int64>, [false, true])
    func answersWhatTheWholeRangeAnswers(phase: Int64, storedComesFirst: Bool) throws {
        let store = try TestStore()
        let source = Labels(name: "cpu_usage_percent", ["x": "1"])
        let stored = Labels(name: "cpu_usage_ratio", ["x": "1"])
        let (before, behind) = storedComesFirst ? (stored, source) : (source, stored)
        let engine = QueryEngine()
        let cache = ResultCache(bytesMax: 1 << 20)
        var uses: [ResultCache.Use: Int] = [:]
        var minute: Int64 = -60
        for asked in stride(from: phase - 20, through: phase + 30, by: 10) {
            while minute <= asked {
                let labels = minute < 0 ? before : behind
                try store.load([(labels, [sample(minute, Double(minute + 70))])], intervalMilliseconds: 60_000)
                minute += 1
            }
            let time = QueryTime.range(
                start: sample(asked - 30, 0).time, end: sample(asked, 0).time, stepMilliseconds: 600_000)
            let snapshot = try store.snapshot()
            for query in ["cpu_usage_ratio", "sum(cpu_usage_ratio)", "max_over_time(cpu_usage_ratio[3m])"] {
                let expected = try engine.evaluate(query, at: time, in: snapshot)
                let found = try cache.evaluate(query, at: time, in: snapshot, by: engine)
                uses[found.use, default: 0] += 1
                #expect(found.result.value == expected.value, "\(query) \(asked) minutes from midnight: \(found.use)")
            }
        }
        // Else nothing was joined, and this has shown nothing.
        #expect(uses[.partial] ?? 0 > 0, "\(uses)")
    }
}
