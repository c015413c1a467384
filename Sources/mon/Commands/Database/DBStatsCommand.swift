import ArgumentParser
import Formats
import Glibc
import Model
import TSDB

/// `mon db stats`: what the store spends its bytes on, and when the disk is full.
struct DBStatsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Shows sizes, series, growth and readers of the store.",
        discussion: """
            mon db stats --json | jq .bytesPerSample
            mon db stats --json | jq '.metrics[0] | .tiers, .days'    # bytes of a metric by tier and by day
            mon db stats --db host.mon
            """)

    @OptionGroup var store: StoreOptions

    @Flag(help: "As JSON, with all metrics and days.")
    var json = false

    func perform(on console: Console) throws -> CommandStatus {
        let path = try store.name(on: console)
        let snapshot = try store.openForReading(on: console).snapshot()
        let statistics = try snapshot.statistics()
        console.warn(of: snapshot.damage)
        var outlook = Outlook(statistics, path: path, isLive: store.db == nil, now: console.now)
        outlook.writtenToday = try Outlook.writtenToday(snapshot, console.now)
        var writer = TextWriter()
        if json {
            DBStatsCommand.writeJSON(statistics, outlook, path: path, into: &writer)
        } else {
            DBStatsCommand.write(statistics, outlook, path: path, console.isStyled, into: &writer)
        }
        console.write(writer.bytes)
        return .success
    }

    /// How the store grows, and into what.
    struct Outlook {
        /// Bytes that a day adds: the mean of those of the last three days that are whole; nil before there is one.
        var bytesADay: Int?
        /// Whether it can grow; the file of a snapshot does not.
        let isLive: Bool
        /// Bytes that the disk has room for.
        var diskFree: Int?
        /// When the disk is full if it goes on so and nothing is dropped.
        var full: Timestamp?
        /// Bytes that the recorder has written since it began; nil where none runs or the kernel does not tell.
        var written: Int?
        /// Bytes that commits have written since midnight UTC, as the agent recorded it; nil where it did not.
        var writtenToday: Int?

        init(_ statistics: StoreStatistics, path: String, isLive: Bool, now: Timestamp) {
            self.isLive = isLive
            guard isLive else { return }
            let today = now.milliseconds / 86_400_000 * 86_400
            // What was brought in of older days is no growth, and the first day of all began somewhere within it.
            let recent = statistics.days.filter { (today - 3 * 86_400..<today).contains($0.start) }
            let whole = recent.filter { $0.start != statistics.days.first?.start || recent.count == 1 }
            if !whole.isEmpty { bytesADay = whole.reduce(0) { $0 + $1.bytes } / whole.count }
            diskFree = Disk.freeBytes(at: path)
            if let bytesADay, let diskFree, bytesADay > 0 {
                let days = Double(diskFree + statistics.freeBytes) / Double(bytesADay)
                // Beyond a century it is nobody's concern.
                if days < 36_525 { full = Timestamp(milliseconds: now.milliseconds + Int64(days * 86_400_000)) }
            }
            if let pid = Store.recorder(of: path), pid > 0 { written = Outlook.written(by: pid) }
        }

        /// What its own counter grew by, whenever it began anew, from the last sample before midnight on, or from the
        /// first of the day: what came before that is nobody's to tell.
        static func writtenToday(_ snapshot: Snapshot, _ now: Timestamp) throws -> Int? {
            let day: Int64 = 86_400_000
            let midnight = now.milliseconds / day * day
            let range = TimeRange(min: Timestamp(milliseconds: midnight - day), max: now)
            let own = ["__name__": "agent_store_written_bytes_total", "job": "", "instance": ""]
            let selection = try snapshot.select(own.map { Matcher($0.key, equals: $0.value) }, in: range)
            var column = SampleColumn()
            var (total, isKnown) = (0.0, false)
            for index in selection.labels.indices {
                try selection.read(index, in: range, into: &column)
                var before: Double?
                for (time, value) in zip(column.timestamps, column.values) where !value.isNaN {
                    if time > midnight {
                        total += value - (before.map { $0 > value ? 0 : $0 } ?? value)
                        isKnown = true
                    }
                    before = value
                }
            }
            return isKnown ? Int(exactly: total.rounded()) : nil
        }

        /// `wchar` of proc_pid_io(5): bytes handed to write(2), of which the store's are nearly all.
        private static func written(by pid: Int32) -> Int? {
            for line in TextFile.text(of: "/proc/\(pid)/io").split(separator: "\n") where line.hasPrefix("wchar: ") {
                return Int(line.dropFirst(7))
            }
            return nil
        }
    }

    // MARK: - Writing

    private static func write(
        _ statistics: StoreStatistics, _ outlook: Outlook, path: String, _ isStyled: Bool, into writer: inout TextWriter
    ) {
        writer.write("\(path): \(DBText.bytes(statistics.fileBytes)) on disk")
        if outlook.isLive { writer.write(", \(DBText.bytes(statistics.freeBytes)) of it free for new data") }
        writer.write("\n\(statistics.samples) samples at ")
        writer.write("\(DBText.ratio(statistics.liveBytes, statistics.samples)) bytes each, windows and names ")
        writer.write("included; \(statistics.seriesNow) series now")
        if let new = statistics.newSeries { writer.write("; \(new) of the latest day's are new") }
        writer.write("\n\n")
        var kinds = TextTable()
        kinds.addColumn("records")
        kinds.addColumn("count", .right)
        kinds.addColumn("bytes", .right)
        for part in statistics.kinds { kinds.addRow([part.name, "\(part.records)", DBText.bytes(part.bytes)]) }
        for part in statistics.tiers {
            kinds.addRow(["  \(part.name) blocks", "\(part.records)", DBText.bytes(part.bytes)])
        }
        kinds.write(header: true, isStyled: isStyled, into: &writer)
        writer.write("\n")
        var days = TextTable()
        days.addColumn("day")
        days.addColumn("bytes", .right)
        days.addColumn("series", .right)
        for day in statistics.days.suffix(7) {
            days.addRow([date(Timestamp(milliseconds: day.start * 1000)), DBText.bytes(day.bytes), "\(day.series)"])
        }
        days.write(header: true, isStyled: isStyled, into: &writer)
        writer.write("\n")
        writeOutlook(outlook, statistics, into: &writer)
    }

    private static func writeOutlook(
        _ outlook: Outlook, _ statistics: StoreStatistics, into writer: inout TextWriter
    ) {
        guard outlook.isLive else { return }
        if let bytes = outlook.bytesADay { writer.write("grows by \(DBText.bytes(bytes)) a day") }
        if let free = outlook.diskFree {
            writer.write("\(outlook.bytesADay == nil ? "" : "; ")the disk has \(DBText.bytes(free)) free")
        }
        if let full = outlook.full { writer.write(", enough until \(date(full)) if nothing is dropped") }
        writer.write("\n")
        let written = [(outlook.writtenToday, "today"), (outlook.written, "since it began")].compactMap { bytes, when in
            bytes.map { "\(DBText.bytes($0)) \(when)" }
        }
        if !written.isEmpty { writer.write("the agent has written \(written.joined(separator: ", "))\n") }
        let readers = statistics.readers.map { "\($0)" }.joined(separator: ", ")
        writer.write("read now by \(readers.isEmpty ? "nobody" : "process \(readers)")\n")
    }

    private static func date(_ time: Timestamp) -> String { String(TimeText.rfc3339(time, .utc).prefix(10)) }

    private static func writeJSON(
        _ statistics: StoreStatistics, _ outlook: Outlook, path: String, into writer: inout TextWriter
    ) {
        writer.write("{\"path\":")
        JSONText.write(string: path, into: &writer)
        let numbers: [(String, Int?)] = [
            ("fileBytes", statistics.fileBytes), ("freeBytes", statistics.freeBytes),
            ("liveBytes", statistics.liveBytes), ("samples", statistics.samples), ("seriesNow", statistics.seriesNow),
            ("newSeries", statistics.newSeries), ("bytesADay", outlook.bytesADay),
            ("diskFreeBytes", outlook.diskFree), ("agentWrittenBytes", outlook.written),
            ("agentWrittenBytesToday", outlook.writtenToday),
        ]
        for (name, value) in numbers { if let value { writer.write(",\"\(name)\":\(value)") } }
        writer.write(",\"bytesPerSample\":\(DBText.ratio(statistics.liveBytes, statistics.samples))")
        if let full = outlook.full { writer.write(",\"diskFull\":\"\(TimeText.rfc3339(full, .utc))\"") }
        for (name, parts) in [("records", statistics.kinds), ("tiers", statistics.tiers)] {
            writer.write(",\"\(name)\":")
            JSONText.write(list: parts, into: &writer) { part, writer in
                DBText.writeObject(name: part.name, [("count", part.records), ("bytes", part.bytes)], into: &writer)
            }
        }
        writer.write(",\"days\":")
        JSONText.write(list: statistics.days, into: &writer) { day, writer in
            DBText.writeObject(
                name: date(Timestamp(milliseconds: day.start * 1000)),
                [("bytes", day.bytes), ("series", day.series)], into: &writer)
        }
        writer.write(",\"metrics\":")
        JSONText.write(list: statistics.metrics, into: &writer) { metric, writer in
            DBText.write(metric, into: &writer)
        }
        writer.write(",\"readers\":[\(statistics.readers.map { "\($0)" }.joined(separator: ","))]}\n")
    }
}
