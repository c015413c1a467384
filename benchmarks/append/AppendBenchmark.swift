// What recording costs: CPU, bytes handed to write(), the file, on a store that has aged by a clock of its own.
//
//     benchmark-append [--days N] [--data DIR] [--age-commit N]
//     benchmark-append --make DIR [--days N]      only fills DIR with N days (1) that end now
//     benchmark-append --pace MILLISECONDS --data DIR [--days N] [--hours N]     only fills DIR with N days (0), then N
//                                                    hours (8) of one commit a scrape, so far apart by the wall's clock
//
// A made-up host of 300 series at 5 s and 40 processes at 10 s. The store ages 33 days under a retention of 30, so that
// the free list is that of an old store. How it aged matters: after 360 scrapes a commit (--age-commit) the list is
// longer, because the pages of so large commits are half full. A disk makes half a million commits slow;
// TMPDIR=/dev/shm does not. With --data the store stays, and goes on where it ended when the benchmark runs again
// (--days 0: without more ageing).

import BenchmarkSupport
import Glibc
import Model
import TSDB

@main
struct AppendBenchmark {
    static let scrapesPerHour = 720

    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        var (days, data, made, perCommit) = (nil as Int?, nil as String?, nil as String?, 1)
        var (pace, hours) = (nil as Int?, 8)
        while let option = arguments.popFirst() {
            guard let value = arguments.popFirst() else { fail("\(option): a value is missing") }
            switch option {
            case "--days": days = Int(value)
            case "--data": data = value
            case "--make": made = value
            case "--pace": pace = Int(value)
            case "--hours": hours = Int(value) ?? hours
            case "--age-commit": perCommit = max(1, Int(value) ?? perCommit)
            default: fail("usage: benchmark-append [--days N] [--data DIR] [--age-commit N] [--make DIR]")
            }
        }
        do throws(StoreError) {
            if let made {
                try SyntheticRecording.fill(made, days: days ?? 1)
            } else if let data, let pace {
                try keepPace(data, days: days ?? 0, scrapes: hours * scrapesPerHour, milliseconds: Int64(pace))
            } else if let data {
                try measure(data, days: days ?? 33, perCommit)
            } else {
                let folder = TemporaryFolder()
                try measure(folder.path, days: days ?? 33, perCommit)
            }
        } catch {
            fail("\(error)")
        }
    }

    /// Records as an agent does whose clock runs faster than it commits: what readers beside it hold is what they would
    /// hold of as many commits of the agent.
    static func keepPace(_ path: String, days: Int, scrapes: Int, milliseconds: Int64) throws(StoreError) {
        var (host, time) = (SyntheticHost(), try start(path))
        _ = try record(path, &host, &time, scrapes: days * 24 * scrapesPerHour, perCommit: 12)
        var recording = try SyntheticRecording(path: path, host: host, start: time, scrapesPerCommit: 1)
        var next = Measure.wallNanoseconds()
        for _ in 0..<scrapes {
            _ = try recording.record(1)
            next += milliseconds * 1_000_000
            let left = (next - Measure.wallNanoseconds()) / 1000
            if left > 0 { usleep(UInt32(left)) }
        }
    }

    static func measure(_ path: String, days: Int, _ perCommit: Int) throws(StoreError) {
        var table = FigureTable()
        try measureAging(path, days: days, perCommit, &table)
        try measureFresh(&table)
        table.show(title: "300 series and 40 processes, store aged \(days) days")
    }

    private static func measureAging(
        _ path: String, days: Int, _ perCommit: Int, _ table: inout FigureTable
    ) throws(StoreError) {
        var (host, time) = (SyntheticHost(), try start(path))
        let aging = try record(path, &host, &time, scrapes: days * 24 * scrapesPerHour, perCommit: perCommit)
        table.add(
            "seal of 2 h with process frames", milliseconds(aging.sealNanoseconds, per: aging.seals), "ms CPU",
            digits: 1)
        // A day of small commits, and into the middle of a span, where the head is neither empty nor full.
        _ = try record(path, &host, &time, scrapes: 25 * scrapesPerHour, perCommit: 1)
        for (perCommit, target) in [(1, 260.0), (3, 100.0), (12, nil)] as [(Int, Double?)] {
            let cost = try record(path, &host, &time, scrapes: 2 * scrapesPerHour, perCommit: perCommit)
            let name = perCommit == 1 ? "1 scrape a commit" : "\(perCommit) scrapes a commit"
            let microseconds = Double(cost.appendNanoseconds) / Double(cost.samples) / 1000
            table.add("append, \(name)", microseconds, "us CPU/sample", digits: 3)
            table.add("written, \(name)", perMinute(cost.appendBytes, cost), "KiB/min", digits: 1, atMost: target)
            table.add(
                "  and by seal and retention", perMinute(cost.sealBytes + cost.retentionBytes, cost), "KiB/min",
                digits: 1)
        }
        let sizes = try Store(at: path, access: .read).snapshot().sizes()
        table.add("file", Double(sizes.fileBytes) / 1_048_576, "MiB", digits: 1)
        table.add("  blocks of samples", Double(sizes.blocks.bytes) / 1_048_576, "MiB", digits: 1)
        table.add("  windows of a minute", Double(sizes.minutes.bytes) / 1_048_576, "MiB", digits: 1)
        table.add("  windows of an hour", Double(sizes.hours.bytes) / 1_048_576, "MiB", digits: 2)
        table.add("  blocks of processes", Double(sizes.frameBlocks.bytes) / 1_048_576, "MiB", digits: 1)
        table.add("  rows of the head", Double(sizes.rows.bytes) / 1_048_576, "MiB", digits: 2)
        table.add("  names of series", Double(sizes.registries.bytes) / 1_048_576, "MiB", digits: 2)
        table.add("file against live payload", Double(sizes.fileBytes) / Double(sizes.liveBytes), "", atMost: 1.10)
        table.add("open and one snapshot", try openMilliseconds(path), "ms CPU", digits: 3)
    }

    /// Behind what the folder holds; in a new one a day's first scrape, so that the ageing ends with a day.
    private static func start(_ path: String) throws(StoreError) -> Timestamp {
        let firstDay: Int64 = 20_000 * 86_400_000
        guard let store = try? Store(at: path, access: .read), let newest = try store.snapshot().newestSampleTime()
        else {
            return Timestamp(milliseconds: firstDay)
        }
        return Timestamp(milliseconds: newest.milliseconds / 10_000 * 10_000 + 10_000)
    }

    /// A span without process frames, sealed at once.
    private static func measureFresh(_ table: inout FigureTable) throws(StoreError) {
        let folder = TemporaryFolder()
        var recording = try SyntheticRecording(
            path: folder.path, host: SyntheticHost(), start: Timestamp(milliseconds: 20_000 * 86_400_000),
            scrapesPerCommit: 12, hasFrames: false)
        _ = try recording.record(1440)
        let seal = try recording.sealEverything()
        table.add("seal of 300 x 1440 samples", Double(seal) / 1e9, "s CPU", digits: 3, atMost: 0.1)
    }

    /// Goes on with a host and a clock in a recorder of its own.
    private static func record(
        _ path: String, _ host: inout SyntheticHost, _ time: inout Timestamp, scrapes: Int, perCommit: Int
    ) throws(StoreError) -> SyntheticRecording.Cost {
        var recording = try SyntheticRecording(path: path, host: host, start: time, scrapesPerCommit: perCommit)
        let cost = try recording.record(scrapes)
        try recording.commit()
        (host, time) = (recording.host, recording.time)
        return cost
    }

    private static func openMilliseconds(_ path: String) throws(StoreError) -> Double {
        let begun = Measure.cpuNanoseconds()
        for _ in 0..<100 { _ = try Store(at: path, access: .read).snapshot().commitNumber }
        return milliseconds(Measure.cpuNanoseconds() - begun, per: 100)
    }

    private static func milliseconds(_ nanoseconds: Int64, per count: Int) -> Double {
        Double(nanoseconds) / Double(max(1, count)) / 1e6
    }

    private static func perMinute(_ bytes: Int64, _ cost: SyntheticRecording.Cost) -> Double {
        Double(bytes) / 1024 / (Double(cost.scrapes) * Double(SyntheticHost.intervalMilliseconds) / 60_000)
    }
}
