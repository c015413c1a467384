// Thirteen months of recording by a clock of their own: what a store with its three tiers takes, whether the file stays
// near what lives in it, and whether the tiers answer what the samples said.
//
//     benchmark-year [--days N] [--data DIR]
//
// A made-up host of 300 series at 5 s and 40 processes at 10 s, twelve scrapes a commit, aged before
// each seal, as the agent does. TMPDIR=/dev/shm makes it fast. At the end the windows of some series are compared with
// those that the host gives when it is made up once more: a difference ends the benchmark with exit code 1.

import BenchmarkSupport
import Model
import TSDB

@main
struct YearBenchmark {
    static let day: Int64 = 86_400_000
    static let start: Int64 = 19_800 * day

    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        var (days, data) = (396, nil as String?)
        while let option = arguments.popFirst() {
            guard let value = arguments.popFirst() else { fail("\(option): a value is missing") }
            switch option {
            case "--days": days = Int(value) ?? days
            case "--data": data = value
            default: fail("usage: benchmark-year [--days N] [--data DIR]")
            }
        }
        let folder = TemporaryFolder()
        do throws(StoreError) {
            try measure(data ?? folder.path, days: days)
        } catch {
            fail("\(error)")
        }
    }

    static func measure(_ path: String, days: Int) throws(StoreError) {
        var recording = try SyntheticRecording(
            path: path, host: SyntheticHost(), start: Timestamp(milliseconds: start), scrapesPerCommit: 12,
            countsBytes: false)
        let perDay = Int(day / SyntheticHost.intervalMilliseconds)
        var table = FigureTable()
        var used: Int64 = 0
        for number in 1...days {
            let begun = Measure.cpuNanoseconds()
            _ = try recording.record(perDay)
            used += Measure.cpuNanoseconds() - begun
            guard number == 31 || number == days else { continue }
            let snapshot = try recording.recorder.store.snapshot()
            let sizes = try snapshot.sizes()
            show(sizes, "after \(number) days", &table)
            if number == 31 { showWindows(sizes, &table) }
            table.add("CPU a day of recording", Double(used) / Double(number) / 1e9, "s", digits: 2)
        }
        try recording.commit()
        let wrong = try differences(path, recording.time)
        table.add("windows that differ", Double(wrong), "", digits: 0, atMost: 0)
        table.show(title: "\(days) days of 300 series and 40 processes")
        if wrong > 0 { fail("windows differ from the samples") }
    }

    private static func show(_ sizes: StoreSizes, _ when: String, _ table: inout FigureTable) {
        func add(_ what: String, _ bytes: Int) { table.add(what, Double(bytes) / 1_048_576, "MiB", digits: 2) }
        add("file, \(when)", sizes.fileBytes)
        add("  samples", sizes.blocks.bytes)
        add("  windows of a minute", sizes.minutes.bytes)
        add("  windows of an hour", sizes.hours.bytes)
        add("  processes", sizes.frameBlocks.bytes)
        add("  names of series", sizes.registries.bytes)
        add("  rows of the head", sizes.rows.bytes)
        table.add("  file against live payload", Double(sizes.fileBytes) / Double(sizes.liveBytes), "", atMost: 1.10)
    }

    /// While nothing of them was dropped, their number is known.
    private static func showWindows(_ sizes: StoreSizes, _ table: inout FigureTable) {
        let minutes = 31.0 * 1440 * 300
        table.add("  a window of a minute", Double(sizes.minutes.bytes) / minutes, "B")
        table.add("  a window of an hour", Double(sizes.hours.bytes) / (minutes / 60), "B")
    }

    // MARK: - Answers

    /// Windows and samples of a few series that are not those of the host.
    private static func differences(_ path: String, _ end: Timestamp) throws(StoreError) -> Int {
        let chosen = [0, 11, 25, 187, 215, 290]
        var host = SyntheticHost()
        let labels = host.labels
        var minutes = chosen.map { _ in WindowColumns() }
        var samples = chosen.map { _ in SampleColumn() }
        var time = start
        while time < end.milliseconds {
            let values = host.tick()
            // The frames take numbers from the same source.
            if time % 10_000 < SyntheticHost.intervalMilliseconds { _ = host.frame(at: Timestamp(milliseconds: time)) }
            for (place, index) in chosen.enumerated() { samples[place].append(time, values[index]) }
            time += SyntheticHost.intervalMilliseconds
            // Windows are whole behind a full minute.
            if (time - SyntheticHost.intervalMilliseconds) % day == 0 || time >= end.milliseconds {
                for place in chosen.indices {
                    Rollup.append(samples[place], .minute, to: &minutes[place])
                    samples[place].removeAll()
                }
            }
        }
        let snapshot = try Store(at: path, access: .read).snapshot()
        var wrong = 0
        for (place, index) in chosen.enumerated() {
            let matchers = labels[index].map { Matcher($0.name, equals: $0.value) }
            let range = TimeRange(
                minMilliseconds: start - day + 1, maxMilliseconds: end.milliseconds / 3_600_000 * 3_600_000)
            let selection = try snapshot.select(matchers, in: range)
            let coverage = try selection.coverage(of: 0)
            var hours = WindowColumns()
            Rollup.append(minutes[place], .hour, to: &hours)
            for (tier, expected) in [(Tier.minute, minutes[place]), (.hour, hours)] {
                let after = max(coverage[tier], start - day)
                var found = WindowColumns()
                try selection.readWindows(
                    0, tier, after: Timestamp(milliseconds: after), through: range.max, into: &found)
                let first = expected.firstIndex(endingAfter: after)
                let last = expected.firstIndex(endingAfter: range.max.milliseconds)
                if found.count != last - first { wrong += abs(found.count - (last - first)) }
                for at in 0..<min(found.count, last - first) where !isSame(found[at], expected[first + at]) {
                    wrong += 1
                }
            }
        }
        return wrong
    }

    private static func isSame(_ lhs: Window, _ rhs: Window) -> Bool {
        var (one, other) = (lhs, rhs)
        let isNear = abs(one.sum - other.sum) <= 1e-14 * max(one.sum.magnitude, 1) * 4
        (one.sum, other.sum) = (0, 0)
        (one.resetSum, other.resetSum) = (0, 0)
        return isNear && one == other
    }
}
