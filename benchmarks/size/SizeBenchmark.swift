// What a recording takes on disk, and what it costs to append and to seal it.
//
//     benchmark-size [--chunks] FILE ...
//
// FILE is OpenMetrics text, for example of bench/recording.py. Its samples are put into order of time, appended scrape
// by scrape to a fresh store, sealed, and read back: a bit that differs ends the benchmark with exit code 1. With
// `--chunks`, what the chunks take is listed by metric and coder, the largest first.

import BenchmarkSupport
import Model
import TSDB

@main
struct SizeBenchmark {
    static func main() {
        let files = CommandLine.arguments.dropFirst().filter { $0 != "--chunks" }
        if files.isEmpty { fail("usage: benchmark-size [--chunks] FILE ...") }
        for path in files {
            guard let bytes = File.read(path) else { fail("cannot read \(path)") }
            do throws(StoreError) {
                try measure(RecordingText(bytes, path: path), path)
            } catch {
                fail("\(path): \(error)")
            }
        }
    }

    static func measure(_ recording: RecordingText, _ path: String) throws(StoreError) {
        let folder = TemporaryFolder()
        var run = try SizeRun(path: folder.path, recording)
        try run.appendAll()
        let times = run.scrapeTimes
        let sizes = try run.sealAll()
        try verify(recording, folder.path, times)
        let samples = Double(recording.sampleCount)
        var table = FigureTable()
        table.add("series", Double(recording.labels.count), "", digits: 0)
        table.add("samples", samples, "", digits: 0)
        let target = targets.first { path.contains($0.name) }?.bytesPerSample
        table.add("blocks alone", Double(sizes.blocks.valueBytes) / samples, "B/sample", digits: 4, atMost: target)
        table.add("registry", Double(sizes.registries.bytes) / samples, "B/sample", digits: 4)
        table.add("whole file", Double(sizes.fileBytes) / samples, "B/sample", digits: 4)
        table.add("blocks alone", Double(sizes.blocks.valueBytes) / 1024, "KiB", digits: 1)
        table.add("whole file", Double(sizes.fileBytes) / 1024, "KiB", digits: 1)
        let (minutes, hours) = windowCounts(recording)
        table.add("a window of a minute", Double(sizes.minutes.valueBytes) / Double(minutes), "B", digits: 4)
        table.add("a window of an hour", Double(sizes.hours.valueBytes) / Double(hours), "B", digits: 4)
        table.add("append", Double(run.appendNanoseconds) / samples / 1000, "us CPU/sample", digits: 3)
        table.add("seal", Double(run.sealNanoseconds) / 1e6, "ms CPU", digits: 1)
        table.add("seal", Double(run.sealNanoseconds) / samples, "ns CPU/sample", digits: 1)
        table.show(title: path)
        if CommandLine.arguments.contains("--chunks") { try showChunks(folder.path, samples: samples) }
    }

    /// How many windows the recording has. Those of hours are written when a day is complete, and counted likewise.
    private static func windowCounts(_ recording: RecordingText) -> (minutes: Int, hours: Int) {
        let day: Int64 = 86_400_000
        let end = recording.samples.joined().map(\.time).max() ?? 0
        var (minutes, hours) = (0, 0)
        var column = SampleColumn()
        for samples in recording.samples {
            column.removeAll()
            for sample in samples.sorted(by: { $0.time < $1.time }) { column.append(sample.time, sample.value) }
            minutes += Rollup.windows(of: column, .minute).count
            hours += Rollup.windows(of: column, .hour).ends.count { ($0 - 1) / day < (end - 1) / day }
        }
        return (minutes, hours)
    }

    /// How many metrics and coders are listed.
    static let partsMax = 40

    static func showChunks(_ path: String, samples: Double) throws(StoreError) {
        let sizes = try Store(at: path, access: .read).snapshot().chunkSizes()
        var table = FigureTable()
        table.add("all but chunks", Double(sizes.otherBytes) / samples, "B/sample of all", digits: 4)
        for part in sizes.parts.prefix(partsMax) {
            let share = Double(part.bytes) / samples
            table.add(
                "\(part.metric), \(part.coder)", share,
                "B/sample of all; \(part.chunks) chunks of \(part.samples) samples, \(part.bytes) bytes", digits: 4)
        }
        table.show(title: "chunks")
    }

    /// What the blocks of the well-known sets may take. *Measured* with the prototype of the codecs, and a little room.
    static let targets: [(name: String, bytesPerSample: Double)] = [
        ("stretched", 0.20), ("stable", 0.29), ("node", 0.32), ("host", 0.57),
    ]

    /// Reads every series back and compares every bit.
    static func verify(_ recording: RecordingText, _ path: String, _ times: [Int64]) throws(StoreError) {
        guard let first = times.first, let last = times.last else { return }
        let snapshot = try Store(at: path, access: .read).snapshot()
        let range = TimeRange(min: Timestamp(milliseconds: first), max: Timestamp(milliseconds: last))
        var column = SampleColumn()
        for (place, labels) in recording.labels.enumerated() {
            let matchers = labels.map { Matcher($0.name, equals: $0.value) }
            let found = try snapshot.select(matchers, in: range)
            guard let index = found.labels.firstIndex(of: labels) else { fail("\(labels) is not in the store") }
            try found.read(index, in: range, into: &column)
            let expected = recording.samples[place].sorted { $0.time < $1.time }
            guard column.count == expected.count else {
                fail("\(labels): \(column.count) samples of \(expected.count)")
            }
            for (at, sample) in expected.enumerated() {
                let isSame =
                    column.timestamps[at] == sample.time
                    && column.values[at].bitPattern == sample.value.bitPattern
                if !isSame { fail("\(labels) at \(sample.time): \(column.values[at]) instead of \(sample.value)") }
            }
        }
    }
}

/// One recording on its way into a store.
struct SizeRun: ~Copyable {
    private var recorder: Recorder
    private var scrapes: [Scrape] = []
    private(set) var appendNanoseconds: Int64 = 0
    private(set) var sealNanoseconds: Int64 = 0

    var scrapeTimes: [Int64] { scrapes.map(\.time.milliseconds) }

    init(path: String, _ recording: RecordingText) throws(StoreError) {
        recorder = try Recorder(path: path, host: HostIdentity(name: "recording", machineID: "0"))
        let group = GroupDefinition(intervalMilliseconds: 5000)
        var places: [Int64: Int] = [:]
        for (place, labels) in recording.labels.enumerated() {
            let reference = recorder.reference(for: labels)
            for sample in recording.samples[place] {
                let scrape = places[sample.time] ?? scrapes.count
                if scrape == scrapes.count {
                    places[sample.time] = scrape
                    let row = Scrape.Row(group: group, samples: [])
                    scrapes.append(Scrape(time: Timestamp(milliseconds: sample.time), rows: [row]))
                }
                scrapes[scrape].rows[0].samples.append((reference, sample.value))
            }
        }
        scrapes.sort { $0.time < $1.time }
    }

    mutating func appendAll() throws(StoreError) {
        for scrape in scrapes {
            let (begun, sealed) = (Measure.cpuNanoseconds(), recorder.sealCount)
            try recorder.append(scrape)
            let used = Measure.cpuNanoseconds() - begun
            if recorder.sealCount == sealed { appendNanoseconds += used } else { sealNanoseconds += used }
        }
    }

    mutating func sealAll() throws(StoreError) -> StoreSizes {
        let begun = Measure.cpuNanoseconds()
        try recorder.sealEverything()
        sealNanoseconds += Measure.cpuNanoseconds() - begun
        return try recorder.store.snapshot().sizes()
    }
}
