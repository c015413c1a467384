// What many series cost: recording them, opening the store, finding series in it.
//
//     benchmark-scale [--series 1000,10000,100000] [--samples N] [--data DIR]
//
// Each count of series gets a store of its own, of at least N samples (10 million) at 15 s, all sealed but the last
// scrape. A series is metric_M{item="I",zone="Z"}: a thousand metrics at most, ten zones, an item of its own. Every
// look-up opens the store anew, as a command from the shell does; the file is in the page cache. Memory is the peak of
// the process, the recorder's own among it.

import BenchmarkSupport
import Glibc
import Model
import TSDB

@main
struct ScaleBenchmark {
    static let intervalMilliseconds: Int64 = 15_000
    static let start: Int64 = 1_700_000_000_000 / 86_400_000 * 86_400_000

    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        var (counts, samples, data) = ([1000, 10_000, 100_000], 10_000_000, nil as String?)
        while let option = arguments.popFirst() {
            guard let value = arguments.popFirst() else { fail("\(option): a value is missing") }
            switch option {
            case "--series": counts = value.split(separator: ",").compactMap { Int($0) }
            case "--samples": samples = Int(value) ?? samples
            case "--data": data = value
            default: fail("usage: benchmark-scale [--series N,...] [--samples N] [--data DIR]")
            }
        }
        do {
            for count in counts {
                let folder = TemporaryFolder()
                let path = "\(data ?? folder.path)/\(count)"
                _ = unsafe mkdir(path, 0o755)
                try measure(path, series: count, scrapes: max(2, samples / count))
            }
        } catch {
            fail("\(error)")
        }
    }

    static func measure(_ path: String, series: Int, scrapes: Int) throws {
        var table = FigureTable()
        var end = Timestamp(milliseconds: start)
        if (try? Store(at: path, access: .read)) == nil {
            end = try record(path, series: series, scrapes: scrapes, &table)
        }
        let store = try Store(at: path, access: .read)
        if let newest = try store.snapshot().newestSampleTime() { end = newest }
        try measureSize(store, samples: series * scrapes, &table)
        try measureLookups(path, series: series, at: end, &table)
        table.add("memory of the process at most", Double(peakBytes()) / 1_048_576, "MiB", digits: 0)
        table.show(title: "\(series) series, \(scrapes) scrapes")
    }

    private static func labels(_ index: Int, of series: Int) -> Labels {
        let metrics = max(1, min(1000, series / 10))
        return Labels(
            name: "metric_\(index % metrics)", ["item": "\(index / metrics)", "zone": "zone-\(index % 10)"])
    }

    private static func record(
        _ path: String, series: Int, scrapes: Int, _ table: inout FigureTable
    ) throws(StoreError) -> Timestamp {
        var recorder = try Recorder(
            path: path, host: HostIdentity(name: "made-up", machineID: "0"), scrapesPerCommit: 1)
        var samples: [(series: SeriesReference, value: Double)] = []
        for index in 0..<series { samples.append((recorder.reference(for: labels(index, of: series)), 0)) }
        var (time, random) = (start, UInt64(7))
        var (first, append, seal, sealed) = (Int64(0), Int64(0), Int64(0), 0)
        for scrape in 0..<scrapes {
            for index in samples.indices {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Counters, of which one in four moves.
                if random >> 62 == 0 { samples[index].value += Double(random >> 40 & 1023) }
            }
            let row = Scrape.Row(
                group: GroupDefinition(intervalMilliseconds: intervalMilliseconds), samples: samples)
            let begun = Measure.cpuNanoseconds()
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
            let used = Measure.cpuNanoseconds() - begun
            if scrape == 0 {
                first = used
            } else if recorder.sealCount == sealed {
                append += used
            } else {
                seal += used
                sealed = recorder.sealCount
            }
            time += intervalMilliseconds
            if scrape == scrapes - 2 {
                let begun = Measure.cpuNanoseconds()
                try recorder.sealEverything()
                seal += Measure.cpuNanoseconds() - begun
                sealed = recorder.sealCount
            }
        }
        let count = Double(series * (scrapes - 1 - sealed))
        table.add("first scrape: names", Double(first) / Double(series) / 1000, "us CPU/series")
        table.add("append", Double(append) / max(1, count) / 1000, "us CPU/sample", digits: 3)
        table.add("seal", Double(seal) / Double(series * scrapes) / 1000, "us CPU/sample", digits: 3)
        return Timestamp(milliseconds: time - intervalMilliseconds)
    }

    private static func measureSize(_ store: Store, samples: Int, _ table: inout FigureTable) throws(StoreError) {
        let sizes = try store.snapshot().sizes()
        table.add("file", Double(sizes.fileBytes) / 1_048_576, "MiB", digits: 1)
        table.add("blocks", Double(sizes.blocks.bytes) / Double(samples), "B/sample", digits: 3)
        table.add("names of series", Double(sizes.registries.bytes) / 1_048_576, "MiB", digits: 1)
    }

    /// The median wall time of seven, each in a store opened anew.
    private static func median(_ body: () throws -> Void) throws -> Double {
        var times: [Int64] = []
        for _ in 0..<7 {
            let begun = Measure.wallNanoseconds()
            try body()
            times.append(Measure.wallNanoseconds() - begun)
        }
        return Double(times.sorted()[3]) / 1e6
    }

    private static func measureLookups(
        _ path: String, series: Int, at end: Timestamp, _ table: inout FigureTable
    ) throws {
        let open = try median { _ = try Store(at: path, access: .read).snapshot() }
        table.add("open", open, "ms", atMost: 20)
        let range = TimeRange(min: Timestamp(milliseconds: end.milliseconds - 300_000), max: end)
        let wanted = labels(series / 2 + 3, of: series)
        let item = wanted.value(of: "item").map { String(decoding: wanted.bytes[$0], as: UTF8.self) } ?? ""
        let name = wanted.value(of: "__name__").map { String(decoding: wanted.bytes[$0], as: UTF8.self) } ?? ""
        let lookups: [(String, [Matcher], Double?)] = [
            ("one series", [Matcher("__name__", equals: name), Matcher("item", equals: item)], 10),
            ("a metric by name", [Matcher("__name__", equals: name)], nil),
            ("by a label's value", [Matcher("item", equals: item)], nil),
            ("by a regular expression", [try Matcher("item", .matches, "\(item)|no-such-.*")], nil),
        ]
        for (what, matchers, target) in lookups {
            var found = 0
            let time = try median {
                let selection = try Store(at: path, access: .read).snapshot().select(matchers, in: range)
                var column = SampleColumn()
                found = selection.count
                for place in 0..<selection.count { try selection.read(place, in: range, into: &column) }
                if column.timestamps.isEmpty { fail("\(what): no samples") }
            }
            table.add("find and read \(what) (\(found))", time, "ms", atMost: target)
        }
    }

    /// VmHWM: what the process had in memory at most.
    private static func peakBytes() -> Int {
        let text = String(decoding: File.read("/proc/self/status") ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
        }
        return 0
    }
}
