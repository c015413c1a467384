import Glibc
import LMDB
import Model
import TestSupport

@testable import TSDB

/// What a child records until it is killed. Everything follows from the number of a tick, so that the parent knows
/// what has to be in the store without being told more than how far the child came.
enum CrashWorld {
    static let tickMilliseconds: Int64 = 60_000
    static let keepMilliseconds: Int64 = 10 * 3_600_000
    /// Windows outlive all that a test records.
    static let policy = RetentionPolicy(
        keep: TierKeep(raw: keepMilliseconds, minute: 900 * 3_600_000, hour: 9000 * 3_600_000))
    /// Three hours before a day and a span of thirty days end, so that both are soon folded.
    private static let base: Int64 = (30 * 24 - 3) * 3_600_000
    static let group = GroupDefinition(intervalMilliseconds: tickMilliseconds)
    static let second = GroupDefinition(intervalMilliseconds: 2 * tickMilliseconds)

    private static func hash(_ numbers: Int64...) -> UInt64 {
        var generator = SeededGenerator(seed: numbers.reduce(7) { ($0 &* 1_000_003) &+ UInt64(bitPattern: $1) })
        return generator.next()
    }

    static func time(_ tick: Int64) -> Int64 { base + tick * tickMilliseconds }

    /// The tick at or before a time; -1 before the first.
    static func tick(of time: Int64) -> Int64 { time < base ? -1 : (time - base) / tickMilliseconds }

    /// The samples of a tick: those of its own time, and late ones.
    static func samples(_ tick: Int64, isLate: Bool) -> [(labels: Labels, time: Int64, value: Double)] {
        if isLate {
            guard tick > 0, hash(1, tick) % 5 == 0 else { return [] }
            let time = self.time(max(0, tick - Int64(hash(2, tick) % 150))) + 1
            return [(Labels(name: "late"), time, Double(tick))]
        }
        var samples: [(labels: Labels, time: Int64, value: Double)] = []
        for series in 0..<8 as Range<Int64> where hash(3, series, tick) % 8 != 0 {
            let random = hash(4, series, tick)
            let awkward = awkwardValues[Int(random >> 8) % awkwardValues.count]
            let value = random % 10 == 0 ? awkward : Double(tick * series) / 10
            // One series in four lives an hour and a half only.
            let life = series % 4 == 3 ? "\(tick / 90)" : "always"
            samples.append((Labels(name: "m", ["i": "\(series)", "life": life]), time(tick), value))
        }
        return samples
    }

