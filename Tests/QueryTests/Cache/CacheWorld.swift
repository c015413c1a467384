import Model
import TSDB
import TestSupport

/// A store to which things happen at random: scrapes with and without processes, late and repeated samples, samples of
/// the future, ends of series, seals, deletions, retention, compaction.
struct CacheWorld: ~Copyable {
    private let folder = TemporaryFolder()
    private var recorder: Recorder
    private let inbox: Inbox
    private(set) var random: SeededGenerator
    /// The time of the last scrape. A span of two hours ends twenty minutes after the first.
    private(set) var now: Int64 = 7_200_000 * 240_000 - 1_200_000
    private let series: [Labels]
    private var counters: [Double]
    private var processes: [ProcessRecord] = []

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func digit() -> String { ["1", "2", "3"].randomElement(using: &random) ?? "" }
        recorder = try Recorder(path: folder.path, host: HostIdentity(name: "test", machineID: "test"))
        inbox = Inbox(into: recorder.store, source: "remote-write")
        var series: Set<Labels> = []
        for name in ["a", "b", "c_total"] {
            for _ in 0..<6 {
                let (x, y, z) = (digit(), digit(), digit())
                series.insert(Labels(name: name, ["x": x, "y": y, "z": z == "3" ? "" : z]))
            }
        }
        for x in ["1", "2"] {
            for le in ["1", "5", "+Inf"] { series.insert(Labels(name: "h_bucket", ["x": x, "le": le])) }
        }
        // What aliases are made of, and a stored series with the labels of one.
        for labels in [["x": "1"], ["x": "2"]] as [KeyValuePairs<String, String>] {
            series.insert(Labels(name: "memory_usage_percent", labels))
            series.insert(Labels(name: "cpu_usage_percent", labels))
        }
        series.insert(Labels(name: "cpu_usage_ratio", ["x": "1"]))
        self.random = random
        self.series = series.sorted()
        counters = [Double](repeating: 0, count: series.count)
    }

    mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

    func snapshot() throws -> Snapshot { try recorder.store.snapshot() }

    /// Something, most often that time goes on.
    mutating func step() throws {
        switch Int.random(in: 0..<40, using: &random) {
        case 0...24: for _ in 0..<Int.random(in: 1...6, using: &random) { try scrape(after: 15_000) }
        case 25...28: try write(at: now - Int64.random(in: 0...1_500_000, using: &random))
        case 29, 30: try write(at: now + Int64.random(in: 0...200_000, using: &random))
        // The clock is stepped back: late for groups that have a row there, rows for others.
        case 31, 32:
            let seconds = Int64.random(in: 1...90, using: &random)
            now -= seconds * 1000
            try scrape(after: 0)
            now += seconds * 1000
        case 33: try recorder.sealEverything()
        case 34:
            let from = now - Int64.random(in: 0...1_200_000, using: &random)
            let range = TimeRange(minMilliseconds: from, maxMilliseconds: from + 120_000)
            _ = try recorder.store.delete([[Matcher(Labels.metricNameLabel, equals: "a")]], in: range)
        case 35:
            let keep = TierKeep(
                raw: Int64.random(in: 600_000...2_000_000, using: &random), minute: 1 << 40, hour: 1 << 41)
            _ = try recorder.store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: now))
        case 36: _ = try Compaction.run(folder.path)
        case 37: try inbox.merge()
        // A pause: series leave the lookback.
        case 38: now += 400_000
        default: try scrape(after: 60_000)
        }
    }

    /// Some of the series, in two groups that are not always there both.
    mutating func scrape(after milliseconds: Int64) throws {
        now += milliseconds
        var rows = [
            Scrape.Row(group: GroupDefinition(intervalMilliseconds: 15_000), samples: []),
            Scrape.Row(group: GroupDefinition(intervalMilliseconds: 60_000), samples: []),
        ]
        for (place, labels) in series.enumerated() where !chance(10) {
            // Now it is there, now the alias is.
            if labels.metricName == "cpu_usage_ratio", now / 900_000 % 2 == 0 { continue }
            counters[place] += Double(Int.random(in: 0...90, using: &random)) / 10
            if chance(25) { counters[place] = 0 }
            let isCounter = labels.metricName != "a" && labels.metricName != "b"
            let value = isCounter ? counters[place] : Double.random(in: -50...50, using: &random)
            rows[place % 3 == 0 ? 1 : 0].samples.append(
                (recorder.reference(for: labels), chance(30) ? .staleMarker : value))
        }
        if chance(2) { rows.removeLast() }
        try recorder.append(
            Scrape(time: Timestamp(milliseconds: now), rows: rows, frame: chance(3) ? nil : frame()))
    }

    private mutating func frame() -> ProcessFrame {
        if processes.isEmpty || chance(4) {
            processes.append(
                ProcessRecord(
                    pid: Int32.random(in: 1...4, using: &random), startTicks: UInt64(now), name: "sh", username: "root",
                    cpuTicks: 0, cpuTicksSinceLast: 0, residentBytes: 4096, readBytes: nil, writeBytes: 0, threads: 1))
        }
        if processes.count > 3 { processes.removeFirst() }
        for place in processes.indices { processes[place].cpuTicks += UInt64.random(in: 0...99, using: &random) }
        var shown = processes.sorted { ($0.pid, $0.startTicks) < ($1.pid, $1.startTicks) }
        if chance(3) { shown.removeFirst() }
        return ProcessFrame(
            time: Timestamp(milliseconds: now), elapsedMilliseconds: 15_000, memoryTotalBytes: 1 << 30,
            ticksPerSecond: 100, processes: shown)
    }

    private mutating func write(at time: Int64) throws {
        var batch = ImportBatch()
        for labels in series where chance(3) {
            batch.series.append(labels)
            batch.append(UInt32(batch.series.count - 1), time, Double.random(in: 0...9, using: &random))
        }
        _ = try inbox.write(batch)
    }
}
