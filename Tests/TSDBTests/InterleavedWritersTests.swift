import Model
import TestSupport
import Testing

@testable import TSDB

/// Everything that writes to one store, in any order: the recorder, seals, retention, eviction, deletions, compactions.
@Suite struct InterleavedWritersTests {
    private static let hour: Int64 = 3_600_000

    /// Samples that are gone though they should be there, and those that are there though they should be gone.
    private static func expectKept(_ written: borrowing WrittenStore, from cutoff: Int64, _ comment: String) throws {
        let seen = try answer(written.store.snapshot(), [], .all)
        let byLabels = Dictionary(uniqueKeysWithValues: seen.map { ($0.0, $0.1) })
        for (labels, points) in written.naive.samples {
            let got = Dictionary(uniqueKeysWithValues: byLabels[labels] ?? [])
            let lost = points.filter { $0.key >= cutoff && got[$0.key] != $0.value.bitPattern }
            #expect(lost.isEmpty, "\(comment): \(labels) lost \(lost.prefix(3))")
        }
        for (labels, points) in seen {
            let known = written.naive.samples[labels] ?? [:]
            let strange = points.filter { known[$0.0]?.bitPattern != $0.1 }
            #expect(strange.isEmpty, "\(comment): \(labels) has \(strange.prefix(3))")
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func nobodyUndoesAnother(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = try WrittenStore()
        var time: Int64 = 40 * Self.hour
        var cutoff = Int64.min
        for step in 0..<160 {
            let chosen = Int.random(in: 0..<20, using: &random)
            switch chosen {
            case 0...9:
                time += Int64.random(in: 1...1_500_000, using: &random)
                let samples = (0..<5).shuffled(using: &random).prefix(3).map {
                    (Labels(name: "m", ["i": "\($0)"]), Double(Int.random(in: 0...99, using: &random)))
                }
                try written.append(time, Array(samples))
            case 10, 11:
                let late = max(time - Int64.random(in: 1...8 * Self.hour, using: &random), cutoff == .min ? 0 : cutoff)
                try written.append(late, [(Labels(name: "m", ["i": "0"]), Double(-step))])
            case 12, 13: try written.recorder.sealEverything()
            case 14:
                let keep = Int64.random(in: 10...30, using: &random) * Self.hour
                _ = try written.store.retain(keep, now: Timestamp(milliseconds: time))
                cutoff = max(cutoff, time - keep)
            case 15, 16:
                let index = Int.random(in: 0..<5, using: &random)
                let start = time - Int64.random(in: 0...10 * Self.hour, using: &random)
                let range = TimeRange(
                    minMilliseconds: start, maxMilliseconds: start + Int64.random(in: 0...5 * Self.hour, using: &random)
                )
                let selector = [Matcher("__name__", equals: "m"), Matcher("i", equals: "\(index)")]
                _ = try written.store.delete([selector], in: range)
                let labels = Labels(name: "m", ["i": "\(index)"])
                written.naive.samples[labels] = written.naive.samples[labels]?.filter {
                    !range.contains(Timestamp(milliseconds: $0.key))
                }
            case 17:
                let report = try written.store.evict(downTo: max(0, try written.store.spaceUse().usedBytes - 20_000))
                if report.blocks > 0 {
                    let classes = try written.store.snapshot().retentionClasses()
                    let forgotten = try #require(classes[RetentionClass.standard]?.forgotten.raw)
                    cutoff = max(cutoff, forgotten + 1)
                }
            default:
                if chosen == 18 { _ = try Compaction.run(written.folder.path) }
            }
            try Self.expectKept(written, from: cutoff, "seed \(seed), step \(step)")
        }
        try written.recorder.sealEverything()
        try Self.expectKept(written, from: cutoff, "seed \(seed), sealed")
    }
}