    /// Records `ticks` ticks after those that the store has; after each commit the tick's number goes to the descriptor
    /// `acknowledged`.
    static func record(path: String, acknowledged: Int32, sizeMax: Int? = nil, ticks: Int = .max) throws {
        var recorder = try Recorder(path: path, host: HostIdentity(name: "crash", machineID: ""), sizeMax: sizeMax)
        let newest = try recorder.store.snapshot().newestSampleTime()?.milliseconds ?? -tickMilliseconds
        var tick = self.tick(of: newest) + 1
        for _ in 0..<ticks {
            for isLate in [false, true] {
                let samples = samples(tick, isLate: isLate)
                guard let time = samples.first?.time else { continue }
                var rows = [Scrape.Row(group: group, samples: []), Scrape.Row(group: second, samples: [])]
                for (place, sample) in samples.enumerated() {
                    rows[!isLate && place % 3 == 2 && tick % 2 == 0 ? 1 : 0].samples.append(
                        (recorder.reference(for: sample.labels), sample.value))
                }
                try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: rows))
                var number = isLate ? ~tick : tick
                precondition(withUnsafeBytes(of: &number) { write(acknowledged, $0.baseAddress, 8) } == 8)
            }
            if hash(5, tick) % 40 == 0 { try recorder.sealEverything() }
            if sizeMax == nil, hash(6, tick) % 30 == 0 {
                _ = try recorder.store.retain(policy, now: Timestamp(milliseconds: time(tick)))
            }
            tick += 1
        }
    }

    /// Records until SIGKILL comes, after `microseconds`; the numbers go to `path/acknowledged`.
    static func dieRecording(_ path: String, after microseconds: UInt32, sizeMax: Int? = nil) throws {
        let descriptor = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        precondition(descriptor >= 0)
        dieLater(after: microseconds)
        try record(path: path, acknowledged: descriptor, sizeMax: sizeMax)
    }

    /// Has this process killed, from a thread of its own.
    static func dieLater(after microseconds: UInt32) {
        let delay = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        delay.pointee = microseconds
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let delay = argument?.load(as: UInt32.self) { usleep(delay) }
                kill(getpid(), SIGKILL)
                return nil
            }, delay)
        precondition(code == 0)
    }

    /// The numbers that were acknowledged: ticks, and the complements of ticks for their late samples.
    static func acknowledged(in path: String) -> [Int64] {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var numbers: [Int64] = []
        var number: Int64 = 0
        while withUnsafeMutableBytes(of: &number, { read(descriptor, $0.baseAddress, 8) }) == 8 {
            numbers.append(number)
        }
        return numbers
    }

    /// What is wrong with the store, in words; empty where every promise was kept.
    ///
    /// - Parameters:
    ///   - evictedBefore: samples before it may be missing; nil where only age takes samples away.
    ///   - deaths: children since the last acknowledged tick. Each may have committed one more, and been killed in the
    ///     seal that came with it.
    static func problems(
        _ store: Store, acknowledged: [Int64], cutoff evictedBefore: Int64? = nil, deaths: Int64 = 1,
        deathsEver: Int64 = 1
    ) throws -> [String] {
        let snapshot = try store.snapshot()
        var problems: [String] = []
        var seen: [Labels: [Int64: UInt64]] = [:]
        for (labels, points) in try answer(snapshot, [], .all) {
            seen[labels] = Dictionary(uniqueKeysWithValues: points)
        }
        // Late samples of equal times replace each other, so several ticks may have written one.
        var lateValues: [Int64: Set<UInt64>] = [:]
        let last = (acknowledged.map { max($0, ~$0) }.max() ?? -1) + deaths
        for tick in 0...max(0, last) {
            for sample in samples(tick, isLate: true) {
                lateValues[sample.time, default: []].insert(sample.value.bitPattern)
            }
        }
        // Retention may have run as of the newest tick, acknowledged or not.
        let cutoff = evictedBefore ?? time(last) - keepMilliseconds
        for number in acknowledged {
            let isLate = number < 0
            for sample in samples(isLate ? ~number : number, isLate: isLate) {
                if (Block.spanStart(sample.time) + Block.rawSpanSeconds) * 1000 <= cutoff { continue }
                // A late batch that waits goes by its own age.
                if isLate && sample.time < cutoff { continue }
                guard let bits = seen[sample.labels]?[sample.time] else {
                    problems.append("lost: \(sample)")
                    continue
                }
                let wanted = isLate ? lateValues[sample.time] ?? [] : [sample.value.bitPattern]
                if !wanted.contains(bits) { problems.append("changed: \(sample), now \(bits)") }
            }
        }
        for (labels, points) in seen {
            for (time, bits) in points where labels != Labels(name: "late") {
                let tick = self.tick(of: time)
                let isKnown = samples(tick, isLate: false).contains {
                    $0.labels == labels && $0.time == time && $0.value.bitPattern == bits
                }
                if !isKnown || tick > last { problems.append("never recorded: \(labels) at \(time)") }
            }
        }
        return try problems + doubles(snapshot) + CrashWindows.problems(snapshot, acknowledged, deathsEver)
    }

    /// Times that a group has both in a block and in a row.
    private static func doubles(_ snapshot: Snapshot) throws -> [String] {
        var rows: [UInt16: Set<Int64>] = [:]
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            rows[row.group, default: []].insert(row.time)
            return .next
        }
        var problems: [String] = []
        for block in try snapshot.blockReferences(in: .all) {
            for column in try snapshot.columns(of: block).values {
                let twice = rows[block.group]?.intersection(column.timestamps) ?? []
                if !twice.isEmpty { problems.append("twice: group \(block.group) at \(twice.sorted())") }
            }
        }
        return problems
    }
}
