import ArgumentParser
import Formats
import Model
import Query
import TSDB

/// `mon dump`: the store's samples as text that `mon import` and other programs read.
struct DumpCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "dump", _superCommandName: Mon.name, abstract: "Writes the store's samples as text, bit for bit.",
        discussion: """
            mon dump --format openmetrics -o history.om
            mon dump --format jsonl --match '{device=~"sd.*"}' --last 7d | gzip > disks.jsonl.gz
            """)

    @Option(help: "One of \(SampleFormat.written.map(\.rawValue).joined(separator: ", ")).")
    var format: String

    @Option(help: "A selector; series that satisfy one of those given are written. Default: all.")
    var match: [String] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Option(name: [.customShort("o"), .long], help: "The file to write. Default: standard output.")
    var output: String?

    func perform(on console: Console) throws -> CommandStatus {
        guard let format = SampleFormat(rawValue: format), SampleFormat.written.contains(format) else {
            let known = SampleFormat.written.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(.usage, "--format \(self.format): possible are \(known)")
        }
        let range = try span.span(on: console) ?? .all
        let selectors = try match.isEmpty ? [SeriesCommand.everything] : match.map(SeriesCommand.matchers)
        let snapshot = try store.openForReading(on: console).snapshot()
        let file = try output.map { try OutputFile($0) }
        var sink = DumpSink(console: console, path: file)
        var dump = StoreDump(snapshot: snapshot, selectors: selectors, range: range)
        let written = try dump.write(as: format, to: &sink)
        // A file without a series would take the place of an older one. A pipe gets what it would hold.
        let isLeftOut = written == 0 && file?.replaces == true
        if !isLeftOut { try sink.finish() }
        console.warn(of: snapshot.damage)
        if let span = dump.windowsAlone {
            let (first, last) = (TimeText.rfc3339(span.min, .utc), TimeText.rfc3339(span.max, .utc))
            console.say(
                "warning: between \(first) and \(last) there are windows whose samples aged away; they are not in a "
                    + "dump, use `mon snapshot` to keep them")
        }
        let consequence = isLeftOut ? output.map { "; \($0) was not written" } ?? "" : ""
        if written == 0, snapshot.damage.isEmpty, dump.windowsAlone == nil {
            console.say("no series matches\(consequence); `mon metrics` lists the metrics that there are")
        } else if isLeftOut {
            console.say("no sample can be dumped\(consequence)")
        }
        // A copy that lacks something must not pass for a whole one.
        if !snapshot.damage.isEmpty { return .store }
        return written == 0 ? .noData : .success
    }
}

/// Where a dump goes: a file, or standard output.
struct DumpSink {
    let console: Console
    let path: OutputFile?
    var writer = TextWriter()

    /// Whether it still takes what is written.
    var isOpen: Bool { path != nil || console.takesOutput }

    /// Hands on what was written when there is enough of it.
    mutating func drain() throws {
        if writer.bytes.count >= 1 << 20 { try flush() }
    }

    mutating func finish() throws {
        try flush()
        try path?.finish()
    }

    private mutating func flush() throws {
        let bytes = writer.take()
        if let path { try path.write(bytes) } else { console.write(bytes) }
    }
}

/// Walks over the series of a store, family by family, in bounded memory: the series of one metric and the samples of
/// one series at a time.
struct StoreDump {
    let snapshot: Snapshot
    let selectors: [[Matcher]]
    let range: TimeRange
    /// From the first window to the last whose samples are not there any more; nil where there are none.
    private(set) var windowsAlone: TimeRange?

    init(snapshot: Snapshot, selectors: [[Matcher]], range: TimeRange) {
        self.snapshot = snapshot
        self.selectors = selectors
        self.range = range
    }

    /// A metric as expositions show it, and the names of its samples.
    private struct Family {
        var family: MetricFamily
        var names: [String] = []
    }

    /// - Returns: the number of series.
    mutating func write(as format: SampleFormat, to sink: inout DumpSink) throws -> Int {
        let dump = SampleDump(format)
        dump.start(into: &sink.writer)
        var count = 0
        var span: TimeRange?
        defer { windowsAlone = span }
        for family in try families() {
            var isBegun = false
            for name in family.names {
                try series(of: name, &span) { labels, column in
                    if !isBegun { dump.begin(family.family, into: &sink.writer) }
                    isBegun = true
                    count += 1
                    try write(labels, column, dump, to: &sink)
                }
                snapshot.forgetDecoded()
                if !sink.isOpen { return count }
            }
        }
        dump.finish(into: &sink.writer)
        return count
    }

    private func write(_ labels: Labels, _ column: SampleColumn, _ dump: SampleDump, to sink: inout DumpSink) throws {
        // A text of a month at once would take many times what the samples do.
        var start = 0
        while start < column.count {
            let part = start..<min(column.count, start + SampleDump.lineSamplesMax)
            dump.write(labels, column.timestamps[part], column.values[part], into: &sink.writer)
            try sink.drain()
            start = part.upperBound
        }
    }

    /// The families in order of their names; the series of a histogram are one.
    private func families() throws -> [Family] {
        var names: Set<String> = []
        for matchers in selectors {
            names.formUnion(try snapshot.labelValues(of: Labels.metricNameLabel, matching: matchers, in: range))
        }
        var families: [String: Family] = [:]
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let family = try self.family(of: name)
            families[family.name, default: Family(family: family)].names.append(name)
        }
        return families.values.sorted { $0.family.name.utf8.lexicographicallyPrecedes($1.family.name.utf8) }
    }

    private func family(of name: String) throws -> MetricFamily {
        if let known = try MetricFamily.ofSamples(named: name, known: { try snapshot.metadata(of: $0) }) {
            return known
        }
        return MetricFamily(name: name, kind: .unknown, help: "")
    }

    /// Calls `body` with each wanted series of a metric that has samples in the range.
    /// - Parameter span: is made to hold the windows without samples, too.
    private func series(
        of name: String, _ span: inout TimeRange?, _ body: (Labels, SampleColumn) throws -> Void
    ) throws {
        let isName = try Matcher(Labels.metricNameLabel, .equal, name)
        let only = selectors.count == 1 ? selectors[0] : []
        let selection = try snapshot.select(only + [isName], in: range)
        var column = SampleColumn()
        for index in 0..<selection.count {
            let labels = selection.labels[index]
            guard selectors.contains(where: { $0.allSatisfy { $0.matches(labels) } }) else { continue }
            try selection.read(index, in: range, into: &column)
            try findWindows(of: index, in: selection, without: column, &span)
            if column.count > 0 { try body(labels, column) }
        }
    }

    /// Extends `span` by the windows of a series that none of its samples in `column` lies in. Those of an hour tell of
    /// all that is forgotten; a store that has forgotten nothing is asked for none.
    private func findWindows(
        of index: Int, in selection: SeriesSelection, without column: SampleColumn, _ span: inout TimeRange?
    ) throws {
        let raw = try selection.coverage(of: index).raw
        guard raw > range.min.milliseconds else { return }
        var windows = WindowColumns()
        let last = min(range.max, Timestamp(milliseconds: raw))
        try selection.readWindows(index, .hour, after: range.min, through: last, into: &windows)
        let times = column.timestamps
        for end in windows.ends {
            let start = end - Tier.hour.windowMilliseconds
            let next = times.indices.partitioned { times[$0] <= start }
            if next < times.count, times[next] <= end { continue }
            let first = min(span?.min.milliseconds ?? start, start)
            span = TimeRange(minMilliseconds: first, maxMilliseconds: max(span?.max.milliseconds ?? end, end))
        }
    }
}
