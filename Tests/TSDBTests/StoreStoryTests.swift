import Model
import TestSupport
import Testing

@testable import TSDB

/// Long stories of a recorder against a dictionary: what happens to it in a day, and in an order that chance makes.
@Suite struct StoreStoryTests {
    private static let hour: Int64 = 3_600_000

    /// The recorder of a story, its clock and its model; retention follows the clock, as in `mon run`.
    private struct Story: ~Copyable {
        let folder = TemporaryFolder()
        var recorder: Recorder
        var naive = NaiveStore()
        var now: Int64
        /// The latest cutoff that retention ran with: nothing from it on may be missing.
        var cutoff = Int64.min
        let keep: Int64
        let scrapesPerCommit: Int

        init(at now: Int64, keep: Int64, scrapesPerCommit: Int) throws {
            self.now = now
            self.keep = keep
            self.scrapesPerCommit = scrapesPerCommit
            recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: scrapesPerCommit)
        }

        mutating func tick(_ rows: [(GroupDefinition, [(Labels, Double)])]) throws {
            if recorder.willSeal(at: Timestamp(milliseconds: now)) { try retain() }
            var scrape = Scrape(time: Timestamp(milliseconds: now))
            for (group, samples) in rows {
                var row = Scrape.Row(group: group, samples: [])
                for (labels, value) in samples {
                    row.samples.append((recorder.reference(for: labels), value))
                    naive.add(labels, now, value)
                }
                scrape.rows.append(row)
            }
            try recorder.append(scrape)
        }

        mutating func retain() throws {
            _ = try recorder.store.retain(keep, now: Timestamp(milliseconds: now))
            cutoff = max(cutoff, now - keep)
        }

        /// Ends the recorder and begins another on what it left. Taking it apart ends its lock.
        mutating func restart() throws {
            try recorder.commit()
            let empty = TemporaryFolder()
            recorder = try Recorder(path: empty.path, host: testHost)
            recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: scrapesPerCommit)
        }

        /// Every sample from the last cutoff on is there to the bit, and no other.
        mutating func check(_ comment: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            try recorder.commit()
            let range = TimeRange(minMilliseconds: cutoff, maxMilliseconds: .max)
            expectSame(
                try answer(recorder.store.snapshot(), [], range), naive.select([], range), comment,
                sourceLocation: sourceLocation)
        }
    }

    /// 25 October 2026, on which clocks in Europe are turned back: the store knows nothing of it. The host's clock is
    /// set back and forth, the host sleeps, the recorder restarts, and what is ten hours old goes.
    @Test func aDayWithClockStepsSleepAndRestarts() throws {
        let midnight: Int64 = 1_792_886_400_000
        #expect(midnight % 86_400_000 == 0)
        var story = try Story(at: midnight, keep: 10 * Self.hour, scrapesPerCommit: 12)
        let fast = GroupDefinition(intervalMilliseconds: 30_000)
        let slow = GroupDefinition(intervalMilliseconds: 60_000)
        let counters = (0..<6).map { Labels(name: "c_total", ["i": "\($0)"]) }
        let gauge = Labels(name: "g")
        var seals = 0
        // What the host lives through, by the minute in which it begins.
        for minute in 0..<(24 * 60) as Range<Int64> {
            switch minute {
            case 180: story.now -= Self.hour
            case 420: story.now += 40 * 60_000
            case 540: story.now += 600_000
            case 720, 721: try story.restart()
            case 900: story.now -= 5000
            case 1000: story.now -= 3 * Self.hour
            case 1100: story.now += 3 * Self.hour
            default: break
            }
            for half in 0..<2 as Range<Int64> {
                let tick = 2 * minute + half
                let samples = counters.enumerated().map { ($0.element, Double(tick * Int64($0.offset + 1))) }
                let value = tick % 97 == 0 ? Double.staleMarker : Double(tick % 50) / 10
                try story.tick([(fast, samples)] + (half == 0 ? [(slow, [(gauge, value)])] : []))
                story.now += 30_000
            }
            if minute % 90 == 89 { try story.check("minute \(minute)") }
            seals = max(seals, story.recorder.sealCount)
        }
        try story.recorder.sealEverything()
        try story.check("at the end")
        #expect(seals > 3)
        let store = story.recorder.store
        let starts = try store.snapshot().blockReferences(in: .all).map(\.start)
        #expect(starts.allSatisfy { $0 % Block.rawSpanSeconds == 0 })
        #expect(starts.min().map { ($0 + Block.rawSpanSeconds) * 1000 > story.cutoff } == true, "retention ran")
        #expect(try store.snapshot().oldestHeadTime() == nil)
        var late = 0
        try store.snapshot().forEachLateBatch { _, _ in late += 1 }
        #expect(late == 0)
    }

    /// Operations in any order; snapshots taken on the way show what they showed, however long they are held.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func aStoryOfChance(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var story = try Story(
            at: Int64.random(in: -100...100, using: &random) * Self.hour, keep: 30 * Self.hour,
            scrapesPerCommit: Int.random(in: 1...5, using: &random))
        let groups = [5000, 60_000].map { GroupDefinition(intervalMilliseconds: $0) }
        let names = (0..<12).map { Labels(name: "m\($0 % 3)", ["i": "\($0)"]) }
        var held: [(snapshot: Snapshot, answer: [(Labels, [(Int64, UInt64)])], step: Int)] = []
        for step in 0..<400 {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: story.now -= Int64.random(in: 0...5 * Self.hour, using: &random)
            case 1: story.now += Int64.random(in: 0...5 * Self.hour, using: &random)
            case 2: try story.recorder.sealEverything()
            case 3: try story.retain()
            case 4:
                // One environment a process and path: none of the last one may be left.
                held.removeAll()
                try story.restart()
            case 5:
                let snapshot = try story.recorder.store.snapshot()
                held.append((snapshot, try answer(snapshot, [], .all), step))
            case 6: held.removeAll()
            case 7: try story.check("seed \(seed), step \(step)")
            default: story.now += Int64.random(in: 0...600_000, using: &random)
            }
            // A sample older than a cutoff may come to be and go again: it is no one's promise.
            if story.now < story.cutoff { story.now = story.cutoff }
            let rows = groups.enumerated().compactMap { place, group -> (GroupDefinition, [(Labels, Double)])? in
                let samples = names.filter { _ in Int.random(in: 0..<4, using: &random) != 0 }.map {
                    ($0, Bool.random(using: &random) ? Double(step) : awkwardValues.randomElement(using: &random) ?? 0)
                }
                // A series is in one group; each has half of the names.
                let mine = samples.filter { (names.firstIndex(of: $0.0) ?? 0) % 2 == place }
                return mine.isEmpty ? nil : (group, mine)
            }
            try story.tick(rows)
            if step % 50 == 49, let one = held.first {
                expectSame(try answer(one.snapshot, [], .all), one.answer, "seed \(seed), held since \(one.step)")
            }
        }
        for one in held { expectSame(try answer(one.snapshot, [], .all), one.answer, "seed \(seed), \(one.step)") }
        held.removeAll()
        try story.check("seed \(seed), the end")
    }
}
