import Glibc
package import Model

/// Metrics that others write into files of a folder, `*.prom` in Prometheus' text format, as node_exporter's textfile
/// collector takes them: results of cron jobs, of backups, of what only root may look at.
///
/// A value is dated by the scrape that reads it; a file with times of its own, or with a line that is no sample, is
/// taken for what is right in it and counted as an error. Files are written elsewhere and renamed into the folder, so
/// that none is read half-written.
struct TextFilesCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("textfile_error", "Whether a file of the folder has a fault: 1 or 0."),
        .gauge(
            "textfile_modified_timestamp_seconds", unit: "seconds", "When the file was written, since 1970."),
    ]

    /// Series that all files together may bring, so that no script can fill the store.
    private static let seriesMax = 2000
    private static let bytesMax = 1 << 20

    private let folder: String?
    /// Of all files together.
    private var series = ForeignSeries(intervalMilliseconds: 0)
    private let read: @Sendable ([UInt8], Timestamp) -> TextFileContent

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.textFileFolder = all.textFileFolder
    }

    init(_ surroundings: Surroundings) {
        folder = surroundings.options.textFileFolder
        read = surroundings.calls.readTextFile
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        let faultCount = scrape.partialErrors.count
        series.intervalMilliseconds = scrape.group.intervalMilliseconds
        series.begin(into: &scrape)
        var room = TextFilesCollector.seriesMax
        if let folder {
            for name in DirectoryListing.names(in: folder) where name.hasSuffix(".prom") {
                do throws(CollectorError) {
                    try emit("\(folder)/\(name)", &room, into: &scrape)
                } catch {
                    scrape.partialErrors.append(error.reason == .permission ? error.ofSomethingAskedFor : error)
                }
            }
        }
        series.finish(into: &scrape)
        scrape.emit("textfile_error", scrape.partialErrors.count > faultCount ? 1 : 0)
    }

    mutating func endForeign(into scrape: inout Scrape) { series.end(into: &scrape) }

    mutating func renew(_ renewal: inout CatalogRenewal) { series.renew(&renewal) }

    private mutating func emit(_ path: String, _ room: inout Int, into scrape: inout Scrape) throws(CollectorError) {
        var status = stat()
        // The kernel fills the structure.
        guard unsafe stat(path, &status) == 0 else { throw CollectorError(code: errno, attempt: "read \(path)") }
        guard status.st_size <= TextFilesCollector.bytesMax else {
            throw .malformed(path, "\(status.st_size) bytes, more than \(TextFilesCollector.bytesMax)")
        }
        var file = KernelFile(path, keepsOpen: false, bytes: max(4096, Int(status.st_size) + 1))
        try file.refresh()
        let text = file.scanner
        let content = read(text.bytes(in: text.all), scrape.time)
        if let leftOut = series.add(content.samples.prefix(room), content.families, into: &scrape) {
            scrape.partialErrors.append(leftOut.error(in: path))
        }
        scrape.emit("textfile_modified_timestamp_seconds", ["file": path], Double(status.st_mtim.tv_sec))
        if content.samples.count > room {
            room = 0
            throw .malformed(path, "more than \(TextFilesCollector.seriesMax) series in all files together")
        }
        room -= content.samples.count
        if let problem = content.problem { throw .malformed(path, problem) }
    }
}

/// What a text file tells.
package struct TextFileContent: Sendable {
    package var families: [MetricFamily] = []
    package var samples: [(labels: Labels, value: Double)] = []
    /// The first fault, with its line; nil where there is none.
    package var problem: String?
    /// Whether there are more series than were asked for; what came before that is there.
    package var isTooLong = false

    package init() {}
}

/// The two texts in which pages of metrics are written.
package enum PageFormat: Hashable, Sendable {
    /// Prometheus' text format 0.0.4.
    case text
    case openMetrics
}
