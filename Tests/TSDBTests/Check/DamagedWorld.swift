import Glibc
import LMDB
import Model
import TestSupport

@testable import TSDB

/// A store of several spans with some hundred pages, its bytes, and what it answers; and copies of it that are damaged.
struct DamagedWorld {
    let folder = TemporaryFolder()
    let copy = TemporaryFolder()
    let bytes: [UInt8]
    /// Every sample: labels, time, bits.
    let samples: Set<String>

    static let pageBytes = 4096
    private static let file = "/tsdb/1/data.mdb"

    /// Ticks of 30 s: two spans and a bit of a third.
    private static let ticks: Int64 = 520

    /// - Parameter series: of which most have values that take all of their 64 bits.
    init(series count: Int = 12) throws {
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: 20)
        let group = GroupDefinition(intervalMilliseconds: 30_000)
        var random = SeededGenerator(seed: 1)
        recorder.describe(MetricFamily(name: "m0", kind: .gauge, help: "What m0 is."))
        for tick in 0..<DamagedWorld.ticks {
            var row = Scrape.Row(group: group, samples: [])
            for series in 0..<count {
                let hour = series % 5 == 0 ? tick / 120 : 0
                let labels = Labels(name: "m\(series % 7)", ["i": "\(series)", "hour": "\(hour)"])
                let value = series % 4 == 0 ? Double(tick) / 8 : Double.random(in: 0...1, using: &random)
                row.samples.append((recorder.reference(for: labels), value))
            }
            var scrape = Scrape(time: Timestamp(milliseconds: tick * 30_000), rows: [row])
            if tick % 100 == 0 { scrape.events = [Event(time: scrape.time, kind: .mark, text: "tick \(tick)")] }
            if tick % 10 == 0 { scrape.frame = DamagedWorld.frame(tick, &random) }
            try recorder.append(scrape)
        }
        // Something that came late.
        let reference = recorder.reference(for: Labels(name: "late"))
        let late = Scrape.Row(group: group, samples: [(reference, 7)])
        let time = Timestamp(milliseconds: DamagedWorld.ticks * 30_000 - 100_001)
        try recorder.append(Scrape(time: time, rows: [late]))
        try recorder.close()
        bytes = FileBytes.read(folder.path + DamagedWorld.file)
        samples = try DamagedWorld.samples(folder.path).0
        for part in ["/tsdb", "/tsdb/1"] { mkdir(copy.path + part, 0o700) }
    }

    private static func frame(_ tick: Int64, _ random: inout SeededGenerator) -> ProcessFrame {
        let processes = (0..<6).map { pid in
            ProcessRecord(
                pid: Int32(pid), startTicks: 3, name: "p\(pid)", username: "root", cpuTicks: UInt64(tick * Int64(pid)),
                cpuTicksSinceLast: 5, residentBytes: UInt64.random(in: 0...(1 << 30), using: &random), readBytes: nil,
                writeBytes: 0, threads: 1)
        }
        return ProcessFrame(
            time: Timestamp(milliseconds: tick * 30_000), elapsedMilliseconds: 30_000, memoryTotalBytes: 1 << 34,
            ticksPerSecond: 100, processes: processes)
    }

    /// All samples of the store in a folder, and whether it said that some are missing.
    static func samples(_ path: String) throws -> (Set<String>, tells: Bool) {
        let snapshot = try Store.openVerified(at: path).snapshot()
        let selection = try snapshot.select([], in: .all)
        var found: Set<String> = []
        var column = SampleColumn()
        for index in 0..<selection.count {
            try selection.read(index, in: .all, into: &column)
            for place in column.timestamps.indices {
                found.insert(
                    "\(selection.labels[index]) \(column.timestamps[place]) \(column.values[place].bitPattern)")
            }
        }
        return (found, !snapshot.damage.isEmpty)
    }

    /// Makes the copy a store of these bytes.
    func put(_ damaged: [UInt8]) {
        unlink(copy.path + "/tsdb/1/lock.mdb")
        FileBytes.write(damaged, to: copy.path + DamagedWorld.file)
    }

    /// The pages of the newest commit: what they hold.
    func uses() throws -> [Int: PageWalk.Use] {
        let file = try PageFile(folder: folder.path + "/tsdb/1")
        guard let meta = file.metas().compactMap(\.meta).max(by: { $0.commit < $1.commit }) else { return [:] }
        let walk = PageWalk(file, meta, .everything)
        var uses: [Int: PageWalk.Use] = [:]
        for page in 0..<file.pageCount { uses[page] = walk.use(of: page) }
        return uses
    }

    /// Whether `found` has nothing that was not recorded. A process of which a frame is lost ends at the next one, so
    /// its stale markers may be new.
    func holdsOnlyWhatWasRecorded(_ found: Set<String>) -> Bool {
        let stale = " \(Double.staleMarkerBits)"
        return found.allSatisfy { samples.contains($0) || ($0.hasPrefix("process_") && $0.hasSuffix(stale)) }
    }
}
